"""The rules of a lobby, and that its events tell everything."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.python.state import apply
from domain.core.errors import AppError, Forbidden
from domain.core.ids import UserId
from domain.games.model import Teams
from domain.lobbies import rules, settings, spectating, teams
from domain.lobbies.commands import SetCapacity, UpdateSettings
from domain.lobbies.events import LobbyReady, LobbyUpdated
from domain.lobbies.model import Capacity, Lobby, LobbyStatus, Member, lobby_view, outside_view
from domain.lobbies.rules import TRANSITIONS, Draft
from tests.support.builders import NOON, a_lobby, user_ids

COUNTDOWN_S = 5.0
LATER = NOON + timedelta(seconds=COUNTDOWN_S)


def after(lobby: Lobby, *steps: Callable[[Draft], None]) -> Draft:
    """The draft after all steps."""
    draft = Draft(lobby)
    for step in steps:
        step(draft)
    return draft


def ready(user: str, is_ready: bool = True) -> Callable[[Draft], None]:
    return lambda draft: rules.set_ready(draft, UserId(user), is_ready, NOON, COUNTDOWN_S)


def leaves(user: str) -> Callable[[Draft], None]:
    return lambda draft: rules.leave(draft, UserId(user), "left", NOON, COUNTDOWN_S)


def a_member(user: str) -> Member:
    return Member(user_id=UserId(user), username=user, display_name=user, joined_at=NOON)


def joins(user: str) -> Callable[[Draft], None]:
    return lambda draft: rules.join(draft, a_member(user), NOON, COUNTDOWN_S)


def names(draft: Draft) -> list[str]:
    return [event.wire_name for event in draft.events]


def test_countdown_starts_when_the_last_one_is_ready() -> None:
    draft = after(a_lobby(2), ready("u1"), ready("u2"))
    assert names(draft) == ["member_ready", "member_ready", "lobby_ready", "countdown_started"]
    assert (draft.lobby.status, draft.lobby.starts_at) == ("countdown", LATER)


def test_saying_the_same_again_changes_nothing() -> None:
    assert names(after(a_lobby(2), ready("u1"), ready("u1"))) == ["member_ready"]


def test_without_auto_start_the_host_starts() -> None:
    lobby = after(a_lobby(2, auto_start=False), ready("u1"), ready("u2")).lobby
    assert lobby.status == "ready"
    started = after(lobby, lambda draft: rules.start(draft, UserId("u1"), NOON, COUNTDOWN_S))
    assert started.lobby.status == "countdown"
    with pytest.raises(Forbidden):
        rules.start(Draft(lobby), UserId("u2"), NOON, COUNTDOWN_S)


def test_who_joins_is_not_ready_so_the_countdown_stops() -> None:
    lobby = after(a_lobby(3, minimum=2), leaves("u3"), ready("u1"), ready("u2")).lobby
    draft = after(lobby, joins("u3"), joins("u3"))
    assert (lobby.status, names(draft)) == ("countdown", ["member_joined", "countdown_cancelled"])
    assert [member.user_id for member in draft.lobby.members] == ["u1", "u2", "u3"]


def test_a_game_that_runs_goes_on_when_somebody_joins() -> None:
    draft = after(a_lobby(3, status="active"), leaves("u3"), joins("u4"))
    assert (draft.lobby.status, names(draft)) == ("active", ["member_left", "member_joined"])


def test_a_full_or_closed_lobby_takes_nobody() -> None:
    with pytest.raises(rules.LobbyFull):
        after(a_lobby(2), joins("u3"))
    with pytest.raises(rules.LobbyOver):
        after(a_lobby(2, status="closed"), joins("u3"))


def test_a_forming_lobby_cannot_be_started() -> None:
    with pytest.raises(rules.LobbyNotReady):
        rules.start(Draft(a_lobby(2)), UserId("u1"), NOON, COUNTDOWN_S)


def test_un_ready_cancels_the_countdown() -> None:
    draft = after(a_lobby(2), ready("u1"), ready("u2"), ready("u1", False))
    assert names(draft)[-1] == "countdown_cancelled"
    assert (draft.lobby.status, draft.lobby.starts_at, draft.lobby.ready_at) == ("forming", None, None)


def test_the_countdown_goes_on_when_enough_ready_players_remain() -> None:
    draft = after(a_lobby(3, minimum=2), ready("u1"), ready("u2"), ready("u3"), leaves("u3"))
    assert draft.lobby.status == "countdown"


def test_the_game_begins_only_at_the_deadline() -> None:
    lobby = after(a_lobby(2), ready("u1"), ready("u2")).lobby
    early = after(lobby, lambda draft: rules.elapse_countdown(draft, LATER - timedelta(milliseconds=1)))
    assert early.events == []
    assert after(lobby, lambda draft: rules.elapse_countdown(draft, LATER)).lobby.status == "active"


def test_a_started_lobby_takes_no_readiness() -> None:
    with pytest.raises(rules.LobbyStartedAlready):
        rules.set_ready(Draft(a_lobby(2, status="active")), UserId("u1"), True, NOON, COUNTDOWN_S)


def test_a_stranger_is_told_so() -> None:
    with pytest.raises(rules.NotInLobby):
        rules.set_ready(Draft(a_lobby(2)), UserId("stranger"), True, NOON, COUNTDOWN_S)


def test_the_longest_staying_connected_member_becomes_host() -> None:
    lobby = after(a_lobby(3), lambda draft: rules.set_connection(draft, UserId("u2"), "grace")).lobby
    assert after(lobby, leaves("u1")).lobby.host_id == "u3"


def test_an_idle_lobby_and_a_game_that_takes_too_long_come_to_an_end() -> None:
    draft = after(a_lobby(2), lambda draft: rules.elapse_idle(draft, NOON))
    assert (draft.lobby.status, draft.lobby.close_reason) == ("closed", "idle")
    late = after(a_lobby(2, status="active"), lambda draft: rules.elapse_idle(draft, LATER))
    assert (late.lobby.status, late.lobby.close_reason) == ("closed", "expired")


def test_an_illegal_transition_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="cannot go from closed to ready"):
        Draft(a_lobby(2, status="closed")).note(LobbyReady, {"status": "ready"}, ready_at=NOON)


USERS = st.sampled_from([*user_ids(4), UserId("stranger"), UserId("watcher")])
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["one", "two"]),
        "allow_spectators": st.booleans(),
        "spectator_chat": st.booleans(),
        "auto_start": st.booleans(),
        "remove_unready": st.booleans(),
        "visibility": st.sampled_from(["public", "friends", "private"]),
        "capacity": st.builds(SetCapacity, min=st.integers(1, 4), max=st.integers(2, 6)),
        "custom": st.dictionaries(st.sampled_from("ab"), st.integers(0, 2), max_size=2),
    },
)
STEPS = st.one_of(
    st.tuples(st.just("ready"), USERS, st.booleans()),
    st.tuples(st.just("leave"), USERS, st.sampled_from(["left", "grace_expired"])),
    st.tuples(st.just("join"), USERS, st.none()),
    st.tuples(st.just("kick"), USERS, USERS),
    st.tuples(st.just("transfer"), USERS, USERS),
    st.tuples(st.just("watch"), USERS, st.none()),
    st.tuples(st.just("unwatch"), USERS, st.sampled_from(["left", "joined"])),
    st.tuples(st.just("kick_spectator"), USERS, USERS),
    st.tuples(st.just("team"), USERS, st.tuples(USERS, st.integers(1, 3), st.none() | USERS)),
    st.tuples(st.just("role"), USERS, st.tuples(USERS, st.sampled_from(["healer", "tank", None]))),
    st.tuples(st.just("settings"), USERS, SETTINGS),
    st.tuples(st.just("start"), USERS, st.none()),
    st.tuples(st.just("ready_check"), USERS, st.none()),
    st.tuples(st.just("connection"), USERS, st.sampled_from(["grace", "connected"])),
    st.tuples(st.sampled_from(["countdown", "check_over", "idle"]), st.none(), st.none()),
)


def take(draft: Draft, step: tuple[str, Any, Any]) -> None:
    kind, user, value = step
    match kind:
        case "ready":
            rules.set_ready(draft, user, value, NOON, COUNTDOWN_S)
        case "leave":
            rules.leave(draft, user, value, NOON, COUNTDOWN_S)
        case "join":
            if user in draft.lobby.spectators:
                spectating.unwatch(draft, user, "joined")
            member = a_member(user).model_copy(update={"team": teams.smallest_team(draft.lobby)})
            rules.join(draft, member, NOON, COUNTDOWN_S)
        case "kick":
            rules.kick(draft, user, value, NOON, COUNTDOWN_S, new_code="NEWCODE2")
        case "transfer":
            rules.transfer_host(draft, user, value)
        case "watch":
            spectating.watch(draft, user)
        case "unwatch":
            spectating.unwatch(draft, user, value)
        case "kick_spectator":
            spectating.kick_spectator(draft, user, value)
        case "team":
            teams.set_team(draft, user, *value)
        case "role":
            teams.set_role(draft, user, *value)
        case "settings":
            settings.update(draft, user, UpdateSettings(**value), NOON, COUNTDOWN_S)
        case "start":
            rules.start(draft, user, NOON, COUNTDOWN_S)
        case "ready_check":
            rules.ready_check(draft, user, NOON, COUNTDOWN_S)
        case "connection":
            rules.set_connection(draft, user, value)
        case "countdown":
            rules.elapse_countdown(draft, LATER)
        case "check_over":
            rules.elapse_ready_check(draft, LATER, COUNTDOWN_S)
        case "idle":
            rules.elapse_idle(draft, NOON)


TEAMS = Teams(count=2, size=3, roles={"healer": 1})


@given(
    steps=st.lists(STEPS, max_size=30),
    auto_start=st.booleans(),
    minimum=st.integers(1, 4),
    matched=st.booleans(),
    checking=st.booleans(),
)
def test_whatever_happens_events_replayed_on_the_old_snapshot_give_the_new_one(
    steps: list[tuple[str, Any, Any]], auto_start: bool, minimum: int, matched: bool, checking: bool
) -> None:
    """Also: only tabled transitions happen, versions have no gap, and whoever watches sees the same but the code."""
    lobby = a_lobby(4, minimum=minimum, auto_start=auto_start, capacity=Capacity(min=minimum, max=5), size_limit=6)
    if not matched:
        lobby = lobby.changed(match_id=None, join_code="OLDCODE2", teams=TEAMS)
    if checking:
        lobby = lobby.changed(ready_by=LATER)
    snapshot: Any = lobby_view(lobby).wire()
    watched: Any = outside_view(lobby).wire()
    first = snapshot
    for step in steps:
        draft = Draft(lobby)
        try:
            take(draft, step)
        except AppError:
            continue
        for event in draft.events:
            assert event.version == snapshot["version"] + 1
            snapshot = apply(snapshot, event.wire_name, event.wire())
            snapshot = apply(snapshot, event.wire_name, event.wire())  # a second delivery changes nothing
            shown = event.for_watchers() if isinstance(event, LobbyUpdated) else event
            watched = apply(watched, event.wire_name, shown.wire())
        assert draft.lobby.status == lobby.status or _leads(lobby.status, draft.lobby.status)
        lobby = draft.lobby
        assert lobby_view(lobby).wire() == snapshot
        assert outside_view(lobby).wire() == watched
        assert lobby.status == "closed" or lobby.member(lobby.host_id)
        assert lobby.status != "countdown" or all(member.ready for member in lobby.members)
        assert lobby.ready_by is None or lobby.status == "forming"
        assert lobby.settings.allow_spectators or not lobby.spectators or lobby.status == "closed"
        _check_places(lobby)
    assert first["version"] == 1


def _check_places(lobby: Lobby) -> None:
    """Nobody is there twice, or banned and there; teams and roles are not overfull."""
    everybody = [*lobby.member_ids, *lobby.spectators]
    assert len(everybody) == len(set(everybody))
    assert len(lobby.member_ids) <= lobby.capacity.max <= lobby.size_limit
    if lobby.teams is not None:
        by_team = Counter(member.team for member in lobby.members if member.team)
        healers = Counter(member.team for member in lobby.members if member.role == "healer")
        assert all(count <= lobby.teams.size for count in by_team.values())
        assert all(count <= 1 for count in healers.values())


def _leads(start: LobbyStatus, end: LobbyStatus) -> bool:
    """Whether `end` can be reached from `start` by the table (one step may pass through `ready`)."""
    direct = TRANSITIONS[start]
    return end in direct or any(end in TRANSITIONS[between] for between in direct)
