"""Pages of a list: what a client asks for, and the opaque cursor at which the next page starts."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

import orjson
from pydantic import Field

from domain.core.collection import After
from domain.core.errors import ValidationFailed
from domain.core.model import Command

T = TypeVar("T")

ID = re.compile(r"[A-Za-z0-9_:-]{1,160}")


class PageQuery(Command):
    """Which page of a list: at most `limit` items, from `cursor` (the last page's `nextCursor`) on."""

    limit: int = Field(default=20, ge=1, le=100)
    cursor: str | None = Field(default=None, min_length=1, max_length=512)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list; `next_cursor` is None on the last page."""

    items: list[T]
    next_cursor: str | None


def cursor_of(sort_value: str | float | datetime, id: str) -> str:
    """The cursor behind the item with that value in the list's sort field and that id."""
    return urlsafe_b64encode(orjson.dumps([sort_value, id])).decode().rstrip("=")


def after(
    cursor: str | None, kind: type[str] | type[float] | type[datetime], *, text: re.Pattern[str] = ID
) -> After | None:
    """Where `cursor` points; raises `ValidationFailed` when it was tampered with.

    kind: of its sort value. text: the shape of one that is text.
    """
    if cursor is None:
        return None
    try:
        sort_value, id = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if kind is datetime:
            sort_value = datetime.fromisoformat(sort_value).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        sort_value = id = None
    fits = isinstance(sort_value, kind) and isinstance(id, str) and ID.fullmatch(id)
    if not fits or (isinstance(sort_value, str) and not text.fullmatch(sort_value)):
        raise ValidationFailed([{"field": "cursor", "message": "is not a cursor of this list"}])
    return sort_value, id
