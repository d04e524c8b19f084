"""The Dockerfile, by rules: no engine runs here that could build it. What it runs can be run without."""

import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from urllib.request import urlopen

import pytest

from maoga.settings import Settings
from tests.support.server import maoga_server
from tests.support.services import ROOT
from tests.support.tcp import port_of

DOCKERFILE = (ROOT / "Dockerfile").read_text()
IGNORED = [
    line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith(("#", "!"))
]


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage with their arguments."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, list[tuple[str, str]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found[rest.rpartition(" AS ")[2]] = []
        list(found.values())[-1].append((word, re.sub(r"\s+", " ", rest)))
    return found


STAGES = stages()
RUNTIME = STAGES["runtime"]


def arguments(stage: str, word: str) -> list[str]:
    return [rest for instruction, rest in STAGES[stage] if instruction == word]


def test_every_base_is_an_exact_tag_or_a_stage() -> None:
    bases = [rest.split(" AS ")[0] for stage in STAGES.values() for word, rest in stage if word == "FROM"]
    assert bases[0] == "python:3.11.14-slim-bookworm"
    assert set(bases[1:]) <= set(STAGES)
    assert list(STAGES)[-1] == "runtime", "the last stage is what `docker build` makes"


@pytest.mark.parametrize("stage", ["runtime", "development"])
def test_it_runs_as_a_user_without_a_name_in_the_host_and_in_exec_form(stage: str) -> None:
    assert arguments(stage, "USER") == ["10001:10001"]
    assert json.loads(arguments(stage, "ENTRYPOINT")[0]) == ["maoga"]
    assert json.loads(arguments(stage, "CMD")[0])[0] == "serve"


def test_what_is_installed_is_pinned_by_hash_and_never_built_from_source() -> None:
    installs = [
        command
        for stage in STAGES.values()
        for word, rest in stage
        if word == "RUN"
        for command in re.findall(r"pip install [^&]+", rest)
    ]
    assert len(installs) == 4
    for command in installs:
        assert ("--require-hashes --only-binary :all:" in command) != ("--no-deps --no-build-isolation" in command)


def test_the_runtime_has_neither_the_sources_nor_build_tools() -> None:
    assert arguments("runtime", "COPY") == ["--from=build /opt/maoga /opt/maoga"]
    assert not re.search(r"\b(apt|apt-get|curl|wget)\b", DOCKERFILE)


def test_writable_folders_are_volumes_and_belong_to_the_user() -> None:
    assert json.loads(arguments("runtime", "VOLUME")[0]) == ["/var/lib/maoga", "/tmp"]
    made = next(rest for rest in arguments("runtime", "RUN"))
    assert "install -d -o maoga -g maoga /var/lib/maoga /var/lib/maoga/media" in made
    assert [word for word, _ in RUNTIME].index("RUN") < [word for word, _ in RUNTIME].index("VOLUME")


def test_everything_that_is_copied_exists_and_is_not_ignored() -> None:
    for stage in STAGES:
        for rest in arguments(stage, "COPY"):
            if not rest.startswith("--from"):
                for name in rest.split()[:-1]:
                    assert (ROOT / name).exists(), name
                    assert not any(fnmatch(name, pattern) for pattern in IGNORED), name


def test_every_package_of_ours_is_copied() -> None:
    include = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    copied = {rest.split()[0] for rest in arguments("build", "COPY")}
    assert {pattern.removesuffix("*") for pattern in include} <= copied


@pytest.mark.parametrize("name", [".env", ".git", ".venv", "var", "tests", "deploy"])
def test_secrets_data_and_what_is_not_run_never_reach_the_builder(name: str) -> None:
    assert any(fnmatch(name, pattern) for pattern in IGNORED)


def test_its_ports_are_those_of_the_settings() -> None:
    fields = Settings.model_fields
    assert arguments("runtime", "EXPOSE") == [f"{fields['port'].default} {fields['metrics_port'].default}"]


@pytest.mark.parametrize("role", ["all", "worker"])
def test_the_healthcheck_says_of_a_real_process_whether_it_lives(role: str, mongodb_url: str, redis_url: str) -> None:
    options, _, form = arguments("runtime", "HEALTHCHECK")[0].partition(" CMD ")
    assert "--start-period" in options
    program, *rest = json.loads(form)
    assert program == "python"
    env = {
        "MAOGA_DATABASE_URL": mongodb_url,
        "MAOGA_REDIS_URL": redis_url,
        "MAOGA_SECRET_KEY": "instances-that-share-their-data-share-their-key",
    }

    def healthy(port: int) -> bool:
        port_there = str(Settings.model_fields["metrics_port"].default)
        command = [sys.executable, *(word.replace(port_there, str(port)) for word in rest)]
        return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0

    with maoga_server(MAOGA_ROLE=role, **env) as server:
        port = port_of(server.metrics_url)
        assert healthy(port)
    assert not healthy(port)


def test_what_is_installed_has_every_file_of_the_packages_and_serves(tmp_path: Path) -> None:
    """As `pip install .` in the image does it, from the files that are copied there."""
    sources, installed = tmp_path / "src", tmp_path / "installed"
    copied = [rest.split()[:-1] for rest in arguments("build", "COPY")]
    names = [name for group in copied for name in group if not name.endswith(".lock")]
    listing = ["git", "ls-files", "-z", "--", *names]
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [name for name in listed.split("\0") if name]
    for name in files:
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        (sources / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(installed), str(sources)], check=True, timeout=100)
    expected = [name for name in files if "/" in name and not name.endswith("README.md")]
    assert [name for name in expected if not (installed / name).exists()] == []
    with (installed / "rest/static/index.html").open("a") as page:
        page.write("<!-- as installed -->")
    with (
        maoga_server(PROGRAM="maoga", PYTHONPATH=str(installed), PYTHONSAFEPATH="1") as server,
        urlopen(f"{server.url}/", timeout=10) as answer,
    ):
        assert b"as installed" in answer.read()


def test_ecs_asks_the_same() -> None:
    _, _, form = arguments("runtime", "HEALTHCHECK")[0].partition(" CMD ")
    asked = re.findall(r"Command: \[CMD, python, -c, \"(.*)\"\]", (ROOT / "deploy/ecs/tasks.yaml").read_text())
    assert set(asked) == {json.loads(form)[-1]}
    assert len(asked) == 2


def test_the_build_takes_what_the_locks_say() -> None:
    for name in re.findall(r"requirements\S*\.lock", DOCKERFILE):
        assert Path(ROOT / name).exists()
