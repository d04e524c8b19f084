"""Builders of the values tests speak of: name what matters, the rest is ordinary."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from domain.core.ids import GameId, MatchId, TicketId, UserId
from domain.lobbies.model import Capacity, Lobby, LobbySettings, Member
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.model import Match, MatchPlayer, Quality
from domain.matchmaking.pool import PoolEntry, PoolKey, PoolPlayer, Skill

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHESS = PoolKey(GameId("chess"), "casual")

_numbers = count(1)


def user_ids(number: int) -> list[UserId]:
    """`u1`, `u2`, ..."""
    return [UserId(f"u{n}") for n in range(1, number + 1)]


def a_lobby(members: int = 2, *, minimum: int | None = None, auto_start: bool = True, **changes: Any) -> Lobby:
    """A forming lobby; its first member is the host."""
    users = user_ids(members)
    lobby = Lobby(
        id="lobby",
        name="lobby",
        game_id=GameId("chess"),
        mode="casual",
        host_id=users[0],
        members=tuple(Member(user_id=user, username=user, display_name=user, joined_at=NOON) for user in users),
        capacity=Capacity(min=members if minimum is None else minimum, max=max(members, 2)),
        settings=LobbySettings(auto_start=auto_start),
        match_id=MatchId("lobby"),
        created_at=NOON,
        idle_at=NOON,
    )
    return lobby.changed(**changes)


def a_match(*teams: Sequence[str], **changes: Any) -> Match:
    """A confirmed match of those players; one team is a group without teams."""
    players = [UserId(user) for team in teams for user in team]
    match = Match(
        id="match",
        game_id=GameId("rocket-league"),
        mode="ranked",
        teams=tuple(tuple(map(UserId, team)) for team in teams),
        players=tuple(MatchPlayer(user_id=user, ticket_id=TicketId(f"ticket-{user}")) for user in players),
        player_ids=tuple(players),
        min_players=len(players),
        quality=Quality(overall=1, skill=1, region=1, language=1, wait=1),
        status="confirmed",
        accepted=tuple(players),
        accept_by=NOON,
        formed_at=NOON,
    )
    return match.changed(**changes)


def criteria(game: str = "chess", mode: str = "casual", **fields: Any) -> Criteria:
    """Criteria as they come from the wire; `fields` by their wire names."""
    return Criteria.parse({"games": [{"gameId": game}], "mode": mode, **fields})


def a_pool_entry(*, rating: float = 1500, queued_at: datetime = NOON, **fields: Any) -> PoolEntry:
    """A waiting ticket for chess."""
    number = next(_numbers)
    wanted = criteria(**fields)
    return PoolEntry(
        ticket_id=TicketId(f"t{number:06}"),
        players=(
            PoolPlayer(
                user_id=UserId(f"u{number:06}"), skills={wish.game_id: Skill(mu=rating) for wish in wanted.games}
            ),
        ),
        criteria=wanted,
        queued_at=queued_at,
    )
