"""The servers the tests run on behave as the tests assume."""

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from redis.asyncio import Redis

from tests.support.services import ROOT, Server, mongod, redis_server
from tests.support.wait import eventually


async def test_transaction_spans_two_collections(mongodb_url: str) -> None:
    """A transaction commits both of its writes, and an aborted one leaves neither."""
    client: AsyncMongoClient[dict[str, object]]
    async with AsyncMongoClient(mongodb_url) as client:
        database: AsyncDatabase[dict[str, object]] = client.get_default_database()
        async with client.start_session() as session:
            async with await session.start_transaction():
                await database["a"].insert_one({"_id": 1}, session=session)
                await database["b"].insert_one({"_id": 1}, session=session)
            with pytest.raises(ZeroDivisionError):
                async with await session.start_transaction():
                    await database["a"].insert_one({"_id": 2}, session=session)
                    raise ZeroDivisionError
        kept = [await database[name].count_documents({}) for name in ("a", "b")]
    assert kept == [1, 1]


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_has_a_database_of_its_own(mongodb_url: str, turn: int) -> None:
    """What one test stores the next does not see."""
    client: AsyncMongoClient[dict[str, object]]
    async with AsyncMongoClient(mongodb_url) as client:
        collection: AsyncCollection[dict[str, object]] = client.get_default_database()["a"]
        assert await collection.count_documents({}) == 0
        await collection.insert_one({"_id": turn})


@pytest.mark.parametrize("turn", [1, 2])
async def test_redis_is_empty_and_carries_messages(redis_url: str, turn: int) -> None:
    """A test finds no keys of the one before it, and a subscriber receives what is published."""
    async with Redis.from_url(redis_url, decode_responses=True) as client, client.pubsub() as pubsub:
        assert await client.dbsize() == 0
        await client.set("key", turn)
        await pubsub.subscribe("channel")
        await pubsub.get_message(timeout=5)
        await client.publish("channel", f"hello {turn}")
        message = await pubsub.get_message(timeout=5)
    assert message is not None
    assert f"hello {turn}" == message["data"]


@pytest.mark.parametrize("service", [mongod, redis_server])
def test_nothing_is_left_after_the_block(
    service: Callable[[], AbstractContextManager[Server]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is gone and its folder removed, even when it was paused."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with service() as server:
        assert list(tmp_path.iterdir()) != []
        server.pause()
    assert server.process.returncode is not None
    assert list(tmp_path.iterdir()) == []


async def test_redis_keeps_its_data_over_a_crash() -> None:
    """A killed Redis comes back on the same port with what it had."""
    with redis_server() as server:
        async with Redis.from_url(server.url, decode_responses=True) as client:
            await client.set("key", "kept")
        server.kill()
        server.restart()
        async with Redis.from_url(server.url, decode_responses=True) as client:
            assert await client.get("key") == "kept"


async def test_mongod_keeps_acked_writes_over_a_crash() -> None:
    """A killed mongod comes back as primary on the same port with every acknowledged write."""
    with mongod() as server:
        await _insert(server, 1)
        server.kill()
        server.restart()
        assert await _insert(server, 2) == 2


async def _insert(server: Server, key: int) -> int:
    client: AsyncMongoClient[dict[str, object]]
    async with AsyncMongoClient(server.url) as client:
        collection: AsyncCollection[dict[str, object]] = client["maoga"]["a"]
        await collection.insert_one({"_id": key})
        return await collection.count_documents({})


async def test_server_dies_with_its_parent(tmp_path: Path) -> None:
    """A test run that is killed leaves no server behind."""
    script = (
        "import time; from tests.support.services import redis_server as r\n"
        "with r() as s: print(s.process.pid, flush=True); time.sleep(60)"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert _runs(pid)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
