"""Personal fields are not to be read in the database, its backups or its disk, and keys can be changed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from domain.core.clock import SystemClock
from domain.core.collection import Database, Spec, UnsupportedQuery
from domain.core.ids import UserId
from domain.users.commands import UpdateProfile
from domain.users.model import USERS, User
from maoga.__main__ import app
from storage.documents.factory import open_database
from storage.documents.schema import Schema
from storage.documents.sealing import CannotOpen, Sealing, is_sealed
from storage.upkeep.migrations import Migrator, resealing
from storage.upkeep.store import Stored, open_store
from tests.integration.upkeep.archives import everything, folder, take
from tests.support.cores import a_core

OLD, NEW = "the key of last year that nobody guesses", "the key of this year that nobody guesses"
PHONE, GENDER, YEAR = "+4930998877", "woman", 1990
FIELDS = ("phone", "gender", "birth_year")


async def opened(url: str, sealing: Sealing | None = None) -> Database:
    return await open_database(url, [USERS], timeout_s=10, pool_size=5, sealing=sealing)


async def stored_users(url: str) -> list[Stored]:
    store = open_store(url, [USERS], timeout_s=10)
    found = (await everything(store, [USERS]))["users"]
    await store.close()
    return found


async def read(url: str, sealing: Sealing) -> list[tuple[Any, ...]]:
    database = await opened(url, sealing)
    try:
        users = await database.collection(USERS).find({}, limit=10)
        return [(user.phone, user.gender, user.birth_year) for user in users]
    finally:
        await database.close()


async def reseal(url: str, sealing: Sealing) -> list[str]:
    store, lines = open_store(url, [USERS], timeout_s=10), list[str]()
    migrator = Migrator(store, [], SystemClock(), layout="", worker="test")
    await migrator.rewrite(resealing([USERS], sealing), dry_run=False, tell=lines.append)
    await store.close()
    return lines


def a_user(name: str, **fields: Any) -> User:
    now = SystemClock().now()
    return User(id=name, username=name, username_key=name, display_name=name, created_at=now, **fields)


async def test_what_is_sealed_is_read_by_nobody_without_the_key(url: str, tmp_path: Path) -> None:
    database = await opened(url, Sealing(OLD))
    users = database.collection(USERS)
    await users.insert(a_user("ada", phone=PHONE, gender=GENDER, birth_year=YEAR))
    await users.insert(a_user("bob"))
    changed = await users.update("bob", {"$set": {"phone": PHONE, "birth_year": YEAR}, "$unset": {"gender": True}})
    assert changed
    assert (changed.phone, changed.birth_year, changed.gender) == (PHONE, YEAR, None)
    await database.close()

    manifest = await take(url, folder(tmp_path), [USERS])
    assert manifest.count("users") == 2
    ada, bob = await stored_users(url)
    assert all(is_sealed(ada[name]) for name in FIELDS)
    assert [is_sealed(bob.get(name)) for name in FIELDS] == [True, False, True]
    assert ada["phone"] != bob["phone"]
    assert PHONE not in str((ada, bob))
    assert await read(url, Sealing(OLD)) == [(PHONE, GENDER, YEAR), (PHONE, None, YEAR)]
    with pytest.raises(CannotOpen, match=r"users.phone was sealed with the key \w{8}, which MAOGA_FIELD_KEYS_ACCEPTED"):
        await read(url, Sealing())


async def test_a_key_is_changed_while_servers_run(url: str) -> None:
    """Plain at first; then the old key, then the new one; each step is read by the servers of the step before it and
    behind it."""
    database = await opened(url)
    await database.collection(USERS).insert(a_user("ada", phone=PHONE, gender=GENDER, birth_year=YEAR))
    await database.close()
    told = [(PHONE, GENDER, YEAR)]
    steps = [
        (Sealing(OLD), [Sealing("", [OLD]), Sealing(OLD)]),
        (Sealing(NEW, [OLD]), [Sealing(OLD, [NEW]), Sealing(NEW, [OLD]), Sealing(NEW)]),
        (Sealing("", [NEW]), [Sealing(NEW), Sealing()]),
    ]
    for sealing, servers in steps:
        assert await reseal(url, sealing) == ["users: 1 documents"]
        assert await reseal(url, sealing) == ["users: 0 documents"]
        for server in servers:
            assert await read(url, server) == told
    (ada,) = await stored_users(url)
    assert [ada[name] for name in FIELDS] == [PHONE, GENDER, YEAR]


def test_a_sealed_value_is_bound_to_its_field() -> None:
    sealing = Sealing(NEW)
    sealed = sealing.seal("users.phone", PHONE)
    assert sealing.open("users.phone", sealed) == PHONE
    with pytest.raises(CannotOpen, match=r"users.gender was altered"):
        sealing.open("users.gender", sealed)
    with pytest.raises(CannotOpen, match=r"users.phone was altered"):
        sealing.open("users.phone", sealed[:-4])
    assert sealing.open("users.phone", "sealed:as a person may write") == "sealed:as a person may write"


@pytest.mark.parametrize("sealed", ["email_key", "created_at", "roles", "preferences"])
def test_what_is_asked_for_or_no_scalar_cannot_be_sealed(sealed: str) -> None:
    with pytest.raises(TypeError, match=f"users.{sealed} cannot be sealed"):
        Schema(Spec("users", User, unique=(("email_key",),), sealed=(sealed,)))


async def test_nothing_is_added_to_what_is_sealed(url: str) -> None:
    database = await opened(url, Sealing(OLD))
    with pytest.raises(UnsupportedQuery, match="birth_year"):
        await database.collection(USERS).update("ada", {"$inc": {"birth_year": 1}})
    await database.close()


async def test_users_see_their_own_as_ever(tmp_path: Path) -> None:
    """Through the use cases, and resealed by the command."""
    async with a_core(tmp_path, field_key=OLD) as core:
        user = await core.users.create(username="ada", display_name="Ada")
        personal = UpdateProfile.model_validate({"phone": PHONE, "gender": GENDER, "birth_year": YEAR})
        await core.people.profiles.update(UserId(user.id), personal)
        url = core.settings.database_url.get_secret_value()
    assert PHONE not in str(await stored_users(url))
    env = {"MAOGA_VAR_DIR": str(tmp_path), "MAOGA_FIELD_KEY": NEW, "MAOGA_FIELD_KEYS_ACCEPTED": OLD}
    result = await asyncio.to_thread(CliRunner().invoke, app, ["migrate", "seal"], env=env)
    assert (result.exit_code, result.stdout.strip()) == (0, "users: 1 documents")
    async with a_core(tmp_path, field_key=NEW) as core:
        found = await core.database.collection(USERS).get(user.id)
        assert found
        assert (found.phone, found.gender, found.birth_year) == (PHONE, GENDER, YEAR)
