"""`maoga jobs`: the queue of jobs, for those who run the servers."""

from typing import Annotated

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from domain.jobs.model import STATUSES, Job
from maoga.cli import offline, print_table
from maoga.settings import Settings

LISTED = 100

jobs = typer.Typer(
    help="The queue of jobs. On the embedded default stop the server first, for its file is one process's.",
    invoke_without_command=True,
)


@jobs.callback()
def list_jobs(
    context: typer.Context,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Only those that have failed for good.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the newest jobs that wait, run or have failed for good (the newest 100 of each)."""
    if context.invoked_subcommand:
        return
    from maoga.bootstrap import open_core

    async def run(settings: Settings) -> list[Job]:
        async with open_core(settings) as core:
            shown = ["dead"] if dead else [status for status in STATUSES if status != "done"]
            return [job for status in STATUSES if status in shown for job in await core.jobs.list(status, LISTED)]

    found = offline(run)
    if as_json:
        typer.echo(orjson.dumps([job.wire() for job in found]))
    else:
        print_table(_table(found))


@jobs.command()
def requeue(id: Annotated[str, typer.Argument(help="Id of a dead job.")]) -> None:
    """Put a dead job back into the queue with all its attempts."""
    from maoga.bootstrap import open_core

    async def run(settings: Settings) -> Job:
        async with open_core(settings) as core:
            return await core.jobs.requeue(id)

    typer.echo(f"requeued {offline(run).kind} job {id}")


def _table(found: list[Job]) -> Table:
    table = Table("id", "kind", "status", "attempts", "progress", "run at (UTC)", "worker", "error")
    for job in found:
        table.add_row(
            *(job.id, job.kind, job.status, str(job.attempts), f"{job.progress:.0%}", f"{job.run_at:%F %T}"),
            *(job.leased_by or "", escape(job.error or "")),
        )
    return table
