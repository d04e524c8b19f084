"""Takes a person out of a document that others need as well. Pure."""

from collections.abc import Mapping
from typing import Any, TypeVar

from domain.core.ids import UserId
from domain.core.model import Document

D = TypeVar("D", bound=Document)

ERASED = UserId("erased")
"""Who stands where somebody stood who is gone."""

TELLING = frozenset(
    {
        *("username", "display_name", "name", "from_name", "host_name", "lobby_name"),
        *("address", "reason", "description", "before", "after"),
    }
)
"""What an object that names a person may say of them, by its fields."""


def without(document: D, user: UserId) -> D:
    """The document with nobody where it named the user, and without what its parts that named them say of them."""
    return type(document).model_validate(_cleaned(document.model_dump(), user), by_name=True, by_alias=False)


def _cleaned(value: Any, user: UserId) -> Any:
    if isinstance(value, str):
        return value.replace(user, ERASED)
    if isinstance(value, Mapping):
        is_about = any(isinstance(one, str) and user in one for one in value.values())
        told = TELLING if is_about else ()
        return {_cleaned(key, user): _untold(one) if key in told else _cleaned(one, user) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_cleaned(one, user) for one in value)
    return value


def _untold(value: Any) -> str | None:
    return ERASED if isinstance(value, str) else None
