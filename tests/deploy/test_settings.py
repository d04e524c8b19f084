"""What the files of deploy/ say of Maoga is so: its settings, commands, ports and times."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from maoga.__main__ import app
from maoga.settings import Settings
from tests.deploy.kustomize import build, containers, documents
from tests.support.services import ROOT

DEPLOY = ROOT / "deploy"
STACK: dict[str, Any] = yaml.safe_load((DEPLOY / "compose/stack.yaml").read_text())
DEVELOPMENT: dict[str, Any] = yaml.safe_load((DEPLOY / "compose/development.yaml").read_text())
OURS = {"MAOGA_IMAGE_VERSION", "MAOGA_IMAGE_COMMIT", "MAOGA_ADMIN_PASSWORD"}
"""Variables of the compose files themselves, and of a command."""

SECRETS = re.compile(
    r"AKIA[0-9A-Z]{16}|-----BEGIN|gh[pousr]_[A-Za-z0-9]{30}"
    r"|(?i:password|secret_key|secret|token)[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9+/_-]{16,}"
)


MADE = {"deploy/compose/tls", "deploy/compose/acme", "deploy/compose/maoga.env", "deploy/compose/grafana.env"}
"""By prepare.sh."""

RUN = r"^ *(?:Command:|CMD) \[((?!CMD|\"?python)[^\]]+)\]$"
"""Commands of containers, but for those of health checks."""


GUIDES = sorted((DEPLOY.parent / "docs/operations").rglob("*.md"))


def files() -> list[Path]:
    """What git has, or will have, of the deployment."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "deploy", "Dockerfile", ".github"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_every_setting_that_is_named_exists() -> None:
    known = {f"MAOGA_{name.upper()}" for name in Settings.model_fields} | OURS
    named = {
        (path.relative_to(ROOT), name)
        for path in [*files(), *GUIDES]
        for name in re.findall(r"\bMAOGA_[A-Z0-9_]*[A-Z0-9]\b", path.read_text())
    }
    assert len(named) > 20
    assert {(path, name) for path, name in named if name not in known} == set()


def environments() -> dict[str, dict[str, str]]:
    """The settings that processes are given, by where."""
    found = {"stack": STACK["x-maoga"]["environment"], "development": DEVELOPMENT["services"]["maoga"]["environment"]}
    for stage in ("staging", "production"):
        objects = build(DEPLOY / "k8s/overlays" / stage)
        shared = next(each["data"] for each in objects if each["kind"] == "ConfigMap")
        for each in objects:
            for container in containers(each):
                own = {pair["name"]: pair["value"] for pair in container["env"] if "value" in pair}
                found[f"{stage} {each['metadata']['name']}"] = shared | own
    return found


@pytest.mark.parametrize("where", environments())
def test_the_values_are_accepted_together(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With secrets as somebody would make them."""
    secrets = {
        "MAOGA_SECRET_KEY": "Zr8uQ1vT5yW9xB3nM7kL0pJ4hG6fD2sA",
        "MAOGA_DATABASE_URL": "mongodb://user:pass@mongo.example/maoga?replicaSet=rs0",
        "MAOGA_REDIS_URL": "rediss://user:pass@redis.example:6379",
    }
    for name, value in {**secrets, **environments()[where]}.items():
        monkeypatch.setenv(name, str(value))
    settings = Settings(_env_file=None)
    assert where == "development" or settings.hardened
    assert not settings.embedded


def commands() -> list[list[str]]:
    """What the containers run."""
    found = [service.get("command") for service in STACK["services"].values() if service["image"].startswith("maoga:")]
    for path in (DEPLOY / "k8s").rglob("*.yaml"):
        found += [container.get("args") for each in documents(path) for container in containers(each)]
    for text in (DEPLOY / "ecs/tasks.yaml", ROOT / "Dockerfile"):
        lines = re.findall(RUN, text.read_text(), re.MULTILINE)
        found += [[word.strip(' "') for word in words.split(",")] for words in lines]
    return [command for command in found if command]


def test_every_command_exists() -> None:
    found = commands()
    assert {tuple(command) for command in found} >= {("serve",), ("worker",), ("migrate", "up"), ("serve", "--reload")}
    for command in found:
        place: Any = get_command(app)
        for word in command:
            if word.startswith("--"):
                assert word in {option for parameter in place.params for option in parameter.opts}, command
            else:
                assert word in place.commands, command
                place = place.commands[word]


def test_compose_gives_an_instance_more_time_than_it_may_take_to_stop() -> None:
    drain_s = float(STACK["x-maoga"]["environment"]["MAOGA_DRAIN_S"])
    assert drain_s + 10 <= float(STACK["x-maoga"]["stop_grace_period"].removesuffix("s"))


def test_prometheus_asks_the_instances_of_the_stack() -> None:
    targets = yaml.safe_load((DEPLOY / "prometheus/targets/maoga.yml").read_text())
    port = Settings.model_fields["metrics_port"].default
    instances = {f"{name}:{port}" for name in STACK["services"] if re.fullmatch(r"maoga-\d", name)}
    assert set(targets[0]["targets"]) == instances


def test_nginx_knows_the_instances_of_the_stack() -> None:
    port = Settings.model_fields["port"].default
    instances = {f"{name}:{port}" for name in STACK["services"] if re.fullmatch(r"maoga-\d", name)}
    assert set(re.findall(r"server (\S+:\d+) ", (DEPLOY / "nginx/nginx.conf").read_text())) == instances


@pytest.mark.parametrize("path", [*GUIDES, *(DEPLOY / "k8s").rglob("*.yaml")], ids=lambda path: path.name)
def test_every_metric_that_is_named_exists(path: Path) -> None:
    explained = (ROOT / "docs/operations/metrics.md").read_text()
    made_by_the_adapter = {"maoga_connections"}
    named = set(re.findall(r"\bmaoga_[a-z_]*[a-z]\b", path.read_text())) - made_by_the_adapter
    asked = {re.sub(r"_(bucket|count|sum)$", "", name) for name in named}
    assert {name for name in asked if f"`{name}`" not in explained} == set()


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_files_that_a_guide_names_are_there(path: Path) -> None:
    named = set(re.findall(r"(?<!/)\bdeploy/[\w./-]*\w", path.read_text())) - MADE
    assert {name for name in named if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_secret_is_in_a_file(path: Path) -> None:
    assert not SECRETS.findall(path.read_text())
