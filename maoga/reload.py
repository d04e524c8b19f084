"""`maoga serve --reload`: the server starts anew whenever one of its source files changes."""

import sys
from importlib.util import find_spec
from os import environ
from pathlib import Path
from shlex import join

import typer

from maoga.settings import Settings

PACKAGES = ("clients", "maoga", "realtime", "rest", "domain", "storage")
KILL_AFTER_S = 10
"""So long a server may take to stop."""


def serve_and_watch(settings: Settings) -> None:
    """Runs the server in a child process until SIGINT or SIGTERM; exit code 2 when this is no place for it."""
    if settings.hardened:
        typer.echo(f"--reload is for development: {settings.environment} runs what was built", err=True)
        raise typer.Exit(2)
    if find_spec("watchfiles") is None:
        typer.echo("--reload needs the package watchfiles: `make setup-dev` installs it", err=True)
        raise typer.Exit(2)
    from watchfiles import run_process

    environ["MAOGA_DRAIN_S"] = "0"  # who has changed something does not wait until every tab has left
    run_process(
        *(Path(__file__).parents[1] / package for package in PACKAGES),
        target=join([sys.executable, "-m", "maoga", "serve"]),
        target_type="command",
        callback=lambda changes: typer.echo(f"changed: {', '.join(sorted(path for _, path in changes))}", err=True),
        sigint_timeout=KILL_AFTER_S,
    )
