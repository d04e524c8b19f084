"""The servers that are compared. Each instance has the servers' CPU and ends with the block that started it."""

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.harness.build import BASELINES, BROADCAST_SERVER, NODE_MODULES
from tests.support.services import free_port, spawn

START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0


class CannotStart(Exception):
    """A server did not come up; the text is the end of its log."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A running server process."""

    pid: int
    port: int
    metrics_port: int


@dataclass(frozen=True, slots=True)
class Site:
    """What an instance is given. redis_url, database_url: None stands for none, or for what it embeds."""

    port: int
    metrics_port: int
    folder: Path
    redis_url: str | None = None
    database_url: str | None = None


@dataclass(frozen=True, slots=True)
class Contender:
    """A kind of server. key: its name in JSON. command: how to start it. env: variables besides ours."""

    key: str
    title: str
    command: Callable[[Site], list[str]]
    env: Callable[[Site], dict[str, str]] = field(default=lambda _: {})
    health: str | None = None


def _maoga_env(site: Site) -> dict[str, str]:
    """The production path with all its checks; limits are counted, but set where no load reaches them."""
    return {
        "MAOGA_BENCH": "1",
        "MAOGA_RATE_LIMIT_SCALE": "1000",
        "MAOGA_PORT": str(site.port),
        "MAOGA_METRICS_PORT": str(site.metrics_port),
        "MAOGA_VAR_DIR": str(site.folder),
        "MAOGA_DATABASE_URL": site.database_url or f"sqlite:///{site.folder}/maoga.db",
        "MAOGA_REDIS_URL": site.redis_url or "memory://",
        "MAOGA_LOG_LEVEL": "WARNING",
        "MAOGA_ACCESS_TOKEN_S": "86400",
    }


def _node_command(site: Site) -> list[str]:
    return ["node", str(BASELINES / "node_server.js"), str(site.port), *([site.redis_url] if site.redis_url else [])]


def _stock_command(site: Site) -> list[str]:
    return [sys.executable, str(BASELINES / "stock_server.py"), str(site.port)]


MAOGA = Contender(
    "maoga",
    "Maoga",
    lambda _: [str(Path(sys.executable).with_name("maoga")), "serve"],
    _maoga_env,
    health="/health/ready",
)
NODE = Contender("node", "Node", _node_command, lambda _: {"NODE_PATH": str(NODE_MODULES)})
STOCK = Contender("stock", "stock", _stock_command)
STOCK_GC = Contender("stock_gc", "stock, tuned GC", lambda site: [*_stock_command(site), "--tuned-gc"])
C = Contender("c", "C", lambda site: [str(BROADCAST_SERVER), str(site.port)])

CONTENDERS = (NODE, MAOGA, STOCK, STOCK_GC, C)
"""Node first: the rate of the open loops comes from its first run."""


@contextmanager
def running(
    contender: Contender, cpu: int, redis_urls: Sequence[str | None] = (None,), database_url: str | None = None
) -> Iterator[list[Instance]]:
    """Instances of it on that CPU, all serving: one for each Redis URL."""
    with ExitStack() as stack:
        yield [stack.enter_context(_instance(contender, cpu, url, database_url)) for url in redis_urls]


@contextmanager
def _instance(contender: Contender, cpu: int, redis_url: str | None, database_url: str | None) -> Iterator[Instance]:
    with tempfile.TemporaryDirectory(prefix="maoga-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        site = Site(free_port(), free_port(), folder, redis_url, database_url)
        # taskset becomes the command, which so keeps the pid; setting the CPU from outside could miss early threads.
        command = ["taskset", "--cpu-list", str(cpu), *contender.command(site)]
        process = spawn(command, folder / "log", contender.env(site))
        try:
            _wait_until_serving(contender, process, site)
            yield Instance(process.pid, site.port, site.metrics_port)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_serving(contender: Contender, process: subprocess.Popen[bytes], site: Site) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            if contender.health:
                urllib.request.urlopen(f"http://127.0.0.1:{site.port}{contender.health}", timeout=5).close()
            else:
                socket.create_connection(("127.0.0.1", site.port), timeout=5).close()
            return
        time.sleep(0.05)
    log = (site.folder / "log").read_text(errors="replace")[-1500:]
    raise CannotStart(f"{contender.title} did not start:\n{log}")
