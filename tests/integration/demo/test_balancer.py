"""The demo's TCP balancer, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from maoga.demo.balancer import CHUNK, balancer

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]

LIMIT_S = 10.0


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[tuple[str, int]]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield host, port
    finally:
        server.close()


def saying(word: bytes) -> Handler:
    async def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(word)
        writer.close()

    return say


async def answer_at_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.read()).upper())
    writer.close()


async def heard(port: int) -> bytes:
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        word = await reader.read()
        writer.close()
        return word


async def test_connections_go_to_the_servers_in_turn() -> None:
    async with serving(saying(b"one")) as one, serving(saying(b"two")) as two, balancer([one, two]) as port:
        assert sorted([await heard(port) for _ in range(6)]) == [b"one"] * 3 + [b"two"] * 3


async def test_a_server_that_is_away_is_passed_over() -> None:
    async with serving(saying(b"gone")) as gone:
        pass
    async with serving(saying(b"here")) as here, balancer([gone, here]) as port:
        assert [await heard(port) for _ in range(4)] == [b"here"] * 4


async def test_without_any_server_a_connection_is_closed() -> None:
    async with serving(saying(b"gone")) as gone:
        pass
    async with balancer([gone]) as port:
        with suppress(ConnectionResetError):
            assert await heard(port) == b""


async def test_one_direction_may_end_before_the_other() -> None:
    async with serving(answer_at_the_end) as server, balancer([server]) as port, asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"half ")
        writer.write(b"closed")
        writer.write_eof()
        assert await reader.read() == b"HALF CLOSED"
        writer.close()


async def test_what_was_said_before_the_end_arrives_however_slowly_it_is_read() -> None:
    words = bytes(CHUNK) * 512  # more than the kernel takes
    async with serving(saying(words)) as server, balancer([server]) as port, asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=CHUNK)
        writer.write_eof()
        read = 0
        while chunk := await reader.read(CHUNK):
            read += len(chunk)
            await asyncio.sleep(0.001)
        assert read == len(words)
        writer.close()


async def test_a_server_that_does_not_read_stops_the_client_from_writing() -> None:
    """What is under way is bounded: the balancer reads no faster than it can hand on."""
    go_on = asyncio.Event()
    got = asyncio.get_running_loop().create_future()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        got.set_result(len(await reader.read()))
        writer.close()

    total, sent = 64 * 1024 * 1024, 0
    async with serving(slow) as server, balancer([server]) as port, asyncio.timeout(4 * LIMIT_S):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        while sent < total:
            writer.write(bytes(CHUNK))
            sent += CHUNK
            if not go_on.is_set():
                try:
                    async with asyncio.timeout(0.5):
                        await writer.drain()
                except TimeoutError:
                    assert sent < total / 2
                    go_on.set()
            else:
                await writer.drain()
        assert go_on.is_set(), "everything was swallowed while nobody read"
        writer.write_eof()
        assert await got == total
        writer.close()


async def test_when_one_side_breaks_off_the_other_is_cut() -> None:
    cut = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        with suppress(ConnectionError):
            await reader.read()
        cut.set()
        writer.close()

    async with serving(listen) as server, balancer([server]) as port, asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readexactly(5)
        writer.transport.abort()
        await cut.wait()
