"""What a process finds out about itself, besides its storage."""

import asyncio
from pathlib import Path

from prometheus_client import CollectorRegistry

from maoga.health import health_of
from maoga.process import Process
from maoga.process_figures import CheckFigures
from realtime.metrics import Metrics
from rest.health import Health
from tests.support.cores import a_core


async def test_a_late_loop_and_a_stop_make_it_unready(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    process, metrics, figures = Process(), Metrics(registry), CheckFigures(registry)
    async with a_core(tmp_path) as core:

        async def failing() -> list[str]:
            health = health_of(core, process, metrics, figures)  # a new one: outcomes are kept for a second
            return [name for name in await health.failing() if name != "subscription"]

        assert await failing() == []
        metrics.lag_s = 3
        assert await failing() == ["loop"]
        assert registry.get_sample_value("maoga_check_up", {"check": "loop"}) == 0
        process.stop()
        assert await failing() == ["loop", "drain"]
        assert registry.get_sample_value("maoga_check_up", {"check": "database"}) == 1


async def test_many_who_ask_cost_one_look() -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1

    health = Health({"database": look})
    await asyncio.gather(*(health.failing() for _ in range(50)))
    assert looks == 1
