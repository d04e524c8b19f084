"""The command line: `maoga serve`, `worker`, `demo`, `check-config`, `migrate`, `backup`, `doctor` and others."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import orjson
import typer
from pydantic import SecretStr, TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Table

from domain.core.ids import GameId, UserId
from domain.games.model import ModeName
from maoga import logging
from maoga.audit.command import audit
from maoga.backup import backup, backups, restore
from maoga.cli import offline, print_table, read_settings
from maoga.doctor import doctor
from maoga.jobs import jobs
from maoga.loadtest.command import loadtest
from maoga.migrate import migrate
from maoga.settings import Settings
from maoga.trail import lobby_trail

T = TypeVar("T")

app = typer.Typer(
    help="Maoga: a realtime game-social server. Settings are environment variables: see `maoga check-config --list`.",
    no_args_is_help=True,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


api_keys = typer.Typer(
    help="API keys of game servers. On the embedded default stop the server first, for its file is one process's.",
    no_args_is_help=True,
)
app.add_typer(api_keys, name="api-key")
app.add_typer(jobs, name="jobs")
app.add_typer(migrate, name="migrate")
app.command()(audit)
app.command()(backup)
app.command()(backups)
app.command()(restore)
app.command()(doctor)
app.command()(loadtest)
app.command("lobby-trail")(lobby_trail)


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"maoga {installed('maoga')}")
        raise typer.Exit


@app.command()
def serve(
    reload: Annotated[
        bool, typer.Option("--reload", help="Start anew whenever a source file changes; for development.")
    ] = False,
) -> None:
    """Serve players: HTTP and Socket.IO on MAOGA_HOST:MAOGA_PORT, metrics on MAOGA_METRICS_PORT."""
    settings = read_settings()
    if not reload:
        _run_server(settings)
    from maoga.reload import serve_and_watch

    serve_and_watch(settings)


@app.command()
def worker() -> None:
    """Run a worker without sockets: matchmaking ticks, deadlines and sweeps."""
    _run_server(read_settings(role="worker"))


@app.command()
def demo(
    *,
    players: Annotated[int, typer.Option(min=1, max=1000, help="How many players take part.")] = 12,
    url: Annotated[
        str | None, typer.Option(help="Play against this running server; without it one is started.")
    ] = None,
    instances: Annotated[
        int,
        typer.Option(
            min=1,
            max=2,
            help="Servers to start; 2 use the settings' MongoDB and Redis, and leave players there.",
        ),
    ] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same players and wishes.")] = 1,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds after which nobody plays on.")] = 180.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON instead of the story.")] = False,
) -> None:
    """Play the main job with real clients, from the entry to the started lobby, and check what they see."""
    settings = read_settings()
    if url is None and settings.hardened:
        typer.echo(f"the demo does not start servers in {settings.environment}: name one with --url", err=True)
        raise typer.Exit(2)
    from maoga.demo.demo import DemoOptions, run_demo

    raise typer.Exit(run_demo(DemoOptions(players, url, instances, seed, timeout, as_json)))


@app.command("check-config")
def check_config(
    list_all: Annotated[bool, typer.Option("--list", help="List every setting with its meaning and default.")] = False,
) -> None:
    """Check the settings as this process sees them; exit code 2 when they would be refused."""
    if list_all:
        table = Table("setting", "default", "meaning", title="Settings (environment variables)")
        for name, field in Settings.model_fields.items():
            table.add_row(f"MAOGA_{name.upper()}", _default(name), escape(field.description or ""))
        print_table(table)
        return
    settings = read_settings()
    typer.echo(f"ok: environment {settings.environment}, role {settings.role}, instance {settings.instance}")


@app.command()
def seed() -> None:
    """Put the built-in games into the catalogue; what is there already stays as it is."""
    from domain.games.seed import seed as seed_games
    from maoga.bootstrap import open_core

    async def run(settings: Settings) -> int:
        async with open_core(settings) as core:
            return await seed_games(core.database)

    added = offline(run)
    typer.echo(f"added {added} games")


@app.command("create-admin")
def create_admin(
    email: Annotated[str, typer.Option(prompt=True, help="Address of the administrator.")],
    username: Annotated[str, typer.Option(prompt=True, help="Name to log in with.")],
    password: Annotated[
        str,
        typer.Option(
            prompt=True,
            hide_input=True,
            confirmation_prompt=True,
            envvar="MAOGA_ADMIN_PASSWORD",
            help="Better typed at the prompt or set in the environment than written on the command line.",
        ),
    ],
) -> None:
    """Create an account with the role admin."""
    from domain.auth.commands import Register
    from maoga.bootstrap import open_core

    async def run(settings: Settings) -> str:
        command = Register.parse({"email": email, "username": username, "password": password})
        async with open_core(settings) as core:
            return (await core.auth.create_account(command, roles=("admin",))).id

    typer.echo(f"created administrator {username} ({offline(run)})")


@app.command()
def sockets(
    *,
    user: Annotated[str | None, typer.Option(help="Show the connections of the user with this id instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how many are connected to each instance and namespace, or one user's connections (needs shared data)."""
    from domain.admin.sockets import Connections, UserConnections
    from maoga.bootstrap import open_core
    from maoga.sockets import table

    async def run(settings: Settings) -> Connections | UserConnections:
        async with open_core(settings) as core:
            return await (core.desks.sockets.of(UserId(user)) if user else core.desks.sockets.all())

    found = offline(run, shared=True)
    if as_json:
        typer.echo(orjson.dumps(found.wire()))
    else:
        print_table(table(found))


@app.command()
def kick(
    user: Annotated[str, typer.Argument(help="Id of the user.")],
    reason: Annotated[str, typer.Option(help="What the client is told.")] = "kicked",
) -> None:
    """Close all connections of a user, on every instance (needs shared data). This is no ban: they may come back."""
    from domain.admin.sockets import UserConnections
    from maoga import sockets
    from maoga.bootstrap import open_core

    async def run(settings: Settings) -> UserConnections:
        async with open_core(settings) as core:
            return await sockets.kick(core, UserId(user), reason)

    there = offline(run, shared=True)
    typer.echo(f"closing {len(there.connections)} connections of {there.username}")


@api_keys.command("create")
def create_api_key(
    *,
    name: Annotated[str, typer.Option(help="What the key is for, as shown by `list`.")],
    scope: Annotated[list[str], typer.Option(help="What it allows, as in results:write; may be given more than once.")],
    expires_days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Days until it expires; never by default.")
    ] = None,
) -> None:
    """Make an API key and print it. It cannot be shown again."""
    from domain.audit.model import CLI
    from domain.auth.api_keys import CreateApiKey
    from maoga.bootstrap import open_core

    async def run(settings: Settings) -> str:
        command = CreateApiKey.parse({"name": name, "scopes": scope, "expiresDays": expires_days})
        async with open_core(settings) as core:
            return (await core.keys.create(CLI, command)).secret

    typer.echo(offline(run))


@api_keys.command("list")
def list_api_keys() -> None:
    """List the API keys in force, without their secrets."""
    from domain.auth.api_keys import ApiKeyView
    from maoga.bootstrap import open_core

    async def run(settings: Settings) -> list[ApiKeyView]:
        async with open_core(settings) as core:
            return await core.keys.list()

    table = Table("id", "name", "scopes", "created", "last used", "expires")
    for key in offline(run):
        moments = (key.created_at, key.last_used_at, key.expires_at)
        table.add_row(
            key.id, key.name, " ".join(key.scopes), *(f"{at:%Y-%m-%d %H:%M}" if at else "never" for at in moments)
        )
    print_table(table)


@api_keys.command("revoke")
def revoke_api_key(id: Annotated[str, typer.Argument(help="Id of the key, as shown by `list`.")]) -> None:
    """End an API key at once."""
    from domain.audit.model import CLI
    from maoga.bootstrap import open_core

    async def run(settings: Settings) -> None:
        async with open_core(settings) as core:
            await core.keys.revoke(CLI, id)

    offline(run)
    typer.echo(f"revoked API key {id}")


@app.command()
def simulate(
    *,
    scenario: Annotated[Path | None, typer.Option(help="The scenario to play; - reads standard input.")] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Recorded tickets, to play under their own rules and under changed ones.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="With --replay: the fields of a rule set that change, as one JSON object.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the JSON lines go; - writes standard output.")] = None,
    plot: Annotated[Path | None, typer.Option(help="With --scenario: a PNG of wait, quality and queue length.")] = None,
) -> None:
    """Play matchmaking on a virtual clock: a scenario, or recorded tickets under changed rules (docs/simulate.md)."""
    from maoga.simulate import command

    try:
        if scenario and out and not replay and not rules:
            summary = command.simulate(scenario, out, plot)
            if out != Path("-"):
                print_table(command.side_by_side({"simulated": summary}))
        elif replay and not scenario and not plot:
            print_table(command.side_by_side(command.replay(replay, rules, out)))
        else:
            raise command.BadInput(
                "say either --scenario FILE --out FILE [--plot FILE], or --replay FILE [--rules FILE]"
            )
    except command.BadInput as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


@app.command("record-tickets")
def record_tickets(
    *,
    game: Annotated[str, typer.Option(help="Id of the game.")],
    mode: Annotated[str, typer.Option(help="The mode: casual, competitive, ranked or custom.")],
    since: Annotated[datetime, typer.Option(help="Tickets made from this moment on (UTC); kept are 30 days.")],
    until: Annotated[datetime, typer.Option(help="Tickets made before this moment (UTC).")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
) -> None:
    """Write the tickets of players who consented to it, without names, for `maoga simulate --replay`."""
    from domain.matchmaking.pool import PoolKey
    from maoga.bootstrap import open_core
    from maoga.simulate.record import record

    async def run(settings: Settings) -> dict[str, Any]:
        pool = PoolKey(GameId(game), TypeAdapter(ModeName).validate_python(mode))
        async with open_core(settings) as core:
            return await record(core.database, pool, since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))

    try:
        recording = offline(run)
        out.write_bytes(orjson.dumps(recording))
    except ValidationError:
        typer.echo(f"--mode: there are {', '.join(get_args(ModeName))}", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f"cannot write {out}: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    if not recording["tickets"]:
        typer.echo("there were none: only tickets all of whose players allow `research` are recorded", err=True)
    typer.echo(f"recorded {len(recording['tickets'])} tickets")


@app.command()
def docs(
    folder: Annotated[Path, typer.Option(help="Folder of the references.")] = Path("docs"),
) -> None:
    """Write what is generated from the code: the references of events and REST, and the clients' types."""
    from maoga.reference import write

    for path in write(folder):
        typer.echo(path)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the REST interface, as a server has it at /openapi.json."""
    _print_document("/openapi.json")


@app.command()
def asyncapi() -> None:
    """Print the AsyncAPI document of the Socket.IO interface, as a server has it at /asyncapi.json."""
    _print_document("/asyncapi.json")


def _print_document(path: str) -> None:
    from maoga.reference import DOCUMENTS

    typer.echo(orjson.dumps(DOCUMENTS[path](), option=orjson.OPT_INDENT_2))


def main() -> None:
    """The entry point of the `maoga` command."""
    app()


def _run_server(settings: Settings) -> None:
    import uvloop

    from maoga.bootstrap import CannotStart
    from maoga.server import run

    try:
        logging.configure(settings)
    except OSError as error:
        typer.echo(f"maoga cannot start: MAOGA_LOG_DIR: {error}", err=True)
        raise typer.Exit(1) from None
    try:
        code = uvloop.run(run(settings))
    except CannotStart as error:
        typer.echo(f"maoga cannot start: {error}", err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(code)


def _default(name: str) -> str:
    """The default as one would write it; that of `instance` differs from process to process."""
    if name == "instance":
        return ""
    value = getattr(Settings.model_construct(), name)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, list):
        return ",".join(f"{item:g}" if isinstance(item, float) else item for item in value)
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
