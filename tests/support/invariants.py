"""What must hold at every moment between two commits, as `maoga audit` reads it from the documents."""

from datetime import UTC, datetime
from typing import Any

from domain.core.collection import Database, Spec
from maoga.audit.inspection import inspect
from maoga.audit.invariants import invariants

MANY = 100_000


async def everything(database: Database, spec: Spec[Any]) -> list[Any]:
    """All documents of a kind."""
    return await database.collection(spec).find({}, limit=MANY)


async def broken_invariants(database: Database) -> list[str]:
    """Every broken rule in words; empty when all is well. One look, which takes nothing for late."""
    results = await inspect(invariants(database, None, LongAgo()), patience_s=0)
    return [f"{result.name}: {id} {said}" for result in results for id, words in result.wrong.items() for said in words]


class LongAgo:
    """A clock before which nothing came due."""

    def now(self) -> datetime:
        return datetime(2000, 1, 1, tzinfo=UTC)
