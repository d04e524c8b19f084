"""Bases of all that crosses a border: camelCase in JSON, snake_case in Python, frozen, no unknown field."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel

from domain.core.errors import ValidationFailed


def rfc3339(moment: datetime) -> str:
    """The moment as it stands on the wire: UTC with milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


Timestamp = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment: RFC 3339 UTC with milliseconds on the wire, an aware datetime in Python."""


def _moment(value: Any) -> Any:
    """JSON knows no moments: RFC 3339 text is one, with its zone."""
    if isinstance(value, datetime):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"must be a moment {_AS_IN}") from None
    if moment.tzinfo is None:
        raise ValueError(f"must name its zone, {_AS_IN}")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a moment of the years 1 to 9999 in UTC") from None


_AS_IN = "as in 2026-01-31T18:30:00Z"

Moment = Annotated[Timestamp, BeforeValidator(_moment)]
"""A moment as it comes from the wire."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")


def _reject_unprintable(value: Any) -> Any:
    if isinstance(value, str) and _UNPRINTABLE.search(value):
        raise ValueError("must not contain control characters")
    return value


Text = Annotated[str, BeforeValidator(_reject_unprintable)]
"""Text a person wrote: no control characters but newline and tab, no lone surrogates."""

ID_SHAPE = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
"""An id as it comes from the wire, `Annotated[LobbyId, ID_SHAPE]`: bounded, and harmless in a key or a log line."""

WireId = Annotated[str, ID_SHAPE]
"""An id that clients make up themselves."""


class Model(BaseModel):
    """A value: what events, answers and stored documents are made of."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    def wire(self) -> dict[str, Any]:
        """As JSON-ready camelCase, without what is unset."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def wire_json(self) -> bytes:
        """`wire` as JSON."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_none=True)


class Command(Model):
    """What a client asks for: strict types, unknown fields refused, and in `parse` no name but the wire's."""

    model_config = ConfigDict(strict=True)

    @classmethod
    def parse(cls, data: Any) -> Self:
        """The command in `data` (decoded JSON); raises `ValidationFailed` with every fault at once."""
        try:
            return cls.model_validate({} if data is None else data, by_alias=True, by_name=False)
        except ValidationError as error:
            raise ValidationFailed(faults(error)) from None


class Empty(Command):
    """A command without fields."""


class Kept(Model):
    """What outlives a process: unknown fields are passed over, for a newer version may have written them."""

    model_config = ConfigDict(extra="ignore")


class Document(Kept):
    """A stored model. `version` counts the changes that matter to others; writes are conditional on it."""

    id: str
    version: int = 1

    def changed(self, **changes: Any) -> Self:
        """A copy with `changes` (by Python field name), not validated again."""
        return self.model_copy(update=changes)


def faults(error: ValidationError) -> list[dict[str, str]]:
    """Pydantic's findings as `[{field, message}]`, fields by their wire names, input values left out."""
    return [
        {"field": _path(fault["loc"]), "message": fault["msg"].removeprefix("Value error, ")}
        for fault in error.errors(include_url=False, include_input=False, include_context=False)[:50]
        if fault["type"] != "default_factory_not_called"  # it follows from another fault, which is told
    ]


def _path(location: Iterable[int | str]) -> str:
    return ".".join(str(part)[:64] for part in location if part != "[key]") or "(body)"
