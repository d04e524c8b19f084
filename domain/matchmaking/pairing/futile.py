"""Work that came to nothing, and would again: it is left out while all that it went by is as it was. Pure."""

from hashlib import blake2b

from domain.matchmaking.pairing.candidates import Candidates
from domain.matchmaking.pairing.columns import Array, Columns
from domain.matchmaking.pairing.relaxation import Schedule


class Futile:
    """What a pool's passes have found to be of no use.

    Waiting alone changes nothing between two steps of the rules, or two stages of holding out: all tickets grow older
    alike, so that the same tickets at the same steps have the same groups. Around a ticket even other tickets do not
    matter, if they are not looked at.
    """

    def __init__(self, columns: Columns, schedule: Schedule) -> None:
        self._columns, self._schedule = columns, schedule
        self._pass: tuple[object, ...] = ()
        self._fruitless = False
        self._tried: set[int] = set()
        self._around: dict[tuple[int, int], bytes] = {}

    def begin(self, pool: Candidates, stretch: float) -> None:
        """A pass over these tickets begins."""
        levels = self._schedule.level(pool.waited)
        state = self._columns.edits, stretch, pool.row.tobytes(), levels.tobytes(), pool.pays.tobytes()
        if state != self._pass:
            self._pass, self._fruitless = state, False
            self._tried.clear()

    @property
    def fruitless(self) -> bool:
        """Whether the last pass found no group, and nothing has changed since."""
        return self._fruitless

    def end(self) -> None:
        """The pass was gone through. It was fruitless, unless `found` was called."""
        self._fruitless = bool(self._pass)

    def found(self) -> None:
        """There is a group, so all is open again."""
        self._pass = ()
        self._tried.clear()

    def tried(self, row: int) -> bool:
        """Whether a search around the ticket has been made since anything changed; from now on there has."""
        known = row in self._tried
        self._tried.add(row)
        return known

    def around(self, pool: Candidates, places: Array, total: int) -> bool:
        """Whether the last search around the first of these tickets was over just these, and found nothing."""
        return self._around.get(self._key(pool, places, total)) == self._seen(pool, places)

    def failed(self, pool: Candidates, places: Array, total: int) -> None:
        """A search around the first of these tickets, over all of them, found nothing."""
        self._around[self._key(pool, places, total)] = self._seen(pool, places)

    def _key(self, pool: Candidates, places: Array, total: int) -> tuple[int, int]:
        return int(pool.row[places[0]]), total

    def _seen(self, pool: Candidates, places: Array) -> bytes:
        rows = pool.row[places]
        said = rows, self._columns.changed[rows], self._schedule.level(pool.waited[places]), pool.pays[places]
        return blake2b(b"".join(array.tobytes() for array in said), digest_size=16).digest()
