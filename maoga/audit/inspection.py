"""How an audit looks: at everything once, then again and again at what seemed broken, and it tells what stays so.

In a system that lives much is broken for a moment: two documents are read one after the other, a worker is about to
act, an index follows its document. What is broken in the same words at every look is broken.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from domain.core.collection import After, Collection, Database, Filter, Spec
from domain.core.model import Document

T = TypeVar("T")
D = TypeVar("D", bound=Document)

Wrong = Mapping[str, Iterable[str]]
"""What is wrong with things, in words, by their ids. Words that change from look to look tell of nothing that stays."""

PAGE = 200
PAUSE_S = 5.0
PATIENCE_S = 30.0
"""A lost index is filled again, and what a killed worker held is another's, within this time."""

MOST = 1000
"""So much is followed that one rule finds broken; then the rest of what it is about is passed over."""


@dataclass(frozen=True, slots=True)
class Invariant(Generic[T]):
    """A rule about things of one kind.

    pages: all of them, some at a time. again: those that still exist, by id. wrong: what is wrong with some of them.
    """

    name: str
    rule: str
    pages: Callable[[], AsyncIterator[Sequence[T]]]
    again: Callable[[Sequence[str]], Awaitable[Sequence[T]]]
    wrong: Callable[[Sequence[T]], Awaitable[Wrong]]


@dataclass(slots=True)
class Result:
    """What an audit finds of one rule. looked_at: how many things. wrong: as in `Wrong`. more: it stopped at `MOST`."""

    name: str
    rule: str
    looked_at: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    more: bool = False


async def inspect(
    invariants: Sequence[Invariant[Any]], *, pause_s: float = PAUSE_S, patience_s: float = PATIENCE_S
) -> list[Result]:
    """Looks at everything, and for at most `patience_s` every `pause_s` at what seems broken; what stayed so."""
    results = [await _look(invariant) for invariant in invariants]
    over = time.monotonic() + patience_s
    while time.monotonic() < over and any(result.wrong for result in results):
        await asyncio.sleep(pause_s)
        for invariant, result in zip(invariants, results, strict=True):
            result.wrong = await _look_again(invariant, result.wrong)
    return results


async def _look(invariant: Invariant[T]) -> Result:
    result = Result(invariant.name, invariant.rule)
    async for page in invariant.pages():
        result.looked_at += len(page)
        result.wrong |= _told(await invariant.wrong(page))
        if len(result.wrong) >= MOST:
            result.more = True
            break
    return result


async def _look_again(invariant: Invariant[T], suspects: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The suspects of which the same is wrong, and that."""
    stayed: dict[str, list[str]] = {}
    for ids in _pages(list(suspects)):
        now = _told(await invariant.wrong(await invariant.again(ids)))
        same = {id: [said for said in suspects[id] if said in now.get(id, ())] for id in ids}
        stayed |= {id: said for id, said in same.items() if said}
    return stayed


def _told(wrong: Wrong) -> dict[str, list[str]]:
    told = {id: list(said) for id, said in wrong.items()}
    return {id: said for id, said in told.items() if said}


def _pages(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))


Among = tuple[Filter, str]
"""Some documents of a kind, and their order, which one index serves."""

ALL: Among = ({}, "id")


def about(
    name: str,
    rule: str,
    documents: Collection[D],
    wrong: Callable[[Sequence[D]], Awaitable[Wrong]],
    *among: Callable[[], Among] | Among,
) -> Invariant[D]:
    """A rule about documents. among: which of them, where it is not all; called when their turn comes."""

    async def pages() -> AsyncIterator[Sequence[D]]:
        for some in among or (ALL,):
            async for page in _read(documents, *(some() if callable(some) else some)):
                yield page

    async def again(ids: Sequence[str]) -> Sequence[D]:
        return list((await documents.get_many(ids)).values())

    return Invariant(name, rule, pages, again, wrong)


async def _read(documents: Collection[D], filter: Filter, sort: str) -> AsyncIterator[Sequence[D]]:
    after: After | None = None
    while page := await documents.find(filter, sort=sort, limit=PAGE, after=after):
        yield page
        after = getattr(page[-1], sort), page[-1].id
        if len(page) < PAGE:
            return


async def those(database: Database, spec: Spec[D], ids: Iterable[str | None]) -> Mapping[Any, D]:
    """Those of the documents that exist, by id; nothing for None."""
    wanted = sorted({id for id in ids if id is not None})
    return await database.collection(spec).get_many(wanted) if wanted else {}
