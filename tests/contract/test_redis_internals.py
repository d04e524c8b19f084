"""What storage/redis/link.py relies on inside redis-py and hiredis, one test for each."""

import asyncio
import inspect
from typing import Any

from hiredis import PushNotification, Reader, pack_command
from redis import exceptions
from redis.asyncio import Connection

from storage.redis.factory import open_redis


async def test_a_connection_keeps_its_stream_in_reader_and_writer(redis_url: str) -> None:
    """`_writer.transport` is the transport, all answers of the handshake are read, and it hands over to a protocol."""
    async with open_redis(redis_url, timeout_s=5) as redis:
        connection = await redis.connect("")
        try:
            assert isinstance(connection._writer, asyncio.StreamWriter)
            assert isinstance(connection._reader, asyncio.StreamReader)
            assert not connection._reader._buffer  # type: ignore[attr-defined]
            assert callable(connection._writer.transport.set_protocol)
        finally:
            await connection.disconnect()


async def test_a_connection_without_reader_and_writer_is_closed() -> None:
    """It neither closes anything nor warns when it is forgotten."""
    connection = Connection()
    connection._reader = connection._writer = None
    assert not connection.is_connected
    assert 'getattr(self, "_writer", None)' in inspect.getsource(Connection.__del__)


def test_the_parser_knows_the_exceptions() -> None:
    """`_parser.parse_error` turns the text of an error into redis-py's exception."""
    parse: Any = Connection()._parser.parse_error
    assert isinstance(parse("READONLY You can't write against a read only replica."), exceptions.ReadOnlyError)
    assert isinstance(parse("NOSCRIPT No matching script."), exceptions.NoScriptError)
    assert isinstance(parse("OOM command not allowed"), exceptions.OutOfMemoryError)
    assert isinstance(parse("LOADING Redis is loading the dataset in memory"), exceptions.ConnectionError)
    assert isinstance(parse("MOVED 3999 127.0.0.1:6381"), exceptions.MovedError)
    assert str(parse("MISCONF Redis is configured")).startswith("MISCONF")


def test_hiredis_tells_pushes_from_answers() -> None:
    """And an incomplete reply from a null."""
    nothing = object()
    reader = Reader(notEnoughData=nothing)
    reader.feed(b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n:1\r\n_\r\n$5\r\nhal")
    push, answer, null = reader.gets(), reader.gets(), reader.gets()
    assert (type(push), push) == (PushNotification, [b"message", b"a", b"b"])
    assert (type(answer), answer) == (list, [1])
    assert null is None
    assert reader.gets() is nothing


def test_hiredis_packs_strings_bytes_and_integers() -> None:
    packed = pack_command(("SET", b"\xff", 12))  # type: ignore[arg-type]
    assert packed == b"*3\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$2\r\n12\r\n"
