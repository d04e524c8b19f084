"""The Socket.IO wire format: strict about what comes in, so that nothing odd travels further; encoded once going out.

Events and acks are read and written here, as they are nearly everything. All other packets are python-socketio's.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, NoReturn

import orjson
import socketio.packet
from socketio.packet import ACK, BINARY_ACK, BINARY_EVENT, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT

from realtime.engine.frames import WHOLE_BINARY, frame

__all__ = ["ACK", "BINARY_ACK", "BINARY_EVENT", "CONNECT", "CONNECT_ERROR", "DISCONNECT", "EVENT"]

RESERVED_EVENTS = frozenset({"connect", "connect_error", "disconnect"})
"""Names that mean something to Socket.IO itself; a client may not send them as events."""

MAX_ATTACHMENTS = 8
MAX_ID_DIGITS = 15

MALFORMED = (ValueError, TypeError, LookupError, RecursionError)
"""What decoders raise on garbage."""

BINARY_KINDS = {EVENT: BINARY_EVENT, ACK: BINARY_ACK}
PLAIN_KINDS = {BINARY_EVENT: EVENT, BINARY_ACK: ACK}

_OF_CLIENTS = b"012356"
_SLASH, _BRACKET = ord("/"), ord("[")


class Malformed(ValueError):
    """A packet no correct client sends."""


class Packet:
    """What a client sent. kind: one of CONNECT, DISCONNECT, EVENT, ACK. namespace: without its slash."""

    __slots__ = ("data", "id", "kind", "namespace")

    def __init__(self, kind: int, namespace: str, id: int | None, data: Any) -> None:
        self.kind, self.namespace, self.id, self.data = kind, namespace, id, data


class Message:
    """What goes out, encoded once for all who get it.

    text: the Engine.IO packet. attachments: the binary ones behind it. frame: all of them as WebSocket frames.
    """

    __slots__ = ("attachments", "frame", "text")

    def __init__(self, text: bytes, attachments: tuple[bytes, ...] = ()) -> None:
        self.text, self.attachments = text, attachments
        self.frame = frame(text)
        if attachments:
            self.frame += b"".join(frame(attachment, WHOLE_BINARY) for attachment in attachments)

    def polled(self) -> list[str]:
        """Its Engine.IO packets as they stand in the answer to a poll."""
        return [self.text.decode(), *("b" + b64encode(attachment).decode() for attachment in self.attachments)]


class Codec:
    """The JSON module of python-socketio's packets: orjson, and the standard library for what orjson refuses.

    That is a lone surrogate, which is well-formed JSON: it must reach validation, and an answer may have to quote it.
    """

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        """The value as JSON text."""
        try:
            return orjson.dumps(value).decode()
        except orjson.JSONEncodeError:
            return json.dumps(value, separators=(",", ":"))

    @staticmethod
    def loads(text: str | bytes) -> Any:
        """The value in the JSON text; raises `ValueError` or `RecursionError`."""
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            if (b"\\u" if isinstance(text, bytes) else "\\u") not in text:  # type: ignore[operator]
                raise
            return json.loads(text, parse_constant=_no_constant)


class OtherPacket(socketio.packet.Packet):  # type: ignore[misc]
    """python-socketio's packet, with our JSON. internal: the decoder and the encoder read the class attribute."""

    json = Codec


def encode(kind: int, prefix: bytes, data: Any, id: int | None = None) -> Message:
    """A packet of the namespace with that prefix (`/lobby,`). data: the array of an event or ack; it may hold bytes."""
    try:
        body = orjson.dumps(data)
    except TypeError:  # bytes in it, or a lone surrogate
        return _encode_oddity(kind, prefix, data, id)
    return encoded(kind, prefix, body, id)


def encoded(kind: int, prefix: bytes, body: bytes, id: int | None = None) -> Message:
    """As `encode`, with data that is JSON already."""
    return Message(b"4%d%b%b%b" % (kind, prefix, b"" if id is None else b"%d" % id, body))


def _encode_oddity(kind: int, prefix: bytes, data: Any, id: int | None) -> Message:
    packet = OtherPacket(kind, data, prefix[:-1].decode(), id)
    parts = packet.encode()  # internal: one text, or a list of a text and its attachments
    text, *attachments = parts if isinstance(parts, list) else [parts]
    return Message(b"4" + text.encode(), tuple(attachments))


class Decoder:
    """Reads the packets of one connection, put together with their attachments."""

    __slots__ = ("_left", "_limit", "_waiting")

    def __init__(self, limit: int) -> None:
        """limit: most bytes of a packet's attachments together."""
        self._limit = self._left = limit
        self._waiting: OtherPacket | None = None

    def text(self, data: bytes) -> Packet | None:
        """The packet in a text, its Engine.IO type cut off; None while attachments are to come. Raises `MALFORMED`."""
        if self._waiting is not None:
            raise Malformed("text where an attachment belongs")
        kind = data[0] - 48
        if kind in {EVENT, ACK}:
            return _event_or_ack(kind, data)
        if data[0] not in _OF_CLIENTS:
            raise Malformed("not a packet of clients")
        packet = OtherPacket(encoded_packet=data.decode())  # internal: decoded by the constructor
        namespace = (packet.namespace or "/").removeprefix("/")
        if kind not in PLAIN_KINDS:
            return Packet(kind, namespace, packet.id, packet.data)
        if not 0 < packet.attachment_count <= MAX_ATTACHMENTS:
            raise Malformed("a wrong number of attachments")
        if packet.id is not None and packet.id >= 10**MAX_ID_DIGITS:
            raise Malformed("an ack id out of range")
        if sorted(_places(packet.data)) != list(range(packet.attachment_count)):
            raise Malformed("not one place for each attachment")
        self._waiting, self._left = packet, self._limit
        return None

    def attachment(self, data: bytes) -> Packet | None:
        """The packet that the attachment completes, if it does. Raises `MALFORMED`."""
        packet = self._waiting
        if packet is None:
            raise Malformed("an attachment of nothing")
        self._left -= len(data)
        if self._left < 0:
            raise Malformed("too much in the attachments")
        if not packet.add_attachment(data):  # internal: puts them in their places when the last is there
            return None
        self._waiting = None
        kind = PLAIN_KINDS[packet.packet_type]
        namespace = (packet.namespace or "/").removeprefix("/")
        return Packet(kind, namespace, packet.id, _checked(kind, packet.data))


def _places(data: Any) -> Iterator[Any]:
    """The numbers of the attachments that belong into the data."""
    if isinstance(data, list):
        for item in data:
            yield from _places(item)
    elif isinstance(data, dict):
        if data.get("_placeholder") and "num" in data:  # as python-socketio knows them
            yield data["num"]
        else:
            yield from _places(list(data.values()))


def _event_or_ack(kind: int, data: bytes) -> Packet:
    namespace, at = "", 1
    if data[1] == _SLASH:
        comma = data.index(b",")
        namespace, at = data[2:comma].partition(b"?")[0].decode(), comma + 1
    id = None
    if data[at] != _BRACKET:
        start = data.index(b"[", at)
        digits = data[at:start]
        if not digits.isdigit() or len(digits) > MAX_ID_DIGITS:
            raise Malformed("no ack id")
        id, at = int(digits), start
    return Packet(kind, namespace, id, _checked(kind, Codec.loads(data[at:])))


def _checked(kind: int, data: Any) -> Any:
    if not isinstance(data, list) or (kind == EVENT and not (data and isinstance(data[0], str))):
        raise Malformed("an event without a name")
    return data


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON")
