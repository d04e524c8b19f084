"""What the work at hand belongs to: the request or event it began with, and the job it is, for every log line of it.

And its spans, where somebody collects them: how long each part took, and which part it belongs to, on all instances.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Literal, Protocol, Self

_IDS: ContextVar[Mapping[str, str]] = ContextVar("trace", default={})  # noqa: B039 - nobody can change it

SpanKind = Literal["server", "consumer"]
Attributes = Mapping[str, str | int]


@contextmanager
def tracing(**ids: str | None) -> Iterator[None]:
    """Adds ids, as `request` or `job`, to those of what is inside; None adds nothing."""
    token = _IDS.set({**_IDS.get(), **{name: id for name, id in ids.items() if id is not None}})
    try:
        yield
    finally:
        _IDS.reset(token)


def ids() -> Mapping[str, str]:
    """The ids of the work at hand, by what they are of."""
    return _IDS.get()


def request_id() -> str | None:
    """The request or event that the work at hand began with, whichever process it came to."""
    return _IDS.get().get("request")


class Span:
    """A part of a trace, from entering it to leaving it. What raises out of it fails it. This one is kept nowhere."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def set(self, name: str, value: str | int) -> None:
        """Adds an attribute, or changes it."""

    def fail(self, code: str) -> None:
        """It went wrong in a way that somebody should look at."""


class Tracer(Protocol):
    """Keeps spans. A port."""

    def span(self, name: str, kind: SpanKind, parent: str | None, attributes: Attributes) -> Span:
        """A span within the present one, or within the `traceparent` (W3C Trace Context) that came from elsewhere."""
        ...

    def parent(self) -> str | None:
        """The present span as a `traceparent`, None without one."""
        ...


NOWHERE = Span()
"""Of what is not worth one."""

_tracer: Tracer | None = None


def keep_spans(tracer: Tracer | None) -> None:
    """Has all spans of this process kept from now on, or none."""
    global _tracer  # noqa: PLW0603 - it is set once, before the first request, and read everywhere
    _tracer = tracer


def span(name: str, kind: SpanKind, attributes: Attributes, parent: str | None = None) -> Span:
    """What is inside, as a span. The attributes' names are OpenTelemetry's; none of them may say who somebody is."""
    return _tracer.span(name, kind, parent, attributes) if _tracer else NOWHERE


def parent() -> str | None:
    """The present span for those who go on elsewhere; None without one, as ever when no spans are kept."""
    return _tracer.parent() if _tracer else None
