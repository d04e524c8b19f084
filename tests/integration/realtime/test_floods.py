"""What a client may pour in, and what may pile up for one that does not read."""

from contextlib import suppress

import pytest

from realtime.engine.config import CONNECTS, FRAMES
from tests.integration.realtime.stage import stage
from tests.integration.realtime.wire import CONNECT_ERROR, wire
from tests.support.wait import eventually


@pytest.mark.parametrize("frame", ["3", '43/lobby,1["x"]', "41/nope,", '42/lobby,["hello",{}]'])
async def test_a_flood_of_frames_ends_the_connection(frame: str) -> None:
    """Frames the server has no use for cost it as much as events do."""
    async with stage(patience=10_000) as scene, wire(scene.url) as client, wire(scene.url) as other:
        await client.connect("/lobby")
        await other.connect("/lobby")
        with suppress(ConnectionError):
            for _ in range(2 * int(FRAMES.burst)):
                await client.send(frame)
        assert await client.closed()
        assert scene.counted("maoga_malformed_total", kind="flood") == 1
        await eventually(lambda: scene.counted("maoga_sockets", namespace="lobby", transport="websocket") == 1)


async def test_a_flood_of_bytes_ends_the_connection() -> None:
    async with stage(patience=10_000) as scene, wire(scene.url) as client:
        await client.connect("/lobby")
        with suppress(ConnectionError):
            for _ in range(40):
                await client.send(f'42/lobby,["hello","{"x" * 60_000}"]')
        assert await client.closed()
        assert scene.counted("maoga_malformed_total", kind="flood") == 1


async def test_connecting_again_and_again_is_limited() -> None:
    async with stage() as scene, wire(scene.url) as client:
        codes = []
        for _ in range(int(CONNECTS.burst) + 10):
            answer = await client.connect("/lobby")
            if answer.kind == CONNECT_ERROR:
                codes.append(answer.data["data"]["code"])
            await client.send("41/lobby,")
        assert {"RATE_LIMITED"} == set(codes)


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_hear_everything() -> None:
    async with stage(outbox_bytes=100_000) as scene, wire(scene.url) as deaf, wire(scene.url) as other:
        await deaf.connect("/lobby")
        await other.connect("/lobby")
        deaf.stop_reading()
        sent = 0
        while scene.counted("maoga_sockets", namespace="lobby", transport="websocket") > 1:
            scene.engine.emit("lobby", None, "message", sent, "x" * 10_000)
            assert [sent, "x" * 10_000] == await other.event("message")
            sent += 1
            assert sent < 5000, "it was never cut off"
        assert scene.counted("maoga_disconnects_total", namespace="lobby", reason="slow consumer") == 1
        assert scene.counted("maoga_evictions_total") == 1
