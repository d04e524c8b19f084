"""What players and requests see of an instance that is told to stop."""

import asyncio
import json
import os
import signal
import time
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from clients.python.client import MaogaClient
from domain.social.seen import OFFLINE_AFTER_S
from maoga.demo.balancer import balancer
from tests.e2e.conftest import DUEL, Enter, Start, a_guest
from tests.e2e.test_social import Ear, befriend, call
from tests.support.scrape import Scrape
from tests.support.server import MaogaServer
from tests.support.wait import eventually

BODY = b'{"displayName":"Late"}'


class HalfSent:
    """A request to become a guest, whose body has come in half."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def begin(self, url: str) -> "HalfSent":
        """Sends the first half."""
        address = urlsplit(url)
        self.reader, self.writer = await asyncio.open_connection(address.hostname, address.port)
        headers = f"Host: x\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}"
        self.writer.write(f"POST /api/v1/auth/guest HTTP/1.1\r\n{headers}\r\n\r\n".encode() + BODY[:10])
        await self.writer.drain()
        return self

    async def finish(self) -> tuple[int, dict[str, Any]]:
        """Sends the other half; status and body of the answer."""
        self.writer.write(BODY[10:])
        return await self.answer()

    async def answer(self) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer, with which the connection ends."""
        answer = await asyncio.wait_for(self.reader.read(), 20)
        self.writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"connection: close" in head.lower()
        return int(head.split()[1]), json.loads(body)


async def stopped(server: MaogaServer) -> int:
    return await asyncio.to_thread(server.process.wait, 30)


async def test_an_instance_that_stops_serves_until_the_last_player_has_left(start: Start) -> None:
    """Not ready, nobody new; but requests are answered, also those that are still coming in. Then it ends with 0."""
    server = start(MAOGA_DRAIN_S="4")
    finished, given_up = await HalfSent().begin(server.url), await HalfSent().begin(server.url)
    async with aiohttp.ClientSession() as http, MaogaClient(server.url, await a_guest(server.url)) as player:
        began = time.monotonic()
        os.kill(server.process.pid, signal.SIGTERM)
        await player.wait_for("server_draining")
        async with http.get(f"{server.url}/health/ready") as response:
            assert response.status == 503
            assert [fault["field"] for fault in (await response.json())["error"]["details"]] == ["drain"]
        assert Scrape(server).total("maoga_check_up", check="drain") == 0
        async with http.get(f"{server.url}/api/v1/games") as response:
            assert (response.status, response.headers["Connection"]) == (200, "close")
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await http.ws_connect(f"{server.url}/socket.io/?EIO=4&transport=websocket")
        status, body = await finished.finish()
        assert (status, body["data"]["user"]["displayName"]) == (201, "Late")
        status, body = await given_up.answer()
        assert (status, body["error"]["code"]) == (503, "SERVER_DRAINING")
        assert await stopped(server) == 0
        assert time.monotonic() - began < 4 + 5
    phases = ("stopping within 4", "draining 1 conn", "handed over", "0 connections are left", "stopped")
    places = [server.log().find(phase) for phase in phases]
    assert -1 not in places, server.log()


async def test_a_second_signal_ends_it_at_once(start: Start) -> None:
    server = start(MAOGA_DRAIN_S="60")
    async with MaogaClient(server.url, await a_guest(server.url)) as player:
        os.kill(server.process.pid, signal.SIGTERM)
        await player.wait_for("server_draining")
        os.kill(server.process.pid, signal.SIGINT)
        assert await stopped(server) == 128 + signal.SIGINT


async def test_a_friend_who_changes_over_never_seems_offline_and_keeps_the_ticket(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    one, other = start(**shared), start(**shared)
    ports = [urlsplit(server.url).port or 0 for server in (other, one)]
    async with balancer([("127.0.0.1", port) for port in ports]) as entrance:
        ann = await enter(other.url)
        bob = await enter(f"http://127.0.0.1:{entrance}", await a_guest(other.url))
        await eventually(lambda: Scrape(one).total("maoga_sockets") == 4)
        await befriend(ann, bob)
        ear = Ear(ann, "presence_changed")
        await call(ann, "watch_presence", {"userIds": [bob.user_id]})
        ticket = await bob.enqueue(DUEL)
        await eventually(lambda: ear.statuses(bob) == ["queued"])
        assert await asyncio.to_thread(one.stop) == 0
        await eventually(lambda: bob.connected, timeout=10)
        assert Scrape(other).total("maoga_sockets") == 8
        await asyncio.sleep(OFFLINE_AFTER_S + 1)  # what was wrong would be told by then
        assert ear.statuses(bob) == ["queued"]
        found = await bob.status()
        assert found and (found["id"], found["status"]) == (ticket["id"], "queued")
