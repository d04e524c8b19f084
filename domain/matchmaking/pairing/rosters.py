"""Rosters: from chosen tickets to a group, with its teams and roles, its region and its quality. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations
from typing import Literal

import numpy as np

from domain.core.ids import TicketId, UserId
from domain.games.model import Mode
from domain.games.rules import Composition, MaxLatency, Overlap
from domain.matchmaking.model import Quality
from domain.matchmaking.pairing.balance import all_splits
from domain.matchmaking.pairing.candidates import Candidates
from domain.matchmaking.pairing.columns import UNRATED, Array, Columns
from domain.matchmaking.pairing.groups import Group, region_of
from domain.matchmaking.pairing.quality import qualities
from domain.matchmaking.pairing.relaxation import Schedule
from domain.matchmaking.pairing.teams import Arrangement, Player, Unit, arrange, arrange_solos, gaps
from domain.matchmaking.pool import PoolEntry, PoolKey, PoolPlayer

SPLITS_TRIED = 50
"""How many splits that fit a composition are tried for their roles."""


class Rosters:
    """Makes groups for one pool."""

    def __init__(self, key: PoolKey, columns: Columns, mode: Mode, schedule: Schedule) -> None:
        self._game, self._columns, self._mode, self._schedule = key.game_id, columns, mode, schedule
        self.entry = columns.entry
        self.teams, self.premium = mode.teams, mode.matching.party_premium
        self._per_team = [rule for rule in mode.matching.rules if isinstance(rule, Composition) and rule.per == "team"]
        self._latency = [rule.name for rule in mode.matching.rules if isinstance(rule, MaxLatency)]
        self._plain = mode.teams is not None and not mode.teams.roles and not self._per_team

    def playable(self, pool: Candidates, places: Array) -> bool:
        """Whether the tickets at these places, legal by all else, really meet and can be put on teams."""
        return self._meet(pool, places) and (self._mode.teams is None or self._arrange(pool, places) is not None)

    def groups(self, pool: Candidates, chosen: Sequence[Array]) -> list[tuple[Array, Group]]:
        """The groups of those whose teams work out, with their places in the pool, the longest waiting first."""
        chosen = [places[np.lexsort((pool.digest[places], -pool.waited[places]))] for places in chosen]
        arranged = list(self._arranged(pool, [places for places in chosen if self._meet(pool, places)]))
        figures = qualities(
            spread=np.array([np.ptp(pool.skill.value[places]) for places, _ in arranged]),
            gap=np.array([sides.gap for _, sides in arranged]),
            region=np.array([self._served("regions", pool.row[places]) for places, _ in arranged]),
            language=np.array([self._served("languages", pool.row[places]) for places, _ in arranged]),
            waited_s=np.array([pool.elapsed[places[0]] for places, _ in arranged]),
        )
        return [
            (places, self._group(pool, places, sides, figure))
            for (places, sides), figure in zip(arranged, figures, strict=True)
        ]

    def _meet(self, pool: Candidates, places: Array) -> bool:
        """Whether the tickets share the names they need to; only asked where names share bits."""
        if not self._columns.folded:
            return True
        wanted = [self._columns.entry(row).criteria for row in pool.row[places].tolist()]
        languages = [set(criteria.languages) for criteria in wanted if criteria.languages]
        if pool.languages.needs[places].any() and not set.intersection(*languages):
            return False
        region = self._region(pool.row[places].tolist(), pool.waited[places])
        if pool.regions.needs[places].any() and any(c.regions and region not in c.regions for c in wanted):
            return False
        for criteria, limit in zip(wanted, self._latency_limits(pool.waited[places]), strict=True):
            if limit < np.inf and criteria.latency_ms and criteria.latency_ms.get(region or "", np.inf) > limit:
                return False
        for rule in self._mode.matching.rules:
            if isinstance(rule, Overlap):
                said = [set(_texts(criteria.attributes.get(rule.attribute))) for criteria in wanted]
                least = self._schedule.bounds[rule.name].limit(pool.waited[places])
                least = np.where(np.isinf(least), 0, least).tolist()
                pairs = combinations(zip(said, least, strict=True), 2)
                if any(a and b and len(a & b) < max(m, n) for (a, m), (b, n) in pairs):
                    return False
        return True

    def _arranged(self, pool: Candidates, chosen: Sequence[Array]) -> Iterator[tuple[Array, Arrangement]]:
        """Those whose teams work out, with their teams; all solo matches at once where nothing but skill matters."""
        columns, teams = self._columns, self._mode.teams
        if teams is None:
            for places in chosen:
                users = [p.user_id for row in pool.row[places].tolist() for p in columns.entry(row).players]
                yield places, Arrangement((tuple(users),), {}, 0.0)
            return
        solo = [places for places in chosen if self._plain and len(places) == teams.count * teams.size]
        if solo:
            rows = pool.row[np.array(solo)]
            rating, sigma = columns.column["rating"][rows], columns.column["sigma"][rows]
            split = arrange_solos(rating, sigma, teams.count, teams.size)
            gap = gaps(rating, sigma, split, teams.count).tolist()
            seated = np.take_along_axis(rows, np.argsort(split, axis=1, kind="stable"), axis=1).tolist()
            for places, seats, uneven in zip(solo, seated, gap, strict=True):
                users = [columns.entry(row).players[0].user_id for row in seats]
                sides = tuple(tuple(users[n : n + teams.size]) for n in range(0, len(users), teams.size))
                yield places, Arrangement(sides, {}, uneven)
        for places in chosen:
            if not self._plain or len(places) < teams.count * teams.size:
                arranged = self._arrange(pool, places)
                if arranged is not None:
                    yield places, arranged

    def _group(self, pool: Candidates, places: Array, sides: Arrangement, figures: Quality) -> Group:
        rows = pool.row[places].tolist()
        waited = pool.waited[places]
        parties = [self._columns.match_players(row) for row in rows]
        players = list(chain.from_iterable(parties))
        if sides.roles:
            players = [player.model_copy(update={"role": sides.roles.get(player.user_id)}) for player in players]
        return Group(
            players=tuple(players),
            teams=sides.teams,
            region=self._region(rows, waited),
            min_size=int(pool.sized.low[places].max()),
            quality=figures,
            levels=dict(zip([party[0].ticket_id for party in parties], self._levels(waited), strict=True)),
        )

    def joined(self, pool: Candidates, place: int, newcomers: Array, sides: Arrangement) -> Group:
        """The group of those who come into the free places that the ticket at `place` offers."""
        newcomers = newcomers[np.lexsort((pool.digest[newcomers], -pool.waited[newcomers]))]
        places = np.concatenate([[place], newcomers])
        figures = qualities(
            spread=np.array([np.ptp(pool.skill.value[places])]),
            gap=np.array([sides.gap]),
            region=np.array([self._served("regions", pool.row[places])]),
            language=np.array([self._served("languages", pool.row[places])]),
            waited_s=np.array([pool.elapsed[newcomers[0]]]),
        )
        entry = self._columns.entry(int(pool.row[place]))
        return replace(
            self._group(pool, newcomers, sides, figures[0]),
            region=self._region(pool.row[places].tolist(), pool.waited[places]),
            levels=dict(zip(self._ticket_ids(pool.row[places]), self._levels(pool.waited[places]), strict=True)),
            lobby_id=entry.opening.lobby_id if entry.opening else None,
            backfill=entry.ticket_id,
        )

    def _levels(self, waited: Array) -> list[int]:
        levels: list[int] = self._schedule.level(waited).tolist()
        return levels

    def _ticket_ids(self, rows: Array) -> list[TicketId]:
        return [self._columns.entry(row).ticket_id for row in rows.tolist()]

    def _region(self, rows: Sequence[int], waited: Array) -> str | None:
        if not self._columns.column["measured"][rows].any():
            numbers = self._columns.column["regions"][rows]
            if _alike(numbers):
                return next(iter(self._columns.regions.members[numbers[0]]), None)
            named = self._named("regions", rows)
            return max(named, key=named.__getitem__, default=None)
        return region_of([self._columns.entry(row).criteria for row in rows], self._latency_limits(waited))

    def _latency_limits(self, waited: Array) -> list[float]:
        """The milliseconds that each ticket bears."""
        limits = np.full(len(waited), np.inf)
        for name in self._latency:
            limits = np.minimum(limits, self._schedule.bounds[name].limit(waited))
        return limits.tolist()

    def _served(self, name: Literal["regions", "languages"], rows: Array) -> float:
        """The share of those who name places that the place most of them name serves; 1 where nobody names any."""
        if _alike(self._columns.column[name][rows]):
            return 1.0
        named = self._named(name, rows)
        naming = np.count_nonzero(self._columns.column[name][rows])
        return max(named.values()) / naming if named else 1.0

    def _named(self, name: Literal["regions", "languages"], rows: Sequence[int] | Array) -> Counter[str]:
        """How many of these tickets name each place, the first named first."""
        members = self._columns.regions.members if name == "regions" else self._columns.languages.members
        return Counter(place for number in self._columns.column[name][rows].tolist() for place in members[number])

    def _arrange(self, pool: Candidates, places: Array) -> Arrangement | None:
        teams = self._mode.teams
        if teams is None:
            return None
        entries = [self._columns.entry(row) for row in pool.row[places].tolist()]
        units = [self.unit(entry) for entry in entries]
        found = arrange(units, teams, self.premium)
        longest = float(pool.waited[places].max())
        if found is None or self._composed(found.teams, entries, longest):
            return found
        splits = all_splits(tuple(len(unit.players) for unit in units), (None,) * len(units), teams.count, teams.size)
        tried = 0
        for split in [] if splits is None else splits:
            seated = [replace(unit, team=int(team)) for unit, team in zip(units, split, strict=True)]
            sides = [[p.user_id for u in seated if u.team == t for p in u.players] for t in range(teams.count)]
            if self._composed(sides, entries, longest):
                found, tried = arrange(seated, teams, self.premium), tried + 1
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

    def unit(self, entry: PoolEntry) -> Unit:
        """A ticket as the teams see it."""
        return Unit(
            ticket_id=entry.ticket_id,
            players=tuple(self.player(player) for player in entry.players),
            roles=frozenset(entry.criteria.roles),
        )

    def player(self, player: PoolPlayer) -> Player:
        """A player as the teams see them, in this pool's game."""
        skill = player.skills.get(self._game, UNRATED)
        return Player(player.user_id, skill.mu, skill.sigma)


def _alike(numbers: Array) -> bool:
    return bool((numbers == numbers[0]).all())


def is_of(said: object, value: str) -> bool:
    """Whether who says this of an attribute is of that kind."""
    return value in said if isinstance(said, list) else said is not None and str(said) == value


def _texts(said: object) -> list[str]:
    return said if isinstance(said, list) else [] if said is None else [str(said)]
