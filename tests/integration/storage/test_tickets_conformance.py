"""The ticket pool: a ticket waits, or is claimed by one match, or is unknown."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.core.clock import seconds
from domain.core.ids import GameId, MatchId, TicketId, UserId
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.estimates import Wait, Waits
from domain.matchmaking.pool import Claim, PoolEntry, PoolKey, PoolPlayer, PoolStatistics, Position, Skill, TicketPool
from storage.memory.tickets import MemoryTicketPool
from storage.redis.factory import open_redis
from storage.redis.tickets import RedisTicketPool
from tests.support.pools import follow
from tests.support.pools import waiting as all_waiting

START = datetime(2026, 1, 1, 12, 30, 15, 123_000, tzinfo=UTC)
LONG_AFTER = START + seconds(3600)
CHESS, GO = PoolKey(GameId("chess"), "ranked"), PoolKey(GameId("go"), "ranked")
M1, M2 = MatchId("m1"), MatchId("m2")


def an_entry(ticket: str, *pools: PoolKey, after_s: float = 0) -> PoolEntry:
    """A ticket queued `after_s` seconds from the start, in the pools given or in that of chess."""
    games = [pool.game_id for pool in pools or (CHESS,)]
    wishes = [{"gameId": game, "weight": 7} for game in games]
    return PoolEntry(
        ticket_id=TicketId(ticket),
        players=(PoolPlayer(user_id=UserId(f"user-of-{ticket}"), skills=dict.fromkeys(games, Skill(mu=1512.25))),),
        criteria=Criteria.parse({"games": wishes, "mode": "ranked", "regions": ["EU"]}),
        queued_at=START + seconds(after_s),
    )


@pytest.fixture(params=["memory", "embedded", "redis", "cluster"])
async def pool(request: pytest.FixtureRequest) -> AsyncIterator[TicketPool]:
    """An empty pool: in plain dictionaries, and in Redis of each kind."""
    if request.param == "memory":
        yield MemoryTicketPool()
        return
    url = "memory://" if request.param == "embedded" else str(request.getfixturevalue(f"{request.param}_url"))
    async with open_redis(url, timeout_s=10) as redis:
        yield RedisTicketPool(redis)


async def empty(pool: TicketPool) -> None:
    """Lets nobody wait any more, and no claim stand."""
    for claim in await pool.claims(LONG_AFTER):
        await pool.settle(claim.match_id)
    for key in await pool.pools():
        await pool.remove(ids(*await waiting(pool, key)))


def ids(*names: str) -> list[TicketId]:
    return [TicketId(name) for name in names]


async def waiting(pool: TicketPool, key: PoolKey = CHESS) -> list[str]:
    return [entry.ticket_id for entry in await all_waiting(pool, key)]


async def test_tickets_wait_in_all_their_pools_oldest_first(pool: TicketPool) -> None:
    """A ticket stands whole in the pool of each of its games, behind those that have waited longer."""
    young, old = an_entry("a", CHESS, GO, after_s=0.001), an_entry("b", GO)
    await pool.add(young)
    await pool.add(old)
    assert await pool.pools() == [CHESS, GO]
    assert await all_waiting(pool, GO) == [old, young]
    assert await all_waiting(pool, CHESS) == [young]
    assert [await pool.size(CHESS), await pool.size(GO)] == [1, 2]


async def test_a_claim_empties_every_pool(pool: TicketPool) -> None:
    """Claimed tickets wait nowhere any more, and an empty pool is not listed."""
    for entry in (an_entry("a", CHESS, GO), an_entry("b", CHESS)):
        await pool.add(entry)
    assert await pool.claim(M1, ids("a", "b"), START)
    assert await pool.pools() == []
    assert await waiting(pool, GO) == []
    assert await pool.unknown(ids("a", "b", "c")) == ids("c")


async def test_a_claim_takes_all_or_none(pool: TicketPool) -> None:
    """One ticket that is claimed or unknown spoils the claim, and the others go on waiting."""
    for name in "abc":
        await pool.add(an_entry(name))
    assert await pool.claim(M1, ids("a"), START)
    assert not await pool.claim(M2, ids("b", "a"), START)
    assert not await pool.claim(M2, ids("b", "nobody"), START)
    assert await waiting(pool) == ["b", "c"]
    assert await pool.claims(START + seconds(1)) == [Claim(M1, (TicketId("a"),))]


async def test_a_repeated_claim_says_yes_again(pool: TicketPool) -> None:
    """A claim whose answer was lost may be asked for again; its match id is no good for other tickets."""
    for name in "abc":
        await pool.add(an_entry(name))
    assert await pool.claim(M1, ids("a", "b"), START)
    assert await pool.claim(M1, ids("a", "b"), START + seconds(1))
    assert not await pool.claim(M1, ids("c"), START)
    assert await waiting(pool) == ["c"]


async def test_released_tickets_keep_their_place(pool: TicketPool) -> None:
    """Tickets that are kept wait again where they were, before younger ones; the rest is forgotten."""
    await pool.add(an_entry("x", CHESS, GO))
    await pool.add(an_entry("y"))
    await pool.claim(M1, ids("x", "y"), START)
    await pool.add(an_entry("a", after_s=5))
    await pool.release(M1, ids("x", "a", "nobody"))
    assert await waiting(pool) == ["x", "a"]
    assert await waiting(pool, GO) == ["x"]
    assert await pool.unknown(ids("x", "y")) == ids("y")
    assert await pool.claims(START + seconds(1)) == []


async def test_claimed_tickets_are_left_to_their_claim(pool: TicketPool) -> None:
    """Neither a remove nor another add touches a claimed ticket."""
    await pool.add(an_entry("a"))
    await pool.claim(M1, ids("a"), START)
    await pool.remove(ids("a"))
    await pool.add(an_entry("a", GO))
    assert await pool.pools() == []
    await pool.release(M1, ids("a"))
    assert await waiting(pool) == ["a"]


async def test_claims_by_age(pool: TicketPool) -> None:
    """Only claims made before the moment asked about are listed."""
    for name, moment in (("a", START), ("b", START + seconds(1))):
        await pool.add(an_entry(name))
        await pool.claim(MatchId(f"match-{name}"), ids(name), moment)
    assert await pool.claims(START) == []
    assert [claim.match_id for claim in await pool.claims(START + seconds(1))] == ["match-a"]


async def test_a_ticket_is_replaced_whole(pool: TicketPool) -> None:
    """It waits in its new pools only, known before or not; one that is claimed does once it is released."""
    await pool.add(an_entry("a", CHESS), an_entry("b", CHESS))
    other, third = an_entry("a", GO, after_s=1), an_entry("c", GO, after_s=2)
    await pool.replace(other, third)
    assert await waiting(pool) == ["b"]
    assert await all_waiting(pool, GO) == [other, third]
    assert await pool.claim(M1, ids("a", "c"), START)
    changed = an_entry("a", CHESS, after_s=3)
    await pool.replace(changed)
    assert await waiting(pool) == ["b"]
    assert await all_waiting(pool, GO) == []
    await pool.release(M1, ids("a"))
    assert (await all_waiting(pool, CHESS))[-1] == changed
    assert await pool.pools() == [CHESS]


async def test_every_change_of_a_pool_is_told_to_who_reads_on(pool: TicketPool) -> None:
    """Tickets that come, are claimed, released, replaced or removed; each once, as it is in the end."""
    a, b, c = (an_entry(name) for name in "abc")
    await pool.add(a)
    known, position = await follow(pool, CHESS)
    assert known == {"a": a}
    await pool.add(b, c)
    assert await told(pool, position) == {"b": b, "c": c}
    await pool.claim(M1, ids("a", "b"), START)
    assert await told(pool, position) == {"a": None, "b": None, "c": c}
    await pool.release(M1, ids("a"))
    assert await told(pool, position) == {"a": a, "b": None, "c": c}
    changed = an_entry("c", GO, CHESS, after_s=3)
    await pool.replace(changed)
    await pool.remove(ids("a"))
    assert await told(pool, position) == {"a": None, "b": None, "c": changed}
    _, position = await follow(pool, CHESS)
    assert await told(pool, position) == {}
    await pool.replace(an_entry("c", GO))
    assert await told(pool, position) == {"c": None}


async def test_a_pool_that_was_empty_is_followed_from_its_beginning(pool: TicketPool) -> None:
    """Whoever has seen that nobody waits there learns of the first who does, or that all is to be read anew."""
    known, position = await follow(pool, CHESS)
    assert known == {}
    await pool.add(an_entry("a"))
    changes = await pool.changes(CHESS, position)
    assert changes is None or [change.ticket_id for change in changes.changes] == ["a"]
    assert await waiting(pool) == ["a"]


async def test_what_is_known_of_a_pool_is_kept(pool: TicketPool) -> None:
    waits = Waits(last=(Wait(ms=1200, rating=1512.5, players=2),))
    await pool.write_statistics(GO, PoolStatistics(stretch=3, waits=waits))
    assert await pool.statistics(GO) == PoolStatistics(stretch=3, waits=waits)
    assert await pool.statistics(CHESS) == PoolStatistics()


async def told(pool: TicketPool, position: Position) -> dict[str, PoolEntry | None]:
    """What changed in the pool of chess since."""
    changes = await pool.changes(CHESS, position)
    assert changes is not None
    assert len({change.ticket_id for change in changes.changes}) == len(changes.changes)
    return {change.ticket_id: change.entry for change in changes.changes}


async def test_overlapping_claims_race(pool: TicketPool) -> None:
    """Of 50 claims at once over the same tickets no two get the same one, and no ticket is lost."""
    dice = random.Random(5)
    names = [f"t{n}" for n in range(40)]
    for name in names:
        await pool.add(an_entry(name))
    wanted = {MatchId(f"m{n}"): ids(*dice.sample(names, 4)) for n in range(50)}
    won = await asyncio.gather(*(pool.claim(match, tickets, START) for match, tickets in wanted.items()))
    taken = [ticket for (_, tickets), has_won in zip(wanted.items(), won, strict=True) if has_won for ticket in tickets]
    assert 0 < len(taken) == len(set(taken))
    assert sorted(taken + await waiting(pool)) == sorted(names)


NAMES = ["a", "b", "c", "d"]
MATCHES = ["m1", "m2", "m3"]
SOME = st.lists(st.sampled_from(NAMES), unique=True, min_size=1)
Call = tuple[str, str, list[str]]
CALL: st.SearchStrategy[Call] = st.one_of(
    st.tuples(st.just("add"), st.just(""), SOME),
    st.tuples(st.just("replace"), st.just(""), SOME),
    st.tuples(st.just("remove"), st.just(""), SOME),
    st.tuples(st.just("claim"), st.sampled_from(MATCHES), SOME),
    st.tuples(st.just("settle"), st.sampled_from(MATCHES), st.just([])),
    st.tuples(st.just("release"), st.sampled_from(MATCHES), SOME),
)
HERE = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def call(pool: TicketPool, kind: str, match: str, names: Sequence[str]) -> bool | None:
    """Makes one call; what a claim answered."""
    if kind == "add":
        await pool.add(*(an_entry(name, *POOLS_OF[name]) for name in names))
    elif kind == "replace":
        await pool.replace(*(an_entry(name, *POOLS_OF[name]) for name in names))
    elif kind == "remove":
        await pool.remove(ids(*names))
    elif kind == "claim":
        return await pool.claim(MatchId(match), ids(*names), START)
    elif kind == "settle":
        await pool.settle(MatchId(match))
    else:
        await pool.release(MatchId(match), ids(*names))
    return None


POOLS_OF = {"a": [CHESS], "b": [GO], "c": [CHESS, GO], "d": [GO]}


class Model:
    """The rule in the plainest words: a set of waiting tickets, and claims."""

    def __init__(self) -> None:
        self.waiting: set[str] = set()
        self.claims: dict[str, list[str]] = {}

    def call(self, kind: str, match: str, names: list[str]) -> bool | None:
        claimed = {name for claim in self.claims.values() for name in claim}
        if kind in {"add", "replace"}:
            self.waiting |= set(names) - claimed
        elif kind == "remove":
            self.waiting -= set(names)
        elif kind == "claim":
            if match not in self.claims and self.waiting >= set(names):
                self.waiting -= set(names)
                self.claims[match] = names
            return self.claims.get(match) == names
        else:
            ended = self.claims.pop(match, [])
            self.waiting |= set(ended) & set(names)
        return None


@HERE
@given(calls=st.lists(CALL, max_size=25))
async def test_any_order_of_calls(pool: TicketPool, calls: list[Call]) -> None:
    """After any calls in any order the pools, the claims and every answer are those of the model."""
    await empty(pool)
    model = Model()
    followers = {key: await follow(pool, key) for key in (CHESS, GO)}
    for number, one in enumerate(calls):
        assert await call(pool, *one) == model.call(*one)
        if number % 3 == 0:
            followers = {key: await follow(pool, key, *place) for key, place in followers.items()}
    for key, place in followers.items():
        followed, _ = await follow(pool, key, *place)
        assert followed == {entry.ticket_id: entry for entry in await all_waiting(pool, key)}
    for key in (CHESS, GO):
        assert await waiting(pool, key) == sorted(name for name in model.waiting if key in POOLS_OF[name])
    assert await pool.pools() == sorted({key for name in model.waiting for key in POOLS_OF[name]})
    claims = {str(claim.match_id): list(claim.ticket_ids) for claim in await pool.claims(START + seconds(1))}
    assert claims == model.claims
    known = model.waiting.union(*model.claims.values())
    assert await pool.unknown(ids(*NAMES)) == [name for name in NAMES if name not in known]


@HERE
@given(workers=st.lists(st.lists(CALL, max_size=6), min_size=2, max_size=4))
async def test_calls_of_several_workers_at_once(pool: TicketPool, workers: list[list[Call]]) -> None:
    """However workers interleave, a ticket is in one place: waiting in all its pools, or in one claim, or unknown."""
    await empty(pool)

    async def work(calls: list[Call]) -> None:
        for one in calls:
            await call(pool, *one)

    await asyncio.gather(*map(work, workers))
    places = {key: set(await waiting(pool, key)) for key in (CHESS, GO)}
    claimed = [str(name) for claim in await pool.claims(START + seconds(1)) for name in claim.ticket_ids]
    unknown = set(await pool.unknown(ids(*NAMES)))
    assert len(claimed) == len(set(claimed))
    for name in NAMES:
        in_pools = [key for key, names in places.items() if name in names]
        assert in_pools in ([], POOLS_OF[name])
        assert (in_pools != []) + (name in claimed) + (name in unknown) == 1


@HERE
@given(
    workers=st.lists(
        st.lists(st.tuples(SOME, st.one_of(st.none(), st.lists(st.sampled_from(NAMES), unique=True))), max_size=5),
        min_size=2,
        max_size=4,
    )
)
async def test_nothing_is_lost_between_workers(
    pool: TicketPool, workers: list[list[tuple[list[str], list[str] | None]]]
) -> None:
    """Workers that claim, and settle or release, at once: every ticket that nobody ended still waits."""
    await empty(pool)
    ended = list[str]()
    await call(pool, "add", "", NAMES)

    async def work(worker: int, attempts: list[tuple[list[str], list[str] | None]]) -> None:
        for turn, (wanted, keep) in enumerate(attempts):
            match = f"m{worker}-{turn}"
            if not await call(pool, "claim", match, wanted):
                continue
            ended.extend(name for name in wanted if name not in (keep or []))
            await call(pool, "settle" if keep is None else "release", match, keep or [])

    await asyncio.gather(*(work(number, attempts) for number, attempts in enumerate(workers)))
    assert len(ended) == len(set(ended))
    assert sorted(await pool.unknown(ids(*NAMES))) == sorted(ended)
    assert {*await waiting(pool, CHESS), *await waiting(pool, GO)} == set(NAMES) - set(ended)
