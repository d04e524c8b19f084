"""What probes are told of real processes, while their MongoDB and Redis freeze and come back."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from typing import Any

from tests.e2e.conftest import Start
from tests.support.scrape import Scrape
from tests.support.server import MaogaServer
from tests.support.services import Server, mongod, redis_server
from tests.support.wait import eventually

SECRET = "instances-that-share-their-data-share-their-key"


def probe(base: str, path: str) -> tuple[int, dict[str, Any]]:
    """Status and body."""
    try:
        with urllib.request.urlopen(f"{base}{path}", timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


async def asked(base: str, path: str) -> tuple[int, dict[str, Any]]:
    return await asyncio.to_thread(probe, base, path)


def failing(body: dict[str, Any]) -> set[str]:
    return {fault["field"] for fault in body["error"]["details"]}


async def test_a_frozen_server_makes_every_process_unready_and_none_dead(start: Start) -> None:
    with mongod() as mongo, redis_server() as redis:
        env = {
            "MAOGA_DATABASE_URL": mongo.url,
            "MAOGA_REDIS_URL": redis.url,
            "MAOGA_SECRET_KEY": SECRET,
            "MAOGA_DATABASE_TIMEOUT_S": "1",
            "MAOGA_REDIS_TIMEOUT_S": "1",
        }
        gateway, worker = start(**env, MAOGA_ROLE="gateway"), start(**env, MAOGA_ROLE="worker")
        aside = worker.metrics_url.removesuffix("/metrics")
        for base in (gateway.url, aside):
            status, body = await asked(base, "/health")
            assert (status, body["data"]["ready"]) == (200, True)
            told = body["data"]
            assert told["uptimeMs"] > 0
            assert 2**20 < told["memory"]["residentBytes"] < told["memory"]["limitBytes"]
            assert told["storage"]["database"] == "mongodb"
            assert told["queue"]["dead"] == 0
            assert (await asked(base, "/health/startup"))[0] == 200
        assert "subscription" in (await asked(gateway.url, "/health"))[1]["data"]["checks"]

        await outage(mongo, "database", gateway.url, aside)
        await outage(redis, "redis", gateway.url, aside)
        await eventually(lambda: checks_up(gateway, worker), timeout=20)


async def outage(server: Server, check: str, *bases: str) -> None:
    """While the server is frozen, readiness names the check within its deadline; liveness does not care."""
    server.pause()
    try:
        for base in bases:
            await eventually(lambda base=base: names(base, check), timeout=20)  # type: ignore[misc]
            began = time.monotonic()
            for _ in range(20):  # kept for a second: these cost no more than one or two looks
                await asked(base, "/health/ready")
            assert time.monotonic() - began < 15
            assert (await asked(base, "/health/live"))[0] == 200
            assert (await asked(base, "/health/startup"))[0] == 200, "it had started before"
            status, body = await asked(base, "/health")
            assert (status, body["data"]["checks"][check]["ok"]) == (503, False)
    finally:
        server.resume()
    for base in bases:
        await eventually(lambda base=base: is_ready(base), timeout=30)  # type: ignore[misc]


async def names(base: str, check: str) -> bool:
    status, body = await asked(base, "/health/ready")
    return status == 503 and check in failing(body)


async def is_ready(base: str) -> bool:
    return (await asked(base, "/health/ready"))[0] == 200


async def checks_up(*servers: MaogaServer) -> bool:
    figures = await asyncio.to_thread(Scrape, *servers)
    values = {value for _, value in figures.samples["maoga_check_up"]}
    return values == {1.0}
