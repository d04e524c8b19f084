"""What the operators see of the queues."""

from domain.core.collection import Database
from domain.core.ids import GameId
from domain.core.model import Model
from domain.flags.model import FLAGS, QUEUE
from domain.games.model import ModeName
from domain.matchmaking.pool import PoolKey, PoolStatistics, TicketPool

FLAGS_READ = 1000


class QueueView(Model):
    """The queue of a game and mode.

    waiting: tickets. waitP50Ms, waitP90Ms: how long the last tickets (240 at most) waited that were matched; missing
    while there were none. stretch: how much slower than at best tickets relax. blockers: of the pairs looked at last,
    the share that each rule refuses. enabled: whether it takes new tickets.
    """

    game_id: GameId
    mode: str
    waiting: int
    wait_p50_ms: int | None
    wait_p90_ms: int | None
    stretch: float
    blockers: dict[str, float]
    enabled: bool


class Queues:
    """The use case of those who watch the queues."""

    def __init__(self, database: Database, pool: TicketPool) -> None:
        self._flags, self._pool = database.collection(FLAGS), pool

    async def list(self) -> list[QueueView]:
        """The queues in which somebody waits, and those that are closed."""
        flags = await self._flags.find({}, limit=FLAGS_READ)
        closed = {_key(flag.id) for flag in flags if flag.id.startswith(QUEUE)}
        keys = sorted({*await self._pool.pools(), *closed})
        return [await self._view(key, enabled=key not in closed) for key in keys]

    async def _view(self, key: PoolKey, *, enabled: bool) -> QueueView:
        learned = await self._pool.statistics(key)
        return QueueView(
            game_id=key.game_id,
            mode=key.mode,
            waiting=await self._pool.size(key),
            wait_p50_ms=_quantile(learned, 0.5),
            wait_p90_ms=_quantile(learned, 0.9),
            stretch=learned.stretch,
            blockers=learned.blockers,
            enabled=enabled,
        )


def _key(flag: str) -> PoolKey:
    game, _, mode = flag.removeprefix(QUEUE).rpartition(":")
    name: ModeName = mode  # type: ignore[assignment]  # it was one when it was written
    return PoolKey(GameId(game), name)


def _quantile(learned: PoolStatistics, share: float) -> int | None:
    rising = sorted(wait.ms for wait in learned.waits.last)
    return rising[min(len(rising) - 1, int(len(rising) * share))] if rising else None
