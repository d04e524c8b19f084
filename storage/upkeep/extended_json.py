"""Documents as JSON lines that keep every type: MongoDB's extended JSON, as its own tools read it.

Integers, floats, text, booleans and null are JSON's. A moment is `{"$date": "2026-01-31T18:30:00.000Z"}`, and an
integer that MongoDB keeps in 64 bits though 32 would do is `{"$numberLong": "7"}`. No stored key begins with `$`, so
nothing else can look so.
"""

from datetime import datetime
from typing import Any

import orjson

from storage.documents.sql import moment_text

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS


def encoded(value: Any) -> bytes:
    """The value as one line, without its end. Two values have the same line just when they are the same, types too
    (and fields stand in the same order)."""
    return orjson.dumps(value, _encoded, _OPTIONS)


def decoded(line: bytes) -> Any:
    """The value of a line; raises `ValueError` for what is not of ours."""
    value = orjson.loads(line)
    return _decoded(value) if b'{"$' in line else value


def _encoded(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"$date": moment_text(value)}
    if isinstance(value, int):  # PyMongo's Int64, which is a kind of int
        return {"$numberLong": str(int(value))}
    raise TypeError(f"{type(value).__name__} is no type of Maoga's documents")


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$date": str(moment), **rest} if not rest:
            return datetime.fromisoformat(moment)
        case {"$numberLong": str(number), **rest} if not rest:
            from bson.int64 import Int64  # only MongoDB writes them

            return Int64(number)
    if unknown := next((key for key in value if key.startswith("$")), None):
        raise ValueError(f"{unknown} is no type of Maoga's documents")
    return {key: _decoded(item) for key, item in value.items()}
