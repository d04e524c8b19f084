"""What hosts may do with a lobby, and members on their teams; the rules of ready checks and of those who watch."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clients.python.state import apply
from domain.core.errors import AppError, Forbidden, ValidationFailed
from domain.core.ids import UserId
from domain.games.model import GroupSize, Mode, Teams
from domain.lobbies import rules, settings, spectating, teams
from domain.lobbies.commands import SetCapacity, UpdateSettings
from domain.lobbies.events import MemberLeft
from domain.lobbies.model import Capacity, Lobby, LobbySettings, lobby_view
from domain.lobbies.rules import BANS_MOST, Draft, LobbyFromMatch, LobbyStartedAlready, NotInLobby
from domain.lobbies.seats import AlreadyInLobby
from domain.lobbies.settings import LobbyChanged
from domain.lobbies.spectating import SPECTATORS_MOST, SpectatorsFull
from domain.lobbies.teams import RoleTaken, TeamFull
from tests.support.builders import NOON, a_lobby, user_ids

U1, U2, U3, U4 = user_ids(4)
COUNTDOWN_S = 5.0
CHECK_S = 30.0
CHECKED = NOON + timedelta(seconds=CHECK_S)


def custom(members: int = 4, *, places: int = 2, **changes: Any) -> Lobby:
    """A lobby that players made, of two teams with a healer each, filled alternately."""
    lobby = a_lobby(members, minimum=2, match_id=None, join_code="OLDCODE2", size_limit=2 * places)
    placed = tuple(member.model_copy(update={"team": 1 + number % 2}) for number, member in enumerate(lobby.members))
    fields: dict[str, Any] = {
        "members": placed,
        "teams": Teams(count=2, size=places, roles={"healer": 1}),
        "settings": LobbySettings(allow_spectators=True),
        **changes,
    }
    return lobby.changed(**fields)


def do(lobby: Lobby, *steps: Callable[[Draft], None]) -> Draft:
    draft = Draft(lobby)
    for step in steps:
        step(draft)
    return draft


def names(draft: Draft) -> list[str]:
    return [event.wire_name for event in draft.events]


def kicks(user: UserId, other: UserId) -> Callable[[Draft], None]:
    return lambda draft: rules.kick(draft, user, other, NOON, COUNTDOWN_S, new_code="NEWCODE2")


def updates(user: UserId, **fields: Any) -> Callable[[Draft], None]:
    return lambda draft: settings.update(draft, user, UpdateSettings(**fields), NOON, COUNTDOWN_S)


def ready(user: UserId) -> Callable[[Draft], None]:
    return lambda draft: rules.set_ready(draft, user, True, NOON, COUNTDOWN_S)


def checks(draft: Draft) -> None:
    rules.ready_check(draft, U1, NOON, CHECK_S)


def check_elapses(draft: Draft) -> None:
    rules.elapse_ready_check(draft, CHECKED, COUNTDOWN_S)


def moves(user: UserId, other: UserId, team: int, swap_with: UserId | None = None) -> Callable[[Draft], None]:
    return lambda draft: teams.set_team(draft, user, other, team, swap_with)


def takes_role(user: UserId, other: UserId, role: str | None) -> Callable[[Draft], None]:
    return lambda draft: teams.set_role(draft, user, other, role)


def watches(user: str) -> Callable[[Draft], None]:
    return lambda draft: spectating.watch(draft, UserId(user))


STRANGER = UserId("stranger")


@pytest.mark.parametrize(
    ("lobby", "step", "refused"),
    [
        (custom(), kicks(U2, U3), Forbidden),
        (custom(), kicks(STRANGER, U3), NotInLobby),
        (custom(), kicks(U1, STRANGER), NotInLobby),
        (custom(), kicks(U1, U1), Forbidden),
        (a_lobby(2, status="active"), kicks(U1, U2), LobbyStartedAlready),
        (custom(), lambda draft: rules.transfer_host(draft, U2, U2), Forbidden),
        (custom(), lambda draft: rules.transfer_host(draft, U1, STRANGER), NotInLobby),
        (custom(), lambda draft: rules.ready_check(draft, U2, NOON, CHECK_S), Forbidden),
        (custom(status="active"), checks, LobbyStartedAlready),
        (custom(), updates(U2, name="mine"), Forbidden),
        (custom(), updates(STRANGER, name="mine"), NotInLobby),
        (custom(), updates(U1, capacity=SetCapacity(max=3)), ValidationFailed),
        (custom(), updates(U1, capacity=SetCapacity(max=5)), ValidationFailed),
        (custom(), updates(U1, capacity=SetCapacity(min=5)), ValidationFailed),
        (custom(status="countdown"), updates(U1, capacity=SetCapacity(min=1)), LobbyStartedAlready),
        (a_lobby(2), updates(U1, visibility="public"), LobbyFromMatch),
        (a_lobby(2), updates(U1, capacity=SetCapacity(max=2)), LobbyFromMatch),
        (custom(settings_revision=5, revision=7), updates(U1, version=4, name="late"), LobbyChanged),
        (custom(), moves(U2, U3, 2), Forbidden),
        (custom(), moves(U1, STRANGER, 2), NotInLobby),
        (custom(), moves(STRANGER, U1, 2), NotInLobby),
        (custom(), moves(U1, U1, 3), ValidationFailed),
        (custom(), moves(U1, U1, 2), TeamFull),
        (custom(), moves(U2, U2, 1, U1), Forbidden),
        (custom(), moves(U1, U1, 2, U3), NotInLobby),
        (custom(status="countdown"), moves(U1, U1, 2), LobbyStartedAlready),
        (custom(teams=None), moves(U1, U1, 1), ValidationFailed),
        (a_lobby(2), moves(U1, U1, 1), LobbyFromMatch),
        (custom(), takes_role(U2, U3, "healer"), Forbidden),
        (custom(), takes_role(U1, U1, "driver"), ValidationFailed),
        (custom(settings=LobbySettings()), watches("w"), Forbidden),
        (custom(banned=(UserId("w"),)), watches("w"), rules.LobbyBanned),
        (custom(status="closed"), watches("w"), rules.LobbyOver),
        (custom(), watches(U1), AlreadyInLobby),
        (custom(spectators=tuple(user_ids(SPECTATORS_MOST))), watches("w"), SpectatorsFull),
        (custom(), lambda draft: spectating.unwatch(draft, U1, "left"), NotInLobby),
    ],
)
def test_what_is_not_allowed_is_refused_and_changes_nothing(
    lobby: Lobby, step: Callable[[Draft], None], refused: type[AppError]
) -> None:
    draft = Draft(lobby)
    with pytest.raises(refused):
        step(draft)
    assert (draft.lobby, draft.events) == (lobby, [])


def test_who_is_kicked_is_banned_and_the_code_they_had_is_worth_nothing() -> None:
    draft = do(custom(), kicks(U1, U3))
    assert names(draft) == ["member_left", "lobby_updated"]
    assert isinstance(draft.events[0], MemberLeft)
    assert (draft.events[0].user_id, draft.events[0].reason) == (U3, "kicked")
    assert (draft.lobby.banned, draft.lobby.join_code) == ((U3,), "NEWCODE2")


def test_bans_are_bounded_and_the_oldest_is_forgotten() -> None:
    long_ago = tuple(UserId(f"b{number}") for number in range(BANS_MOST))
    lobby = do(custom(banned=long_ago), kicks(U1, U3)).lobby
    assert (len(lobby.banned), lobby.banned[0], lobby.banned[-1]) == (BANS_MOST, "b1", U3)


def test_kicking_the_one_who_was_not_ready_begins_the_countdown() -> None:
    draft = do(custom(3), ready(U1), ready(U2), kicks(U1, U3))
    assert draft.lobby.status == "countdown"


def test_a_ready_check_ends_when_all_are_ready_or_its_time_is_over() -> None:
    asked = do(custom(3), checks, checks).lobby
    assert asked.ready_by == CHECKED
    done = do(asked, ready(U1), ready(U2), ready(U3))
    assert (done.lobby.status, done.lobby.ready_by) == ("countdown", None)
    told: Any = lobby_view(asked).wire()
    for event in done.events:
        told = apply(told, event.wire_name, event.wire())
    assert told == lobby_view(done.lobby).wire()
    early = do(asked, lambda draft: rules.elapse_ready_check(draft, CHECKED - timedelta(milliseconds=1), COUNTDOWN_S))
    assert early.events == []
    over = do(asked, ready(U2), check_elapses, check_elapses)
    assert names(over) == ["member_ready", "lobby_updated"]
    assert (over.lobby.ready_by, len(over.lobby.members)) == (None, 3)


def test_who_is_not_ready_in_time_loses_the_place_if_the_settings_say_so_even_the_host() -> None:
    strict = custom(3, settings=LobbySettings(remove_unready=True))
    over = do(strict, checks, ready(U2), ready(U3), check_elapses).lobby
    assert (over.member_ids, over.host_id, over.status) == ([U2, U3], U2, "countdown")
    assert over.banned == ()
    nobody = do(strict, checks, check_elapses).lobby
    assert (nobody.status, nobody.close_reason, nobody.ready_by) == ("closed", "empty", None)


def test_settings_change_in_one_event_and_not_at_all_when_they_are_the_same() -> None:
    draft = do(custom(), updates(U1, name="Finals", visibility="public", custom={"map": "dust2"}))
    assert names(draft) == ["lobby_updated"]
    changed = draft.lobby
    assert (changed.name, changed.settings.visibility, changed.settings.custom) == (
        "Finals",
        "public",
        {"map": "dust2"},
    )
    assert changed.settings_revision == changed.revision
    assert do(changed, updates(U1, version=changed.revision, name="Finals")).events == []


def test_a_version_only_conflicts_with_settings_that_have_changed_since() -> None:
    seen = custom().revision
    busy = do(custom(), ready(U2)).lobby
    assert do(busy, updates(U1, version=seen, name="new")).lobby.name == "new"


def test_spectators_go_when_none_are_allowed_any_more() -> None:
    watched = do(custom(), watches("w1"), watches("w1"), watches("w2"))
    assert names(watched) == ["spectator_joined", "spectator_joined"]
    emptied = do(watched.lobby, updates(U1, allow_spectators=False))
    assert names(emptied) == ["lobby_updated", "spectator_left", "spectator_left"]
    assert emptied.lobby.spectators == ()


def test_a_lower_minimum_makes_ready_and_auto_start_begins_the_countdown() -> None:
    waiting = custom(2, capacity=Capacity(min=4, max=4), settings=LobbySettings(auto_start=False))
    almost = do(waiting, ready(U1), ready(U2)).lobby
    assert almost.status == "forming"
    complete = do(almost, updates(U1, capacity=SetCapacity(min=2))).lobby
    assert complete.status == "ready"
    assert do(complete, updates(U1, auto_start=True)).lobby.status == "countdown"


def test_newcomers_go_to_the_smallest_team() -> None:
    assert teams.smallest_team(custom(3)) == 2
    assert teams.smallest_team(custom(4)) == 1
    assert teams.smallest_team(a_lobby(2)) is None


def test_members_move_where_there_is_room_and_the_host_swaps_where_there_is_none() -> None:
    moved = do(custom(3), moves(U1, U1, 2), moves(U1, U1, 2))
    assert names(moved) == ["lobby_updated"]
    swapped = do(custom(), takes_role(U1, U1, "healer"), moves(U1, U1, 2, U2)).lobby
    by_user = {member.user_id: (member.team, member.role) for member in swapped.members}
    assert by_user == {U1: (2, None), U2: (1, "healer"), U3: (1, None), U4: (2, None)}


def test_a_team_has_so_many_of_a_role_as_the_mode_says_also_when_somebody_moves_there() -> None:
    lobby = do(custom(4, places=3), takes_role(U1, U1, "healer"), takes_role(U2, U2, "healer")).lobby
    with pytest.raises(RoleTaken):
        do(lobby, takes_role(U3, U3, "healer"))
    moved = do(lobby, moves(U1, U1, 2)).lobby.member(U1)
    assert moved is not None
    assert (moved.team, moved.role) == (2, None)
    assert do(lobby, takes_role(U1, U1, None), takes_role(U3, U3, "healer")).lobby.members[2].role == "healer"


@pytest.mark.parametrize(
    ("mode", "wanted", "capacity"),
    [
        (Mode(mode="custom"), SetCapacity(), (2, 100)),
        (Mode(mode="custom"), SetCapacity(max=1), (1, 1)),
        (Mode(mode="casual", group_size=GroupSize(min=3, max=6)), SetCapacity(), (3, 6)),
        (Mode(mode="casual", group_size=GroupSize(min=3, max=6)), SetCapacity(min=1, max=2), (1, 2)),
        (Mode(mode="ranked", teams=Teams(count=2, size=5)), SetCapacity(), (2, 10)),
    ],
)
def test_a_lobby_is_as_large_as_its_mode_says_unless_its_host_does(
    mode: Mode, wanted: SetCapacity, capacity: tuple[int, int]
) -> None:
    found = settings.first_capacity(mode, wanted)
    assert (found.min, found.max) == capacity
    too_large = SetCapacity().model_copy(update={"max": settings.size_limit(mode) + 1})
    with pytest.raises(ValidationFailed):
        settings.first_capacity(mode, too_large)
