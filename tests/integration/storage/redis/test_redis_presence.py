"""A connection counts while the lease of its instance lives."""

from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.core.errors import Unavailable
from domain.core.ids import UserId
from domain.presence.presence import Connection, Counts, Holding, Standing
from storage.redis import presence as presence_module
from storage.redis.client import Client
from storage.redis.factory import open_redis
from storage.redis.presence import LEASES, RedisPresence
from tests.support.connections import NOBODY, held, put
from tests.support.redis_keys import all_keys, wipe
from tests.support.services import redis_server
from tests.support.wait import eventually

ANN, BOB = UserId("ann"), UserId("bob")


async def an_instance(redis: Client, name: str, *, most: int = 0, **held_by: str) -> RedisPresence:
    """A living instance; `ann="s1 s2"` are a user's connections."""
    instance = RedisPresence(redis, name, connections_per_user=most)
    assert not await instance.beat(NOBODY)
    for user, connections in held_by.items():
        await put(instance, UserId(user), *connections.split())
    return instance


async def leases(redis: Client) -> list[bytes]:
    """The leases there are, living or not."""
    return cast(list[bytes], await redis.zrange(LEASES, 0, -1))


async def lapse(redis: Client, instance: str) -> None:
    """Lets the time run out that an instance has until its next beat."""
    (lease,) = [lease for lease in await leases(redis) if lease.startswith(f"{instance}:".encode())]
    await redis.zadd(LEASES, {lease: 1})


async def test_connections_of_all_instances_count(redis: Client) -> None:
    """Every instance sees who is connected anywhere."""
    first, second = await an_instance(redis, "a", ann="s1"), await an_instance(redis, "b", bob="s2")
    for instance in (first, second):
        assert await instance.online([BOB, UserId("carl"), ANN]) == {ANN, BOB}
    assert await first.online([]) == set()


async def test_a_user_is_online_until_the_last_connection_goes(redis: Client) -> None:
    """A put says how many connections the user has elsewhere: with none here and none there they are gone."""
    first, second = await an_instance(redis, "a", ann="s1 s2"), await an_instance(redis, "b", ann="s3")
    assert await put(first, ANN, "s2") == Standing(1, 0), "who has one here is not asked about"
    assert await put(first, ANN) == Standing(0, 1)
    assert await put(second, ANN) == Standing(0, 0)
    assert await first.online([ANN]) == set()


async def test_the_connections_of_a_dead_instance_do_not_count(redis: Client) -> None:
    """When an instance stops beating nobody sees its connections, whatever is asked."""
    await an_instance(redis, "dead", ann="s1", bob="s2")
    living = await an_instance(redis, "living", bob="s3")
    await lapse(redis, "dead")
    assert await living.online([ANN, BOB]) == {BOB}
    assert [*await living.sockets_of(BOB)] == [*await living.counts()] == ["living"]
    assert await put(living, BOB) == Standing(0, 0)


async def test_a_dead_instance_leaves_nothing_behind(redis: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed instance is offline after its lease and gone from Redis soon after, with nobody cleaning up."""
    living = await an_instance(redis, "living")
    kept = await all_keys(redis)
    monkeypatch.setattr(presence_module, "LEASE_MS", 100)
    await an_instance(redis, "dead", ann="s1")
    monkeypatch.undo()

    async def is_offline() -> bool:
        return await living.online([ANN]) == set()

    async def is_gone() -> bool:
        return await all_keys(redis) == kept

    await eventually(is_offline)
    await eventually(is_gone)


async def test_a_beat_holds_for_ten_seconds(redis: Client) -> None:
    """Each beat moves the end of the lease to 10 s from then, by the clock of Redis, and what it owns lives longer."""
    instance = await an_instance(redis, "a")
    (lease,) = await leases(redis)
    now_s, _ = await (await redis.masters())[0].time()
    await redis.zadd(LEASES, {lease: (now_s + 5) * 1000})
    assert await instance.beat(NOBODY)
    now_s, now_us = await (await redis.masters())[0].time()
    lapses_at = await redis.zscore(LEASES, lease)
    assert lapses_at is not None
    assert 9_000 < lapses_at - (now_s * 1000 + now_us / 1000) <= 10_000
    assert 19_000 < await redis.pttl(f"{LEASES}:held:{lease.decode()}") <= 20_000


async def test_a_lapsed_instance_registers_again(redis: Client) -> None:
    """A beat after the lease lapsed says so, and what was registered before does not come back to life."""
    instance = await an_instance(redis, "a", ann="s1", bob="s2")
    await lapse(redis, "a")
    assert not await instance.beat(NOBODY)
    assert await instance.online([ANN, BOB]) == set()
    await put(instance, ANN, "s1")
    assert await instance.online([ANN, BOB]) == {ANN}
    assert await instance.beat(NOBODY)


async def test_redis_lost_everything(redis: Client) -> None:
    """A put finds it out as well as a beat does, and puts nothing under a lease that is not there."""
    instance = await an_instance(redis, "a", ann="s1")
    await wipe(redis)
    assert await instance.put({BOB: held("s2")}, NOBODY) is None
    assert await all_keys(redis) == set()
    assert not await instance.beat(NOBODY)
    await put(instance, ANN, "s1")
    assert await instance.online([ANN, BOB]) == {ANN}


async def test_redis_lost_what_an_instance_holds(redis: Client) -> None:
    """A beat does not renew a lease under which there is nothing any more."""
    instance = await an_instance(redis, "a", ann="s1")
    (lease,) = await leases(redis)
    await redis.delete(f"{LEASES}:held:{lease.decode()}")
    assert not await instance.beat(NOBODY)
    await put(instance, ANN, "s1")
    assert await leases(redis) != [lease]


async def test_leave(redis: Client) -> None:
    """An instance that stops in order takes its connections with it at once."""
    leaving, staying = await an_instance(redis, "a", ann="s1"), await an_instance(redis, "b", bob="s2")
    await leaving.leave()
    assert await staying.online([ANN, BOB]) == {BOB}
    assert await leaving.put({ANN: held("s1")}, NOBODY) is None
    assert not await leaving.beat(NOBODY)


async def test_whom_nobody_was_told_of_is_found_by_the_lapsed_lease(redis: Client) -> None:
    """Of a killed instance as of one that stopped with users, until somebody has seen to it; never of a living one."""
    dead, stopped = await an_instance(redis, "dead", ann="s1", bob="s2"), await an_instance(redis, "stopped", ann="s3")
    living, empty = await an_instance(redis, "living", bob="s4"), await an_instance(redis, "empty", ann="s5")
    await put(empty, ANN)
    await empty.leave()
    assert await living.lapsed() == {}
    await lapse(redis, "dead")
    await stopped.leave()
    found = await living.lapsed()
    assert {lease.partition(":")[0]: sorted(users) for lease, users in found.items()} == {
        "dead": [ANN, BOB],
        "stopped": [ANN],
    }
    (alive,) = [lease.decode() for lease in await leases(redis) if lease.startswith(b"living")]
    for lease in (*found, alive, "unknown"):
        await dead.forget(lease)
    assert await living.lapsed() == {}
    assert await living.online([ANN, BOB]) == {BOB}


async def test_where_a_user_is(redis: Client) -> None:
    """Each connection with its instance, the moment it came, and its namespaces."""
    one = Connection("s1", 1_700_000_000_000, ("lobby", "chat"))
    two, three = Connection("s2", 1_700_000_000_001, ("lobby",)), Connection("s3", 5, ("social",))
    first, second = await an_instance(redis, "a"), await an_instance(redis, "b", bob="s4")
    await first.put({ANN: Holding([one, two], 2)}, NOBODY)
    await second.put({ANN: Holding([three], 1)}, NOBODY)
    assert await first.sockets_of(ANN) == {"a": [one, two], "b": [three]}
    assert await first.sockets_of(UserId("carl")) == {}


async def test_counts_are_what_each_instance_said_last(redis: Client) -> None:
    """With a beat or with a put, whichever was last; an instance that left has none."""
    first, second = await an_instance(redis, "a"), await an_instance(redis, "b")
    one, two = Counts(1, {"lobby": 1}), Counts(2, {"lobby": 2, "chat": 1})
    await first.beat(one)
    await second.put({ANN: held("s1")}, two)
    assert await first.counts() == {"a": one, "b": two}
    await first.leave()
    assert await second.counts() == {"b": two}


async def test_a_user_has_so_many_connections_over_all_instances(redis: Client) -> None:
    """The first to ask are admitted, on whichever instance; a place that is given up is free at once."""
    first, second = await an_instance(redis, "a", most=3), await an_instance(redis, "b", most=3)
    assert await put(first, ANN, "s1", "s2", admitted=0) == Standing(2, 0)
    assert await put(second, ANN, "t1", "t2", admitted=0) == Standing(1, 2)
    assert await first.sockets_of(ANN) == {"a": [*held("s1", "s2").connections], "b": [*held("t1").connections]}
    assert await put(first, ANN, "s1", "s2", "s3", admitted=2) == Standing(2, 1)
    assert await put(second, ANN, admitted=0) == Standing(0, 2)
    assert await put(first, ANN, "s1", "s2", "s3", admitted=2) == Standing(3, 0)
    assert await put(second, BOB, "t3", admitted=0) == Standing(1, 0), "others have places of their own"


async def test_who_was_admitted_stays(redis: Client) -> None:
    """An instance that registers again loses nobody, though others have taken the places meanwhile."""
    first = await an_instance(redis, "a", most=2)
    await put(first, ANN, "s1", "s2", admitted=0)
    await lapse(redis, "a")
    second = await an_instance(redis, "b", most=2)
    assert await put(second, ANN, "t1", "t2", admitted=0) == Standing(2, 0)
    assert not await first.beat(NOBODY)
    assert (await put(first, ANN, "s1", "s2")).kept == 2
    assert await put(second, ANN, "t1", "t2", "t3", admitted=2) == Standing(2, 2)


async def test_of_many_users_each_gets_an_answer_of_their_own(redis: Client) -> None:
    """Thousands in one call, more than Redis is asked for at once: those with one elsewhere already are refused."""
    users = [UserId(f"u{n}") for n in range(1200)]
    first, second = await an_instance(redis, "a", most=1), await an_instance(redis, "b", most=1)
    taken = set(users[::7])
    await second.put({user: held(f"t-{user}", admitted=0) for user in taken}, NOBODY)
    standings = await first.put({user: held(f"s-{user}", admitted=0) for user in users}, NOBODY)
    assert standings == {user: Standing(0, 1) if user in taken else Standing(1, 0) for user in users}
    assert await first.online([*users, ANN]) == set(users)


async def test_all_keys_share_one_slot(redis: Client) -> None:
    """One script may touch them all in a Redis Cluster, too."""
    await an_instance(redis, "a", ann="s1")
    keys = await all_keys(redis)
    assert len(keys) == 2
    assert all("{presence}" in str(key) for key in keys)


async def test_a_call_that_comes_late_changes_nothing(redis: Client) -> None:
    """A copy of a put that was sent again and overtaken finds a higher number, and brings nobody back."""
    instance = await an_instance(redis, "a", ann="s1")
    await put(instance, ANN)
    instance._number = 0
    with pytest.raises(ValueError, match="zip"):
        await put(instance, ANN, "s1")
    assert await instance.online([ANN]) == set()


async def test_a_failed_call_makes_the_instance_register_anew() -> None:
    """When nobody knows whether a put arrived, the lease is given up: the next put and beat say so, and it is gone."""
    with redis_server() as server:
        async with open_redis(server.url, timeout_s=0.3) as redis:
            instance = await an_instance(redis, "a", ann="s1", bob="s2")
            server.pause()
            with pytest.raises(Unavailable):
                await put(instance, ANN)
            server.resume()
            assert await instance.put({ANN: held()}, NOBODY) is None
            assert not await instance.beat(NOBODY)
            assert await instance.online([ANN, BOB]) == set()
            await put(instance, BOB, "s2")
            assert await instance.online([ANN, BOB]) == {BOB}
            assert len(await all_keys(redis)) == 2
            assert await instance.beat(NOBODY)


USERS = st.sampled_from([ANN, BOB])
INSTANCES = st.sampled_from(["a", "b"])
STEP = st.tuples(st.sampled_from(["put", "put", "put", "die"]), INSTANCES, USERS, st.integers(0, 3), st.integers(0, 3))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=20), most=st.integers(0, 4))
async def test_any_order_of_calls(redis: Client, steps: list[tuple[str, str, UserId, int, int]], most: int) -> None:
    """Whatever comes, stays and goes, it counts and is limited as in a table of who has how many where."""
    await wipe(redis)
    instances = {name: await an_instance(redis, name, most=most) for name in ("a", "b")}
    table = {(name, user): 0 for name in instances for user in (ANN, BOB)}
    for step, name, user, stay, come in steps:
        if step == "put":
            admitted = min(stay, table[name, user])
            elsewhere = table["a" if name == "b" else "b", user]
            kept = admitted + min(come, max(0, most - elsewhere - admitted) if most else come)
            ids = [f"{name}-{n}" for n in range(admitted + come)]
            standing = await put(instances[name], user, *ids, admitted=admitted)
            assert standing == Standing(kept, elsewhere if come or not ids else 0)
            table[name, user] = kept
        else:
            await lapse(redis, name)
            assert not await instances[name].beat(NOBODY)
            table |= {(name, ANN): 0, (name, BOB): 0}
        for who in (ANN, BOB):
            found = {instance: len(there) for instance, there in (await instances["a"].sockets_of(who)).items()}
            assert found == {instance: table[instance, who] for instance in instances if table[instance, who]}
        assert await instances["a"].online([ANN, BOB]) == {who for (_, who), count in table.items() if count}
