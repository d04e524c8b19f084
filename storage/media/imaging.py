"""Draws images anew in child processes, one each (`imaging_child.py`)."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import orjson

from domain.core.images import CONTENT_TYPES, ImageRefused, Picture

CHILD = Path(__file__).with_name("imaging_child.py")
AT_ONCE = 2
"""Children of this process. Each may take a core, and a gibibyte."""

LIMIT_S = 30.0


class ChildImaging:
    """Draws every image in a process of its own, which knows no secret and can be killed."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def draw(self, data: bytes, most_side: int) -> Picture:
        async with self._turns:
            output = await _run(data, most_side)
        head, _, drawn = output.partition(b"\n")
        if not head:  # it died
            raise ImageRefused("broken")
        told = orjson.loads(head)
        if "refused" in told:
            raise ImageRefused(told["refused"])
        if told["contentType"] not in CONTENT_TYPES:  # a child that a stranger's bytes took over says what it likes
            raise ImageRefused("broken")
        return Picture(drawn, told["contentType"], told["width"], told["height"])


async def _run(data: bytes, most_side: int) -> bytes:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(CHILD), str(most_side)), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            output, _ = await child.communicate(data)
    except TimeoutError:
        raise ImageRefused("broken") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return output if child.returncode == 0 else b""
