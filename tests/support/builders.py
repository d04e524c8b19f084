"""Builders of the values tests speak of: name what matters, the rest is ordinary."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from domain.core.ids import GameId, MatchId, TicketId, UserId
from domain.lobbies.model import Capacity, Lobby, LobbySettings, Member
from domain.matchmaking.compatibility import Candidate
from domain.matchmaking.criteria import Criteria, GroupSize
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


def a_candidate(
    name: str, *, rating: float = 1500, size: tuple[int, int] = (2, 2), full: bool = False, **fields: Any
) -> Candidate:
    """A candidate who takes anybody, unless `fields` say otherwise."""
    ordinary: dict[str, Any] = {
        "queued_at": NOON,
        "level": 0,
        "rating_limit": None,
        "regions": frozenset(),
        "languages": frozenset(),
        "needs_region": False,
        "needs_language": False,
    }
    return Candidate(
        ticket_id=TicketId(name),
        user_id=UserId(name),
        rating=rating,
        size=GroupSize(min=size[0], max=size[1]),
        full=full,
        **{**ordinary, **fields},
    )
