"""What the server tells a client."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

D = TypeVar("D")
D_co = TypeVar("D_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Event(Generic[D_co]):
    """What the server told. meta: `{stream, seq, epoch, at}`; empty when the client learned it by asking."""

    namespace: str
    name: str
    data: D_co
    meta: dict[str, Any]


Callback = Callable[[Event[D]], object]
"""Is called with an event."""

Predicate = Callable[[D], object]
"""Says whether an event with such data is meant."""
