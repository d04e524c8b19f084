"""The generated reference names every event there is."""

import pytest

from domain.core.events import Event
from realtime.dispatch import Namespace
from realtime.events import ConnectionEvent
from realtime.namespaces.chat import ChatNamespace
from realtime.namespaces.lobby import LobbyNamespace
from realtime.namespaces.matchmaking import MatchmakingNamespace
from realtime.namespaces.social import SocialNamespace
from realtime.reference import COMMON_EVENTS, reference

NAMESPACES: tuple[type[Namespace], ...] = (MatchmakingNamespace, LobbyNamespace, ChatNamespace, SocialNamespace)


def events_of(kind: type[Event]) -> list[type[Event]]:
    """Every named event below a class."""
    found = [kind] if "wire_name" in vars(kind) else []
    return found + [event for below in kind.__subclasses__() for event in events_of(below)]


def test_every_server_event_belongs_to_a_stream() -> None:
    """An event nobody listed in `sends` would be missing from the reference."""
    listed = {event for space in NAMESPACES for events in space.sends.values() for event in events}
    ours = {event for event in events_of(Event) if event.__module__.startswith(("domain.", "realtime."))}
    assert ours == listed | set(COMMON_EVENTS)
    assert set(COMMON_EVENTS) == set(events_of(ConnectionEvent))


def test_every_stream_belongs_to_its_namespace() -> None:
    """What stands before the first colon decides where an event is sent."""
    for space in NAMESPACES:
        assert {stream.partition(":")[0] for stream in space.sends} <= {space.name}


@pytest.mark.parametrize("space", NAMESPACES)
def test_every_event_stands_in_the_reference(space: type[Namespace]) -> None:
    """Client events with their ack, server events with their stream."""
    page = reference(NAMESPACES)
    for name in space.handlers:
        assert f"### {name} → " in page
    for stream, events in space.sends.items():
        for event in events:
            assert f"### {event.wire_name}\n\nServer event, " in page
            assert f"on `{stream}`." in page


def test_fields_are_given_with_types_and_limits() -> None:
    """By their wire names."""
    page = reference(NAMESPACES)
    assert "| `clientMessageId` | string, 1 to 64 characters, `^[A-Za-z0-9_-]+$` | yes |" in page
    assert "| `limit` | integer, 1 to 100 | no, `50` |" in page
    assert "| `serverTime` | date-time | yes |" in page


def test_no_field_is_an_object_of_nobody_knows_what() -> None:
    assert "| object |" not in reference(NAMESPACES)
