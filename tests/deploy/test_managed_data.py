"""The rights that docs/operations/managed-data.md gives are enough for Maoga, and no more than it says."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import redis
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from clients.python.client import MaogaClient
from maoga.core import SPECS
from tests.e2e.conftest import a_guest, meet
from tests.support.guarded import ADMIN, PASSWORD, guarded_mongod, guarded_redis, user_url
from tests.support.server import QUICK, MaogaServer, maoga_server
from tests.support.services import ROOT, Server

PAGE = (ROOT / "docs/operations/managed-data.md").read_text()
ROLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
RULES = re.findall(r"```acl\n(.*)\n```", PAGE)[0]
USERS = {
    "maoga": ["maogaServer"],
    "maoga-upkeep": ["readWrite", "dbAdmin"],
    "maoga-looks": ["maogaLooks", {"role": "clusterMonitor", "db": "admin"}],
}
SECRET = "Zr8uQ1vT5yW9xB3nM7kL0pJ4hG6fD2sA"


@dataclass(frozen=True)
class Guarded:
    """The two servers, with the page's users in them."""

    mongodb: Server
    redis: Server

    def env(self, user: str) -> dict[str, str]:
        """Settings of a hardened installation whose database is another's, as one of the users."""
        return {
            **QUICK,
            "MAOGA_ENVIRONMENT": "staging",
            "MAOGA_BCRYPT_COST": "10",
            "MAOGA_GUESTS": "true",
            "MAOGA_SECRET_KEY": SECRET,
            "MAOGA_DATABASE_URL": user_url(self.mongodb, user, "maoga"),
            "MAOGA_REDIS_URL": self.redis.url.replace(ADMIN, "maoga"),
        }

    def maoga(self, user: str, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Runs a command as one of the users."""
        env = {**os.environ, **self.env(user), "MAOGA_VAR_DIR": str(folder), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "maoga", *words]
        return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    client: MongoClient[dict[str, Any]]
    with guarded_mongod() as mongodb, guarded_redis("maoga", RULES) as redis_server:
        with MongoClient(mongodb.url) as client:
            for role in ROLES:
                client["maoga"].command("createRole", role["role"], privileges=role["privileges"], roles=role["roles"])
            for user, roles in USERS.items():
                client["maoga"].command("createUser", user, pwd=PASSWORD, roles=roles)
        yield Guarded(mongodb, redis_server)


async def test_two_instances_need_no_more_than_the_page_gives(guarded: Guarded, tmp_path: Path) -> None:
    before = len(guarded.mongodb.log())
    for user, words in (("maoga-upkeep", ["migrate", "up"]), ("maoga", ["seed"])):
        done = guarded.maoga(user, *words, folder=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    with ExitStack() as stack:
        instances = [stack.enter_context(maoga_server(**guarded.env("maoga"))) for _ in range(2)]
        await play(*instances)
    looked = guarded.maoga("maoga-looks", "doctor", "--json", folder=tmp_path)
    assert {line["level"] for line in json.loads(looked.stdout)} <= {"ok", "warning"}, looked.stdout
    audited = guarded.maoga("maoga-looks", "audit", folder=tmp_path)
    assert audited.returncode == 0, audited.stdout + audited.stderr
    taken = guarded.maoga("maoga-looks", "backup", "--at", str(tmp_path / "backups"), folder=tmp_path)
    assert taken.returncode == 0, taken.stderr
    with redis.Redis.from_url(guarded.redis.url) as admin:
        assert admin.execute_command("ACL", "LOG") == []
    assert "Unauthorized" not in guarded.mongodb.log()[before:]


async def play(*instances: MaogaServer) -> None:
    """A match over two instances, with what follows from it."""
    async with (
        aiohttp.ClientSession() as http,
        MaogaClient(instances[0].url, await a_guest(instances[0].url), http=http) as ann,
        MaogaClient(instances[1].url, await a_guest(instances[1].url), http=http) as bob,
    ):
        lobby = await meet(ann, bob)
        said = await ann.send(lobby["chatId"], "hi")
        assert (await bob.wait_for("message")).data == said
        await asyncio.gather(ann.set_ready(), bob.set_ready())
        await bob.wait_for("lobby_started")


def test_the_server_may_not_change_what_is_not_its_own(guarded: Guarded) -> None:
    client: MongoClient[dict[str, Any]]
    with MongoClient(user_url(guarded.mongodb, "maoga", "maoga")) as client:
        users: Any = client["maoga"]["users"]
        for refused in (users.drop, partial(users.drop_index, "roles_1__id_1"), client["other"]["things"].find_one):
            with pytest.raises(OperationFailure, match="not authorized"):
                refused()
    with redis.Redis.from_url(guarded.redis.url.replace(ADMIN, "maoga")) as client_of_redis:
        for words in ("FLUSHALL", "KEYS *", "CONFIG GET *", "GET other:key", "PUBLISH other x", "SHUTDOWN", "ACL LIST"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client_of_redis.execute_command(*words.split())
    with redis.Redis.from_url(guarded.redis.url) as admin:
        admin.execute_command("ACL", "LOG", "RESET")


def test_every_command_of_the_scripts_is_allowed(guarded: Guarded) -> None:
    """Also those that no match needs."""
    texts = "".join(path.read_text() for path in (ROOT / "storage/redis/lua").glob("*.lua"))
    names = {name.upper() for name in re.findall(r"redis\.call\(['\"](\w+)", texts)}
    assert len(names) > 20
    with redis.Redis.from_url(guarded.redis.url) as admin:
        for name in names:
            arity = abs(admin.execute_command("COMMAND", "INFO", name)[name.lower()]["arity"])
            words = ["maoga:key"] * (arity - 1)
            assert admin.execute_command("ACL", "DRYRUN", "maoga", name, *words) in {b"OK", True}, name


def test_the_shard_keys_are_ones_that_unique_keys_allow() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (\S.*?) \|", PAGE.partition("## Sharding")[2], re.MULTILINE)
    keys = {name: key for names, key in rows for name in re.findall(r"\w+", names)}
    assert keys.keys() == {spec.name for spec in SPECS}
    for spec in SPECS:
        first = re.match(r"`\{(\w+): 1\}`", keys[spec.name])
        if first:
            assert spec.unique and all(key[0] == first[1] for key in spec.unique), spec.name
        elif keys[spec.name] == "**none can be**":
            assert spec.unique, spec.name
        else:
            assert not spec.unique, spec.name
