"""W5: several instances over one Redis. It and the generator share the CPU that the servers do not have."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.harness.generator import LoadFailed, loading
from bench.harness.messages import NAMESPACE, Backends, Messages, compare
from bench.harness.plan import Plan, Result, say
from bench.harness.servers import MAOGA, NODE, CannotStart, Contender, Instance, running
from bench.harness.tap import taps
from tests.support.services import mongod, redis_server

INSTANCES = (1, 2, 4, 8)
ROOM_SIZE, ROOMS = 5, 4
"""Of each instance in the curve."""

RATE = 50
"""Messages per second that the clients of each instance send in the curve."""

SETTLE_S = 1.0


def two_instances(name: str, workload: Messages, plan: Plan) -> Result:
    """The workload with every room spread over two instances; CPU is the sum of both, without Redis."""
    with _shared() as (redis_url, database_url):
        backends = Backends((redis_url, redis_url), database_url)
        return compare(name, workload, plan, _clustered(plan), backends)


def curve(plan: Plan) -> Result:
    """Messages per second that each instance receives from Redis, for rooms that no two instances share."""
    result: Result = {"instances": list(INSTANCES), "sent_per_instance_s": RATE}
    for contender in _clustered(plan):
        suffix = "" if contender is MAOGA else f"_{contender.key}"
        result[f"received_per_instance_s{suffix}"] = [_point(contender, count, plan) for count in INSTANCES]
    return result


def _clustered(plan: Plan) -> list[Contender]:
    return [contender for contender in plan.contenders if contender in {NODE, MAOGA}]


@contextmanager
def _shared() -> Iterator[tuple[str, str]]:
    """The URLs of a Redis and a MongoDB."""
    with redis_server() as redis, mongod() as mongo:
        yield redis.url, mongo.url.replace("/?", "/maoga?")


def _point(contender: Contender, count: int, plan: Plan) -> float | None:
    with _shared() as (redis_url, database_url), taps(redis_url, count) as counted:
        try:
            urls = [tap.url for tap in counted]
            with running(contender, plan.cpus.server, urls, database_url) as servers, _steady_load(servers, plan):
                rate = _rate_of(lambda: sum(tap.messages for tap in counted), plan.seconds)
        except (CannotStart, LoadFailed) as error:
            say(f"W5-curve: {contender.title} failed: {error}")
            return None
    received = round(rate / count, 1)
    say(f"W5-curve {contender.title}: {count} instances, each receives {received} messages/s from Redis")
    return received


@contextmanager
def _steady_load(servers: list[Instance], plan: Plan) -> Iterator[None]:
    """Clients in small rooms, none of which spans two servers, send at a fixed rate while the block runs."""
    with loading(
        servers,
        namespaces=NAMESPACE,
        clients=len(servers) * ROOMS * ROOM_SIZE,
        room_size=ROOM_SIZE,
        local_rooms=True,
        sleep=True,
        rate=RATE * len(servers),
        rate_for=plan.seconds + 2 * SETTLE_S,
    ):
        time.sleep(SETTLE_S)
        yield


def _rate_of(counter: Callable[[], int], seconds: float) -> float:
    before, began = counter(), time.monotonic()
    time.sleep(seconds)
    return (counter() - before) / (time.monotonic() - began)
