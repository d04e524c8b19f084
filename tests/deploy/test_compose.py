"""The compose files, as far as they can be judged without an engine."""

import json
import re
import ssl
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for  # type: ignore[import-untyped]

from maoga.setting_rules import is_weak
from tests.support.services import ROOT

COMPOSE = ROOT / "deploy/compose"
SCHEMA = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
PROJECTS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted(COMPOSE.glob("*.yaml"))
}
SERVICES = [(project, name) for project, content in PROJECTS.items() for name in content["services"]]


@pytest.mark.parametrize("project", PROJECTS)
def test_the_file_is_well_formed(project: str) -> None:
    check = validator_for(SCHEMA)(SCHEMA)
    assert [f"{list(fault.path)}: {fault.message}" for fault in check.iter_errors(PROJECTS[project])] == []
    assert not check.is_valid({"services": {"x": {"prots": []}}}), "the check finds no mistake"


@pytest.mark.parametrize(("project", "name"), SERVICES)
def test_what_a_service_names_is_there(project: str, name: str) -> None:
    content = PROJECTS[project]
    service = content["services"][name]
    for other, how in service.get("depends_on", {}).items():
        needed = content["services"][other]
        if how["condition"] == "service_healthy":
            assert "healthcheck" in needed or needed["image"].startswith("maoga:")  # whose image has one
    assert set(service.get("networks", ())) <= set(content.get("networks", ()))
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        if not source.startswith("."):
            assert source in content["volumes"]
        elif source not in {"./tls", "./acme"}:  # which prepare.sh makes
            assert (COMPOSE / source).exists(), source


@pytest.mark.parametrize(("project", "name"), SERVICES)
def test_images_have_exact_tags(project: str, name: str) -> None:
    image = PROJECTS[project]["services"][name]["image"]
    assert re.search(r":(v?\d+\.\d+\.\d+(-alpine)?|\$\{MAOGA_IMAGE_VERSION:-\d+\.\d+\.\d+\}|development)$", image), (
        image
    )


def test_only_nginx_is_open_to_the_world() -> None:
    open_to_all = {
        name
        for project, name in SERVICES
        for port in PROJECTS[project]["services"][name].get("ports", ())
        if not port.startswith("127.0.0.1:")
    }
    assert open_to_all == {"nginx"}


def test_storage_has_no_way_to_the_world() -> None:
    stack = PROJECTS["stack"]
    assert stack["networks"]["data"]["internal"] is True
    for name, service in stack["services"].items():
        if re.match(r"mongo|redis", name):
            assert service["networks"] == ["data"], name


def test_maoga_and_nginx_run_without_privileges() -> None:
    for name, service in PROJECTS["stack"]["services"].items():
        if service["image"].startswith("maoga:") or name == "nginx":
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
            assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_services_start_in_the_order_of_their_needs() -> None:
    services = PROJECTS["stack"]["services"]

    def needs(name: str) -> set[str]:
        direct = set(services[name].get("depends_on", ()))
        return direct.union(*(needs(other) for other in direct))

    assert needs("nginx") >= {"maoga-1", "maoga-2", "seed", "migrate", "mongo-set", "mongo-1", "redis"}


def test_prepare_makes_secrets_and_a_certificate_once(tmp_path: Path) -> None:
    script = tmp_path / "prepare.sh"
    script.write_bytes((COMPOSE / "prepare.sh").read_bytes())

    def prepare() -> str:
        command = ["sh", str(script), "play.example"]
        return subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout

    assert "maoga.env" in prepare()
    secret, certificate = (tmp_path / "maoga.env").read_text(), (tmp_path / "tls/fullchain.pem").read_text()
    assert re.fullmatch(r"MAOGA_SECRET_KEY=[0-9a-f]{64}\n", secret)
    assert not is_weak(secret.strip().partition("=")[2])
    assert (tmp_path / "maoga.env").stat().st_mode & 0o077 == 0
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
        tmp_path / "tls/fullchain.pem", tmp_path / "tls/privkey.pem"
    )
    assert prepare() == ""
    assert (secret, certificate) == (
        (tmp_path / "maoga.env").read_text(),
        (tmp_path / "tls/fullchain.pem").read_text(),
    )
