"""The tickets of one pool as columns of numbers, changed row by row as tickets come and go.

Names (regions, languages, roles, texts of attributes) are numbered as they are met, and a set of them is a number too:
that of its row in a table of bits. A row is reused once its ticket has left.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from domain.core.ids import TicketId, UserId
from domain.games.model import Mode
from domain.games.rules import Distance, MaxLatency
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.model import MatchPlayer
from domain.matchmaking.pool import PoolEntry, PoolKey, Skill
from domain.matchmaking.sizes import group_size, most_sizes

Array = npt.NDArray[Any]

WISHES = {"any": 0, "preferred": 1, "strict": 2}
UNRATED = Skill()
FIRST_ROWS = 64
WORD = 64
MOST_BITS = 4 * WORD
"""Beyond so many names some share a bit: players make names up, and a pass must not cost more for that."""

COLUMNS = {
    "rating": np.float64,
    "weakest": np.float64,
    "best": np.float64,
    "sigma": np.float64,
    "karma": np.float64,
    "weight": np.float64,
    "queued": np.int64,
    "digest": np.int64,
    "size": np.int64,
    "low": np.int64,
    "high": np.int64,
    "similar": np.bool_,
    "regions": np.int64,
    "region_wish": np.int8,
    "languages": np.int64,
    "language_wish": np.int8,
    "roles": np.int64,
    "opening": np.bool_,
    "sparse": np.bool_,
    "measured": np.bool_,
}
"""What is known of each ticket, in the order in which `Columns._row` lists it.

rating: the mean of its players with the premium of a party. weakest, best: the ratings of its weakest and its best
player. queued: in microseconds since 1970. digest: of its id; what else is equal is ordered by it. low, high: the sizes
of group it takes, 0 where there is none. regions, languages, roles: numbers of sets. sparse: whether a player of it has
blocked or avoids somebody.
measured: whether it knows latencies.
"""


class Sets:
    """Sets of names, each with a number; 0 is the empty one."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.members: list[tuple[str, ...]] = [()]
        self._bits: dict[str, int] = {}
        self._numbers: dict[tuple[str, ...], int] = {(): 0}
        self._words: tuple[Array, ...] = ()
        self._built = 0

    def number(self, names: Sequence[str]) -> int:
        """The number of the set; other orders of the same names have other numbers."""
        if not names:
            return 0
        key = tuple(names)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.members)
            self.members.append(key)
            for name in key:
                self.bit(name)
        return found

    def bit(self, name: str) -> int:
        """The number of the name."""
        found = self._bits.setdefault(name, len(self.names))
        if found == len(self.names):
            self.names.append(name)
        return found

    @property
    def folded(self) -> bool:
        """Whether names share bits, so that sets may seem to share a name that they do not."""
        return len(self.names) > MOST_BITS

    def words(self) -> tuple[Array, ...]:
        """The sets as bits: one array for each 64 names, in each an element for each set."""
        if self._built != len(self.members):
            masks = []
            for members in self.members:
                mask = 0
                for name in members:
                    mask |= 1 << self.bit(name) % MOST_BITS
                masks.append(mask)
            low = (1 << WORD) - 1
            count = max(1, -(-min(len(self.names), MOST_BITS) // WORD))
            self._words = tuple(
                np.array([mask >> (WORD * word) & low for mask in masks], np.uint64) for word in range(count)
            )
            self._built = len(self.members)
        return self._words


class Columns:
    """The waiting tickets of one pool. `column[name][row]` is a figure of a ticket, `rule[name][row]` what it says to
    a rule on attributes: a number (nan for none) where the rule is of distance, else the number of a set in `sets`.

    latency: one column for each region, in the order of `regions.names`, where a rule asks for it; nan where it was not
    measured. free: whether a
    row's ticket waits and is in no group. changed: counts the changes of a row. searched: when a group was last
    looked for around it, in microseconds since 1970. edits: counts all changes. homes: the row of each user.
    """

    def __init__(self, key: PoolKey, mode: Mode) -> None:
        self._key, self._mode, self._premium = key, mode, mode.matching.party_premium
        self._measures = any(isinstance(rule, MaxLatency) for rule in mode.matching.rules)
        self._ordinary = most_sizes(mode)
        self._ruled = [rule for rule in mode.matching.rules if not isinstance(rule, MaxLatency)]
        self._spare: list[int] = []
        self._players: list[tuple[MatchPlayer, ...] | None] = []
        self.rows: dict[TicketId, int] = {}
        self.entries: list[PoolEntry | None] = []
        self.regions, self.languages, self.roles = Sets(), Sets(), Sets()
        self.sets = {rule.name: Sets() for rule in self._ruled if not isinstance(rule, Distance)}
        self.column: dict[str, Array] = {name: np.zeros(FIRST_ROWS, kind) for name, kind in COLUMNS.items()}
        self.rule = {rule.name: np.zeros(FIRST_ROWS) for rule in self._ruled}
        self.latency = np.full((FIRST_ROWS, 0), np.nan, np.float32)
        self.free = np.zeros(FIRST_ROWS, np.bool_)
        self.changed = np.zeros(FIRST_ROWS, np.int64)
        self.searched = np.zeros(FIRST_ROWS, np.int64)
        self.edits = 0
        self._known_most = MOST_BITS
        self.homes: dict[UserId, int] = {}

    def put(self, entries: Iterable[PoolEntry]) -> Array:
        """Tickets wait, or wait again, as they are now; their rows."""
        latest = {entry.ticket_id: entry for entry in entries}
        if not latest:
            return np.zeros(0, np.int64)
        rows = np.fromiter(map(self._place, latest.values()), np.int64, len(latest))
        self._grow(len(self.entries))
        self._fill(rows, latest.values())
        self.free[rows] = True
        self.changed[rows] += 1
        self.edits += 1
        self.searched[rows] = self.column["queued"][rows]
        return rows

    def drop(self, ticket_ids: Iterable[TicketId]) -> None:
        """Tickets leave."""
        for ticket_id in ticket_ids:
            row = self.rows.pop(ticket_id, None)
            if row is not None:
                self._leave_home(row)
                self.entries[row] = self._players[row] = None
                self.free[row] = False
                self.changed[row] += 1
                self.edits += 1
                self._spare.append(row)

    def tidy(self) -> None:
        """Forgets the names that no ticket here says any more, once they may be most: players make names up.

        The regions that most tickets name come first, so that they share no bit. The numbers of sets change: no pass
        may go on over it.
        """
        if self._known() <= self._known_most:
            return
        self.regions, self.languages, self.roles = Sets(), Sets(), Sets()
        self.sets = {name: Sets() for name in self.sets}
        self.latency = self.latency[:, :0]
        entries = [self.entry(row) for row in self.rows.values()]
        named = Counter(name for one in entries for name in {*one.criteria.regions, *one.criteria.latency_ms})
        for region in sorted(named, key=lambda name: (-named[name], name)):
            self.regions.bit(region)
        if entries:
            self._fill(np.fromiter(self.rows.values(), np.int64, len(entries)), entries)
        self._known_most = 2 * self._known() + max(MOST_BITS, len(entries) // 16)

    def _known(self) -> int:
        sets = (self.regions, self.languages, self.roles, *self.sets.values())
        return sum(len(one.names) + len(one.members) for one in sets)

    def _fill(self, rows: Array, entries: Iterable[PoolEntry]) -> None:
        """Writes the figures of those tickets, at least one, into their rows."""
        flat: list[float] = []  # a hundred thousand tuples kept at once would set off the garbage collector
        measured: list[tuple[int, dict[str, int]]] = []
        for row, entry in zip(rows.tolist(), entries, strict=True):
            flat.extend(self._row(entry))
            if self._measures and entry.criteria.latency_ms:
                measured.append((row, entry.criteria.latency_ms))
        columns = np.array(flat).reshape(len(rows), -1).T
        for values, column in zip(columns, [*self.column.values(), *self.rule.values()], strict=True):
            column[rows] = values
        if self.latency.shape[1]:
            self.latency[rows] = np.nan
        for row, latencies in measured:
            self._measure(row, latencies)

    @property
    def folded(self) -> bool:
        """Whether sets may seem to share a name that they do not."""
        return any(sets.folded for sets in (self.regions, self.languages, *self.sets.values()))

    def entry(self, row: int) -> PoolEntry:
        """The ticket of a row that is in use."""
        entry = self.entries[row]
        if entry is None:
            raise LookupError(f"row {row} is not in use")
        return entry

    def match_players(self, row: int) -> tuple[MatchPlayer, ...]:
        """The players of a ticket as they come into a match, without roles."""
        players = self._players[row]
        if players is None:
            entry = self.entry(row)
            players = tuple(MatchPlayer(user_id=p.user_id, ticket_id=entry.ticket_id) for p in entry.players)
            self._players[row] = players
        return players

    def _place(self, entry: PoolEntry) -> int:
        row = self.rows.get(entry.ticket_id)
        if row is None:
            if self._spare:
                row = self._spare.pop()
            else:
                row = len(self.entries)
                self.entries.append(None)
                self._players.append(None)
            self.rows[entry.ticket_id] = row
        else:
            self._leave_home(row)  # who has left a party is looked for elsewhere
        self.entries[row] = entry
        self._players[row] = None
        for player in entry.players:
            self.homes[player.user_id] = row
        return row

    def _leave_home(self, row: int) -> None:
        """The players of a row are at home there no more."""
        for player in self.entry(row).players:
            if self.homes.get(player.user_id) == row:
                del self.homes[player.user_id]

    def _grow(self, rows: int) -> None:
        have = len(self.free)
        if rows <= have:
            return
        more = max(rows, 2 * have) - have

        def longer(array: Array, fill: float = 0) -> Array:
            return np.concatenate([array, np.full((more, *array.shape[1:]), fill, array.dtype)])

        self.column = {name: longer(array) for name, array in self.column.items()}
        self.rule = {name: longer(array) for name, array in self.rule.items()}
        self.latency = longer(self.latency, np.nan)
        self.free, self.changed, self.searched = longer(self.free), longer(self.changed), longer(self.searched)

    def _row(self, entry: PoolEntry) -> tuple[float, ...]:
        criteria, players = entry.criteria, entry.players
        count = len(players)
        if count == 1:
            (player,) = players
            skill = player.skills.get(self._key.game_id, UNRATED)
            rating = weakest = best = skill.mu
            sigma, karma = skill.sigma, float(player.karma)
            sparse = bool(player.blocked or player.avoided)
        else:
            skills = [player.skills.get(self._key.game_id, UNRATED) for player in players]
            others = 0 if entry.opening else count - 1
            rating = sum([skill.mu for skill in skills]) / count + self._premium * others
            weakest, best = min([skill.mu for skill in skills]), max([skill.mu for skill in skills])
            sigma = sum([skill.sigma for skill in skills]) / count
            karma = sum([player.karma for player in players]) / count
            sparse = any(player.blocked or player.avoided for player in players)
        size = self._ordinary if criteria.group_size is None else group_size(criteria, self._mode)
        return (
            rating,
            weakest,
            best,
            sigma,
            karma,
            next((wish.weight for wish in criteria.games if wish.game_id == self._key.game_id), 0),
            microseconds(entry.queued_at),
            crc32(entry.ticket_id.encode()),
            count,
            size.min if size else 0,
            size.max if size else 0,
            criteria.skill_preference == "similar",
            self.regions.number(criteria.regions),
            WISHES[criteria.region_preference],
            self.languages.number(criteria.languages),
            WISHES[criteria.language_preference],
            self.roles.number(criteria.roles),
            entry.opening is not None,
            sparse,
            bool(criteria.latency_ms),
            *[self._said(rule.name, rule.attribute, criteria) for rule in self._ruled],
        )

    def _said(self, rule: str, attribute: str, criteria: Criteria) -> float:
        """What a ticket says to a rule: nan or the empty set when that is nothing the rule could use."""
        value = criteria.attributes.get(attribute)
        sets = self.sets.get(rule)
        if sets is None:
            return value if isinstance(value, float | int) else np.nan
        if value is None:
            return 0
        return sets.number(value if isinstance(value, list) else [str(value)])

    def _measure(self, row: int, measured: dict[str, int]) -> None:
        bits = {self.regions.bit(region): ms for region, ms in measured.items()}
        if max(bits) >= MOST_BITS:
            return  # a part of what is known would keep apart who may meet; the roster looks at all of it
        missing = min(len(self.regions.names), MOST_BITS) - self.latency.shape[1]
        if missing > 0:
            unknown = np.full((len(self.latency), missing), np.nan, np.float32)
            self.latency = np.concatenate([self.latency, unknown], axis=1)
        self.latency[row, list(bits)] = list(bits.values())


def microseconds(moment: datetime) -> int:
    """The moment in whole microseconds since 1970, exactly."""
    return round(moment.timestamp() * 1e6)
