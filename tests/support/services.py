"""Real servers for tests: each runs on its own loopback port and folder, and ends with the block that started it.

Nothing here is shared between processes, so parallel test workers never meet. A server also dies with its parent, so
an interrupted test run leaves no process behind.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import redis
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

ROOT = Path(__file__).parents[2]
MONGOD = ROOT / ".cache/mongod/fiftyone/db/bin/mongod"
REPLICA_SET = "maoga"

START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0

# Below the range that the kernel takes source ports from: a restart must find its port still free.
PORTS = range(10_000, 32_000)


class ServiceMissing(Exception):
    """A server's program is not installed; the text says which make target installs it."""


class Server:
    """A server process owned by the caller.

    Its port and data outlive the process, so that a fault test can `kill()` or `stop()` it and `restart()` it.
    """

    def __init__(
        self, scheme: str, folder: Path, command: Callable[[int, Path], list[str]], is_ready: Callable[[int], bool]
    ) -> None:
        self.port = free_port()
        self.url = f"{scheme}://127.0.0.1:{self.port}/"
        self._log = folder / "log"
        self._command = command(self.port, folder)
        self._is_ready = is_ready
        self.process = spawn(self._command, self._log)

    def wait_until_ready(self) -> None:
        """Returns when the server serves; raises `RuntimeError` with the end of its log when it does not."""
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._command} did not start:\n{self.log()[-3000:]}")
            if self._is_ready(self.port):
                return
            time.sleep(0.02)

    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """Ends the process in its own orderly way, or by force when that takes too long."""
        self.resume()
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends the process at once, as a crash would."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """Freezes the process: its connections stay open and nothing answers. Returns when it stands still."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Lets a paused process go on."""
        self.process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Starts the process again on the same port and data, stopping it first if it still runs."""
        self.stop()
        self.process = spawn(self._command, self._log)
        self.wait_until_ready()


@contextmanager
def mongod() -> Iterator[Server]:
    """A MongoDB replica set of one node, with its primary elected: transactions and change streams work."""
    if not MONGOD.exists():
        raise ServiceMissing(f"mongod is missing ({MONGOD}): `make setup-servers` installs it")
    with serving("mongodb", mongod_command, primary_answers) as server:
        server.url += f"?replicaSet={REPLICA_SET}"
        yield server


@contextmanager
def mongod_set(priorities: Sequence[float]) -> Iterator[list[Server]]:
    """A MongoDB replica set with a member for each priority, the first of which is primary."""
    with ExitStack() as stack:
        members = [stack.enter_context(serving("mongodb", mongod_command, _answers)) for _ in priorities]
        config = {
            "_id": REPLICA_SET,
            "settings": {"electionTimeoutMillis": 1000},
            "members": [
                {"_id": n, "host": f"127.0.0.1:{member.port}", "priority": priority}
                for n, (member, priority) in enumerate(zip(members, priorities, strict=True))
            ],
        }
        client: MongoClient[dict[str, object]]
        with MongoClient("127.0.0.1", members[0].port, directConnection=True) as client:
            client.admin.command("replSetInitiate", config)
            deadline = time.monotonic() + START_LIMIT_S
            while not client.admin.command("hello")["isWritablePrimary"]:
                if time.monotonic() > deadline:
                    raise RuntimeError("the replica set has elected no primary")
                time.sleep(0.1)
        yield members


@contextmanager
def redis_server() -> Iterator[Server]:
    """A Redis server that keeps its data over a restart (a test that wants a loss sends FLUSHALL)."""
    if shutil.which("redis-server") is None:
        raise ServiceMissing("redis-server is missing: `make setup-servers` (as root) installs it")
    with serving("redis", _redis_command, answers_ping) as server:
        yield server


def spawn(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A process that writes to `log`, reads nothing, and is killed when the thread that started it ends.

    env: variables set besides this process's own.
    """
    # setpriv replaces itself with the command, which so keeps the pid.
    guarded = ["setpriv", "--pdeathsig", "KILL", "--", *command]
    with log.open("ab") as output:
        return subprocess.Popen(
            guarded,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )


def free_port() -> int:
    """A loopback port nobody listens on."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def serving(
    scheme: str, command: Callable[[int, Path], list[str]], is_ready: Callable[[int], bool]
) -> Iterator[Server]:
    """A server that is ready, on a port and in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="maoga-test-", ignore_cleanup_errors=True) as folder:
        server = Server(scheme, Path(folder), command, is_ready)
        try:
            server.wait_until_ready()
            yield server
        finally:
            server.stop()


def mongod_command(port: int, folder: Path) -> list[str]:
    """The command of a member of the replica set."""
    return [
        *(str(MONGOD), "--dbpath", str(folder), "--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket"),
        *("--replSet", REPLICA_SET, "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # A killed instance leaves its transactions open, and their documents locked; by default for up to 90 s.
        *("--setParameter", "transactionLifetimeLimitSeconds=5"),
        # The files of dropped databases stay open for so long; by default for 300 s, which takes 20,000 descriptors.
        *("--setParameter", "minSnapshotHistoryWindowInSeconds=30"),
    ]


def _answers(port: int) -> bool:
    """Whether the node answers, in whatever state."""
    client: MongoClient[dict[str, object]] = MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500
    )
    with client, suppress(ConnectionFailure):
        return bool(client.admin.command("ping"))
    return False


def primary_answers(port: int) -> bool:
    """Whether the node is primary; a fresh one is made a replica set on the way."""
    client: MongoClient[dict[str, object]]
    with MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500) as client:
        with suppress(ConnectionFailure, OperationFailure):
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            settings = {"electionTimeoutMillis": 1000}
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members, "settings": settings})
        with suppress(ConnectionFailure):
            return bool(client.admin.command("hello")["isWritablePrimary"])
    return False


def _redis_command(port: int, folder: Path) -> list[str]:
    return [
        *("redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)),
        *("--save", "", "--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0"),
    ]


def answers_ping(port: int, password: str | None = None) -> bool:
    """Whether a Redis or a sentinel serves there."""
    with redis.Redis(port=port, password=password, socket_timeout=1) as client, suppress(redis.RedisError):
        return bool(client.ping())
    return False
