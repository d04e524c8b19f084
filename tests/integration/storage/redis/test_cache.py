"""The cache keeps answers until they are old or what they were made from changes, on every instance, and is no loss."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry
from pydantic import TypeAdapter

from domain.core.cache import AWAY_S, OWED_AT_ONCE, Cache, CacheMetrics, CacheStore, Hit, Turn
from domain.core.errors import Unavailable
from domain.core.model import Model
from maoga.figures import CacheFigures
from storage.memory.cache import MemoryCache
from storage.redis.cache import RedisCache
from storage.redis.client import Client
from storage.redis.factory import open_redis
from tests.support.clock import ManualClock
from tests.support.redis_keys import all_keys, wipe
from tests.support.services import Server, redis_server

NUMBER = TypeAdapter(int)
LEASE_MS = 60_000


class Figures(CacheMetrics):
    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def hit(self, area: str) -> None:
        self.counted[f"{area} hit"] += 1

    def missed(self, area: str) -> None:
        self.counted[f"{area} missed"] += 1

    def failed(self) -> None:
        self.counted["failed"] += 1


@pytest.fixture(params=["redis", "cluster", "plain"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[list[CacheStore]]:
    """The store as two instances see it; of the plain one there is only one."""
    if request.param == "plain":
        yield [MemoryCache(ManualClock())] * 2
        return
    url = request.getfixturevalue(f"{request.param}_url")
    clients = [open_redis(url, timeout_s=10) for _ in range(2)]
    yield [RedisCache(client) for client in clients]
    for client in clients:
        await client.aclose()


def answer(value: int) -> Callable[[], Awaitable[int]]:
    async def load() -> int:
        return value

    return load


async def turn(store: CacheStore, key: str = "a:1", *tags: str) -> Turn:
    found = await store.look(key, tags or ("t",), LEASE_MS)
    assert isinstance(found, Turn)
    return found


class TestStore:
    async def test_an_answer_is_kept_for_all(self, stores: list[CacheStore]) -> None:
        one, other = stores
        await one.keep("a:1", await turn(one), b"x", 60_000)
        assert await other.look("a:1", ["t"], LEASE_MS) == Hit(b"x")
        assert isinstance(await other.look("a:2", ["t"], LEASE_MS), Turn)

    async def test_only_one_has_the_turn_until_it_ends(self, stores: list[CacheStore]) -> None:
        one, other = stores
        mine = await turn(one)
        assert await other.look("a:1", ["t"], LEASE_MS) is None
        await one.give_up("a:1", mine)
        await other.keep("a:1", await turn(other), b"y", 60_000)
        await one.give_up("a:1", mine)
        assert await one.look("a:1", ["t"], LEASE_MS) == Hit(b"y")

    async def test_a_tag_that_changes_drops_its_answers_and_no_others(self, stores: list[CacheStore]) -> None:
        one, other = stores
        for key, tags in {"a:1": ("t", "u"), "a:2": ("u",), "a:3": ("v",)}.items():
            await one.keep(key, await turn(one, key, *tags), key.encode(), 60_000)
        await other.invalidate(["t", "nothing has this"])
        assert isinstance(await one.look("a:1", ["t", "u"], LEASE_MS), Turn)
        assert await one.look("a:2", ["u"], LEASE_MS) == Hit(b"a:2")
        await other.invalidate(["u", "v"])
        assert isinstance(await one.look("a:2", ["u"], LEASE_MS), Turn)
        assert isinstance(await one.look("a:3", ["v"], LEASE_MS), Turn)

    async def test_what_was_begun_before_a_change_is_not_taken(self, stores: list[CacheStore]) -> None:
        """Nor does anybody wait for it."""
        one, other = stores
        late = await turn(one)
        await other.invalidate(["t"])
        fresh = await turn(other)
        await other.keep("a:1", fresh, b"new", 60_000)
        await one.invalidate(["t"])
        last = await turn(other)
        await one.keep("a:1", late, b"old", 60_000)
        assert await one.look("a:1", ["t"], LEASE_MS) is None
        await other.keep("a:1", last, b"newest", 60_000)
        assert await one.look("a:1", ["t"], LEASE_MS) == Hit(b"newest")


async def test_answers_and_turns_end_by_themselves_in_redis(redis: Client) -> None:
    store = RedisCache(redis)
    await store.look("a:1", ["t"], 20)
    await asyncio.sleep(0.05)
    await store.keep("a:1", await turn(store), b"x", 20)
    await asyncio.sleep(0.05)
    await turn(store)
    assert len(await all_keys(redis)) == 2
    await wipe(redis)
    await turn(store)


async def test_the_plain_store_forgets_what_is_old_and_what_is_too_much() -> None:
    clock = ManualClock()
    store = MemoryCache(clock, size=2)
    for key in ("a:1", "a:2"):
        await store.keep(key, await turn(store, key), b"x", 1000)
    await store.look("a:1", ["t"], LEASE_MS)
    await turn(store, "a:3")
    assert await store.look("a:1", ["t"], LEASE_MS) == Hit(b"x")
    await turn(store, "a:2")
    clock.advance(1)
    await turn(store, "a:1")
    await store.invalidate(["t"])
    assert not store._entries
    assert not store._tagged


async def test_of_many_who_ask_at_once_one_makes_the_answer(stores: list[CacheStore]) -> None:
    figures, made = Figures(), 0

    async def load() -> int:
        nonlocal made
        made += 1
        await asyncio.sleep(0.1)
        return 7

    caches = [Cache(store, figures) for store in stores]
    asked = [cache.get_or("a:1", load, kind=NUMBER, tags=["t"], ttl_s=60) for _ in range(20) for cache in caches]
    assert await asyncio.gather(*asked) == [7] * 40
    assert made == 1
    assert figures.counted == {"a missed": 1, "a hit": 39}


async def test_who_fails_leaves_the_turn_to_the_next(stores: list[CacheStore]) -> None:
    cache = Cache(stores[0])

    async def fails() -> int:
        raise Unavailable

    async def hangs() -> int:
        raise asyncio.CancelledError

    for load, error in ((fails, Unavailable), (hangs, asyncio.CancelledError)):
        with pytest.raises(error):
            await cache.get_or("a:1", load, kind=NUMBER, tags=["t"], ttl_s=60)
    assert isinstance(await stores[1].look("a:1", ["t"], LEASE_MS), Turn)


class Kept(Model):
    first_name: str
    age: int | None = None


async def test_models_lists_and_nothing_are_kept_as_they_are(stores: list[CacheStore]) -> None:
    cache, kind = Cache(stores[0]), TypeAdapter(list[Kept | None])

    async def load() -> list[Kept | None]:
        return [Kept(first_name="é"), None, Kept(first_name="x", age=3)]

    for _ in range(2):
        assert await cache.get_or("a:1", load, kind=kind, tags=["t"], ttl_s=60) == await load()


async def test_an_answer_of_another_shape_is_made_anew(stores: list[CacheStore]) -> None:
    await stores[0].keep("a:1", await turn(stores[0]), b'{"of": "an older server"}', 60_000)
    assert await Cache(stores[0]).get_or("a:1", answer(3), kind=NUMBER, tags=["t"], ttl_s=60) == 3


async def test_nobody_gets_what_was_changed_before_they_asked(stores: list[CacheStore]) -> None:
    """Writers and readers on two instances at once: a reader sees at least what was invalidated before its call."""
    stored, settled, hits, over = 0, 0, Figures(), False
    caches = [Cache(store, hits) for store in stores]

    async def load() -> int:
        seen = stored
        await asyncio.sleep(random.uniform(0, 0.004))
        return seen

    async def write(cache: Cache) -> None:
        nonlocal stored, settled
        for _ in range(25):
            stored += 1
            mine = stored
            await cache.invalidate("t")
            settled = max(settled, mine)
            await asyncio.sleep(random.uniform(0, 0.02))

    async def read(cache: Cache) -> None:
        while not over:
            least = settled
            assert await cache.get_or("a:1", load, kind=NUMBER, tags=["t", "other"], ttl_s=60) >= least
            await asyncio.sleep(random.uniform(0, 0.002))

    readers = [asyncio.create_task(read(cache)) for cache in caches for _ in range(4)]
    await asyncio.gather(*map(write, caches))
    over = True
    await asyncio.gather(*readers)
    assert await caches[0].get_or("a:1", load, kind=NUMBER, tags=["t", "other"], ttl_s=60) == 50
    assert hits.counted["a hit"] > 0


@pytest.fixture
def server() -> Iterator[Server]:
    with redis_server() as server:
        yield server


async def test_without_its_store_everything_is_made_and_what_it_is_owed_comes_later(server: Server) -> None:
    """A frozen Redis costs each process one short wait a second; a change made meanwhile is not forgotten."""
    client, figures = open_redis(server.url, timeout_s=5), Figures()
    cache = Cache(RedisCache(client), figures)
    assert await cache.get_or("a:1", answer(1), kind=NUMBER, tags=["t"], ttl_s=60) == 1
    server.pause()
    await cache.invalidate("t")
    for value in range(20):
        assert await cache.get_or("a:1", answer(value), kind=NUMBER, tags=["t"], ttl_s=60) == value
    assert figures.counted["failed"] <= 3
    server.resume()
    await asyncio.sleep(AWAY_S)
    assert await cache.get_or("a:1", answer(99), kind=NUMBER, tags=["t"], ttl_s=60) == 99
    assert await cache.get_or("a:1", answer(100), kind=NUMBER, tags=["t"], ttl_s=60) == 99
    await client.aclose()


async def test_so_is_more_than_is_told_at_once(server: Server) -> None:
    client = open_redis(server.url, timeout_s=5)
    cache = Cache(RedisCache(client))
    keys = [f"a:{n}" for n in range(2 * OWED_AT_ONCE + 1)]
    for key in keys[::250]:
        await cache.get_or(key, answer(1), kind=NUMBER, tags=[key], ttl_s=60)
    server.pause()
    await cache.invalidate(*keys)
    server.resume()
    await asyncio.sleep(AWAY_S)
    for key in keys[::250]:
        assert await cache.get_or(key, answer(2), kind=NUMBER, tags=[key], ttl_s=60) == 2
    await client.aclose()


def test_operators_see_how_often_it_helps() -> None:
    registry = CollectorRegistry()
    figures = CacheFigures(registry)
    figures.hit("games")
    figures.missed("games")
    figures.hit("games")
    figures.failed()
    for outcome, count in (("hit", 2), ("miss", 1)):
        labels = {"area": "games", "outcome": outcome}
        assert registry.get_sample_value("maoga_cache_asked_total", labels) == count
    assert registry.get_sample_value("maoga_cache_failed_total") == 1
