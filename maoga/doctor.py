"""`maoga doctor`: what is wrong with a live installation, and what to do (docs/operations/doctor.md)."""

import asyncio
import os
import resource
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import orjson
import typer
from redis.exceptions import NoPermissionError
from rich.markup import escape
from rich.table import Table

from domain.jobs.model import JOBS
from maoga.backup import opened_shelf
from maoga.cli import print_table, read_settings
from maoga.migrate import migrator, opened_store
from maoga.settings import Settings
from storage.redis.doctor import RedisDoctor
from storage.redis.factory import open_redis
from storage.upkeep.backup import listed
from storage.upkeep.findings import Check, Finding, Level, dead_letters, ok, problem, used_up, warning

UNAUTHORIZED = frozenset({13, 8000})
"""What MongoDB, and its makers' managed one, answer to who may not."""

CHECK_S = 30.0
FILES = 10_000
STALE = timedelta(hours=26)
GIB = 2**30
SNAPSHOT_S = 300
"""What MongoDB remembers of the past by default."""

EXIT: Mapping[Level, int] = {"ok": 0, "skipped": 0, "warning": 1, "problem": 2}
STYLES: Mapping[Level, str] = {"ok": "green", "skipped": "dim", "warning": "yellow", "problem": "bold red"}


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at settings, database, Redis, backups and this machine, beside the servers that run; change nothing.

    Exit code 0: all is well. 1: warnings. 2: problems. What may not be looked at is told, and counts for nothing.
    """
    findings = asyncio.run(examine(read_settings()))
    if as_json:
        lines = [
            {"check": it.check, "level": it.level, "said": it.said, "remedy": it.remedy or None} for it in findings
        ]
        typer.echo(orjson.dumps(lines))
    else:
        table = Table("check", "", "found", "what to do")
        for it in findings:
            table.add_row(it.check, f"[{STYLES[it.level]}]{it.level}[/]", escape(it.said), escape(it.remedy))
        print_table(table)
    raise typer.Exit(max((EXIT[it.level] for it in findings), default=0))


async def examine(settings: Settings) -> list[Finding]:
    """All findings, the checks one after the other."""
    local = LocalDoctor(settings)
    findings = await _all(local.checks)
    if not settings.redis_in_process:
        redis = open_redis(settings.redis_url.get_secret_value(), timeout_s=settings.redis_timeout_s)
        try:
            findings += await _all(RedisDoctor(redis).checks)
        finally:
            await redis.aclose()
    if settings.sqlite:
        return findings
    from storage.upkeep.mongo_doctor import MongoDoctor
    from storage.upkeep.mongo_store import MongoStore

    async with opened_store(settings) as store:
        if isinstance(store, MongoStore):
            mongodb = MongoDoctor(store)
            answer = await _findings("mongodb", mongodb.server)
            reached = answer[-1].level != "problem"
            findings += [*answer, *(await _all(mongodb.checks) if reached else [])]
    return findings


class LocalDoctor:
    """The checks of settings, files and backups, and of what the database notes on itself."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def checks(self) -> Mapping[str, Check]:
        """The checks, by name."""
        file = {"sqlite": self.sqlite, "jobs": self.jobs} if self._settings.sqlite else {}
        return {
            "settings": self.settings,
            "machine": self.machine,
            "migrations": self.migrations,
            "backups": self.backups,
            **file,
        }

    async def settings(self) -> AsyncIterator[Finding]:
        """Whether they are fit for players from outside."""
        check, found = "settings", 0
        for said, remedy in _unfit(self._settings):
            found += 1
            yield warning(check, said, remedy)
        if not found:
            yield ok(check, f"fit for {self._settings.environment}")

    async def machine(self) -> AsyncIterator[Finding]:
        """Disk and open files."""
        folders = {"data": self._settings.var_dir}
        if self._settings.media_url is None:
            folders["images"] = self._settings.images_path
        for name, folder in folders.items():
            there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
            disk = shutil.disk_usage(there)
            yield used_up(
                f"disk of {name}", disk.used / GIB, disk.total / GIB, "GiB", f"make room on the disk of {there}"
            )
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        said = f"a process may open {files:,}"
        if files < FILES:
            yield warning("files", said, f"raise it to {FILES:,} (ulimit -n, LimitNOFILE): each socket takes one")
        else:
            yield ok("files", said)

    async def migrations(self) -> AsyncIterator[Finding]:
        """Whether the database is what this version wants."""
        check = "migrations"
        async with migrator(self._settings) as migrating:
            state = await migrating.state()
        if state.restoring:
            remedy = "run `maoga restore` again"
            yield problem(check, f"the restore of {state.restoring} has not come to its end", remedy)
        elif state.fresh:
            yield ok(check, "the database is empty")
        elif state.pending:
            yield problem(check, f"{len(state.pending)} are to come", "run `maoga migrate up`")
        elif state.unknown:
            yield warning(check, "a newer version has migrated the database", "finish the rollout of that version")
        elif not state.laid_out:
            yield warning(check, "indexes and validators are another version's", "run `maoga migrate up`")
        else:
            yield ok(check, f"all {len(state.applied)} are made")

    async def backups(self) -> AsyncIterator[Finding]:
        """Whether there is one of late."""
        check, settings = "backups", self._settings
        async with opened_shelf(settings, None) as shelf:
            whole = [each.manifest for each in await listed(shelf) if each.manifest]
        newest = max(whole, key=lambda manifest: manifest.taken_at, default=None)
        remedy = "set MAOGA_BACKUP_CRON, or run `maoga backup` by a timetable of your own"
        if newest is None:
            yield warning(check, "there is none", remedy)
            return
        age = datetime.now(UTC) - newest.taken_at
        said = f"{len(whole)}, the newest {age.total_seconds() / 3600:.0f} h old"
        yield warning(check, said, remedy) if age > STALE else ok(check, said)
        if newest.salt is None and settings.hardened:
            yield warning(check, "the newest is not encrypted", "set MAOGA_BACKUP_KEY_FILE")
        took_s = (newest.finished_at - newest.taken_at).total_seconds()
        if newest.source == "mongodb" and took_s > SNAPSHOT_S / 2:
            remedy = "raise MongoDB's minSnapshotHistoryWindowInSeconds well above that (docs/operations/backup.md)"
            yield warning(check, f"the newest took {took_s:.0f} s", remedy)

    async def sqlite(self) -> AsyncIterator[Finding]:
        """Whether the file is sound, and for its owner alone."""
        path = self._settings.sqlite_path
        if not path.exists():
            yield ok("sqlite", f"{path} is not there yet")
            return
        said = await asyncio.to_thread(_quick_check, path)
        if said != "ok":
            yield problem("sqlite", said[:200], "restore a backup: the file is damaged")
        elif path.stat().st_mode & 0o077:
            yield problem("sqlite", f"others may read {path}", f"chmod 600 {path}*")
        else:
            yield ok("sqlite", f"{path.stat().st_size / 2**20:,.1f} MiB, sound")

    async def jobs(self) -> AsyncIterator[Finding]:
        """Which jobs have been given up."""
        path = self._settings.sqlite_path
        yield dead_letters(await asyncio.to_thread(_dead_jobs, path) if path.exists() else {})


async def _all(checks: Mapping[str, Check]) -> list[Finding]:
    return [finding for name, check in checks.items() for finding in await _findings(name, check)]


async def _findings(name: str, check: Check) -> list[Finding]:
    """What a check finds. One that may not look is skipped; one that fails otherwise is a problem by itself."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(CHECK_S):
            async for finding in check():
                found.append(finding)  # noqa: PERF401 -- what was found before a failure counts
    except Exception as error:
        said = str(error.__cause__ or error).partition("\n")[0][:200] or type(error).__name__
        if isinstance(error, NoPermissionError) or getattr(error, "code", None) in UNAUTHORIZED:
            found.append(Finding(name, "skipped", "not allowed to look", "grant clusterMonitor, or +@admin of Redis"))
        else:
            found.append(problem(name, said, "see that it runs, and that address, user and password are right"))
    return found


def _unfit(settings: Settings) -> list[tuple[str, str]]:
    """What of the settings does not suit an installation with players, and what to do."""
    found = []
    public = settings.host not in {"127.0.0.1", "::1", "localhost"}
    if not settings.hardened:
        found.append(
            (f"MAOGA_ENVIRONMENT is {settings.environment}", "set it to production: secrets are then demanded")
        )
    if settings.embedded:
        found.append(("the storage is one process's", "set MAOGA_DATABASE_URL and MAOGA_REDIS_URL to run several"))
    if public and not settings.trusted_proxies:
        said = "no proxy is trusted, but the server listens to others"
        found.append((said, "behind a load balancer set MAOGA_TRUSTED_PROXIES, or all players share its address"))
    if settings.metrics_host not in {"127.0.0.1", "::1", "localhost"}:
        found.append((f"metrics are open at {settings.metrics_host}", "see that only Prometheus reaches that port"))
    if not settings.smtp_url.get_secret_value():
        found.append(("mail goes to files", "set MAOGA_SMTP_URL: nobody can reset a password"))
    if settings.rate_limit_scale != 1:
        found.append((f"rate limits are scaled by {settings.rate_limit_scale:g}", "set MAOGA_RATE_LIMIT_SCALE to 1"))
    if settings.backup_cron and not settings.backup_url:
        found.append(("backups lie beside the data", "set MAOGA_BACKUP_URL to another machine's folder or a bucket"))
    if os.geteuid() == 0:
        found.append(("this runs as root", "run it as a user of its own"))
    return found


def _quick_check(path: Path) -> str:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])


def _dead_jobs(path: Path) -> dict[str, int]:
    dead = f"""SELECT doc ->> 'kind', count(*) FROM "{JOBS.name}" WHERE doc ->> 'status' = 'dead' GROUP BY 1"""  # noqa: S608
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return dict(connection.execute(dead).fetchall())
