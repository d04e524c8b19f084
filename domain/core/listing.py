"""Lists for operators: pages by cursor, or by number for who wants to know how many there are."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import Field

from domain.core.collection import Collection, Filter
from domain.core.model import Document
from domain.core.paging import PageQuery, after, cursor_of

D = TypeVar("D", bound=Document)
T = TypeVar("T")

LAST_PAGE = 100
"""A page costs as much as all before it; who is to go on further takes the cursor."""


class ListQuery(PageQuery):
    """Which page of a list. page: its number from 1 on, up to 100, in place of a cursor."""

    page: int | None = Field(default=None, ge=1, le=LAST_PAGE)


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """Some items of a list. page, total: for who asked by number; else `next_cursor`, None on the last page."""

    items: list[T]
    limit: int
    next_cursor: str | None = None
    page: int | None = None
    total: int | None = None


def given(**fields: Any) -> dict[str, Any]:
    """The filter of those fields that were asked for."""
    return {name: value for name, value in fields.items() if value is not None}


async def newest(collection: Collection[D], asked: Filter, query: ListQuery) -> Listed[D]:
    """A page of the documents that match, the newest first."""
    if query.page is not None:
        found = await collection.find(asked, sort="-id", limit=query.page * query.limit)
        shown = found[(query.page - 1) * query.limit :]
        return Listed(shown, query.limit, page=query.page, total=await collection.count(asked))
    start = after(query.cursor, str)
    found = await collection.find(asked, sort="-id", limit=query.limit + 1, after=start)
    shown, more = found[: query.limit], len(found) > query.limit
    return Listed(shown, query.limit, next_cursor=cursor_of(shown[-1].id, shown[-1].id) if more else None)
