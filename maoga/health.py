"""What must be well in this process for it to be sent work, and what `/health` tells of it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from resource import getpagesize
from shutil import disk_usage
from typing import Any

from domain.core.errors import Unavailable
from domain.jobs.model import JOBS
from maoga.bootstrap import Core
from maoga.process import Process
from maoga.process_figures import CheckFigures, memory_limit
from maoga.settings import Settings
from realtime.metrics import Metrics
from rest.health import Check, Health

MOST_LAG_S = 2.0
"""A loop that is later than this answers nobody in time."""


def health_of(core: Core, process: Process, metrics: Metrics, figures: CheckFigures) -> Health:
    """The health of a process with that role."""

    async def loop() -> None:
        if metrics.lag_s > MOST_LAG_S:
            raise Unavailable(f"The event loop is {metrics.lag_s:.1f} s late.")

    async def drain() -> None:
        if process.stopping:
            raise Unavailable("The process is stopping.")

    checks: dict[str, Check] = {"database": core.database.ping, "redis": core.ping_redis, "loop": loop, "drain": drain}
    if core.settings.role != "worker":
        checks["subscription"] = core.streams.ready
    return Health(checks, partial(vitals, core), on_check=figures.checked)


async def vitals(core: Core) -> Mapping[str, Any]:
    """Memory, storage and queue."""
    jobs = core.database.collection(JOBS)
    return {
        "memory": {"residentBytes": resident_bytes(), "limitBytes": memory_limit()},
        "storage": storage_of(core.settings),
        "queue": {status: await jobs.count({"status": status}) for status in ("waiting", "running", "dead")},
    }


def resident_bytes() -> int:
    """Memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()


def storage_of(settings: Settings) -> dict[str, Any]:
    """Where data is kept, and the room on this machine's disk."""
    return {
        "database": "sqlite" if settings.sqlite else "mongodb",
        "redis": "memory" if settings.redis_in_process else "redis",
        "diskFreeBytes": disk_usage(settings.var_dir).free if settings.var_dir.exists() else None,
    }
