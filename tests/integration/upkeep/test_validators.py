"""MongoDB refuses what no code of ours would write."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import WriteError

from domain.core.clock import SystemClock
from domain.users.model import USERS
from maoga.bootstrap import Core
from maoga.core import SPECS
from storage.documents.mongo_layout import has_validator, lay_out, options_of_collections
from storage.documents.shapes import layout_digest, revived, shape_of, validator_of
from tests.integration.privacy.life import a_life
from tests.integration.storage.things import SPECS as THINGS_SPECS
from tests.integration.storage.things import START, THINGS, Part, Wish, a_thing
from tests.support.cores import a_core

Stored = dict[str, Any]


@pytest.fixture
async def core(tmp_path: Path, fresh_mongodb_url: str, redis_url: str) -> AsyncIterator[Core]:
    async with a_core(tmp_path, SystemClock(), database_url=fresh_mongodb_url, redis_url=redis_url) as core:
        yield core


@pytest.fixture
async def client(fresh_mongodb_url: str) -> AsyncIterator[AsyncMongoClient[Stored]]:
    async with AsyncMongoClient[Stored](fresh_mongodb_url) as client:
        yield client


async def test_all_that_servers_write_passes_in_every_collection(core: Core, client: AsyncMongoClient[Stored]) -> None:
    """Everything one can do is done, with every collection validated; nothing stored is at odds with its validator."""
    database = client.get_default_database()
    options = await options_of_collections(database)
    assert [spec.name for spec in SPECS if not has_validator(spec, options[spec.name])] == []
    await a_life(core)
    filled = {spec.name for spec in SPECS if await database[spec.name].find_one()}
    odd = {spec.name for spec in SPECS if await database[spec.name].find_one({"$nor": [validator_of(spec)]})}
    assert odd == set()
    assert {spec.name for spec in SPECS} - filled <= {"api_keys", "flags"}


async def test_broken_documents_are_refused(core: Core, client: AsyncMongoClient[Stored]) -> None:
    """As new ones, and as changes of one that was whole."""
    user = await core.users.create(username="ada", display_name="Ada")
    users = client.get_default_database()[USERS.name]
    stored = await users.find_one({"_id": user.id})
    assert stored
    fresh = {**stored, "_id": "another", "username_key": "eve"}
    for broken in ({"version": "1"}, {"created_at": "2026-01-01"}, {"roles": "admin"}, {"status": "asleep"}):
        with pytest.raises(WriteError) as refused:
            await users.insert_one({**fresh, **broken})
        assert refused.value.code == 121, broken
        with pytest.raises(WriteError):
            await users.update_one({"_id": user.id}, {"$set": broken})
    for lacking in ("username", "created_at"):
        with pytest.raises(WriteError):
            await users.insert_one({name: value for name, value in fresh.items() if name != lacking})
    await users.insert_one(fresh)


async def test_a_collection_without_validator_gets_one_and_keeps_what_is_odd(
    client: AsyncMongoClient[Stored],
) -> None:
    """What does not fit since before may still be changed, until it does."""
    database = client.get_default_database()
    await database["things"].insert_one({"_id": "odd", "name": 7})
    await lay_out(database, THINGS_SPECS)
    await database["things"].update_one({"_id": "odd"}, {"$set": {"rank": 2}})
    await database["things"].update_one({"_id": "odd"}, {"$set": {"name": "odd"}})
    with pytest.raises(WriteError):
        await database["things"].update_one({"_id": "odd"}, {"$set": {"name": 8}})


def test_moments_are_found_wherever_models_have_them() -> None:
    """And nowhere else: text that looks like a moment stays text."""
    thing = a_thing(
        "1", moments=(START,), due=START, parts=(Part(name="2026-01-02T03:04:05.678Z"),), wish=Wish(game_id="x")
    ).model_dump(exclude_none=True)
    thing["extra"] = {"note": "2026-01-02T03:04:05.678Z"}
    as_text = {**thing, "at": "2026-01-02T03:04:05.678Z", "due": "2026-01-02T03:04:05.678Z"}
    as_text["moments"] = ["2026-01-02T03:04:05.678Z"]
    found = revived(as_text, shape_of(THINGS))
    assert found == {**thing, "moments": [START]}


def test_the_layout_differs_where_a_spec_does() -> None:
    assert layout_digest(SPECS) == layout_digest(SPECS)
    assert layout_digest(SPECS) != layout_digest(SPECS[1:])
