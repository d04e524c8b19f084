"""The servers a demo starts for itself: real processes that end with it, whatever happens."""

import asyncio
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from maoga.demo.balancer import balancer

START_LIMIT_S = 30.0
STOP_LIMIT_S = 20.0
POLL_S = 0.05

LISTENING = re.compile(r"listening on (http://[^\s\"]+)")


class ServerFailed(Exception):
    """A server did not start; the text ends with its log."""


class Server:
    """One `maoga serve`, logging JSON lines into a file. url: where it listens."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process, self._log = process, log
        self.url = ""

    async def wait_until_listening(self) -> None:
        """Returns when `url` is known; raises `ServerFailed`."""
        for _ in range(int(START_LIMIT_S / POLL_S)):
            if found := LISTENING.search(self._log.read_text(errors="replace")):
                self.url = found[1]
                return
            if self._process.returncode is not None:
                break
            await asyncio.sleep(POLL_S)
        raise ServerFailed(f"the server did not start:\n{self._log.read_text(errors='replace')[-3000:]}")

    async def stop(self) -> None:
        """Asks it to stop, and ends it by force when it does not."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def faults(self) -> list[str]:
        """After the stop: the errors it logged, and a bad end."""
        faults = [str(line["message"]) for line in self._lines() if line["level"] in {"ERROR", "CRITICAL"}]
        if self._process.returncode:
            faults.append(f"the server ended with {self._process.returncode}")
        return faults

    def _lines(self) -> list[dict[str, Any]]:
        lines = self._log.read_text(errors="replace").splitlines()
        return [orjson.loads(line) if line.startswith("{") else {"level": "ERROR", "message": line} for line in lines]


class Servers:
    """What the demo plays against. url: of the server, or of the balancer in front of several."""

    def __init__(self, url: str, members: list[Server]) -> None:
        self.url, self._members = url, members

    async def stop(self) -> None:
        """Stops them all."""
        await asyncio.gather(*(server.stop() for server in self._members))

    def faults(self) -> list[str]:
        """What went wrong in them, known after `stop`."""
        return [fault for server in self._members for fault in server.faults()]


@asynccontextmanager
async def started(instances: int, settings: Mapping[str, str]) -> AsyncIterator[Servers]:
    """So many servers with these settings (by variable), one data folder and one secret; raises `ServerFailed`."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="maoga-demo-")))
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MAOGA_")},
            "MAOGA_ENVIRONMENT": "development",
            "MAOGA_PORT": "0",
            "MAOGA_METRICS_PORT": "0",
            "MAOGA_VAR_DIR": str(folder),
            "MAOGA_SECRET_KEY": secrets.token_urlsafe(48),
            "MAOGA_LOG_FORMAT": "json",
            **settings,
        }
        members = []
        for number in range(instances):
            server = await _spawn(folder, f"demo-{number + 1}", env)
            stack.push_async_callback(server.stop)
            members.append(server)
        for server in members:
            await server.wait_until_listening()
        url = members[0].url
        if instances > 1:
            parts = [urlsplit(server.url) for server in members]
            addresses = [(str(part.hostname), part.port or 80) for part in parts]
            url = f"http://127.0.0.1:{await stack.enter_async_context(balancer(addresses))}"
        yield Servers(url, members)


async def _spawn(folder: Path, name: str, env: Mapping[str, str]) -> Server:
    log = folder / f"{name}.log"
    command = [sys.executable, "-m", "maoga", "serve"]
    if setpriv := shutil.which("setpriv"):  # the kernel ends the server with the demo, even one that is killed
        command = [setpriv, "--pdeathsig", "KILL", "--", *command]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,  # whose `.env` counts otherwise
            env={**env, "MAOGA_INSTANCE": name},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a Ctrl-C is the demo's, which then stops the server
        )
    return Server(process, log)
