"""The machine: which CPU does what, and what stands in the head of a report."""

import os
import platform
import resource
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cpus:
    """server: the CPU that the servers share. load: the one for the generator, Redis, MongoDB and this process."""

    server: int
    load: int


def take_cpus() -> Cpus:
    """Moves this process, and with it what it starts, off the CPU that the servers will have."""
    usable = sorted(os.sched_getaffinity(0))
    cpus = Cpus(server=usable[0], load=usable[-1])
    os.sched_setaffinity(0, {cpus.load})
    return cpus


def forget_settings(folder: Path) -> None:
    """Lets no setting of the developer's own, nor a `.env` file, reach a server that is measured."""
    for name in [name for name in os.environ if name.startswith("MAOGA_")]:
        del os.environ[name]
    os.chdir(folder)


def raise_file_limit() -> int:
    """Allows this process, and what it starts, as many open files as the system permits; their number."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def describe(node_version: str | None) -> str:
    """CPU, system and versions, in one line."""
    parts = [
        f"{_cpu_model()}, {os.cpu_count()} CPUs",
        f"Linux {platform.release()}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("python-socketio", "aiohttp", "uvloop")),
    ]
    if node_version:
        parts.append(f"Node {node_version}")
    return ", ".join(parts)


def output_of(*command: str) -> str | None:
    """What a short command prints, stripped; None when it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
