"""Several Redis servers that act as one: a cluster, or a master with a replica and a sentinel."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from tests.support.services import START_LIMIT_S, Server, ServiceMissing, answers_ping, free_port, serving

SLOTS = 16_384
SERVICE = "maoga"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Redis Cluster whose masters share the slots evenly; `replicas[n]`, if there are any, follows `masters[n]`."""

    masters: list[Server]
    replicas: list[Server]

    @property
    def url(self) -> str:
        """The URL for a client, which names one node."""
        return f"redis+cluster://127.0.0.1:{self.masters[0].port}"

    def flush(self) -> None:
        """Empties every master."""
        for master in self.masters:
            with admin(master) as client:
                client.flushall()


@dataclass(frozen=True, slots=True)
class Sentinels:
    """A master and its replica, watched by one sentinel that alone decides on a failover."""

    master: Server
    replica: Server
    sentinel: Server

    @property
    def url(self) -> str:
        """The URL for a client, which names the sentinel and the service."""
        return f"redis+sentinel://127.0.0.1:{self.sentinel.port}/{SERVICE}"


def admin(server: Server) -> "redis.Redis":
    """A client of one server, whatever it is part of."""
    return redis.Redis(port=server.port, socket_timeout=5)


def ask(client: "redis.Redis", command: str, *args: str | int) -> Any:
    """The answer to a command for which redis-py has no method, or a poor one."""
    return client.execute_command(command, *args)  # type: ignore[no-untyped-call]


@contextmanager
def redis_cluster(masters: int = 3, *, with_replicas: bool = False) -> Iterator[Cluster]:
    """A running cluster that covers all slots."""
    _need_redis()
    with ExitStack() as stack:
        count = 2 * masters if with_replicas else masters
        nodes = [stack.enter_context(serving("redis", _cluster_node, answers_ping)) for _ in range(count)]
        cluster = Cluster(nodes[:masters], nodes[masters:])
        # Where nobody is to take over, a node that a busy machine slows down must not be given up.
        _join(cluster, timeout_ms=1000 if with_replicas else 15_000)
        yield cluster


@contextmanager
def redis_sentinel(password: str | None = None) -> Iterator[Sentinels]:
    """A master, a replica that has its data, and a sentinel that knows both; the sentinel may demand a password."""
    _need_redis()
    with ExitStack() as stack:
        master = stack.enter_context(serving("redis", _plain_node, answers_ping))
        replica = stack.enter_context(serving("redis", _plain_node, answers_ping))
        with admin(replica) as client:
            client.replicaof("127.0.0.1", str(master.port))
            _wait_until(lambda: client.info("replication")["master_link_status"] == "up")

        def command(port: int, folder: Path) -> list[str]:
            return _sentinel(port, folder, master.port, password)

        def is_ready(port: int) -> bool:
            return answers_ping(port, password)

        sentinel = stack.enter_context(serving("redis", command, is_ready))
        with redis.Redis(port=sentinel.port, password=password) as client:
            _wait_until(lambda: [_is_ready(state) for state in client.sentinel_slaves(SERVICE)] == [True])
        yield Sentinels(master, replica, sentinel)


def _join(cluster: Cluster, *, timeout_ms: int) -> None:
    """Makes single nodes a cluster."""
    nodes = [*cluster.masters, *cluster.replicas]
    with ExitStack() as stack:
        clients = [stack.enter_context(admin(node)) for node in nodes]
        ports = [client.config_get("cluster-port")["cluster-port"] for client in clients]
        share = -(-SLOTS // len(cluster.masters))
        for number, client in enumerate(clients):
            ask(client, "CLUSTER SET-CONFIG-EPOCH", number + 1)
            if number < len(cluster.masters):
                last = min((number + 1) * share, SLOTS) - 1
                ask(client, "CLUSTER ADDSLOTSRANGE", number * share, last)
        for client in clients:
            for node, port in zip(nodes, ports, strict=True):
                ask(client, "CLUSTER MEET", "127.0.0.1", node.port, port)
        _wait_until(lambda: all(_knows(client, len(nodes)) for client in clients))
        names = [ask(client, "CLUSTER MYID") for client in clients]
        for client, master in zip(clients[len(cluster.masters) :], names, strict=False):
            ask(client, "CLUSTER", "REPLICATE", master)
        _wait_until(lambda: all(_is_up(client) for client in clients))
        for client in clients:
            client.config_set("cluster-node-timeout", str(timeout_ms))


def _knows(client: "redis.Redis", count: int) -> bool:
    info = ask(client, "CLUSTER INFO")
    return int(info["cluster_known_nodes"]) == count and "handshake" not in str(ask(client, "CLUSTER NODES"))


def _is_up(client: "redis.Redis") -> bool:
    replication = client.info("replication")
    linked = replication["role"] == "master" or replication["master_link_status"] == "up"
    return bool(ask(client, "CLUSTER INFO")["cluster_state"] == "ok" and linked)


def _is_ready(replica: dict[str, object]) -> bool:
    return replica["master-link-status"] == "ok" and not replica["is_sdown"]


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError("the servers did not find each other in time")
        time.sleep(0.02)


def _plain_node(port: int, folder: Path) -> list[str]:
    return [
        *("redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""),
        *("--repl-diskless-sync-delay", "0"),
    ]


def _cluster_node(port: int, folder: Path) -> list[str]:
    return [
        *_plain_node(port, folder),
        *("--cluster-enabled", "yes", "--cluster-port", str(free_port())),
        *("--cluster-node-timeout", "500"),  # until it has started: it waits so long before it serves
    ]


def _sentinel(port: int, folder: Path, master: int, password: str | None) -> list[str]:
    config = folder / "sentinel.conf"  # a sentinel keeps what it learns there
    config.write_text(
        f"bind 127.0.0.1\nport {port}\ndir {folder}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {master} 1\n"
        f"sentinel down-after-milliseconds {SERVICE} 1000\n"
        f"sentinel failover-timeout {SERVICE} 3000\n" + (f"requirepass {password}\n" if password else "")
    )
    return ["redis-server", str(config), "--sentinel"]


def _need_redis() -> None:
    if shutil.which("redis-server") is None:
        raise ServiceMissing("redis-server is missing: `make setup-servers` (as root) installs it")
