"""The WebSocket of one connection, straight on its TCP transport: no task, no queue, no copy that can be spared."""

import asyncio
from typing import TYPE_CHECKING, ClassVar

from realtime.engine.client import Connection
from realtime.engine.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    NORMAL,
    PING,
    POLICY,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    WHOLE_BINARY,
    WHOLE_TEXT,
    BrokenFrame,
    FrameReader,
    close_frame,
    frame,
)
from realtime.engine.packets import Message

if TYPE_CHECKING:
    from realtime.engine.lines import Lines

MESSAGE = ord("4")
HEARTBEAT = frame(b"2")
WRITE_AT_ONCE = 64 * 1024
"""What is sent in one turn of the loop is written at its end, but no later than when it is so many bytes."""


class WebSocket(asyncio.Protocol):
    """A line over a WebSocket, from behind the handshake to its end.

    What is sent in one turn of the event loop is written at the end of it, together. What comes in is dealt with at
    once; nothing here awaits.
    """

    __slots__ = (
        "_backlog",
        "_beat",
        "_bytes",
        "_closing",
        "_drained",
        "_frames",
        "_kind",
        "_lines",
        "_parts",
        "_paused",
        "_reader",
        "_transport",
        "_unsent",
        "connection",
    )

    transport: ClassVar = "websocket"

    def __init__(self, lines: "Lines", transport: asyncio.Transport) -> None:
        self._lines, self._transport = lines, transport
        self._reader = FrameReader(lines.config.message_limit_bytes)
        self._frames = lines.config.bucket(lines.config.frames)
        self._bytes = lines.config.bucket(lines.config.frame_bytes)
        self.connection: Connection | None = None
        self._closing = self._paused = False
        self._unsent, self._backlog = b"", 0
        self._beat = 0  # odd while a heartbeat is not answered
        self._kind, self._parts = 0, b""  # of a message that comes in parts
        self._drained: asyncio.Future[None] | None = None

    def begin(self, opening: bytes) -> None:
        """Sends the bytes with which the WebSocket begins."""
        self._lines.open.add(self)
        self._put(opening)
        self._lines.to_ping.add(self)

    # Out.

    def send(self, message: Message) -> None:
        self._put(message.frame)

    def close(self, code: int = NORMAL) -> None:
        if not self._closing:
            # No Engine.IO CLOSE before it: python-socketio's client takes that for a word to stay away.
            self._put(close_frame(code))
            self._flush_and_part()

    def cut(self) -> None:
        self._closing = True
        self._transport.abort()

    async def drained(self) -> bool:
        self.flush()
        if self._paused and not self._closing:
            if self._drained is None:
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)
        return not self._closing

    def flush(self) -> None:
        """Writes what was sent. Called at the end of the turn."""
        data, self._unsent = self._unsent, b""
        if data and not (self._paused and self._is_too_slow(len(data))):
            self._transport.write(data)

    def ping(self) -> None:
        """Sends a heartbeat. Called when one is due."""
        if not self._closing:
            self._beat += 1
            self._put(HEARTBEAT)
            self._lines.to_pong.add((self, self._beat))

    def check_pong(self, beat: int) -> None:
        """Ends the line if that heartbeat was not answered. Called when its time is over."""
        if self._beat == beat and not self._closing:
            self._end("ping timeout")
            self.cut()

    def _put(self, data: bytes) -> None:
        if self._closing:
            return
        if self._unsent:
            self._unsent += data
            if len(self._unsent) > WRITE_AT_ONCE:
                self.flush()
        else:
            self._unsent = data
            self._lines.write_soon(self)

    def _is_too_slow(self, size: int) -> bool:
        """Whether the client has too much to read already; else so much more is noted."""
        if self._backlog > self._lines.config.outbox_bytes:
            self.evict()
            return True
        self._backlog += size
        self._lines.note_backlog(size)
        return False

    def pause_writing(self) -> None:
        self._paused = True
        self._backlog = self._transport.get_write_buffer_size()
        self._lines.slow.add(self)
        self._lines.note_backlog(self._backlog)

    def resume_writing(self) -> None:
        self._paused = False
        self._lines.slow.discard(self)
        self._lines.note_backlog(-self._backlog)
        self._backlog = 0
        if self._drained is not None:
            self._drained.set_result(None)
            self._drained = None

    def evict(self) -> None:
        """Cuts off a client that does not read, behind this turn: its rooms may be being written to."""
        if not self._closing:
            self._closing = True
            self._lines.metrics.evicted()
            asyncio.get_running_loop().call_soon(self._cut_off)

    @property
    def backlog(self) -> int:
        """Bytes that wait because the client does not read."""
        return self._backlog

    # In.

    def data_received(self, data: bytes) -> None:
        try:
            for first, payload in self._reader.feed(data):
                if self._closing:
                    if first & 0xF == CLOSE:
                        self._transport.close()
                        return
                elif self._floods(len(payload)):
                    self.refuse("flood", POLICY)
                elif first == WHOLE_TEXT and not self._kind:
                    self._take_text(payload)
                else:
                    self._take(first, payload)
        except BrokenFrame as error:
            self.refuse("frame", error.code)

    def eof_received(self) -> bool:
        self._lines.parting.add(self)  # the transport closes when all is written, which may be never
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._closing = True
        self._unsent = b""  # uvloop raises where somebody writes to a transport that is closed
        if self._paused:
            self.resume_writing()
        self._end("transport error" if error else "transport close")
        self._lines.over(self)

    def refuse(self, kind: str, code: int = PROTOCOL_ERROR) -> None:
        """Ends the line because of what the client sent: a `frame`, a `packet` or a `flood`."""
        if not self._closing:
            self._lines.metrics.malformed(kind)
            self._end("flood" if kind == "flood" else "malformed")
            self.close(code)

    def _floods(self, size: int) -> bool:
        frames, sizes = self._frames, self._bytes
        return frames is not None and sizes is not None and not (frames.take(1) and sizes.take(size))

    def _take(self, first: int, payload: bytes) -> None:
        """A frame that is not a whole text: another kind, or a part."""
        opcode = first & 0xF
        if opcode == CLOSE:
            self._end("transport close")
            self._put(close_frame(NORMAL))
            self.flush()
            self._closing = True
            self._transport.close()
            self._lines.parting.add(self)
        elif opcode == PING:
            self._put(frame(payload, FIN | PONG))
        elif opcode == PONG:
            pass
        elif first == WHOLE_BINARY and not self._kind:
            self._take_binary(payload)
        elif (opcode == CONTINUATION) is not bool(self._kind) or opcode not in {CONTINUATION, TEXT, BINARY}:
            raise BrokenFrame
        else:
            self._take_part(first, opcode, payload)

    def _take_part(self, first: int, opcode: int, payload: bytes) -> None:
        self._kind = self._kind or opcode
        self._parts += payload
        if len(self._parts) > self._lines.config.message_limit_bytes:
            raise BrokenFrame(TOO_BIG)
        if first & FIN:
            whole, kind = self._parts, self._kind
            self._kind, self._parts = 0, b""
            if kind == TEXT:
                self._take_text(whole)
            else:
                self._take_binary(whole)

    def _take_text(self, packet: bytes) -> None:
        connection = self.connection
        if connection is None:
            self.refuse("frame")
        elif packet[:1] == b"4":
            self._lines.listener.text(connection, packet[1:])
        elif packet == b"3":
            self._take_pong()
        elif packet == b"1":
            self._end("client disconnect")
            self.close()
        elif packet != b"6":
            self.refuse("frame")

    def _take_pong(self) -> None:
        if self._beat % 2:
            self._beat += 1
            self._lines.to_ping.add(self)

    def _take_binary(self, attachment: bytes) -> None:
        if self.connection is not None:
            self._lines.listener.binary(self.connection, attachment)

    # The end.

    def _cut_off(self) -> None:
        self._end("slow consumer")
        self._transport.abort()

    def _end(self, reason: str) -> None:
        """Tells, once, that the connection is over."""
        connection, self.connection = self.connection, None
        if connection is not None:
            self._lines.listener.closed(connection, reason)

    def _flush_and_part(self) -> None:
        self.flush()
        self._closing = True
        self.connection = None
        self._lines.parting.add(self)
