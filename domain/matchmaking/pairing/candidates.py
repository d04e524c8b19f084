"""The free tickets of a pool as they stand at one moment, and which of them may form a group. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from domain.games.model import Mode
from domain.games.rules import Composition, Distance, Equality, MaxLatency, Overlap
from domain.matchmaking.pairing.columns import WORD, Array, Columns
from domain.matchmaking.pairing.constraints import (
    EVERYWHERE,
    Constraint,
    Index,
    Near,
    Places,
    Same,
    Shared,
    Sized,
    Stated,
)
from domain.matchmaking.pairing.holding import CONTENT, OPEN_AFTER, payments
from domain.matchmaking.pairing.relaxation import Schedule

PATIENCE = 0.5
"""Rating points of spread that a group may have more for each second that one of its tickets has waited longer, where
no group is put off."""

LUKEWARM = 1.0
"""Rating points that each step of `weight` below 10 adds to the cost of a ticket's group."""

MOST = 1 << 30
"""More players than any match has."""

SUBSETS_OF = 6
"""Of how many roles all subsets are looked at before a group is chosen; with more, the teams decide alone."""


@dataclass(frozen=True, slots=True)
class Count:
    """Of the players who are of a kind, a group needs between `low` and `high`, unless its longest waiting is past
    `until_s`. players: of each ticket, how many are of the kind."""

    players: Array
    low: int
    high: int
    until_s: float

    def take(self, order: Array) -> "Count":
        """The same of the tickets at these places."""
        return replace(self, players=self.players[order])


@dataclass(frozen=True, slots=True)
class Candidates:
    """Tickets as arrays, an element for each; `row` is that in `Columns`.

    elapsed: seconds of waiting. waited: the same as the steps count it. patient: whether the ticket still holds out
    for the largest group. weakest, best: the ratings of its players. pays: how much of its group's spread it pays for,
    infinite where any is good enough (see `holding`). cost: what each ticket adds to that of its group, in rating
    points: less the longer it waits.
    pairs: what forbids two to meet. reach: the regions within the ticket's latency, as a constraint of that rule's
    name. counts: what a whole group must have.
    """

    row: Array
    elapsed: Array
    waited: Array
    size: Array
    patient: Array
    digest: Array
    weakest: Array
    best: Array
    pays: Array
    karma: Array
    cost: Array
    sized: Sized
    skill: Near
    regions: Places
    languages: Places
    reach: Places | None
    rules: tuple[Constraint, ...]
    counts: tuple[Count, ...]

    def __len__(self) -> int:
        return len(self.row)

    @property
    def constraints(self) -> Iterator[Constraint]:
        """All that can forbid a pair of these."""
        if self.sized.low.max(initial=0) > self.sized.high.min(initial=MOST):
            yield self.sized
        if np.isfinite(self.skill.limit).any():
            yield self.skill
        for places in (self.regions, self.languages, self.reach):
            if places and places.needs.any():
                yield places
        yield from self.rules

    def take(self, order: Array) -> "Candidates":
        """Those at these places, in this order."""

        def of(value: Any) -> Any:
            return value[order] if isinstance(value, np.ndarray) else value.take(order)

        def each(value: Any) -> Any:
            return tuple(map(of, value)) if isinstance(value, tuple) else of(value) if value is not None else None

        return Candidates(*[each(getattr(self, name)) for name in Candidates.__slots__])

    def refuses(self, a: Index, b: Index) -> Array:
        """Of each pair, whether anything forbids it."""
        refused: Array = np.zeros(np.broadcast_shapes(np.shape(self.row[a]), np.shape(self.row[b])), np.bool_)
        for constraint in self.constraints:
            refused |= constraint.refuses(a, b)
        return refused

    def legal(self, members: Array, start: Array, end: Array) -> Array:
        """Of groups in which every pair may meet, whether they are legal as a whole, teams apart.

        members: (groups, most members), filled up with one of the group. start, end: the group is `start:end`.
        """
        legal = self.share_places(members)
        longest = self.waited[members].max(axis=1)
        for count in self.counts:
            total = np.concatenate([[0], np.cumsum(count.players)])
            found = total[end] - total[start]
            legal &= ((found >= count.low) & (found <= count.high)) | (longest >= count.until_s)
        return legal

    def lacks(self, places: Array) -> bool:
        """Whether these tickets together have too few players of a kind that every group needs."""
        return any(count.until_s == np.inf and count.players[places].sum() < count.low for count in self.counts)

    def share_places(self, members: Array) -> Array:
        """Of groups, whether there is a region, and a language, for all members. members: (groups, members)."""
        regions = self.regions.common(members)
        if self.reach:
            regions = tuple(a & b for a, b in zip(regions, self.reach.common(members), strict=True))
        return _any(regions) & _any(self.languages.common(members))

    def span(self, members: Array) -> Array:
        """Rating points between the best and the weakest player of each group. members: (..., members)."""
        span: Array = self.best[members].max(axis=-1) - self.weakest[members].min(axis=-1)
        return span

    def ripe(self, members: Array) -> bool:
        """Whether a group is put off no longer."""
        return bool(self.span(members) <= max(CONTENT, self.pays[members].sum()))

    def takes(self, total: int) -> Array:
        """Of each ticket, whether it goes into a group of so many players."""
        low, high = self.sized.low, self.sized.high
        takes: Array = (low <= total) & ((high == total) | ((high > total) & ~self.patient))
        for rule in self.rules:
            if isinstance(rule, Stated):
                takes &= ~rule.missing
        return takes


def _any(words: tuple[Array, ...]) -> Array:
    found: Array = words[0] != 0
    for word in words[1:]:
        found = found | (word != 0)
    return found


def candidates(
    columns: Columns,
    rows: Array,
    mode: Mode,
    schedule: Schedule,
    *,
    now: int,
    stretch: float,
    hold_s: float = 0,
    shares: Array | float = 0.0,
) -> Candidates:
    """The tickets of `rows` as they stand `now` (microseconds since 1970), time being `stretch` times slower.

    hold_s, shares: how they hold out for a better group, see `payments`; 0 where they do not.
    """
    column = {name: values[rows] for name, values in columns.column.items()}
    elapsed = np.maximum(now - column["queued"], 0) / 1e6
    waited = elapsed / stretch
    near = waited < schedule.near_s
    paid = payments(elapsed, shares, hold_s)

    def places(name: str, numbers: Array, words: tuple[Array, ...], wish: Array) -> Places:
        named = numbers != 0
        needs = ((wish == 2) | ((wish == 1) & near)) & named
        return Places(name, tuple(np.where(named, word[numbers], EVERYWHERE) for word in words), needs)

    words = columns.regions.words()
    return Candidates(
        row=rows,
        elapsed=elapsed,
        waited=waited,
        size=column["size"],
        patient=(waited < schedule.full_s) & (mode.teams is None),
        digest=column["digest"],
        weakest=column["weakest"],
        best=column["best"],
        pays=np.where(elapsed < OPEN_AFTER * hold_s, paid, np.inf),
        karma=column["karma"],
        cost=(10 - column["weight"]) * LUKEWARM - (paid if hold_s else waited * PATIENCE),
        sized=Sized("size", column["low"], column["high"]),
        skill=Near("skill", column["rating"], np.where(column["similar"], schedule.skill.limit(waited), np.inf)),
        regions=places("region", column["regions"], words, column["region_wish"]),
        languages=places("language", column["languages"], columns.languages.words(), column["language_wish"]),
        reach=_reach(columns, rows, mode, schedule, waited),
        rules=tuple(_rules(columns, rows, mode, schedule, waited)),
        counts=(*_roles(columns, column, mode), *_compositions(columns, rows, column["size"], mode, schedule)),
    )


def _rules(columns: Columns, rows: Array, mode: Mode, schedule: Schedule, waited: Array) -> Iterator[Constraint]:
    """The constraints of the mode's rules on attributes; a rule that requires its attribute has two of one name."""
    for rule in mode.matching.rules:
        if isinstance(rule, MaxLatency):
            continue
        said = columns.rule[rule.name][rows]
        if isinstance(rule, Distance):
            missing = np.isnan(said)
            yield Near(rule.name, said, schedule.bounds[rule.name].limit(waited))
        else:
            number = said.astype(np.int64)
            missing = number == 0
            if isinstance(rule, Equality):
                yield Same(rule.name, number, waited < schedule.until[rule.name])
            elif isinstance(rule, Overlap):
                words = tuple(word[number] for word in columns.sets[rule.name].words())
                limit = schedule.bounds[rule.name].limit(waited)
                yield Shared(rule.name, words, ~missing, np.where(np.isinf(limit), 0, limit))
        if rule.required:
            yield Stated(rule.name, missing & ~columns.column["opening"][rows])


def _reach(columns: Columns, rows: Array, mode: Mode, schedule: Schedule, waited: Array) -> Places | None:
    """The regions within the limits of the mode's rules on latency; all of them for who measured none."""
    rules = [rule for rule in mode.matching.rules if isinstance(rule, MaxLatency)]
    if not rules:
        return None
    measured = columns.latency[rows]
    limit = np.min([schedule.bounds[rule.name].limit(waited) for rule in rules], axis=0)
    within = measured <= limit[:, None]
    words = np.zeros((len(columns.regions.words()), len(rows)), np.uint64)
    for region in range(within.shape[1]):
        words[region // WORD] |= within[:, region].astype(np.uint64) << np.uint64(region % WORD)
    needs = ~np.isnan(measured).all(axis=1) & np.isfinite(limit)
    return Places(rules[0].name, tuple(np.where(needs, word, EVERYWHERE) for word in words), needs)


def _roles(columns: Columns, column: dict[str, Array], mode: Mode) -> Iterator[Count]:
    """By Hall's theorem the roles can be filled if of every set of them enough players play one."""
    roles = mode.teams.roles if mode.teams else None
    if mode.teams is None or not roles or len(roles) > SUBSETS_OF:
        return
    names = list(roles)
    playable = [set(members) or set(names) for members in columns.roles.members]
    for bits in range(1, 1 << len(names)):
        subset = {name for place, name in enumerate(names) if bits >> place & 1}
        able = np.array([bool(subset & playable_by) for playable_by in playable])
        needed = mode.teams.count * sum(roles[name] for name in subset)
        yield Count(np.where(able[column["roles"]], column["size"], 0), needed, MOST, np.inf)


def _compositions(columns: Columns, rows: Array, size: Array, mode: Mode, schedule: Schedule) -> Iterator[Count]:
    for rule in mode.matching.rules:
        if not isinstance(rule, Composition):
            continue
        times = mode.teams.count if rule.per == "team" and mode.teams else 1
        number = columns.rule[rule.name][rows].astype(np.int64)
        members = columns.sets[rule.name].members
        for value, share in rule.counts.items():
            of_kind = np.array([value in names for names in members])[number]
            players = np.where(of_kind, size, 0)
            yield Count(players, share.min * times, share.max * times, schedule.until[rule.name])
