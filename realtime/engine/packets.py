"""What comes over the wire: strict about its shape, so that nothing odd travels further than this file."""

import json
from typing import Any, NoReturn

import orjson
import socketio.packet
from socketio.packet import ACK, BINARY_ACK, BINARY_EVENT, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT

__all__ = ["ACK", "BINARY_ACK", "BINARY_EVENT", "CONNECT", "CONNECT_ERROR", "DISCONNECT", "EVENT", "Packet"]

RESERVED_EVENTS = frozenset({"connect", "connect_error", "disconnect"})
"""Names that mean something to Socket.IO itself; a client may not send them as events."""

MAX_ATTACHMENTS = 4
MAX_ACK_ID = 2**53

_SHORT_FRAMES = frozenset({"1", "3", "5", "6", "2probe", "3probe"})
_SOCKET_IO_TYPES = frozenset("0123456")

MALFORMED = (ValueError, TypeError, LookupError, RecursionError)
"""What the stock decoders raise on garbage."""


class Malformed(ValueError):
    """A frame no correct client sends."""


class Codec:
    """The JSON module of the packets: orjson, and the standard library for what orjson refuses.

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
    def loads(text: str) -> Any:
        """The value in the JSON text; raises `ValueError` or `RecursionError`."""
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            if "\\u" not in text:
                raise
            return json.loads(text, parse_constant=_no_constant)


class Packet(socketio.packet.Packet):  # type: ignore[misc]
    """A Socket.IO packet whose decoder accepts only what the protocol and this server's contract know.

    Events carry JSON only. One with binary attachments is read to its end, for it may want an answer, but the
    attachments are dropped and its arguments become one that no command accepts.
    """

    json = Codec  # internal: the decoder and the encoder read the class attribute
    data: Any

    def decode(self, encoded_packet: Any) -> int:  # internal: called by the constructor, returns the attachment count
        if not isinstance(encoded_packet, str) or encoded_packet[:1] not in _SOCKET_IO_TYPES:
            raise Malformed("not a Socket.IO packet")
        count = int(super().decode(encoded_packet))
        binary = self.packet_type in {BINARY_EVENT, BINARY_ACK}
        if binary != (count > 0) or count > MAX_ATTACHMENTS:
            raise Malformed("a wrong number of attachments")
        if self.id is not None and self.id > MAX_ACK_ID:
            raise Malformed("an ack id out of range")
        if self.packet_type in {EVENT, BINARY_EVENT} and not _is_event(self.data):
            raise Malformed("an event without a name")
        return count

    def add_attachment(self, attachment: Any) -> bool:
        """Takes one attachment; True when it was the last."""
        if not isinstance(attachment, bytes):
            raise Malformed("text where an attachment belongs")
        self.attachments.append(b"")
        if len(self.attachments) < self.attachment_count:
            return False
        self.data = [*self.data[:1], b""]
        return True


def check_frame(frame: Any) -> None:
    """Raises `Malformed` unless Engine.IO's decoder may see this WebSocket message."""
    if isinstance(frame, bytes) or frame in _SHORT_FRAMES:
        return
    if not isinstance(frame, str) or frame[:1] != "4" or frame[1:2] not in _SOCKET_IO_TYPES:
        raise Malformed("not an Engine.IO packet")


def _is_event(data: Any) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str)


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON")
