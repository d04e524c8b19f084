"""One item that fails must not keep the others waiting: sweeps and ticks handle each on its own."""

from collections.abc import Awaitable, Callable

from domain.core.errors import Unavailable

Report = Callable[[str, Exception], None]
"""Is told what could not be done, and why."""


async def isolated(report: Report, what: str, work: Awaitable[object]) -> None:
    """Awaits `work`; what it raises is reported, except `Unavailable`, which all the others would meet as well."""
    try:
        await work
    except Unavailable:
        raise
    except Exception as error:
        report(what, error)
