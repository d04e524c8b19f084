"""What realtime/engine/ relies on inside python-socketio and python-engineio, one test for each.

An upgrade that moves any of it fails here, by name, before it fails in production.
"""

import asyncio
import inspect
from importlib.metadata import version
from typing import Any

import pytest
import socketio
from engineio import async_server, async_socket, base_server, packet
from engineio.async_drivers import aiohttp as driver
from engineio.exceptions import ContentTooLongError, EngineIOError, QueueEmpty, SocketIsClosedError, UnknownPacketError
from socketio.packet import BINARY_EVENT, EVENT
from socketio.packet import Packet as StockPacket


def source(thing: Any) -> str:
    """The source of a function, its whitespace made even."""
    return " ".join(inspect.getsource(thing).split())


def parameters(function: Any) -> list[str]:
    """The names of a function's parameters."""
    return list(inspect.signature(function).parameters)


@pytest.fixture
async def stock() -> Any:
    """An unmodified server."""
    return socketio.AsyncServer(async_mode="aiohttp")


@pytest.fixture
async def socket(stock: Any) -> async_socket.AsyncSocket:
    """An unmodified socket of it, registered."""
    made = async_socket.AsyncSocket(stock.eio, "eio1")
    stock.eio.sockets["eio1"] = made
    return made


def test_the_versions_are_the_ones_that_were_read() -> None:
    """Exact pins: read the sources again before you raise them."""
    assert (version("python-socketio"), version("python-engineio")) == ("5.18.1", "4.15.1")


# socketio.packet


def test_the_packet_is_decoded_by_its_constructor() -> None:
    """`decode` is called with the text and returns the attachment count; `json` is a class attribute."""
    found = StockPacket(encoded_packet='452-/lobby,7["x"]'[1:])
    assert (found.packet_type, found.attachment_count, found.namespace, found.id, found.data) == (
        BINARY_EVENT,
        2,
        "/lobby",
        7,
        ["x"],
    )
    assert "self.json.loads(" in source(StockPacket.decode)
    assert "self.json.dumps(" in source(StockPacket.encode)


def test_a_packet_with_attachments_is_encoded_as_a_list() -> None:
    """The text first; `binary` is found out by looking for bytes."""
    assert StockPacket(EVENT, ["x", b"1"], "/lobby").encode() == [
        '51-/lobby,["x",{"_placeholder":true,"num":0}]',
        b"1",
    ]


def test_attachments_take_their_places_when_the_last_is_there() -> None:
    """`add_attachment` says so, and `data` is whole then."""
    packet = StockPacket(encoded_packet='52-/lobby,["x",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]')
    assert packet.add_attachment(b"a") is False
    assert packet.add_attachment(b"b") is True
    assert packet.data == ["x", b"b", b"a"]


# engineio.AsyncServer


async def test_sockets_are_made_in_one_place() -> None:
    """`_handle_connect` names the class as a module global, which is why the engine replaces the method."""
    assert source(async_server).count("async_socket.AsyncSocket(self, sid)") == 1
    assert parameters(async_server.AsyncServer._handle_connect) == ["self", "environ", "transport", "jsonp_index"]
    assert source(async_server.AsyncServer.handle_request).count("self._handle_connect(") == 1


async def test_what_a_new_connection_needs_of_the_server(stock: Any) -> None:
    """The parts from which `_handle_connect` is put together."""
    assert stock.eio.start_service_task is True
    assert stock.eio.service_task_handle is None
    assert inspect.iscoroutinefunction(stock.eio._service_task)
    assert parameters(stock.eio._upgrades) == ["sid", "transport"]
    assert stock.eio._ok([packet.Packet(packet.NOOP)], jsonp_index=None)["response"] == b"6"
    assert stock.eio._bad_request("x")["status"] == "400 BAD REQUEST"
    assert parameters(base_server.BaseServer._log_error_once) == ["self", "message", "message_key"]


async def test_an_engineio_error_ends_a_polling_request_with_400(stock: Any) -> None:
    """As long as the session is still registered; otherwise the answer would be an unbound variable."""
    assert issubclass(ContentTooLongError, EngineIOError)
    assert "except exceptions.EngineIOError: if sid in self.sockets:" in source(async_server.AsyncServer.handle_request)


async def test_the_service_task_asks_each_socket(stock: Any) -> None:
    """`check_ping_timeout` is how a dead client is found."""
    assert "await s.check_ping_timeout()" in source(async_server.AsyncServer._service_task)


# engineio.AsyncSocket


async def test_the_queue_is_unbounded_and_none_ends_a_poll(socket: async_socket.AsyncSocket) -> None:
    """Packets may be put without waiting; `poll` returns nothing for None."""
    assert isinstance(socket.queue, asyncio.Queue)
    assert socket.queue.maxsize == 0
    socket.queue.put_nowait(packet.Packet(packet.NOOP))
    socket.queue.put_nowait(None)
    assert len(await socket.poll()) == 1
    assert await socket.poll() == []


async def test_close_tells_the_handlers_and_queues_a_close_packet(stock: Any, socket: async_socket.AsyncSocket) -> None:
    """In this order, with our reason; a second close does nothing."""
    told = []

    async def disconnect(sid: str, reason: str) -> None:
        told.append((sid, reason, socket.closed))

    stock.eio.on("disconnect", disconnect)
    await socket.close(wait=False, reason="kicked")
    await socket.close(wait=False, reason="again")
    assert told == [("eio1", "kicked", False)]
    assert (socket.queue.get_nowait().packet_type, socket.closed) == (packet.CLOSE, True)


async def test_a_closed_socket_refuses_to_send(socket: async_socket.AsyncSocket) -> None:
    """Hence the check before every put."""
    socket.closed = True
    with pytest.raises(SocketIsClosedError):
        await socket.send(packet.Packet(packet.NOOP))


async def test_receive_gets_each_decoded_packet(socket: async_socket.AsyncSocket) -> None:
    """And raises UnknownPacketError for one that only servers send."""
    with pytest.raises(UnknownPacketError):
        await socket.receive(packet.Packet(encoded_packet="2"))
    assert "await self.receive(pkt)" in source(async_socket.AsyncSocket.handle_post_request)


async def test_a_poll_returns_at_once_while_another_transport_is_tried() -> None:
    """As long as `upgrading` is set, and with 400 when `upgraded` is."""
    assert "if self.upgrading or self.upgraded:" in source(async_socket.AsyncSocket.handle_get_request)
    assert "elif socket.upgraded:" in source(async_server.AsyncServer.handle_request)


async def test_a_poll_is_answered_with_what_poll_returns() -> None:
    """In `handle_get_request`, which gets aiohttp's request and body; `QueueEmpty` answers 400."""
    assert "packets = await self.poll()" in source(async_socket.AsyncSocket.handle_get_request)
    assert issubclass(QueueEmpty, EngineIOError)
    assert "'wsgi.input': request.content," in source(driver.translate_request)
    assert "'aiohttp.request': request" in source(driver.translate_request)


# engineio.packet


def test_an_engineio_packet_keeps_its_encoding() -> None:
    """A broadcast is encoded once for all its recipients."""
    shared = packet.Packet(packet.MESSAGE, "2[]")
    assert shared.encode() is shared.encode()


def test_json_hides_in_engineio_messages() -> None:
    """`4{...}` would arrive as a dict and `4"..."` as another text: hence messages are not decoded by the library."""
    assert packet.Packet(encoded_packet='4{"a":1}').data == {"a": 1}
    assert packet.Packet(encoded_packet='42["x"]').data == '2["x"]'
