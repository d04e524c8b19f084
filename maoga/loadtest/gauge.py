"""What the load costs: this process, and servers on this machine."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any, NoReturn

from maoga.loadtest.figures import Times

EVERY_S = 0.05

LAGGING_MS = 50.0
BUSY = 0.85


class Generator:
    """Watches this process. Times are true only while it is on time itself."""

    def __init__(self) -> None:
        self.lag = Times()
        self._began, self._cpu = time.perf_counter(), time.process_time()
        self._wall_s = self._cpu_s = 0.0

    async def watch(self) -> NoReturn:
        """Measures for ever how late the event loop is."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(EVERY_S)
            self.lag.add(max(0.0, (time.perf_counter() - began - EVERY_S) * 1000))

    def stop(self) -> None:
        """Play is over."""
        self._wall_s, self._cpu_s = time.perf_counter() - self._began, time.process_time() - self._cpu

    @property
    def limiting(self) -> bool:
        """Whether it was too late or too busy to tell how fast the servers are."""
        late = self.lag.percentile(0.99)
        return self._busy > BUSY or (late is not None and late > LAGGING_MS)

    @property
    def _busy(self) -> float:
        return self._cpu_s / self._wall_s if self._wall_s else 0.0

    def wire(self) -> dict[str, Any]:
        """As JSON. cpu: the part of one core that it used."""
        return {"cpu": round(self._busy, 3), "loopLagMs": self.lag.wire(), "limiting": self.limiting}


class ServerProcess:
    """A process of a server on this machine (Linux); raises OSError when there is no such process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._cpu_s, self._rss = self._cpu(), self._memory()
        self._end: tuple[float, int] = (0.0, 0)

    def stop(self) -> None:
        """Play is over; its players are still there."""
        self._end = (self._cpu() - self._cpu_s, self._memory())

    def wire(self) -> dict[str, Any]:
        """As JSON. cpuSeconds: of the play; rssBytes: before the first player, and with the last."""
        cpu_s, rss = self._end
        return {"pid": self.pid, "cpuSeconds": round(cpu_s, 2), "rssBytes": {"before": self._rss, "after": rss}}

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _memory(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
