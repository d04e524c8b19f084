"""Looks at a live Redis, and changes nothing."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from storage.redis.client import Client
from storage.upkeep.findings import Check, Finding, ok, problem, skewed, used_up, warning

OLDEST = (7, 0)
"""The first with sharded pub/sub."""
MIB = 2**20

KEEP_ALL = "set maxmemory-policy noeviction: what Redis throws away, players lose without a word"


class RedisDoctor:
    """The checks of every master."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    @property
    def checks(self) -> Mapping[str, Check]:
        """The checks, by name."""
        return {"redis": self.servers}

    async def servers(self) -> AsyncIterator[Finding]:
        """Version, clock, memory, persistence and replicas of each master."""
        for master in await self._redis.masters():
            before = datetime.now(UTC)
            seconds, microseconds = await master.time()
            after = datetime.now(UTC)
            info: dict[str, Any] = await master.info("everything")
            name = f"redis {info.get('run_id', '')[:6]}" if self._redis.clustered else "redis"
            theirs = datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(microseconds))
            yield _version(name, info)
            yield skewed(f"{name} clock", theirs, before, after)
            for finding in (*_memory(name, info), *_persistence(name, info), *_replicas(name, info)):
                yield finding


def _version(name: str, info: Mapping[str, Any]) -> Finding:
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        return problem(name, f"version {version}", f"install Redis {OLDEST[0]}.{OLDEST[1]} or newer")
    return ok(name, f"version {version} answers")


def _memory(name: str, info: Mapping[str, Any]) -> list[Finding]:
    policy, most = info["maxmemory_policy"], info["maxmemory"]
    found = []
    if policy != "noeviction":
        found.append(problem(f"{name} eviction", f"maxmemory-policy is {policy}", KEEP_ALL))
    if info["evicted_keys"]:
        found.append(problem(f"{name} eviction", f"{info['evicted_keys']:,} keys were thrown away", KEEP_ALL))
    if most:
        remedy = "raise maxmemory, or give it a larger machine"
        found.append(used_up(f"{name} memory", info["used_memory"] / MIB, most / MIB, "MiB", remedy))
    else:
        said = f"{info['used_memory'] / MIB:,.0f} MiB used, without a limit"
        remedy = "set maxmemory below what the machine has: Redis then refuses writes instead of being killed"
        found.append(warning(f"{name} memory", said, remedy))
    if info["rejected_connections"]:
        said = f"{info['rejected_connections']:,} connections were refused"
        found.append(warning(f"{name} connections", said, "raise maxclients"))
    return found


def _persistence(name: str, info: Mapping[str, Any]) -> list[Finding]:
    check = f"{name} persistence"
    if info["loading"]:
        return [problem(check, "it is still loading its data", "wait")]
    if info["aof_enabled"]:
        if info["aof_last_write_status"] != "ok":
            return [problem(check, "the append-only file cannot be written", "look at its disk")]
        return [ok(check, "an append-only file")]
    if info["rdb_last_bgsave_status"] != "ok":
        return [problem(check, "the last snapshot failed", "look at its disk and log")]
    remedy = "set appendonly yes: without it a restart of Redis makes every client fetch its snapshots anew"
    return [warning(check, "no append-only file", remedy)]


def _replicas(name: str, info: Mapping[str, Any]) -> list[Finding]:
    check = f"{name} replicas"
    if not info["connected_slaves"]:
        remedy = "add a replica and Sentinels: while Redis is away nobody finds a match"
        return [warning(check, "there is none: its machine is a single point of failure", remedy)]
    replicas = [info[f"slave{n}"] for n in range(info["connected_slaves"]) if f"slave{n}" in info]
    late = [replica for replica in replicas if replica["state"] != "online"]
    if late:
        return [warning(check, f"{len(late)} of {len(replicas)} are not in step", "look at their logs")]
    return [ok(check, f"{len(replicas)} in step")]
