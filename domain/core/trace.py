"""What the work at hand belongs to: the request or event it began with, and the job it is, for every log line of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_IDS: ContextVar[Mapping[str, str]] = ContextVar("trace", default={})  # noqa: B039 - nobody can change it


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
