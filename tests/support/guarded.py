"""A MongoDB and a Redis that let in only whom they know, as those that others run do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from pymongo import MongoClient

from tests.support.services import REPLICA_SET, Server, mongod_command, primary_answers, redis_server, serving

PASSWORD = "a-password-of-tests"
ADMIN = "the-administrator"


@contextmanager
def guarded_mongod() -> Iterator[Server]:
    """A replica set of one member with `--auth`; its `url` is the administrator's."""

    def command(port: int, folder: Any) -> list[str]:
        key = folder / "members.key"
        key.write_text("theKeyByWhichMembersKnowOneAnother")
        key.chmod(0o600)
        return [*mongod_command(port, folder), "--auth", "--keyFile", str(key)]

    with serving("mongodb", command, primary_answers) as server:
        client: MongoClient[dict[str, Any]]
        with MongoClient(server.url, directConnection=True) as client:  # who comes first, from the machine itself
            client.admin.command("createUser", ADMIN, pwd=PASSWORD, roles=["root"])
        server.url = user_url(server, ADMIN, "admin")
        yield server


def user_url(server: Server, user: str, database: str) -> str:
    """The URL of a user of a database."""
    return f"mongodb://{user}:{PASSWORD}@127.0.0.1:{server.port}/{database}?replicaSet={REPLICA_SET}"


@contextmanager
def guarded_redis(user: str, rules: str) -> Iterator[Server]:
    """A Redis that has no other user who may come in but this one and the administrator, whose `url` it has."""
    with redis_server() as server, redis.Redis.from_url(server.url) as admin:
        admin.execute_command("ACL", "SETUSER", ADMIN, "on", f">{PASSWORD}", "~*", "&*", "+@all")
        admin.execute_command("ACL", "SETUSER", user, "reset", "on", f">{PASSWORD}", *rules.split())
        admin.execute_command("AUTH", ADMIN, PASSWORD)
        admin.execute_command("ACL", "SETUSER", "default", "off")
        server.url = f"redis://{ADMIN}:{PASSWORD}@127.0.0.1:{server.port}/"
        yield server
