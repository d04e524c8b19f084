"""Every id a client sends is bounded and harmless in a key."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.core.model import Command
from realtime.namespaces.chat import ChatNamespace
from realtime.namespaces.lobby import LobbyNamespace
from realtime.namespaces.matchmaking import MatchmakingNamespace

NAMESPACES = (MatchmakingNamespace, LobbyNamespace, ChatNamespace)
PATTERN = "^[A-Za-z0-9_-]+$"


def id_fields() -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields of all client events that are ids by their name, in nested objects too."""
    models: set[type[Command]] = {handler.model for space in NAMESPACES for handler in space.handlers.values()}
    for model in sorted(models, key=lambda model: model.__name__):
        schema = model.model_json_schema()
        for part in (schema, *schema.get("$defs", {}).values()):
            for name, field in part.get("properties", {}).items():
                if name.endswith("Id"):
                    yield f"{part['title']}.{name}", field.get("anyOf", [field])[0]  # the other option is null


def test_there_are_ids() -> None:
    """The test below looks at something."""
    assert {"Send.channelId", "GameWish.gameId", "CancelTicket.ticketId"} <= dict(id_fields()).keys()


@pytest.mark.parametrize("field", [pytest.param(field, id=name) for name, field in id_fields()])
def test_ids_from_the_wire_have_a_shape(field: dict[str, Any]) -> None:
    """At most 64 characters of a small alphabet."""
    assert (field.get("pattern"), field.get("maxLength")) == (PATTERN, 64)
