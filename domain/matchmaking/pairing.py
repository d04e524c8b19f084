"""Pairing: from the candidates of one pool to groups that may play together. Pure.

Oldest first: each ticket in turn gathers the nearest ratings that are compatible with it and with one another.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.core.ids import UserId
from domain.games.model import Teams
from domain.matchmaking.compatibility import Candidate, compatible

LOOKED_AT = 300
"""How many neighbours by rating a ticket looks at, so that a tick's cost stays in proportion to the pool."""

SKILL_SCALE = 800.0
"""Rating points between the best and the weakest at which the skill quality of a match is 0."""


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates who will be proposed a match. teams: who plays with whom. region: where, if they named any."""

    members: tuple[Candidate, ...]
    teams: tuple[tuple[UserId, ...], ...]
    region: str | None
    min_size: int


def form_groups(candidates: Sequence[Candidate], teams: Teams | None) -> Iterator[Group]:
    """The groups that can be formed now, each candidate in at most one."""
    waiting = _ByRating(candidates)
    for anchor in sorted(candidates, key=_age):
        if not waiting.has(anchor):
            continue
        members = _gather(anchor, list(waiting.nearest(anchor)))
        if members is not None:
            for member in members:
                waiting.take(member)
            yield Group(
                members=tuple(members),
                teams=_split(members, teams),
                region=_common(members),
                min_size=max(member.size.min for member in members),
            )


def quality(group: Group, waited_s: float) -> dict[str, float]:
    """How good the match is, each figure from 0 to 1; `overall` is their mean. `wait` falls to 0 over two minutes."""
    ratings = [member.rating for member in group.members]
    figures = {
        "skill": max(0.0, 1 - (max(ratings) - min(ratings)) / SKILL_SCALE),
        "region": _satisfied(group.members, "regions"),
        "language": _satisfied(group.members, "languages"),
        "wait": max(0.0, 1 - waited_s / 120),
    }
    figures["overall"] = sum(figures.values()) / len(figures)
    return {name: round(value, 3) for name, value in figures.items()}


class _ByRating:
    """The waiting candidates by rating, as a linked list: who is taken costs nobody a look any more."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._order = sorted(candidates, key=lambda c: (c.rating, *_age(c)))
        self._place = {c.ticket_id: place for place, c in enumerate(self._order)}
        self._left = list(range(-1, len(self._order) - 1))
        self._right = list(range(1, len(self._order) + 1))

    def has(self, candidate: Candidate) -> bool:
        """Whether the candidate still waits."""
        return candidate.ticket_id in self._place

    def take(self, candidate: Candidate) -> None:
        """The candidate has a group."""
        place = self._place.pop(candidate.ticket_id)
        left, right = self._left[place], self._right[place]
        if left >= 0:
            self._right[left] = right
        if right < len(self._order):
            self._left[right] = left

    def nearest(self, anchor: Candidate) -> Iterator[Candidate]:
        """The others by growing distance of rating, at most `LOOKED_AT`; equally near ones from both sides in turn."""
        place = self._place[anchor.ticket_id]
        left, right = self._left[place], self._right[place]
        for turn in range(LOOKED_AT):
            below = anchor.rating - self._order[left].rating if left >= 0 else math.inf
            above = self._order[right].rating - anchor.rating if right < len(self._order) else math.inf
            if below == above == math.inf:
                return
            if below < above or (below == above and turn % 2):
                yield self._order[left]
                left = self._left[left]
            else:
                yield self._order[right]
                right = self._right[right]


def _age(candidate: Candidate) -> tuple[datetime, str]:
    """Sorts the oldest first."""
    return candidate.queued_at, candidate.ticket_id


def _gather(anchor: Candidate, others: list[Candidate]) -> list[Candidate] | None:
    """The anchor and as many others as fit; None when they are too few.

    Who wants a larger group than can be had must not keep the others from a smaller one: they are left out and it is
    tried again.
    """
    while True:
        members, complete = _fill(anchor, others)
        if complete:
            return members
        demanding = {other.ticket_id for other in members[1:] if other.size.min > len(members)}
        if not demanding:
            return None
        others = [other for other in others if other.ticket_id not in demanding]


def _fill(anchor: Candidate, others: Iterable[Candidate]) -> tuple[list[Candidate], bool]:
    """The anchor with those of the others who fit one after the other, and whether that is a group."""
    members = [anchor]
    low, high = anchor.size.min, anchor.size.max
    for other in others:
        if len(members) == high:
            break
        fits = max(low, other.size.min) <= min(high, other.size.max) and len(members) < other.size.max
        if fits and all(compatible(other, member) for member in members) and _share_places([*members, other]):
            members.append(other)
            low, high = max(low, other.size.min), min(high, other.size.max)
    return members, len(members) == high or (len(members) >= low and not anchor.full)


def _share_places(members: Sequence[Candidate]) -> bool:
    """A match is played in one place: pairs that meet are not enough, all who name places must share one."""
    return _shared([m.regions for m in members], any(m.needs_region for m in members)) and _shared(
        [m.languages for m in members], any(m.needs_language for m in members)
    )


def _shared(places: Iterable[frozenset[str]], needed: bool) -> bool:
    named = [place for place in places if place]
    return not needed or not named or bool(frozenset.intersection(*named))


def _common(members: Sequence[Candidate]) -> str | None:
    """The region all share, else the one most of them name."""
    named = [region for member in members for region in sorted(member.regions)]
    return max(sorted(set(named)), key=named.count, default=None)


def _split(members: Sequence[Candidate], teams: Teams | None) -> tuple[tuple[UserId, ...], ...]:
    """Teams of even strength: the strongest left goes to the weakest team that has room."""
    if teams is None:
        return (tuple(member.user_id for member in members),)
    rosters: list[list[UserId]] = [[] for _ in range(teams.count)]
    strength = [0.0] * teams.count
    for member in sorted(members, key=lambda m: (-m.rating, m.ticket_id)):
        open_teams = [i for i in range(teams.count) if len(rosters[i]) < teams.size]
        weakest = min(open_teams, key=lambda i: (strength[i], i))
        rosters[weakest].append(member.user_id)
        strength[weakest] += member.rating
    return tuple(map(tuple, rosters))


def _satisfied(members: Sequence[Candidate], field: str) -> float:
    """The share of members whose named places are all of the group's, 1 where nobody names any."""
    named = [getattr(member, field) for member in members if getattr(member, field)]
    if not named:
        return 1.0
    most = max(sum(place in places for places in named) for place in frozenset.union(*named))
    return most / len(named)
