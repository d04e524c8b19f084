"""`python -m tests.faults.stepping_clock serve`: Maoga on a machine whose clock steps. For it knows no other clock.

SIGUSR1 steps it ahead by `STEP_S`, SIGUSR2 back, and SIGHUP sets it right again. Timers, and the clocks of Redis and
MongoDB, go on as they were: it is one machine's clock that steps.
"""

import signal
import time
from datetime import datetime, timedelta

from domain.core.clock import SystemClock
from maoga.__main__ import main

STEP_S = 300.0
STEPS = {signal.SIGUSR1: STEP_S, signal.SIGUSR2: -STEP_S, signal.SIGHUP: 0.0}

_true_now, _true_time = SystemClock.now, time.time
_offset_s = 0.0


def _step(number: int, _: object) -> None:
    global _offset_s  # noqa: PLW0603 -- a machine has one clock
    _offset_s = STEPS[signal.Signals(number)]


def _now(clock: SystemClock) -> datetime:
    return _true_now(clock) + timedelta(seconds=_offset_s)


if __name__ == "__main__":
    for number in STEPS:
        signal.signal(number, _step)
    SystemClock.now = _now  # type: ignore[assignment, method-assign]
    time.time = lambda: _true_time() + _offset_s
    main()
