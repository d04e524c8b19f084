"""`maoga api-key`: keys for game servers from the command line."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maoga.__main__ import app


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a server on its embedded default, which does not run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAOGA_ENVIRONMENT", "test")


def maoga(*command: str, code: int = 0) -> str:
    """What a command prints."""
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == code, answer.output
    return answer.output.strip()


@pytest.mark.usefixtures("embedded")
def test_a_key_is_created_listed_without_its_secret_and_revoked() -> None:
    text = maoga("api-key", "create", "--name", "eu-1", "--scope", "results:write", "--expires-days", "30")
    assert re.fullmatch("mk_[0-9a-f]{16}_[0-9a-f]{64}", text)
    _, id, secret = text.split("_")
    listed = maoga("api-key", "list")
    assert id in listed
    assert "eu-1" in listed
    assert "results:write" in listed
    assert secret[:8] not in listed
    maoga("api-key", "revoke", id)
    assert id not in maoga("api-key", "list")
    assert "There is no such API key." in maoga("api-key", "revoke", id, code=1)


@pytest.mark.usefixtures("embedded")
def test_an_unknown_scope_is_refused_and_the_known_ones_are_named() -> None:
    output = maoga("api-key", "create", "--name", "x", "--scope", "everything", code=2)
    assert "scopes.0: Input should be 'results:write'" in output


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--expires-days", "0", "--expires-days"),
        ("--expires-days", "99999999999", "--expires-days"),
        ("--name", "", "name: Value should have at least 1 item"),
        ("--name", "a\x1b[31mb", "name: must not contain control characters"),
    ],
)
def test_a_key_with_an_impossible_name_or_life_is_refused_and_not_made(option: str, value: str, told: str) -> None:
    options = {"--name": "x", "--scope": "results:write", option: value}
    words = [word for pair in options.items() for word in pair]
    assert told in maoga("api-key", "create", *words, code=2)
    assert "mk_" not in maoga("api-key", "list")
