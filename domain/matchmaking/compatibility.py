"""Compatibility: the hard limits between waiting tickets, as they stand at this moment. Pure."""

from dataclasses import dataclass
from datetime import datetime

from domain.core.ids import TicketId, UserId
from domain.games.model import Mode
from domain.matchmaking.criteria import Criteria, GroupSize, Preference
from domain.matchmaking.pool import PoolEntry, PoolKey
from domain.matchmaking.relaxation import Step, level_of

UNDEFINED_SIZE = (2, 10)
"""Group sizes of a mode whose catalogue entry names none."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A waiting ticket, seen from one pool at one moment.

    rating: in the pool's game. rating_limit: most points to anybody else, None for any. regions, languages: where it
    must meet (empty: anywhere). size: how many players it takes. full: it still waits for the largest group.
    """

    ticket_id: TicketId
    user_id: UserId
    queued_at: datetime
    level: int
    rating: float
    rating_limit: float | None
    regions: frozenset[str]
    languages: frozenset[str]
    needs_region: bool
    needs_language: bool
    size: GroupSize
    full: bool


def candidate(entry: PoolEntry, pool: PoolKey, size: GroupSize, now: datetime, steps: tuple[Step, ...]) -> Candidate:
    """The ticket as it stands now; `size` is what `group_size` says of it and the game's mode."""
    criteria = entry.criteria
    level = level_of(entry.queued_at, now, steps)
    step = steps[level]
    return Candidate(
        ticket_id=entry.ticket_id,
        user_id=entry.players[0].user_id,
        queued_at=entry.queued_at,
        level=level,
        rating=entry.players[0].skills[pool.game_id].mu,
        rating_limit=step.rating if criteria.skill_preference == "similar" else None,
        regions=frozenset(criteria.regions),
        languages=frozenset(criteria.languages),
        needs_region=_needs(criteria.region_preference, step),
        needs_language=_needs(criteria.language_preference, step),
        size=size,
        full=step.full,
    )


def group_size(criteria: Criteria, mode: Mode) -> GroupSize | None:
    """The sizes both the player and the game's mode allow; None when there are none."""
    sizes = most_sizes(mode)
    low, high = sizes.min, sizes.max
    if criteria.group_size is not None:
        low, high = max(low, criteria.group_size.min), min(high, criteria.group_size.max)
    return GroupSize(min=max(2, low), max=high) if low <= high and high >= 2 else None


def most_sizes(mode: Mode) -> GroupSize:
    """The sizes of group the mode allows."""
    if mode.teams is not None:
        return GroupSize(min=mode.teams.count * mode.teams.size, max=mode.teams.count * mode.teams.size)
    low, high = (mode.group_size.min, mode.group_size.max) if mode.group_size else UNDEFINED_SIZE
    return GroupSize(min=max(2, low), max=max(2, high))


def compatible(a: Candidate, b: Candidate) -> bool:
    """Whether the two may stand in one match: ratings within both limits, and a place in common where one needs it."""
    distance = abs(a.rating - b.rating)
    return (
        (a.rating_limit is None or distance <= a.rating_limit)
        and (b.rating_limit is None or distance <= b.rating_limit)
        and _meet(a.regions, b.regions, a.needs_region or b.needs_region)
        and _meet(a.languages, b.languages, a.needs_language or b.needs_language)
    )


def _needs(preference: Preference, step: Step) -> bool:
    return preference == "strict" or (preference == "preferred" and step.near)


def _meet(a: frozenset[str], b: frozenset[str], needed: bool) -> bool:
    return not needed or not a or not b or not a.isdisjoint(b)
