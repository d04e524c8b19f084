"""Looks at a live MongoDB, and changes nothing."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.core.collection import Spec
from domain.jobs.model import JOBS
from storage.documents.mongo_layout import has_validator, index_names, options_of_collections
from storage.documents.mongo_words import Stored, stored_name
from storage.documents.schema import Schema
from storage.upkeep.findings import Check, Finding, dead_letters, ok, problem, skewed, used_up, warning
from storage.upkeep.mongo_store import MongoStore

OLDEST = (6, 0)
GIB = 2**30
LAG_S, BAD_LAG_S = 10.0, 60.0
UNUSED_FOR = timedelta(days=7)
SCANS_OF = timedelta(days=1)
TRANSACTION_S = 30
"""An instance that is killed leaves documents locked for as long as a transaction may last."""

HEALTHY_STATES = {"PRIMARY", "SECONDARY", "ARBITER"}
SAMPLES: Mapping[type | None, Any] = {
    str: "x",
    int: 1,
    float: 1.0,
    bool: True,
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
}
UP = "run `maoga migrate up`"


class MongoDoctor:
    """The checks of a MongoDB database."""

    def __init__(self, store: MongoStore) -> None:
        self._admin, self._database, self._specs = store.client.admin, store.database, store.specs

    @property
    def checks(self) -> Mapping[str, Check]:
        """The checks of a server that answers, by name."""
        return {
            "mongodb clock": self.clock,
            "mongodb members": self.members,
            "mongodb indexes": self.indexes,
            "mongodb index use": self.index_use,
            "mongodb validators": self.validators,
            "mongodb queries": self.queries,
            "mongodb scans": self.scans,
            "mongodb resources": self.resources,
            "mongodb parameters": self.parameters,
            "jobs": self.jobs,
        }

    async def server(self) -> AsyncIterator[Finding]:
        """Whether it answers, and is of a version we know."""
        began = datetime.now(UTC)
        info = await self._admin.command("buildInfo")
        took_ms = (datetime.now(UTC) - began).total_seconds() * 1000
        said = f"version {info['version']} answers in {took_ms:.0f} ms"
        if tuple(info["versionArray"][:2]) < OLDEST:
            yield problem("mongodb", said, f"install MongoDB {OLDEST[0]}.{OLDEST[1]} or newer")
        elif took_ms > 100:
            yield warning(
                "mongodb", said, "keep servers and database in one network: an event waits for several answers"
            )
        else:
            yield ok("mongodb", said)

    async def clock(self) -> AsyncIterator[Finding]:
        """Whether its clock agrees with ours."""
        before = datetime.now(UTC)
        hello = await self._admin.command("hello")
        yield skewed("mongodb clock", hello["localTime"].replace(tzinfo=UTC), before, datetime.now(UTC))

    async def members(self) -> AsyncIterator[Finding]:
        """Who is in the replica set, how they are, and how far behind."""
        check = "mongodb members"
        status = await self._admin.command("replSetGetStatus")
        members = status["members"]
        carrying = [member for member in members if member["stateStr"] in {"PRIMARY", "SECONDARY"}]
        for member in members:
            if member["stateStr"] not in HEALTHY_STATES:
                yield problem(
                    check, f"{member['name']} is {member['stateStr']}", "look into its log, and start it again"
                )
        if len(carrying) < 3:
            said = f"{len(carrying)} with data: the loss of a machine stops writes, or loses what was written"
            yield warning(check, said, "run three members with data, each on a machine of its own")
        primary = next((member for member in members if member["stateStr"] == "PRIMARY"), None)
        if primary is None:
            yield problem(
                check, "there is no primary: nothing can be written", "start more members: a majority elects one"
            )
            return
        for member in carrying:
            lag_s = (primary["optimeDate"] - member["optimeDate"]).total_seconds()
            said = f"{member['name']} is {max(lag_s, 0):.0f} s behind"
            remedy = "look at its disk and network: what a majority has not got yet, no write is acknowledged for"
            if lag_s > BAD_LAG_S:
                yield problem(check, said, remedy)
            else:
                yield warning(check, said, remedy) if lag_s > LAG_S else ok(check, said)

    async def indexes(self) -> AsyncIterator[Finding]:
        """Whether those of the specs are there, and which others."""
        check, complete = "mongodb indexes", True
        there = set(await self._database.list_collection_names())
        for spec in self._specs:
            found = set(await self._database[spec.name].index_information()) if spec.name in there else set()
            wanted = index_names(spec)
            for name in sorted(wanted - found):
                complete = False
                yield problem(check, f"{spec.name} lacks {name}", UP)
            for name in sorted(found - wanted):
                remedy = f'drop it once no server of an older version runs: db.{spec.name}.dropIndex("{name}")'
                yield warning(check, f"{spec.name} has {name}, which this version does not want", remedy)
        if complete:
            yield ok(check, f"all of {len(self._specs)} collections are there")

    async def index_use(self) -> AsyncIterator[Finding]:
        """Which indexes nobody has used for long. Unique ones and those that expire do their work unasked."""
        check, idle = "mongodb index use", 0
        oldest = datetime.now(UTC) - UNUSED_FOR
        for spec in self._specs:
            cursor = await self._database[spec.name].aggregate([{"$indexStats": {}}])
            for index in await cursor.to_list():
                kept = index["name"] == "_id_" or index["spec"].get("unique") or "expireAfterSeconds" in index["spec"]
                if not kept and index["accesses"]["ops"] == 0 and index["accesses"]["since"] < oldest:
                    idle += 1
                    said = f"{spec.name}: {index['name']} unused since {index['accesses']['since']:%F}"
                    yield warning(
                        check, said, "it costs each write: tell the makers, or ignore it if its feature is off"
                    )
        if not idle:
            yield ok(check, f"none has been idle for {UNUSED_FOR.days} days on this server")

    async def validators(self) -> AsyncIterator[Finding]:
        """Whether each collection has the validator of this version."""
        options = await options_of_collections(self._database)
        lacking = [spec.name for spec in self._specs if not has_validator(spec, options.get(spec.name, {}))]
        if lacking:
            said = f"missing or of another version: {', '.join(lacking[:5])}{' ...' if lacking[5:] else ''}"
            yield warning("mongodb validators", said, UP)
        else:
            yield ok("mongodb validators", "all are this version's")

    async def queries(self) -> AsyncIterator[Finding]:
        """Whether a query by each key of each spec finds an index (by `explain`; nothing is run)."""
        check, count = "mongodb queries", 0
        for spec in self._specs:
            for key in (*spec.unique, *spec.indexes):
                count += 1
                query = _query_by(spec, key)
                command = {"explain": {"find": spec.name, "filter": query}, "verbosity": "queryPlanner"}
                plan = await self._database.command(command)
                if "COLLSCAN" in _stages(plan["queryPlanner"]["winningPlan"]):
                    yield problem(check, f"{spec.name} is read whole for {', '.join(key)}", UP)
        yield ok(check, f"{count} kinds of query were explained")

    async def scans(self) -> AsyncIterator[Finding]:
        """Which collections were read whole of late, as far as the profiler was on."""
        check = "mongodb scans"
        level = (await self._database.command("profile", -1))["was"]
        recent = {"planSummary": re.compile("^COLLSCAN"), "ts": {"$gt": datetime.now(UTC) - SCANS_OF}}
        ours = {f"{self._database.name}.{spec.name}" for spec in self._specs}
        group: list[Stored] = [
            {"$match": {**recent, "ns": {"$in": sorted(ours)}}},
            {"$group": {"_id": "$ns", "count": {"$sum": 1}, "slowest": {"$max": "$millis"}}},
        ]
        found = await (await self._database["system.profile"].aggregate(group)).to_list()
        for scan in found:
            said = f"{scan['_id']} was read whole {scan['count']} times in a day, for up to {scan['slowest']} ms"
            yield warning(check, said, "look into system.profile who did: Maoga asks by indexes alone")
        if not found:
            of_old = (
                "the profiler is off: profile slow operations to know" if level == 0 else "none was profiled in a day"
            )
            yield ok(check, of_old)

    async def resources(self) -> AsyncIterator[Finding]:
        """Disk and connections."""
        stats = await self._database.command("dbStats")
        used, total = stats.get("fsUsedSize", 0) / GIB, stats.get("fsTotalSize", 0) / GIB
        yield used_up("mongodb disk", used, total, "GiB", "give it a larger disk, or shorten what is kept (retention)")
        connections = (await self._admin.command("serverStatus"))["connections"]
        most = connections["current"] + connections["available"]
        remedy = "lower MAOGA_DATABASE_POOL_SIZE, or raise the server's limit"
        yield used_up("mongodb connections", connections["current"], most, "connections", remedy)

    async def parameters(self) -> AsyncIterator[Finding]:
        """What the server should be told for Maoga."""
        wanted = {"getParameter": 1, "transactionLifetimeLimitSeconds": 1}
        lasts_s = (await self._admin.command(wanted))["transactionLifetimeLimitSeconds"]
        said = f"transactions may last {lasts_s} s"
        if lasts_s > TRANSACTION_S:
            remedy = "set transactionLifetimeLimitSeconds to 10: a killed instance keeps documents locked for so long"
            yield warning("mongodb parameters", said, remedy)
        else:
            yield ok("mongodb parameters", said)

    async def jobs(self) -> AsyncIterator[Finding]:
        """Which jobs have been given up."""
        group: list[Stored] = [
            {"$match": {"status": "dead"}},
            {"$group": {"_id": "$kind", "count": {"$sum": 1}}},
        ]
        found = await (await self._database[JOBS.name].aggregate(group)).to_list()
        yield dead_letters({each["_id"]: each["count"] for each in found})


def _query_by(spec: Spec[Any], key: Iterable[str]) -> Stored:
    fields = Schema(spec).fields
    return {stored_name(name): SAMPLES[fields[name].kind] for name in key}


def _stages(plan: Any) -> set[str]:
    """The names of all stages of a plan."""
    if isinstance(plan, list):
        return {stage for part in plan for stage in _stages(part)}
    if not isinstance(plan, dict):
        return set()
    inner = {stage for part in plan.values() for stage in _stages(part)}
    return inner | ({str(plan["stage"])} if "stage" in plan else set())
