"""WebSocket frames (RFC 6455): ours are built once for all who get them, those of clients are read strictly."""

from collections.abc import Iterator

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
CONTINUATION = 0x0
FIN = 0x80

WHOLE_TEXT, WHOLE_BINARY = FIN | TEXT, FIN | BINARY
"""The first byte of a message in one frame."""

MASKED = 0x80
RESERVED_BITS = 0x70
CONTROL = 0x08
MAX_CONTROL = 125

NORMAL, PROTOCOL_ERROR, POLICY, TOO_BIG = 1000, 1002, 1008, 1009
"""Close codes."""


class BrokenFrame(ValueError):
    """Bytes that are no frame a client may send. code: to close with."""

    def __init__(self, code: int = PROTOCOL_ERROR) -> None:
        super().__init__(code)
        self.code = code


def frame(payload: bytes, first_byte: int = WHOLE_TEXT) -> bytes:
    """A frame as servers send it, unmasked."""
    size = len(payload)
    if size < 126:
        return bytes((first_byte, size)) + payload
    if size < 65_536:
        return bytes((first_byte, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first_byte, 127)) + size.to_bytes(8, "big") + payload


def close_frame(code: int) -> bytes:
    """The frame that ends a WebSocket."""
    return frame(code.to_bytes(2, "big"), FIN | CLOSE)


class FrameReader:
    """Cuts what comes in into frames; keeps what belongs to the next one."""

    __slots__ = ("_limit", "_missing", "_rest")

    def __init__(self, limit: int) -> None:
        """limit: most bytes of one frame."""
        self._limit = limit
        self._rest: bytearray | None = None
        self._missing = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The first byte and the payload of each frame that is complete now; raises `BrokenFrame`.

        It reads on only as far as it is asked to, so a caller who has had enough just stops.
        """
        if self._rest is not None:
            self._rest += data
            if len(self._rest) < self._missing:
                return
            data, self._rest = bytes(self._rest), None
        at, size = 0, len(data)
        while size - at >= 2:
            first, length = data[at], data[at + 1]
            if first & RESERVED_BITS or not length & MASKED:
                raise BrokenFrame
            length ^= MASKED
            start = at + 6  # where the payload begins, behind the mask
            if length > MAX_CONTROL:
                if first & CONTROL:
                    raise BrokenFrame
                wide = 2 if length == 126 else 8
                start += wide
                length = int.from_bytes(data[at + 2 : at + 2 + wide], "big") if size >= at + 2 + wide else 0
            if length > self._limit:
                raise BrokenFrame(TOO_BIG)
            end = start + length
            if end > size:
                self._missing = end - at
                break
            yield first, _unmasked(data, start, end)
            at = end
        if at < size:
            self._rest = bytearray(data[at:] if at else data)
            self._missing = max(self._missing if size - at >= 2 else 0, 2)


def _unmasked(data: bytes, start: int, end: int) -> bytes:
    size = end - start
    mask = data[start - 4 : start] * ((size + 3) // 4)
    return (int.from_bytes(data[start:end], "big") ^ int.from_bytes(mask[:size], "big")).to_bytes(size, "big")
