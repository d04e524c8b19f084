"""API keys: shown once, stored as a hash, refused once they are revoked, expired or not theirs to use."""

import re
from typing import Any

import pytest

from domain.audit.audit import Audit
from domain.audit.model import AUDIT, CLI
from domain.auth.api_keys import API_KEYS, SCOPES, ApiKeyInvalid, ApiKeys, ApiKeyScope, CreateApiKey
from domain.core.errors import NotFound
from domain.core.ids import new_id
from maoga import logging
from tests.support.accounts import Accounts


@pytest.fixture
def keys(accounts: Accounts) -> ApiKeys:
    return ApiKeys(accounts.database, Audit(accounts.clock, new_id), accounts.clock)


async def made(keys: ApiKeys, name: str = "server 1", **fields: Any) -> str:
    """The text of a new key, by default with every scope."""
    return (await keys.create(CLI, CreateApiKey(**{"name": name, "scopes": list(SCOPES), **fields}))).secret


async def test_a_key_is_known_by_its_secret_which_is_not_stored(accounts: Accounts, keys: ApiKeys) -> None:
    text = await made(keys, "server 1")
    assert re.fullmatch("mk_[0-9a-f]{16}_[0-9a-f]{64}", text)
    key = await keys.authenticate(text, "results:write")
    assert (key.name, key.scopes) == ("server 1", tuple(sorted(SCOPES)))
    stored = await accounts.database.collection(API_KEYS).get(key.id)
    assert text.rpartition("_")[2] not in repr(stored) + str(stored and stored.model_dump())
    assert stored is not None
    assert stored.secret_hash not in repr(stored)


async def test_any_other_text_is_no_key(keys: ApiKeys) -> None:
    text = await made(keys, "server 1")
    other = await made(keys, "server 2")
    id, secret = text.split("_")[1:]
    wrong = [
        "",
        "mk_",
        text[:-1],
        text + "0",
        text.upper(),
        f"mk_{id}_{'0' * 64}",
        f"mk_{other.split('_')[1]}_{secret}",
    ]
    for forged in [*wrong, f"mk_{'0' * 16}_{secret}", f"xx_{id}_{secret}", text + "\n"]:
        with pytest.raises(ApiKeyInvalid):
            await keys.authenticate(forged, "results:write")


async def test_a_key_without_the_scope_is_refused(keys: ApiKeys) -> None:
    text = await made(keys, scopes=["queues:read", "jobs:read"])
    with pytest.raises(ApiKeyScope):
        await keys.authenticate(text, "results:write")


async def test_a_revoked_key_is_refused_at_once(keys: ApiKeys) -> None:
    text = await made(keys, "server 1")
    (key,) = await keys.list()
    await keys.revoke(CLI, key.id)
    with pytest.raises(ApiKeyInvalid):
        await keys.authenticate(text, "results:write")
    with pytest.raises(NotFound):
        await keys.revoke(CLI, key.id)
    assert await keys.list() == []


async def test_what_is_made_and_revoked_is_on_record_without_its_secret(accounts: Accounts, keys: ApiKeys) -> None:
    text = await made(keys)
    (key,) = await keys.list()
    await keys.revoke(CLI, key.id)
    log = accounts.database.collection(AUDIT)
    entries = await log.find({"target": f"api_key:{key.id}"}, limit=10)
    assert [entry.action for entry in entries] == ["api_key.created", "api_key.revoked"]
    assert entries[0].after == entries[1].before == key.wire()
    assert text.rpartition("_")[2] not in str(entries)


async def test_a_key_expires(accounts: Accounts, keys: ApiKeys) -> None:
    text = await made(keys, expires_days=1)
    accounts.clock.advance(86_399)
    await keys.authenticate(text, "results:write")
    accounts.clock.advance(2)
    with pytest.raises(ApiKeyInvalid):
        await keys.authenticate(text, "results:write")


async def test_its_last_use_is_kept_to_the_minute(accounts: Accounts, keys: ApiKeys) -> None:
    text, start = await made(keys, "server 1"), accounts.clock.now()
    assert [key.last_used_at for key in await keys.list()] == [None]
    for _ in range(3):
        await keys.authenticate(text, "results:write")
        accounts.clock.advance(25)
    assert [start] == [key.last_used_at for key in await keys.list()]
    await keys.authenticate(text, "results:write")
    assert [accounts.clock.now()] == [key.last_used_at for key in await keys.list()]


async def test_no_log_shows_its_secret(keys: ApiKeys) -> None:
    text = await made(keys, "server 1")
    secret = text.rpartition("_")[2]
    for line in (f"X-Api-Key: {text}", f"Authorization: Bearer {text}", f"got '{text}', really"):
        assert secret not in logging.redact(line)
    assert logging.redact(text) == text.removesuffix(secret) + "***"
