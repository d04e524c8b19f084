"""Recordings: the stored tickets of players who consented, as a scenario that names nobody.

Users and tickets become numbers in the order in which they came, times count from the first ticket in tenths of a
second, ratings are rounded, and of the attributes only those are kept that the mode's rules speak of. Nothing that
leads back to a player is written. A ticket is left out unless all of its players consented.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from domain.core.collection import Database
from domain.core.errors import NotFound
from domain.core.ids import UserId
from domain.games.model import GAMES, Mode
from domain.games.rules import MaxLatency
from domain.matchmaking.model import TICKETS, Ticket
from domain.matchmaking.pool import PoolKey, PoolPlayer
from domain.users.model import USERS

PAGE = 500
ROUNDED_TO = 10
"""Rating points and milliseconds of latency are rounded to so many."""

AFTERWARDS_S = 600
"""The replay goes on for so long after the last ticket came."""


async def record(database: Database, pool: PoolKey, since: datetime, until: datetime) -> dict[str, Any]:
    """The tickets of one pool that were made between the two moments, ready to be written as JSON.

    Raises `NotFound` when the catalogue has no such game or mode.
    """
    game = await database.collection(GAMES).get(pool.game_id)
    mode = game.mode(pool.mode) if game else None
    if game is None or mode is None:
        raise NotFound(f"There is no game {pool.game_id} with a mode {pool.mode}.")
    tickets = [
        ticket async for page in _pages(database, pool, since, until) for ticket in await _consented(database, page)
    ]
    tickets.sort(key=lambda ticket: (ticket.created_at, ticket.id))
    scenario = _Scenario(pool, mode, start=tickets[0].created_at if tickets else since)
    lines = [scenario.ticket(ticket) for ticket in tickets]
    return {
        "game": {"id": game.id, "name": game.name, "modes": [mode.wire()]},
        "until": (lines[-1]["at"] if lines else 0) + AFTERWARDS_S,
        "users": scenario.users,
        "tickets": lines,
    }


async def _pages(database: Database, pool: PoolKey, since: datetime, until: datetime) -> AsyncIterator[list[Ticket]]:
    after = None
    while page := await database.collection(TICKETS).find({}, limit=PAGE, after=after):
        after = (page[-1].id, page[-1].id)
        yield [ticket for ticket in page if since <= ticket.created_at < until and _is_of(ticket, pool)]


def _is_of(ticket: Ticket, pool: PoolKey) -> bool:
    wanted = ticket.criteria.mode == pool.mode and any(wish.game_id == pool.game_id for wish in ticket.criteria.games)
    return wanted and ticket.opening is None


async def _consented(database: Database, tickets: Sequence[Ticket]) -> list[Ticket]:
    """Those of the tickets all of whose players let their searches be studied."""
    users = await database.collection(USERS).get_many(list({id for ticket in tickets for id in ticket.player_ids}))
    agreed = {id for id, user in users.items() if user.preferences.research}
    return [ticket for ticket in tickets if agreed.issuperset(ticket.player_ids)]


class _Scenario:
    """Writes tickets under numbers. users: those numbered so far, as a scenario has them."""

    def __init__(self, pool: PoolKey, mode: Mode, *, start: datetime) -> None:
        self._pool, self._start = pool, start
        self._spoken_of = {rule.attribute for rule in mode.matching.rules if not isinstance(rule, MaxLatency)}
        self._names: dict[UserId, str] = {}
        self._numbers = count(1)
        self.users: dict[str, dict[str, Any]] = {}

    def ticket(self, ticket: Ticket) -> dict[str, Any]:
        """A ticket as a scenario has it."""
        names = [self._user(player) for player in ticket.players]
        criteria = ticket.criteria.wire()
        kept = {name: criteria[name] for name in _KEPT if name in criteria}
        attributes = {name: value for name, value in criteria["attributes"].items() if name in self._spoken_of}
        line = {
            "id": f"t{next(self._numbers)}",
            "at": self._second(ticket.created_at),
            "userId": names[0],
            "party": names[1:],
            "games": [{"gameId": self._pool.game_id}],
            **kept,
            "latencyMs": {place: _rounded(ms) for place, ms in criteria["latencyMs"].items()},
            "attributes": attributes,
        }
        if ticket.status == "cancelled" and ticket.gave_up_at is not None:
            line["cancelAt"] = self._second(ticket.gave_up_at)
        return line

    def _user(self, player: PoolPlayer) -> str:
        """The player's name here. Blocks are kept between those who have one already."""
        name = self._names.setdefault(player.user_id, f"u{len(self._names) + 1}")
        skill = player.skills[self._pool.game_id]
        self.users[name] = {
            "rating": {"mu": _rounded(skill.mu), "sigma": _rounded(skill.sigma)},
            "blocked": [self._names[user] for user in player.blocked if user in self._names],
        }
        return name

    def _second(self, moment: datetime) -> float:
        return round((moment - self._start) / timedelta(seconds=1), 1)


_KEPT = (
    "mode",
    "groupSize",
    "regions",
    "regionPreference",
    "languages",
    "languagePreference",
    "skillPreference",
    "roles",
)


def _rounded(value: float) -> int:
    return round(value / ROUNDED_TO) * ROUNDED_TO
