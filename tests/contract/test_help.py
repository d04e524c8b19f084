"""Every command says what it does."""

from collections.abc import Iterator
from typing import Any

import typer
from typer.testing import CliRunner

from maoga.__main__ import app


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The names that lead to a command and to all below it."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


def test_help_is_printed_for_every_command() -> None:
    paths = list(commands(typer.main.get_command(app)))
    assert {("backup",), ("restore",), ("doctor",), ("migrate", "up")} <= set(paths)
    for path in paths:
        result = CliRunner().invoke(app, [*path, "--help"])
        assert result.exit_code == 0, (path, result.exception)
        assert "Usage:" in result.output
