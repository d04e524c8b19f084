"""Runs the load generator and reads what it has measured."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench.harness.build import LOAD
from bench.harness.servers import Instance

LIMIT_S = 600.0
STOP_LIMIT_S = 5.0

Phase = dict[str, Any]
"""What a phase measured, by the names in bench/load/phases.c."""


class LoadFailed(Exception):
    """The clients did not come up or were thrown out; the text says how."""


def load(instances: Sequence[Instance], **options: Any) -> dict[str, Phase]:
    """Puts a load on the instances; the phases by name. options: those of the generator, `_` for `-`."""
    try:
        done = subprocess.run(
            _command(instances, options), capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"the load took more than {LIMIT_S:.0f} s") from None
    if done.returncode:
        raise LoadFailed(done.stderr.strip()[-1000:] or f"the generator ended with {done.returncode}")
    phases = [json.loads(line) for line in done.stdout.splitlines()]
    return {phase["phase"]: phase for phase in phases}


@contextmanager
def loading(instances: Sequence[Instance], **options: Any) -> Iterator[None]:
    """Puts a load on the instances while the block runs; it begins when all clients are connected."""
    process = subprocess.Popen(_command(instances, options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stderr
        if not process.stdout.readline():
            raise LoadFailed(process.stderr.read().strip()[-1000:])
        yield
    finally:
        process.terminate()
        process.communicate(timeout=STOP_LIMIT_S)


def _command(instances: Sequence[Instance], options: dict[str, Any]) -> list[str]:
    command = [str(LOAD), "--ports", _list(i.port for i in instances), "--pids", _list(i.pid for i in instances)]
    for name, value in options.items():
        if value is None or value is False:
            continue
        command.append(f"--{name.replace('_', '-')}")
        if value is not True:
            command.append(str(value))
    return command


def _list(values: Iterator[int]) -> str:
    return ",".join(map(str, values))
