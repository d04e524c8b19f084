"""Newcomers for the free places of a lobby: who comes, on which team, as what."""

from typing import Any

import pytest

from domain.core.ids import LobbyId, TicketId, UserId
from domain.games.model import Mode
from domain.matchmaking.pairing.matcher import Group, Matcher
from domain.matchmaking.pool import Opening, PoolEntry, PoolPlayer, Skill
from tests.support.builders import CHESS, NOON, criteria

TEAMS: dict[str, Any] = {"teams": {"count": 2, "size": 2}}
ROLES: dict[str, Any] = {"teams": {"count": 2, "size": 2, "roles": {"tank": 1, "heal": 1}}}


def a_ticket(name: str, *ratings: float, blocked: tuple[str, ...] = (), **fields: Any) -> PoolEntry:
    """A ticket whose players are `<name>-1`, `<name>-2`, ..."""
    return PoolEntry(
        ticket_id=TicketId(name),
        players=tuple(
            PoolPlayer(
                user_id=UserId(f"{name}-{number}"),
                skills={CHESS.game_id: Skill(mu=rating)},
                blocked=tuple(map(UserId, blocked)),
            )
            for number, rating in enumerate(ratings, start=1)
        ),
        criteria=criteria(**fields),
        queued_at=NOON,
    )


def an_opening(*sides: tuple[str, ...], free: int, roles: dict[str, str] | None = None, **fields: Any) -> PoolEntry:
    """A backfill ticket for a lobby in which these users, all of 1500, sit."""
    users = [UserId(user) for side in sides for user in side]
    opening = Opening(
        lobby_id=LobbyId("lobby"),
        teams=tuple(tuple(map(UserId, side)) for side in sides),
        roles={UserId(user): role for user, role in (roles or {}).items()},
        free=free,
    )
    return PoolEntry(
        ticket_id=TicketId("backfill"),
        players=tuple(PoolPlayer(user_id=user, skills={CHESS.game_id: Skill(mu=1500)}) for user in users),
        criteria=criteria(**fields),
        queued_at=NOON,
        opening=opening,
    )


def filled(mode: dict[str, Any], *entries: PoolEntry) -> Group | None:
    """The group that fills the lobby, if there is one."""
    matcher = Matcher(CHESS, Mode.model_validate({"mode": "casual", **mode}))
    matcher.put(entries)
    return next((group for group in matcher.groups(NOON) if group and group.backfill), None)


def test_newcomers_take_the_free_places_of_the_teams_as_they_are() -> None:
    group = filled(TEAMS, an_opening(("a", "b"), ("c",), free=1), a_ticket("near", 1510), a_ticket("far", 1590))
    assert group is not None
    assert group.teams == (("a", "b"), ("c", "near-1"))
    assert [player.user_id for player in group.players] == ["near-1"]
    assert (group.lobby_id, group.backfill, group.ticket_ids) == ("lobby", "backfill", ["near", "backfill"])


def test_a_party_comes_only_where_one_team_has_room_for_all_of_it() -> None:
    split = an_opening(("a",), ("b",), free=2)
    together = an_opening(("a", "b"), (), free=2)
    party = a_ticket("party", 1450, 1500)
    assert filled(TEAMS, split, party) is None
    group = filled(TEAMS, together, party)
    assert group is not None
    assert group.teams == (("a", "b"), ("party-1", "party-2"))


def test_who_comes_can_play_what_is_missing() -> None:
    opening = an_opening(("a", "b"), ("c",), free=1, roles={"a": "tank", "b": "heal", "c": "tank"})
    tank, healer = a_ticket("tank", 1500, roles=["tank"]), a_ticket("healer", 1580, roles=["heal"])
    group = filled(ROLES, opening, tank, healer)
    assert group is not None
    assert [(player.user_id, player.role) for player in group.players] == [("healer-1", "heal")]


@pytest.mark.parametrize(
    "refused",
    [
        a_ticket("newcomer", 1700),
        a_ticket("newcomer", 1500, blocked=("c",)),
        a_ticket("newcomer", 1500, regions=["NA"], regionPreference="strict"),
    ],
)
def test_nobody_comes_who_may_not_play_with_those_who_are_there(refused: PoolEntry) -> None:
    assert filled(TEAMS, an_opening(("a", "b"), ("c",), free=1, regions=["EU"]), refused) is None


def test_a_lobby_without_teams_takes_as_many_as_it_has_places_for() -> None:
    newcomers = [a_ticket(name, 1500) for name in ("n1", "n2", "n3")]
    group = filled({"groupSize": {"min": 2, "max": 4}}, an_opening(("a", "b"), free=2), *newcomers)
    assert group is not None
    assert len(group.players) == 2
    assert set(group.teams[0]) >= {"a", "b"}


def test_backfills_never_meet_each_other() -> None:
    other = an_opening(("x",), free=1).model_copy(update={"ticket_id": TicketId("other")})
    assert filled({"teams": {"count": 2, "size": 1}}, an_opening(("a",), free=1), other) is None
