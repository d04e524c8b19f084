"""Fault points: named places between two steps at which a test may kill the process. Unarmed, they do nothing."""

import os
import signal

_armed: str | None = None


def arm(name: str | None) -> None:
    """Makes this process die, as by `kill -9`, when it reaches the fault point of that name."""
    global _armed  # noqa: PLW0603 - one per process, set once at start by the composition root
    _armed = name


def fault_point(name: str) -> None:
    """Dies here if the point is armed."""
    if name == _armed:
        os.kill(os.getpid(), signal.SIGKILL)
