"""A socket counts while the lease of its instance lives."""

from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.core.errors import Unavailable
from domain.core.ids import UserId
from storage.redis import presence as presence_module
from storage.redis.client import Client
from storage.redis.factory import open_redis
from storage.redis.presence import LEASES, RedisPresence
from tests.support.redis_keys import all_keys, wipe
from tests.support.services import redis_server
from tests.support.wait import eventually

ANN, BOB = UserId("ann"), UserId("bob")


async def an_instance(redis: Client, name: str, *sockets: tuple[UserId, str]) -> RedisPresence:
    """A living instance that holds `sockets`."""
    instance = RedisPresence(redis, name)
    assert not await instance.beat()
    await instance.add(sockets)
    return instance


async def leases(redis: Client) -> list[bytes]:
    """The leases there are, living or not."""
    return cast(list[bytes], await redis.zrange(LEASES, 0, -1))


async def lapse(redis: Client, instance: str) -> None:
    """Lets the time run out that an instance has until its next beat."""
    (lease,) = [lease for lease in await leases(redis) if lease.startswith(f"{instance}:".encode())]
    await redis.zadd(LEASES, {lease: 1})


async def test_sockets_of_all_instances_count(redis: Client) -> None:
    """Every instance sees who is connected anywhere."""
    first = await an_instance(redis, "a", (ANN, "s1"))
    second = await an_instance(redis, "b", (BOB, "s2"))
    for instance in (first, second):
        assert await instance.online([BOB, UserId("carl"), ANN]) == {ANN, BOB}
    assert await first.online([]) == set()


async def test_a_user_is_online_until_the_last_socket_goes(redis: Client) -> None:
    """A remove says whether the user is still connected somewhere, on this instance or another."""
    first = await an_instance(redis, "a", (ANN, "s1"), (ANN, "s2"))
    second = await an_instance(redis, "b", (ANN, "s3"))
    assert await first.remove(ANN, "s1")
    assert await first.remove(ANN, "s2")
    assert not await second.remove(ANN, "s3")
    assert await first.online([ANN]) == set()


async def test_the_sockets_of_a_dead_instance_do_not_count(redis: Client) -> None:
    """When an instance stops beating its sockets stop counting, for `online` and for `remove`."""
    await an_instance(redis, "dead", (ANN, "s1"), (BOB, "s2"))
    living = await an_instance(redis, "living", (BOB, "s3"))
    await lapse(redis, "dead")
    assert await living.online([ANN, BOB]) == {BOB}
    assert not await living.remove(BOB, "s3")


async def test_a_dead_instance_leaves_nothing_behind(redis: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed instance is offline after its lease and gone from Redis soon after, with nobody cleaning up."""
    living = await an_instance(redis, "living")
    kept = await all_keys(redis)
    monkeypatch.setattr(presence_module, "LEASE_MS", 100)
    await an_instance(redis, "dead", (ANN, "s1"))
    monkeypatch.undo()

    async def is_offline() -> bool:
        return await living.online([ANN]) == set()

    async def is_gone() -> bool:
        return await all_keys(redis) == kept

    await eventually(is_offline)
    await eventually(is_gone)


async def test_a_beat_holds_for_ten_seconds(redis: Client) -> None:
    """Each beat moves the end of the lease to 10 s from then, by the clock of Redis."""
    instance = await an_instance(redis, "a")
    (lease,) = await leases(redis)
    now_s, _ = await (await redis.masters())[0].time()
    await redis.zadd(LEASES, {lease: (now_s + 5) * 1000})
    assert await instance.beat()
    now_s, now_us = await (await redis.masters())[0].time()
    lapses_at = await redis.zscore(LEASES, lease)
    assert lapses_at is not None
    assert 9_000 < lapses_at - (now_s * 1000 + now_us / 1000) <= 10_000


async def test_a_lapsed_instance_registers_again(redis: Client) -> None:
    """A beat after the lease lapsed says so, and what was registered before does not come back to life."""
    instance = await an_instance(redis, "a", (ANN, "s1"), (BOB, "s2"))
    await lapse(redis, "a")
    assert not await instance.beat()
    await instance.add([(ANN, "s1")])
    assert await instance.online([ANN, BOB]) == {ANN}
    assert await instance.beat()


async def test_redis_lost_everything(redis: Client) -> None:
    """After a loss of Redis the next beat asks for the sockets again."""
    instance = await an_instance(redis, "a", (ANN, "s1"))
    await wipe(redis)
    assert not await instance.beat()
    assert await instance.online([ANN]) == set()
    await instance.add([(ANN, "s1")])
    assert await instance.online([ANN]) == {ANN}


async def test_leave(redis: Client) -> None:
    """An instance that stops in order takes its sockets with it at once."""
    leaving, staying = await an_instance(redis, "a", (ANN, "s1")), await an_instance(redis, "b", (BOB, "s2"))
    await leaving.leave()
    assert await staying.online([ANN, BOB]) == {BOB}
    assert not await leaving.beat()


async def test_a_socket_counts_once(redis: Client) -> None:
    """Registering a socket again changes nothing: one remove takes it away."""
    instance = await an_instance(redis, "a", (ANN, "s1"))
    await instance.add([(ANN, "s1")])
    assert not await instance.remove(ANN, "s1")


async def test_a_removed_socket_stays_removed(redis: Client) -> None:
    """A registration that comes late, after the socket went, does not make its user online for ever."""
    instance = await an_instance(redis, "a")
    assert not await instance.remove(ANN, "s1")
    await instance.add([(ANN, "s1"), (BOB, "s2")])
    assert await instance.online([ANN, BOB]) == {BOB}


async def test_thousands_at_once(redis: Client) -> None:
    """A whole instance's sockets are registered and asked about in one call."""
    users = [UserId(f"u{n}") for n in range(2500)]
    instance = await an_instance(redis, "a", *((user, f"socket-of-{user}") for user in users))
    assert await instance.online([*users, ANN]) == set(users)


async def test_a_failed_call_makes_the_next_beat_say_so() -> None:
    """When nobody knows whether a remove arrived, the instance registers anew, and the old lease is left to lapse."""
    with redis_server() as server:
        async with open_redis(server.url, timeout_s=0.3) as redis:
            instance = await an_instance(redis, "a", (ANN, "s1"), (BOB, "s2"))
            server.pause()
            with pytest.raises(Unavailable):
                await instance.remove(ANN, "s1")
            server.resume()
            (old,) = await leases(redis)
            assert not await instance.beat()
            await redis.zadd(LEASES, {old: 1})
            await instance.add([(BOB, "s2")])
            assert await instance.online([ANN, BOB]) == {BOB}
            assert await instance.beat()


USERS = st.sampled_from([ANN, BOB])
SOCKETS = st.sampled_from(["s1", "s2", "s3"])
INSTANCES = st.sampled_from(["a", "b"])
STEP = st.tuples(st.sampled_from(["add", "remove", "die"]), INSTANCES, USERS, SOCKETS)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=20))
async def test_any_order_of_calls(redis: Client, steps: list[tuple[str, str, UserId, str]]) -> None:
    """Whatever comes and goes, a user is online exactly while a living instance holds a socket of theirs."""
    await wipe(redis)
    instances = {name: await an_instance(redis, name) for name in ("a", "b")}
    held: set[tuple[str, UserId, str]] = set()
    removed: set[tuple[str, UserId, str]] = set()
    for step, name, user, number in steps:
        socket = (name, user, f"{user}-{number}")
        if step == "add":
            await instances[name].add([socket[1:]])
            held |= {socket} - removed
        elif step == "remove":
            held.discard(socket)
            removed.add(socket)
            assert await instances[name].remove(*socket[1:]) == any(owner == user for _, owner, _ in held)
        else:
            await lapse(redis, name)
            held -= {one for one in held if one[0] == name}
            removed -= {one for one in removed if one[0] == name}
            assert not await instances[name].beat()
        assert await instances["a"].online([ANN, BOB]) == {owner for _, owner, _ in held}
