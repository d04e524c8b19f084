"""Rosters: from chosen tickets to a group, with its teams and roles, its region and its quality. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from domain.core.ids import UserId
from domain.games.model import Mode
from domain.games.rules import Composition, MaxLatency
from domain.matchmaking.balance import all_splits
from domain.matchmaking.candidates import Candidates
from domain.matchmaking.columns import UNRATED, Array, Columns
from domain.matchmaking.groups import Group, quality, region_of
from domain.matchmaking.limits import Schedule
from domain.matchmaking.model import MatchPlayer
from domain.matchmaking.pool import PoolEntry, PoolKey, PoolPlayer
from domain.matchmaking.teams import Arrangement, Player, Unit, arrange, arrange_solos

SPLITS_TRIED = 50
"""How many splits that fit a composition are tried for their roles."""


class Rosters:
    """Makes groups for one pool."""

    def __init__(self, key: PoolKey, columns: Columns, mode: Mode, schedule: Schedule) -> None:
        self._game, self._columns, self._mode, self._schedule = key.game_id, columns, mode, schedule
        self._per_team = [rule for rule in mode.matching.rules if isinstance(rule, Composition) and rule.per == "team"]
        self._latency = [rule.name for rule in mode.matching.rules if isinstance(rule, MaxLatency)]
        self._plain = mode.teams is not None and not mode.teams.roles and not self._per_team

    def playable(self, pool: Candidates, places: Array) -> bool:
        """Whether the tickets at these places, legal by all else, can be put on teams."""
        return self._mode.teams is None or self._arrange(pool, places) is not None

    def groups(self, pool: Candidates, chosen: Sequence[Array]) -> Iterator[tuple[Array, Group]]:
        """The groups of those whose teams work out, with their places in the pool."""
        chosen = [places[np.lexsort((pool.digest[places], -pool.waited[places]))] for places in chosen]
        teams = self._mode.teams
        if teams is None:
            for places in chosen:
                users = tuple(p.user_id for row in pool.row[places].tolist() for p in self._columns.entry(row).players)
                yield places, self._group(pool, places, (users,), {})
            return
        solo = [places for places in chosen if self._plain and len(places) == teams.count * teams.size]
        if solo:
            rows = pool.row[np.array(solo)]
            rating, sigma = self._columns.column["rating"][rows], self._columns.column["sigma"][rows]
            for places, split in zip(solo, arrange_solos(rating, sigma, teams.count, teams.size).tolist(), strict=True):
                sides: list[list[UserId]] = [[] for _ in range(teams.count)]
                for row, team in zip(pool.row[places].tolist(), split, strict=True):
                    sides[team].append(self._columns.entry(row).players[0].user_id)
                yield places, self._group(pool, places, tuple(map(tuple, sides)), {})
        for places in chosen:
            if self._plain and len(places) == teams.count * teams.size:
                continue
            arranged = self._arrange(pool, places)
            if arranged is not None:
                yield places, self._group(pool, places, arranged.teams, arranged.roles)

    def _group(
        self, pool: Candidates, places: Array, teams: tuple[tuple[UserId, ...], ...], roles: dict[UserId, str]
    ) -> Group:
        entries = [self._columns.entry(row) for row in pool.row[places].tolist()]
        rating, waited = pool.skill.value[places], pool.waited[places]
        wanted = [entry.criteria for entry in entries]
        limits = np.full(len(places), np.inf)
        for name in self._latency:
            limits = np.minimum(limits, self._schedule.bounds[name].limit(waited))
        levels = self._schedule.level(waited).tolist()
        return Group(
            players=tuple(
                MatchPlayer(user_id=player.user_id, ticket_id=entry.ticket_id, role=roles.get(player.user_id))
                for entry in entries
                for player in entry.players
            ),
            teams=teams,
            region=region_of(wanted, limits.tolist()),
            min_size=int(pool.sized.low[places].max()),
            quality=quality(float(np.ptp(rating)), float(pool.elapsed[places[0]]), wanted),
            levels={entry.ticket_id: level for entry, level in zip(entries, levels, strict=True)},
        )

    def _arrange(self, pool: Candidates, places: Array) -> Arrangement | None:
        teams = self._mode.teams
        if teams is None:
            return None
        entries = [self._columns.entry(row) for row in pool.row[places].tolist()]
        units = [self._unit(entry) for entry in entries]
        premium = self._mode.matching.party_premium
        found = arrange(units, teams, premium)
        longest = float(pool.waited[places].max())
        if found is None or self._composed(found.teams, entries, longest):
            return found
        splits = all_splits(tuple(len(unit.players) for unit in units), (None,) * len(units), teams.count, teams.size)
        tried = 0
        for split in [] if splits is None else splits:
            seated = [replace(unit, team=int(team)) for unit, team in zip(units, split, strict=True)]
            sides = [[p.user_id for u in seated if u.team == t for p in u.players] for t in range(teams.count)]
            if self._composed(sides, entries, longest):
                found, tried = arrange(seated, teams, premium), tried + 1
                if found is not None or tried == SPLITS_TRIED:
                    return found
        return None

    def _composed(self, sides: Sequence[Sequence[UserId]], entries: Sequence[PoolEntry], longest: float) -> bool:
        """Whether each team has as many players of each kind as the rules in force ask for."""
        for rule in self._per_team:
            if longest >= self._schedule.until[rule.name]:
                continue
            kind = {p.user_id: e.criteria.attributes.get(rule.attribute) for e in entries for p in e.players}
            for side in sides:
                for value, share in rule.counts.items():
                    if not share.min <= sum(is_of(kind[user], value) for user in side) <= share.max:
                        return False
        return True

    def _unit(self, entry: PoolEntry) -> Unit:
        return Unit(
            ticket_id=entry.ticket_id,
            players=tuple(self._player(player) for player in entry.players),
            roles=frozenset(entry.criteria.roles),
        )

    def _player(self, player: PoolPlayer) -> Player:
        skill = player.skills.get(self._game, UNRATED)
        return Player(player.user_id, skill.mu, skill.sigma)


def is_of(said: object, value: str) -> bool:
    """Whether who says this of an attribute is of that kind."""
    return value in said if isinstance(said, list) else said is not None and str(said) == value
