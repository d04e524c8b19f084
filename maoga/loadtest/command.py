"""`maoga loadtest`: a measured load of real clients on an installation."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from maoga.cli import print_table
from maoga.loadtest.options import (
    LEAST_PACE_S,
    MOST_DURATION_S,
    MOST_PLAYERS,
    MOST_RAMP,
    BadOptions,
    LoadOptions,
    checked_urls,
    parse_mix,
    parse_tokens,
)

GOOD, BAD, REFUSED, INTERRUPTED = 0, 1, 2, 130


def loadtest(
    *,
    url: Annotated[
        list[str] | None, typer.Option(help="A server or balancer; given more than once, players are dealt to them.")
    ] = None,
    players: Annotated[int, typer.Option(min=1, max=MOST_PLAYERS, help="Clients, of which each is one player.")] = 20,
    ramp: Annotated[float, typer.Option(min=0.1, max=MOST_RAMP, help="Players that come each second.")] = 10,
    duration: Annotated[
        float, typer.Option(min=1, max=MOST_DURATION_S, help="Seconds, from the first player on.")
    ] = 30,
    mix: Annotated[
        str, typer.Option(help="Who play the main job, talk in lobbies, only look around now and then; as proportions.")
    ] = "play=2,talk=1,idle=1",
    pace: Annotated[
        float, typer.Option(min=LEAST_PACE_S, max=600, help="Seconds a player pauses between two actions, on average.")
    ] = 2,
    tokens: Annotated[
        Path | None, typer.Option(help="File with an access token a line, for players who are no new guests.")
    ] = None,
    pid: Annotated[
        list[int] | None, typer.Option(help="Process of a server on this machine: what it uses is reported.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report into this file as well.")] = None,
    max_p99_ms: Annotated[
        float | None, typer.Option(min=0, help="Fail when the p99 of any ack, or of delivery, is longer.")
    ] = None,
    max_error_rate: Annotated[
        float | None, typer.Option(min=0, max=1, help="Fail when a larger part of all answers are errors, as in 0.01.")
    ] = None,
    i_own_this: Annotated[
        bool, typer.Option("--i-own-this", help="Needed for a server on another machine: it may go down.")
    ] = False,
) -> None:
    """Put a load of real clients on an installation, and report what it did (docs/operations/loadtest.md).

    Exit code 0 when all went well, 1 when a promise or a limit of yours was broken, 2 for an impossible wish, 130 when
    it was interrupted.
    """
    try:
        options = LoadOptions(
            urls=checked_urls(url or ["http://127.0.0.1:8000"], consent=i_own_this),
            players=players,
            ramp=ramp,
            duration_s=duration,
            mix=parse_mix(mix),
            pace_s=pace,
            tokens=parse_tokens(tokens.read_text(), players) if tokens else (),
            pids=tuple(pid or ()),
            max_p99_ms=max_p99_ms,
            max_error_rate=max_error_rate,
        )
        if json_file:
            json_file.touch()  # rather refused now than after the load
        raise typer.Exit(_run(options, json_file))
    except BadOptions as error:
        typer.echo(str(error), err=True)
    except OSError as error:
        typer.echo(f"{error.filename}: {error.strerror}", err=True)
    raise typer.Exit(REFUSED)


def _run(options: LoadOptions, json_file: Path | None) -> int:
    """The exit code."""
    import uvloop

    from clients.python.errors import MaogaError
    from maoga.loadtest.run import run_load

    try:
        report = uvloop.run(run_load(options, typer.echo))
    except MaogaError as error:
        typer.echo(f"{', '.join(options.urls)}: {error}", err=True)
        return BAD
    for table in report.tables():
        print_table(table)
    if json_file:
        json_file.write_bytes(orjson.dumps(report.wire(), option=orjson.OPT_INDENT_2))
    console = Console(highlight=False)
    if report.generator.limiting:
        console.print("this machine was the limit: times are longer than the servers'", style="yellow", soft_wrap=True)
    problems = report.problems()
    for problem in problems:
        console.print(problem, style="red", markup=False, soft_wrap=True)
    if problems:
        return BAD
    return INTERRUPTED if report.interrupted else GOOD
