"""What must hold at every moment between two commits, as `maoga audit` reads it from the documents."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from domain.core.collection import Database, Spec
from maoga.audit.command import opened
from maoga.audit.inspection import Result, inspect
from maoga.audit.invariants import invariants
from maoga.settings import Settings

MANY = 100_000
PAUSE_S = 1.0
PATIENCE_S = 60.0
"""Twice that of `maoga audit`: a machine that runs tests is slow, not wrong."""


async def everything(database: Database, spec: Spec[Any]) -> list[Any]:
    """All documents of a kind."""
    return await database.collection(spec).find({}, limit=MANY)


async def broken_invariants(database: Database) -> list[str]:
    """Every broken rule in words; empty when all is well. One look, which takes nothing for late."""
    return _told(await inspect(invariants(database, None, LongAgo()), patience_s=0))


async def audited(settings: Settings) -> list[str]:
    """What `maoga audit` tells of an installation, on which servers may be at work; empty when all is well."""
    async with opened(settings) as rules:
        return _told(await inspect(rules, pause_s=PAUSE_S, patience_s=PATIENCE_S))


def _told(results: Sequence[Result]) -> list[str]:
    return [f"{result.name}: {id} {said}" for result in results for id, words in result.wrong.items() for said in words]


class LongAgo:
    """A clock before which nothing came due."""

    def now(self) -> datetime:
        return datetime(2000, 1, 1, tzinfo=UTC)
