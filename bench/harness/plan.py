"""How long and how often to measure, and what to tell while doing so."""

import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench.harness.machine import Cpus
from bench.harness.servers import Contender

Result = dict[str, Any]
"""What a workload found, as it goes into the JSON."""

MOST_WAITED = 0.05
"""Share of the time for which a server may wait for its CPU before its figures are doubted."""


@dataclass(frozen=True, slots=True)
class Plan:
    """runs: of each server. seconds: a phase is measured. idle_s: longer than the servers' 25 s between heartbeats.

    connections: idle ones held. closed: of them, ended at once. contenders: those that can be had.
    """

    cpus: Cpus
    contenders: tuple[Contender, ...]
    runs: int = 3
    warm_s: float = 2
    seconds: float = 5
    idle_s: float = 30
    connections: int = 10_000
    closed: int = 5_000


def median(values: Iterable[float | None]) -> float | None:
    """Of those there are; None when there are none."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """None when one of the two is missing."""
    return round(ours / theirs, 2) if ours and theirs else None


def say(text: str) -> None:
    """Tells who waits how far it is."""
    print(text, file=sys.stderr, flush=True)


def warn_if_disturbed(title: str, *phases: dict[str, Any]) -> None:
    """Tells when a server had to wait for its CPU: such a run says something about the machine."""
    waited = max(phase["server_waited"] for phase in phases)
    if waited > MOST_WAITED:
        say(f"{title}: DISTURBED, others had its CPU for {waited:.0%} of the time")
