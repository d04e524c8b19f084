"""What realtime/engine/ relies on inside python-socketio and python-engineio, one test for each.

An upgrade that moves any of it fails here, by name, before it fails in production.
"""

import asyncio
import inspect
from importlib.metadata import version
from typing import Any

import engineio
import pytest
import socketio
from engineio import async_server, async_socket, base_server, packet
from engineio.async_drivers import aiohttp as driver
from engineio.exceptions import ContentTooLongError, EngineIOError, SocketIsClosedError, UnknownPacketError
from socketio.async_manager import AsyncManager
from socketio.base_manager import BaseManager
from socketio.packet import ACK, BINARY_EVENT, EVENT
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


# socketio.AsyncServer


async def test_the_engineio_server_is_made_by_a_hook(stock: Any) -> None:
    """`_engineio_server_class` is asked by the constructor."""
    assert stock._engineio_server_class() is engineio.AsyncServer
    assert "self.eio = self._engineio_server_class()(**engineio_options)" in source(socketio.base_server.BaseServer)


async def test_three_handlers_take_everything_from_engineio(stock: Any) -> None:
    """Connect, message and disconnect reach `_handle_eio_*`, and nothing else does."""
    assert stock.eio.handlers == {
        "connect": stock._handle_eio_connect,
        "message": stock._handle_eio_message,
        "disconnect": stock._handle_eio_disconnect,
    }
    assert parameters(stock._handle_eio_connect) == ["eio_sid", "environ"]
    assert parameters(stock._handle_eio_message) == ["eio_sid", "data"]
    assert parameters(stock._handle_eio_disconnect) == ["eio_sid", "reason"]


async def test_engineio_calls_the_message_handler_in_line(stock: Any) -> None:
    """async_handlers is off below Socket.IO: messages of a connection come in order."""
    assert stock.eio.async_handlers is False


async def test_packets_waiting_for_attachments_are_kept_by_connection(stock: Any) -> None:
    """`_binary_packet` maps the Engine.IO sid to the packet."""
    assert stock._binary_packet == {}


async def test_the_serializer_becomes_the_packet_class() -> None:
    """`serializer=` takes a class."""

    class Own(StockPacket):  # type: ignore[misc]
        pass

    assert socketio.AsyncServer(async_mode="aiohttp", serializer=Own).packet_class is Own


async def test_loggers_are_taken_as_given() -> None:
    """Given loggers keep their level and get no handler of the library's."""
    import logging

    log = logging.getLogger("maoga.test")
    server = socketio.AsyncServer(async_mode="aiohttp", logger=log, engineio_logger=log)
    assert (server.logger, server.eio.logger, log.handlers) == (log, log, [])


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


def test_an_empty_packet_is_not_decoded_at_all() -> None:
    """Hence the check for text in the server's `_decode`."""
    assert StockPacket(encoded_packet=b"").packet_type == EVENT


def test_packets_are_encoded_as_text() -> None:
    """One string for a packet without attachments, whatever `binary=False` leaves unasked."""
    assert StockPacket(ACK, ["é"], "/lobby", 3, binary=False).encode() == '3/lobby,3["\\u00e9"]'


# socketio managers


async def test_a_client_is_pending_between_pre_connect_and_connect(stock: Any) -> None:
    """`pending_connect` lists it, and stock `get_participants` hands it out all the same."""
    manager = stock.manager
    sid = BaseManager.pre_connect(manager, "eio1", "/lobby")
    assert manager.pending_connect == {"/lobby": [sid]}
    assert list(manager.get_participants("/lobby", None)) == [(sid, "eio1")]
    BaseManager.connect(manager, sid, "/lobby")
    assert manager.pending_connect == {}


async def test_the_async_manager_only_wraps_the_base(stock: Any) -> None:
    """So that the engine may call the base's methods without awaiting."""
    assert source(AsyncManager.pre_connect).endswith("return super().pre_connect(eio_sid, namespace)")
    assert source(AsyncManager.connect).endswith("return super().connect(sid, namespace)")
    assert source(AsyncManager.enter_room).endswith("self.basic_enter_room(sid, namespace, room, eio_sid=eio_sid)")
    assert source(AsyncManager.leave_room).endswith("self.basic_leave_room(sid, namespace, room)")
    assert source(AsyncManager.disconnect).endswith("self.basic_disconnect(sid, namespace, **kwargs)")


async def test_rooms_are_entered_left_and_cleared_at_once(stock: Any) -> None:
    """The `basic_` methods do it without a turn of the loop; disconnecting clears all rooms."""
    manager = stock.manager
    sid = BaseManager.pre_connect(manager, "eio1", "/lobby")
    manager.basic_enter_room(sid, "/lobby", "lobby:1")
    assert list(manager.get_participants("/lobby", "lobby:1")) == [(sid, "eio1")]
    manager.basic_leave_room(sid, "/lobby", "lobby:1")
    manager.basic_leave_room(sid, "/lobby", "lobby:1")
    assert list(manager.get_participants("/lobby", "lobby:1")) == []
    manager.basic_enter_room(sid, "/lobby", "lobby:1")
    manager.basic_disconnect(sid, "/lobby")
    assert (manager.rooms, manager.pending_connect) == ({}, {})


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


async def test_the_driver_is_a_table(stock: Any) -> None:
    """`_async` maps to the aiohttp driver, `websocket` in it to the class."""
    assert stock.eio._async is driver._async
    assert stock.eio._async["websocket"] is driver.WebSocket


async def test_an_engineio_error_ends_a_polling_request_with_400(stock: Any) -> None:
    """As long as the session is still registered; otherwise the answer would be an unbound variable."""
    assert issubclass(ContentTooLongError, EngineIOError)
    assert "except exceptions.EngineIOError: if sid in self.sockets:" in source(async_server.AsyncServer.handle_request)


async def test_the_service_task_asks_each_socket(stock: Any) -> None:
    """`check_ping_timeout` is how a dead client is found."""
    assert "await s.check_ping_timeout()" in source(async_server.AsyncServer._service_task)


# engineio.AsyncSocket


async def test_the_queue_is_unbounded_and_none_ends_the_writer(socket: async_socket.AsyncSocket) -> None:
    """Packets may be put without waiting; `poll` returns nothing for None, and the writer stops at that."""
    assert isinstance(socket.queue, asyncio.Queue)
    assert socket.queue.maxsize == 0
    socket.queue.put_nowait(packet.Packet(packet.NOOP))
    socket.queue.put_nowait(None)
    assert len(await socket.poll()) == 1
    assert await socket.poll() == []
    assert "if not packets:" in source(async_socket.AsyncSocket._websocket_handler)


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
    assert "await self.receive(pkt)" in source(async_socket.AsyncSocket._websocket_handler)
    assert "await self.receive(pkt)" in source(async_socket.AsyncSocket.handle_post_request)


async def test_the_websocket_is_served_by_two_methods() -> None:
    """`_upgrade_websocket` makes it from the table and awaits its end, `_websocket_handler` reads and writes."""
    upgrade, handler = async_socket.AsyncSocket._upgrade_websocket, async_socket.AsyncSocket._websocket_handler
    assert "self.server._async['websocket']( self._websocket_handler, self.server) return await ws(environ)" in source(
        upgrade
    )
    assert parameters(handler) == ["self", "ws"]
    for call in ("await ws.wait()", "await ws.send(pkt.encode())", "await ws.close()"):
        assert call in source(handler)


async def test_a_failed_probe_leaves_the_poll_alone() -> None:
    """`connected` without `upgraded` is a poll that goes on."""
    handler = source(async_socket.AsyncSocket._websocket_handler)
    assert "if self.connected: # the socket was already connected, so this is an upgrade" in handler
    assert "else: self.connected = True self.upgraded = True" in handler


# engineio.packet


def test_an_engineio_packet_keeps_its_encoding() -> None:
    """A broadcast is encoded once for all its recipients."""
    shared = packet.Packet(packet.MESSAGE, "2[]")
    assert shared.encode() is shared.encode()


def test_json_hides_in_engineio_messages() -> None:
    """`4{...}` would arrive as a dict and `4"..."` as another text: the frame check lets only packet types in."""
    assert packet.Packet(encoded_packet='4{"a":1}').data == {"a": 1}
    assert packet.Packet(encoded_packet='42["x"]').data == '2["x"]'
