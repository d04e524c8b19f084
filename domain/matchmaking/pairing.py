"""Pairing: from the candidates of one pool to groups that may play together. Pure.

Oldest first: each ticket in turn gathers the nearest ratings that are compatible with it and with one another.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

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
    by_rating = sorted(candidates, key=lambda c: (c.rating, c.ticket_id))
    ratings = [c.rating for c in by_rating]
    taken: set[str] = set()
    for anchor in sorted(candidates, key=lambda c: (c.queued_at, c.ticket_id)):
        if anchor.ticket_id in taken:
            continue
        members = _gather(anchor, _nearest(anchor, by_rating, ratings, taken))
        if members is not None:
            taken.update(member.ticket_id for member in members)
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


def _nearest(
    anchor: Candidate, by_rating: Sequence[Candidate], ratings: Sequence[float], taken: set[str]
) -> Iterator[Candidate]:
    """The untaken candidates by growing distance of rating, the anchor left out."""
    right = bisect_left(ratings, anchor.rating)
    left = right - 1
    for _ in range(LOOKED_AT):
        go_right = right < len(ratings) and (
            left < 0 or ratings[right] - anchor.rating <= anchor.rating - ratings[left]
        )
        if not go_right and left < 0:
            return
        found = by_rating[right if go_right else left]
        right, left = (right + 1, left) if go_right else (right, left - 1)
        if found.ticket_id not in taken and found is not anchor:
            yield found


def _gather(anchor: Candidate, others: Iterable[Candidate]) -> list[Candidate] | None:
    """The anchor and as many others as fit; None when they are too few."""
    members = [anchor]
    low, high = anchor.size.min, anchor.size.max
    for other in others:
        if len(members) == high:
            break
        fits = max(low, other.size.min) <= min(high, other.size.max) and len(members) < other.size.max
        if fits and all(compatible(other, member) for member in members) and _share_places([*members, other]):
            members.append(other)
            low, high = max(low, other.size.min), min(high, other.size.max)
    complete = len(members) == high or (len(members) >= low and not anchor.full)
    return members if complete else None


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
