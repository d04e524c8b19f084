"""The baseline: oldest first, each gathers the nearest ratings that fit. The same hard rules, none of the core's code.

One knob gives it the chance to wait for better matches: for `hold_s` seconds a ticket gathers nobody, though others may
gather it.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.matching.rosters import packs, rosters
from domain.core.ids import TicketId, UserId
from domain.games.model import Mode
from domain.games.rules import RuleSet
from domain.matchmaking.model import MatchPlayer, Quality
from domain.matchmaking.pairing.matcher import Group
from domain.matchmaking.pool import PoolEntry, PoolKey

LOOKED_AT = 300
"""How many neighbours by rating a ticket looks at."""

UNMEASURED = Quality(overall=0, skill=0, region=0, language=0, wait=0)
"""Quality is measured from the outside, alike for every chooser."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A waiting ticket as it stands now. limit: most rating points to another. low, high: players of a match."""

    entry: PoolEntry
    size: int
    rating: float
    level: int
    limit: float
    full: bool
    regions: frozenset[str]
    languages: frozenset[str]
    needs_region: bool
    needs_language: bool
    low: int
    high: int
    users: frozenset[UserId]
    blocked: frozenset[UserId]

    @property
    def age(self) -> tuple[datetime, TicketId]:
        """Sorts the oldest first."""
        return self.entry.queued_at, self.entry.ticket_id


class Greedy:
    """A chooser like `Matcher`."""

    def __init__(self, key: PoolKey, mode: Mode, *, hold_s: float = 0.0) -> None:
        if mode.matching.rules:
            raise ValueError("the baseline knows no rules on attributes and latencies")
        self._key, self._mode, self._hold = key, mode, timedelta(seconds=hold_s)
        self._entries: dict[TicketId, PoolEntry] = {}
        self._taken: set[TicketId] = set()

    def put(self, entries: Iterable[PoolEntry]) -> None:
        for entry in entries:
            self._entries[entry.ticket_id] = entry
            self._taken.discard(entry.ticket_id)

    def drop(self, ticket_ids: Iterable[TicketId]) -> None:
        for id in ticket_ids:
            self._entries.pop(id, None)
            self._taken.discard(id)

    def free(self, ticket_ids: Iterable[TicketId]) -> None:
        self._taken.difference_update(ticket_ids)

    def groups(self, now: datetime) -> Iterator[Group | None]:
        free = [self._candidate(entry, now) for id, entry in self._entries.items() if id not in self._taken]
        waiting = _ByRating(free)
        for anchor in sorted(free, key=lambda candidate: candidate.age):
            if now - anchor.entry.queued_at < self._hold:
                break
            if not waiting.has(anchor):
                continue
            group = self._group(anchor, list(waiting.nearest(anchor)))
            if group is not None:
                for id in group.ticket_ids:
                    waiting.take(id)
                self._taken.update(group.ticket_ids)
                yield group

    def _candidate(self, entry: PoolEntry, now: datetime) -> Candidate:
        rules, wish = self._mode.matching, entry.criteria
        waited_s = (now - entry.queued_at) / timedelta(seconds=1)
        level, limit = _step(rules, waited_s)
        near = waited_s < rules.near_s
        ratings = [player.skills[self._key.game_id].mu for player in entry.players]
        low, high = _sizes(self._mode)
        if wish.group_size is not None:
            low, high = max(low, wish.group_size.min), min(high, wish.group_size.max)
        return Candidate(
            entry=entry,
            size=len(ratings),
            rating=sum(ratings) / len(ratings) + rules.party_premium * (len(ratings) - 1),
            level=level,
            limit=limit if wish.skill_preference == "similar" else math.inf,
            full=waited_s < rules.full_s,
            regions=frozenset(wish.regions),
            languages=frozenset(wish.languages),
            needs_region=wish.region_preference == "strict" or (wish.region_preference == "preferred" and near),
            needs_language=wish.language_preference == "strict" or (wish.language_preference == "preferred" and near),
            low=low,
            high=high,
            users=frozenset(player.user_id for player in entry.players),
            blocked=frozenset(id for player in entry.players for id in player.blocked),
        )

    def _group(self, anchor: Candidate, others: list[Candidate]) -> Group | None:
        """The anchor and as many others as fit; without those who want more than can be had, if need be."""
        while True:
            members, complete = self._fill(anchor, others)
            if complete:
                return self._written(members)
            players = sum(member.size for member in members)
            demanding = {other.entry.ticket_id for other in members[1:] if other.low > players}
            if not demanding or players < anchor.low:
                return None
            others = [other for other in others if other.entry.ticket_id not in demanding]

    def _fill(self, anchor: Candidate, others: Iterable[Candidate]) -> tuple[list[Candidate], bool]:
        members, players, low, high = [anchor], anchor.size, anchor.low, anchor.high
        for other in others:
            if players == high:
                break
            if max(low, other.low) > min(high, other.high) or players + other.size > min(high, other.high):
                continue
            if not all(_compatible(other, member) for member in members):
                continue
            together = [*members, other]
            if _share_places(together) and packs(together, self._mode.teams):
                members, players = together, players + other.size
                low, high = max(low, other.low), min(high, other.high)
        return members, players == high or (players >= low and not anchor.full)

    def _written(self, members: list[Candidate]) -> Group | None:
        seated = rosters(members, self._mode.teams)
        if seated is None:
            return None
        teams, roles = seated
        oldest_first = sorted(members, key=lambda member: member.age)
        return Group(
            players=tuple(
                MatchPlayer(user_id=player.user_id, ticket_id=member.entry.ticket_id, role=roles.get(player.user_id))
                for member in oldest_first
                for player in member.entry.players
            ),
            teams=teams,
            region=_place(members),
            min_size=max(member.low for member in members),
            quality=UNMEASURED,
            levels={member.entry.ticket_id: member.level for member in oldest_first},
        )


class _ByRating:
    """The waiting candidates by rating, as a linked list: who is taken costs nobody a look any more."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._order = sorted(candidates, key=lambda candidate: (candidate.rating, *candidate.age))
        self._place = {candidate.entry.ticket_id: place for place, candidate in enumerate(self._order)}
        self._left = list(range(-1, len(self._order) - 1))
        self._right = list(range(1, len(self._order) + 1))

    def has(self, candidate: Candidate) -> bool:
        return candidate.entry.ticket_id in self._place

    def take(self, ticket_id: TicketId) -> None:
        place = self._place.pop(ticket_id)
        left, right = self._left[place], self._right[place]
        if left >= 0:
            self._right[left] = right
        if right < len(self._order):
            self._left[right] = left

    def nearest(self, anchor: Candidate) -> Iterator[Candidate]:
        """The others by growing distance of rating, at most `LOOKED_AT`."""
        place = self._place[anchor.entry.ticket_id]
        left, right = self._left[place], self._right[place]
        for _ in range(LOOKED_AT):
            below = anchor.rating - self._order[left].rating if left >= 0 else math.inf
            above = self._order[right].rating - anchor.rating if right < len(self._order) else math.inf
            if below == above == math.inf:
                return
            if below <= above:
                yield self._order[left]
                left = self._left[left]
            else:
                yield self._order[right]
                right = self._right[right]


def _step(rules: RuleSet, waited_s: float) -> tuple[int, float]:
    number = bisect_right(rules.skill, waited_s, key=lambda step: step.after_s) - 1
    limit = rules.skill[max(0, number)].limit
    return max(0, number), math.inf if limit is None else limit


def _sizes(mode: Mode) -> tuple[int, int]:
    if mode.teams is not None:
        return mode.teams.count * mode.teams.size, mode.teams.count * mode.teams.size
    return (mode.group_size.min, mode.group_size.max) if mode.group_size else (2, 10)


def _compatible(a: Candidate, b: Candidate) -> bool:
    return (
        abs(a.rating - b.rating) <= min(a.limit, b.limit)
        and _meet(a.regions, b.regions, a.needs_region or b.needs_region)
        and _meet(a.languages, b.languages, a.needs_language or b.needs_language)
        and a.blocked.isdisjoint(b.users)
        and b.blocked.isdisjoint(a.users)
    )


def _meet(a: frozenset[str], b: frozenset[str], needed: bool) -> bool:
    return not needed or not a or not b or not a.isdisjoint(b)


def _share_places(members: Sequence[Candidate]) -> bool:
    """Pairs that meet are not enough: a match is played in one place."""
    return _shared([m.regions for m in members], any(m.needs_region for m in members)) and _shared(
        [m.languages for m in members], any(m.needs_language for m in members)
    )


def _shared(places: Iterable[frozenset[str]], needed: bool) -> bool:
    named = [place for place in places if place]
    return not needed or not named or bool(frozenset.intersection(*named))


def _place(members: Sequence[Candidate]) -> str | None:
    """The region that most players name; where any needs it, that is one all share."""
    votes: Mapping[str, int] = {
        region: sum(member.size for member in members if region in member.regions)
        for member in members
        for region in member.regions
    }
    return max(sorted(votes), key=votes.__getitem__, default=None)
