"""What travels on a stream: `<header>\\n"<name>",<data>`, made once and passed on without being decoded.

The header is empty for nearly every event. Otherwise it is JSON: `{"join": [users], "leave": [users]}` of a durable
event, besides `"trace"` where spans are kept; or `{"event": [stream, epoch, seq, at]}` of a notice, whose body is the
packet of that event, or `{"review": true}` of a notice without a body, by which clients look anew at what they follow.
A transient packet carries its meta behind its data; a durable one gets it where it arrives, with the place it was
given.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from domain.core.events import Outgoing
from domain.core.ids import UserId
from domain.core.streams import Entry, Position
from realtime.events import from_ms


@dataclass(frozen=True, slots=True)
class Invitation:
    """An event that lets the receiver of a notice join its stream."""

    stream: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Header:
    """Who follows the stream from the event on, and who no longer after it. The rest: what a notice brings.

    trace: the span in which the event was published, as a `traceparent`.
    """

    join: tuple[UserId, ...] = ()
    leave: tuple[UserId, ...] = ()
    trace: str | None = None
    invitation: Invitation | None = None
    review: bool = False


NOTHING = Header()


def durable(event: Outgoing, trace: str | None = None) -> bytes:
    """The packet of a durable event. trace: the span in which it is published, as a `traceparent`."""
    fields: dict[str, Any] = {"join": event.join, "leave": event.leave} if event.join or event.leave else {}
    if trace:
        fields["trace"] = trace
    header = orjson.dumps(fields) if fields else b""
    return b"%b\n%b,%b" % (header, orjson.dumps(event.name), orjson.dumps(event.data))


def transient(stream: str, name: str, data: bytes, at_ms: int) -> bytes:
    """The packet of a transient event of that moment; its data is JSON already."""
    return b'\n"%b",%b,{"stream":"%b","at":"%b"}' % (name.encode(), data, stream.encode(), _moment(at_ms))


def notice(stream: str, position: Position, packet: bytes) -> bytes:
    """The packet that brings an event to the instances of a user who joins by it."""
    return b"%b\n%b" % (orjson.dumps({"event": [stream, position.epoch, position.seq, position.at]}), packet)


def review() -> bytes:
    """The packet by which those who follow a stream look anew at what they follow."""
    return b'{"review":true}\n'


def opened(packet: bytes) -> tuple[Header, bytes]:
    """The header of a packet and the body behind it; raises `ValueError` or `LookupError` when it is none of ours."""
    header, _, body = packet.partition(b"\n")
    return _header(orjson.loads(header), body) if header else NOTHING, body


def name_of(body: bytes) -> str:
    """The event's name."""
    return body[1 : body.index(b'"', 1)].decode()


def transient_payload(body: bytes) -> bytes:
    """`["name",data,meta]` as clients get it."""
    return b"[%b]" % body


def durable_payload(stream: str, position: Position, body: bytes) -> bytes:
    """`["name",data,meta]` as clients get it."""
    return b'[%b,{"stream":%b,"seq":%d,"epoch":"%b","at":"%b"}]' % (
        body,
        orjson.dumps(stream),
        position.seq,
        position.epoch.encode(),
        _moment(position.at),
    )


def namespace_of(stream: str) -> str:
    """The namespace a stream belongs to: what stands before its first colon."""
    return stream.partition(":")[0]


def own_stream(stream: str, user: UserId) -> str:
    """The user's own stream in the namespace of another one."""
    return f"{namespace_of(stream)}:user:{user}"


def _header(fields: dict[str, Any], body: bytes) -> Header:
    if place := fields.get("event"):
        stream, *position = place
        return Header(invitation=Invitation(stream, Entry(Position(*position), body)))
    joining, leaving = (_users(fields.get(who, ())) for who in ("join", "leave"))
    return Header(joining, leaving, fields.get("trace"), review=fields.get("review", False))


def _users(ids: Iterable[str]) -> tuple[UserId, ...]:
    return tuple(map(UserId, ids))


@lru_cache(maxsize=256)
def _moment(unix_ms: int) -> bytes:
    return from_ms(unix_ms).strftime("%Y-%m-%dT%H:%M:%S.").encode() + b"%03dZ" % (unix_ms % 1000)
