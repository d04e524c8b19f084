"""What a client makes of events that come twice, late, or not at all."""

from typing import Any

from clients.python.event import Event
from clients.python.view import View


def message(seq: int, channel: str = "c", **meta: Any) -> Event[Any]:
    return Event("chat", "message", {"channelId": channel, "seq": seq}, meta)


def lobby_event(name: str, version: int, **data: Any) -> Event[Any]:
    return Event("lobby", name, {"lobbyId": "l", "version": version, **data}, {})


def a_view() -> View:
    view = View("me")
    member = {"userId": "me", "ready": False, "isHost": True}
    lobby = {"id": "l", "version": 1, "status": "forming", "hostId": "me", "members": [member]}
    assert view.take(Event("lobby", "lobby_updated", lobby, {})) == "new"
    return view


def test_messages_are_new_in_their_order_and_old_when_they_come_again() -> None:
    view = View("me")
    assert [view.take(message(seq)) for seq in (1, 2, 1, 2, 3)] == ["new", "new", "old", "old", "new"]
    assert view.read == {"c": 3}


def test_a_message_that_skips_one_is_a_gap_and_not_taken() -> None:
    view = View("me")
    assert [view.take(message(seq)) for seq in (1, 3, 2, 3)] == ["new", "gap", "new", "new"]


def test_channels_are_counted_apart() -> None:
    view = View("me")
    assert [view.take(message(1, channel)) for channel in "ab"] == ["new", "new"]


def test_lobby_events_bring_the_snapshot_up_to_date() -> None:
    view = a_view()
    assert view.take(lobby_event("member_ready", 2, userId="me", ready=True)) == "new"
    assert view.lobby is not None
    assert (view.lobby["version"], view.lobby["members"][0]["ready"]) == (2, True)


def test_a_lobby_event_that_skips_a_version_is_a_gap_and_one_at_or_below_it_is_old() -> None:
    view = a_view()
    ready = {"userId": "me", "ready": True}
    verdicts = [view.take(lobby_event("member_ready", version, **ready)) for version in (3, 1)]
    assert verdicts == ["gap", "old"]


def test_another_lobby_takes_the_place_of_the_first_whatever_its_version() -> None:
    view = a_view()
    assert view.take(Event("lobby", "lobby_updated", {"id": "m", "version": 1}, {})) == "new"
    assert view.lobby == {"id": "m", "version": 1}


def test_the_lobby_is_gone_when_the_player_has_left_it() -> None:
    view = a_view()
    assert view.take(lobby_event("member_left", 2, userId="me", reason="left")) == "new"
    assert view.lobby is None
