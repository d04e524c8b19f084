"""Filling: newcomers for the free places of a lobby or a running match. Pure."""

from collections.abc import Sequence

import numpy as np

from domain.core.ids import TicketId, UserId
from domain.games.model import Teams
from domain.matchmaking.pairing.anchored import nearest, refusals
from domain.matchmaking.pairing.candidates import Candidates
from domain.matchmaking.pairing.columns import Array
from domain.matchmaking.pairing.pairs import Pairs
from domain.matchmaking.pairing.rosters import Rosters
from domain.matchmaking.pairing.teams import Arrangement, Player, Unit, arrange
from domain.matchmaking.pool import Opening, PoolEntry

EMPTY = TicketId("")
"""The ticket of a place that stays free."""


class Filling:
    """The free places of one backfill ticket, at a place of the pool, and who comes into them."""

    def __init__(self, pool: Candidates, place: int, entry: PoolEntry, opening: Opening, rosters: Rosters) -> None:
        self._pool, self._place, self._entry, self._opening = pool, place, entry, opening
        self._rosters = rosters

    def newcomers(self, others: Array, blocked: Pairs, avoided: Pairs) -> tuple[Array, Arrangement] | None:
        """As many of the others as fit, the nearest first, with the teams they make; None if nobody does."""
        near = nearest(self._place, self._pool, others, blocked, avoided)
        places = np.concatenate([[self._place], near])
        among = self._pool.take(places)
        refused = refusals(among, places, blocked)
        chosen, arranged = [0], None
        for candidate in range(1, len(places)):
            more = [*chosen, candidate]
            if refused[candidate, chosen].any() or not among.share_places(np.array([more])).all():
                continue
            made = self._made(among, more)
            if made is not None:
                chosen, arranged = more, made
        return None if arranged is None else (places[chosen[1:]], arranged)

    def _made(self, among: Candidates, chosen: Sequence[int]) -> Arrangement | None:
        """The teams with these; None if there is no room for them or nobody to fill a role."""
        joining = int(among.size[chosen[1:]].sum())
        present = sum(len(side) for side in self._opening.teams)
        if joining > self._opening.free:
            return None
        units = [self._rosters.unit(self._rosters.entry(row)) for row in among.row[chosen[1:]].tolist()]
        teams = self._rosters.teams
        if teams is not None:
            return self._arranged(units, teams)
        if present + joining > among.sized.high[chosen].min():
            return None
        users = [user for side in self._opening.teams for user in side]
        users += [player.user_id for unit in units for player in unit.players]
        return Arrangement((tuple(users),), {}, 0.0)

    def _arranged(self, units: list[Unit], teams: Teams) -> Arrangement | None:
        mean = float(self._pool.skill.value[self._place])
        players = {player.user_id: self._rosters.player(player) for player in self._entry.players}
        seated = [
            Unit(
                ticket_id=TicketId(user),
                players=(players.get(user, Player(user, mean, 0.0)),),
                roles=frozenset({self._opening.roles[user]} if user in self._opening.roles else ()),
                team=team,
            )
            for team, side in enumerate(self._opening.teams)
            for user in side
        ]
        left = teams.count * teams.size - len(seated) - sum(len(unit.players) for unit in units)
        empty = [Unit(EMPTY, (Player(UserId(f" {number}"), mean, 0.0),)) for number in range(left)]
        found = arrange([*seated, *units, *empty], teams, self._rosters.premium)
        if found is None:
            return None
        nobody = {unit.players[0].user_id for unit in empty}
        return Arrangement(
            teams=tuple(tuple(user for user in side if user not in nobody) for side in found.teams),
            roles={user: role for user, role in found.roles.items() if user not in nobody},
            gap=found.gap,
        )
