"""The workflows of GitHub Actions, as far as they can be judged without GitHub."""

import json
import re
import subprocess
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for  # type: ignore[import-untyped]

from tests.support.services import ROOT

SCHEMA = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/github-workflows.json").read_text())
TEXTS = {path.name: path.read_text() for path in sorted((ROOT / ".github/workflows").glob("*.yaml"))}
WORKFLOWS: dict[str, dict[Any, Any]] = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
JOBS = [(workflow, job) for workflow, content in WORKFLOWS.items() for job in content["jobs"]]
TARGETS = set(re.findall(r"^([a-z-]+(?: [a-z0-9-]+)*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def steps(workflow: str, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = WORKFLOWS[workflow]["jobs"][job]["steps"]
    return found


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_workflow_is_well_formed(workflow: str) -> None:
    # YAML 1.1, which this parser reads, takes the key `on` for true.
    content = {("on" if key is True else key): value for key, value in WORKFLOWS[workflow].items()}
    check = validator_for(SCHEMA)(SCHEMA)
    assert [f"{list(fault.path)}: {fault.message}" for fault in check.iter_errors(content)] == []
    assert not check.is_valid({**content, "jbos": {}}), "the check finds no mistake"


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_actions_are_pinned_to_commits_and_say_their_version(workflow: str) -> None:
    used = re.findall(r"uses: (.*)$", TEXTS[workflow], re.MULTILINE)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    assert len({action.split("@")[0] for action in used}) == len(set(used)), "one version of each"


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_job_may_no_more_than_it_says(workflow: str) -> None:
    assert WORKFLOWS[workflow]["permissions"] == {"contents": "read"}
    written = {
        (job, scope)
        for job, content in WORKFLOWS[workflow]["jobs"].items()
        for scope, right in content.get("permissions", {}).items()
        if right == "write"
    }
    assert written == {("image", "packages"), ("staging", "id-token"), ("release", "contents")}
    assert set(re.findall(r"secrets\.(\w+)", TEXTS[workflow])) == {"GITHUB_TOKEN"}


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_scripts_are_shell_and_take_nothing_from_outside_but_by_variables(workflow: str, job: str) -> None:
    for step in steps(workflow, job):
        if script := step.get("run"):
            assert "${{" not in script, "a branch's name could be a command"
            checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
            assert (checked.returncode, checked.stderr) == (0, "")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_jobs_end_and_wait_for_jobs_there_are(workflow: str, job: str) -> None:
    content = WORKFLOWS[workflow]["jobs"][job]
    assert content["timeout-minutes"] <= 90
    needs = content.get("needs", [])
    assert set([needs] if isinstance(needs, str) else needs) <= WORKFLOWS[workflow]["jobs"].keys()


def test_the_make_targets_exist() -> None:
    matrix = WORKFLOWS["ci.yaml"]["jobs"]["test"]["strategy"]["matrix"]["target"]
    assert {"lint", *matrix} <= TARGETS
    assert matrix == ["test", "test-deploy"]


def test_nothing_is_pushed_that_was_not_linted_tested_and_scanned() -> None:
    jobs = WORKFLOWS["ci.yaml"]["jobs"]
    assert jobs["image"]["needs"] == ["lint", "test"]
    order = [step.get("id") or step.get("uses", "").partition("@")[0] for step in jobs["image"]["steps"]]
    assert order.index("docker/build-push-action") < order.index("aquasecurity/trivy-action") < order.index("push")
    assert (jobs["staging"]["needs"], jobs["release"]["needs"]) == ("image", ["image", "staging"])
