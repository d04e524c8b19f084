"""Groups: tickets that will be proposed a match, with their teams, their region and how good it is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.core.ids import LobbyId, TicketId, UserId
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.model import MatchPlayer, Quality

UNKNOWN_MS = 10_000
"""What a latency that was not measured counts as, where some were."""


@dataclass(frozen=True, slots=True)
class Group:
    """Tickets that will be proposed a match.

    players: everybody the match is new to, those of the longest waiting ticket first; with their roles, if the mode has
    any. teams: who plays with whom, in a backfill with those who sit there already. region: where. min_size: how few
    players the match may begin with. levels: how far each ticket had relaxed. lobby_id: that of a backfill.
    backfill: the ticket that asked for players for it.
    """

    players: tuple[MatchPlayer, ...]
    teams: tuple[tuple[UserId, ...], ...]
    region: str | None
    min_size: int
    quality: Quality
    levels: Mapping[TicketId, int]
    lobby_id: LobbyId | None = None
    backfill: TicketId | None = None

    @property
    def ticket_ids(self) -> list[TicketId]:
        """The tickets, each once, the longest waiting first; that of a backfill last."""
        joining = dict.fromkeys(player.ticket_id for player in self.players)
        return [*joining, self.backfill] if self.backfill else [*joining]


def region_of(wanted: Sequence[Criteria], limits_ms: Sequence[float]) -> str | None:
    """Where a match of these tickets, the oldest first, is played.

    In a region that most of those who name any name and none is too far from, of those the one nearest to all who
    measured, then the first that is named. limits_ms: the latency each ticket bears. None if nothing speaks for any.
    """
    first = wanted[0].regions
    if not any(criteria.latency_ms for criteria in wanted) and all(criteria.regions == first for criteria in wanted):
        return first[0] if first else None
    named = dict.fromkeys(region for criteria in wanted for region in criteria.regions)
    known = {**named, **dict.fromkeys(sorted({region for criteria in wanted for region in criteria.latency_ms}))}

    def badness(region: str) -> tuple[int, int, float]:
        away = sum(bool(criteria.regions) and region not in criteria.regions for criteria in wanted)
        both = zip(wanted, limits_ms, strict=True)
        measured = [(criteria.latency_ms.get(region), limit) for criteria, limit in both if criteria.latency_ms]
        far = sum(limit < float("inf") and (ms is None or ms > limit) for ms, limit in measured)
        return far, away, sum(ms if ms is not None else UNKNOWN_MS for ms, _ in measured)

    return min(known, key=badness, default=None)
