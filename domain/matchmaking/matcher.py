"""The matcher: the tickets of one pool in memory, who of them may play together, and what keeps the others. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.core.ids import LobbyId, TicketId, UserId
from domain.games.model import Mode
from domain.matchmaking.compatibility import candidate, group_size
from domain.matchmaking.model import Blocker, MatchPlayer, Quality, RelaxedRule
from domain.matchmaking.pairing import form_groups, quality
from domain.matchmaking.pool import PoolEntry, PoolKey
from domain.matchmaking.relaxation import STEPS, level_of, next_step_at


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


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a ticket waits.

    level: how many steps it has relaxed. relaxed: what it holds to now, rule by rule. next_relaxation_at: None at the
    last step. blockers: the share of candidates that each rule refuses, the largest first.
    """

    level: int
    relaxed: tuple[RelaxedRule, ...]
    next_relaxation_at: datetime | None
    blockers: tuple[Blocker, ...]


class Matcher:
    """The pool of one game and mode. What it returns depends on nothing but what it was told, and the seed."""

    def __init__(self, key: PoolKey, mode: Mode, *, seed: int = 0) -> None:
        self._key, self._mode, self._seed = key, mode, seed
        self._entries: dict[TicketId, PoolEntry] = {}
        self._taken: set[TicketId] = set()

    def __len__(self) -> int:
        """How many tickets wait."""
        return len(self._entries) - len(self._taken)

    @property
    def stretch(self) -> float:
        """How many times slower than at best tickets relax now."""
        return 1.0

    def put(self, entries: Iterable[PoolEntry]) -> None:
        """Tickets wait, or wait again, as they are now."""
        for entry in entries:
            self._entries[entry.ticket_id] = entry
            self._taken.discard(entry.ticket_id)

    def drop(self, ticket_ids: Iterable[TicketId]) -> None:
        """Tickets wait no more."""
        for ticket_id in ticket_ids:
            self._entries.pop(ticket_id, None)
            self._taken.discard(ticket_id)

    def free(self, ticket_ids: Iterable[TicketId]) -> None:
        """Tickets of a group that came to nothing wait again, unless they were dropped meanwhile."""
        self._taken.difference_update(ticket_ids)

    def queued_before(self, moment: datetime) -> list[TicketId]:
        """The tickets that wait since `moment` or longer."""
        return [id for id, entry in self._entries.items() if entry.queued_at <= moment]

    def groups(self, now: datetime) -> Iterator[Group | None]:
        """The groups that can be formed now. Their tickets are taken: in no other group until `put` or `free`.

        None comes between them as a breathing space, after at most some 10 ms of work.
        """
        candidates = [
            candidate(entry, self._key, size, now, STEPS)
            for id, entry in self._entries.items()
            if id not in self._taken and (size := group_size(entry.criteria, self._mode)) is not None
        ]
        yield None
        for group in form_groups(candidates, self._mode.teams):
            oldest_first = sorted(group.members, key=lambda member: (member.queued_at, member.ticket_id))
            longest_wait_s = (now - oldest_first[0].queued_at) / timedelta(seconds=1)
            self._taken.update(member.ticket_id for member in group.members)
            yield Group(
                players=tuple(MatchPlayer(user_id=m.user_id, ticket_id=m.ticket_id) for m in oldest_first),
                teams=group.teams,
                region=group.region,
                min_size=group.min_size,
                quality=Quality(**quality(group, longest_wait_s)),
                levels={member.ticket_id: member.level for member in oldest_first},
            )

    def explain(self, ticket_ids: Iterable[TicketId], now: datetime) -> dict[TicketId, Explanation]:
        """Why those of the tickets that are here still wait."""
        return {
            id: Explanation(
                level=level_of(entry.queued_at, now),
                relaxed=(),
                next_relaxation_at=next_step_at(entry.queued_at, now),
                blockers=(),
            )
            for id in ticket_ids
            if (entry := self._entries.get(id)) is not None
        }
