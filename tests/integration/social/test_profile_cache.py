"""Profiles come from the cache, and whoever writes the account, on whichever instance, the next look sees it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from domain.core.errors import NotFound
from domain.social.privacy import SetPrivacy
from domain.users.commands import UpdateProfile
from maoga.bootstrap import Core
from tests.support.cores import a_core, players


@pytest.fixture(params=["embedded", "real"])
async def cores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Core]]:
    """Two instances that share their data; of the embedded default the same one twice."""
    async with AsyncExitStack() as stack:
        if request.param == "embedded":
            yield [await stack.enter_async_context(a_core(tmp_path))] * 2
            return
        urls: dict[str, Any] = {name: request.getfixturevalue(name) for name in ("redis_url",)}
        urls["database_url"] = request.getfixturevalue("mongodb_url")
        yield [await stack.enter_async_context(a_core(tmp_path, **urls)) for _ in range(2)]


async def test_a_profile_is_read_once_for_all_instances(cores: list[Core], monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = await players(cores[0], 2)
    read = [(await core.people.people.profile(bob, ann)).username for core in cores]
    assert read == ["player-0"] * 2
    for core in cores:
        monkeypatch.setattr(core.users, "get", None)
    assert [(await core.people.people.profile(bob, ann)).username for core in cores] == read


async def test_a_change_at_one_instance_is_seen_at_the_other(cores: list[Core]) -> None:
    one, other = cores
    ann, bob = await players(one, 2)
    assert (await other.people.people.profile(bob, ann)).display_name == "Player 0"
    await one.people.profiles.update(ann, UpdateProfile(display_name="New"))
    assert (await other.people.people.profile(bob, ann)).display_name == "New"
    assert (await one.people.people.profile(bob, ann)).display_name == "New"


async def test_so_is_what_the_user_lets_others_see_and_that_they_are_gone(cores: list[Core]) -> None:
    one, other = cores
    ann, bob = await players(one, 2)
    await one.people.profiles.update(ann, UpdateProfile(bio="Hello"))
    assert (await other.people.people.profile(bob, ann)).bio == "Hello"
    await one.privacy.set(ann, SetPrivacy(profile="nobody"))
    assert (await other.people.people.profile(bob, ann)).bio is None
    assert (await other.people.people.profile(ann, ann)).bio == "Hello"
    await one.people.departures.delete(ann)
    with pytest.raises(NotFound):
        await other.people.people.profile(bob, ann)
