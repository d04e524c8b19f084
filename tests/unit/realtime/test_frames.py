"""WebSocket frames: whatever pieces they come in, whole and unmasked they come out; and nothing else does."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.engine.frames import FIN, PING, TOO_BIG, WHOLE_BINARY, WHOLE_TEXT, BrokenFrame, FrameReader, frame

LIMIT = 100_000


def masked(first: int, payload: bytes, mask: bytes = b"\x01\x02\xf3\x04") -> bytes:
    """A frame as clients send it, written down after RFC 6455, section 5.2."""
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65_536:
        head = bytes((first, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


sizes = st.sampled_from([0, 1, 2, 125, 126, 127, 1000, 65_535, 65_536, 70_000])
frames = st.lists(
    st.tuples(st.sampled_from([WHOLE_TEXT, WHOLE_BINARY, 0x01, FIN]), sizes, st.binary(min_size=4, max_size=4)),
    min_size=1,
    max_size=6,
)


@given(frames=frames, cuts=st.lists(st.integers(0, 400_000), max_size=12))
def test_frames_come_out_as_they_were_however_they_are_cut(
    frames: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    """The network may split and join them anywhere."""
    sent = [(first, bytes(index % 251 for index in range(size))) for first, size, _ in frames]
    wire = b"".join(masked(first, payload, mask) for (first, payload), (_, _, mask) in zip(sent, frames, strict=True))
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    reader = FrameReader(LIMIT)
    received = [found for start, end in itertools.pairwise(edges) for found in reader.feed(wire[start:end])]
    assert received == sent


def test_frames_come_out_byte_by_byte() -> None:
    """The slowest network there is."""
    wire = masked(WHOLE_TEXT, b"x" * 300) + masked(WHOLE_TEXT, b"y")
    reader = FrameReader(LIMIT)
    received = [found for index in range(len(wire)) for found in reader.feed(wire[index : index + 1])]
    assert received == [(WHOLE_TEXT, b"x" * 300), (WHOLE_TEXT, b"y")]


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (b"\xc1\x80" + b"\0" * 4, 1002),  # a reserved bit: compression was never agreed on
        (b"\x81\x05hello", 1002),  # not masked
        (masked(FIN | PING, b"x" * 126), 1002),  # a control frame that is too long
        (b"\x81\xff" + (2**63 - 1).to_bytes(8, "big"), TOO_BIG),
        (b"\x81\xff" + (LIMIT + 1).to_bytes(8, "big"), TOO_BIG),
    ],
)
def test_what_no_client_may_send_is_refused_as_soon_as_it_shows(wire: bytes, code: int) -> None:
    """From the header alone: nobody waits for two exabytes."""
    with pytest.raises(BrokenFrame) as refusal:
        list(FrameReader(LIMIT).feed(wire))
    assert refusal.value.code == code


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_our_frames_are_read_by_others(size: int) -> None:
    """By the length fields of RFC 6455; that browsers read them, the conformance tests show."""
    made = frame(b"x" * size)
    assert made.endswith(b"x" * size)
    head = made[: len(made) - size]
    assert head[0] == WHOLE_TEXT
    length = head[1] if head[1] < 126 else int.from_bytes(head[2:], "big")
    assert (length, len(head)) == (size, 2 if size < 126 else 4 if size < 65_536 else 10)
