"""Somebody with something in every collection is given all of it, and then leaves without a trace."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.auth.commands import EnterAsGuest, Login, Refresh
from domain.auth.model import Client
from domain.auth.refusals import AccountDeleted
from domain.auth.tokens import TokenRevoked
from domain.core.errors import AppError, Conflict, NotFound
from domain.core.ids import GameId, UserId
from domain.jobs.model import JOBS
from domain.lobbies.commands import CreateLobby
from domain.lobbies.model import SEATS
from domain.privacy.departures import ERASURE_JOB, GUESTS_JOB
from domain.privacy.holdings import HOLDINGS
from domain.users.model import USERS
from maoga.bootstrap import Core
from maoga.core import SPECS
from tests.integration.privacy.life import (
    ADDRESS,
    BIO,
    EMAIL,
    NAME,
    PHONE,
    SAID,
    SHOWN,
    Life,
    a_life,
    everywhere,
    leave_all,
    naming,
)
from tests.support.accounts import PASSWORD, a_registration
from tests.support.clock import ManualClock
from tests.support.cores import a_core
from tests.support.invariants import everything
from tests.support.staff import run_jobs

DAY_S = 86_400.0
NAMELESS = {"games", "api_keys"}
"""Kinds of documents that name no player."""

NOT_THEIRS = {*NAMELESS, "jobs", "flags", "report_cases"}
"""Kinds of documents that players are not given."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["embedded", "servers"])
async def core(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Core]:
    """A core on the embedded default, and one on real servers."""
    urls: dict[str, Any] = {}
    if request.param == "servers":
        urls = {name: request.getfixturevalue(f"{name}_url") for name in ("mongodb", "redis")}
        urls = {"database_url": urls["mongodb"], "redis_url": urls["redis"]}
    async with a_core(tmp_path, clock, **urls) as core:
        yield core


async def work(core: Core) -> None:
    """Erases what is due, as the worker does."""
    job = core.jobs.new(ERASURE_JOB, {})
    await core.database.commit(job)
    await core.runner.poll()
    await core.runner.idle()
    done = await core.jobs.get(job.document.id)
    assert done and done.status == "done", done


async def login(core: Core) -> Any:
    return await core.auth.login(Login.parse({"credential": EMAIL, "password": PASSWORD}), Client(ADDRESS))


async def exported(life: Life) -> Any:
    return orjson.loads(b"".join([part async for part in life.core.people.exports.of(life.ada)]))


async def test_everything_is_exported_and_then_nothing_is_left(core: Core, clock: ManualClock) -> None:
    """The scan reads the databases behind the back of the code that erases, and Redis key by key."""
    life = await a_life(core)
    assert await naming(core, life.ada) == {spec.name for spec in SPECS} - NAMELESS, "somebody must be in all of them"
    await _is_complete(life)
    await leave_all(life)
    await core.people.departures.delete(life.ada, address=ADDRESS)
    before = await _others(life)
    clock.advance(31 * DAY_S)
    await work(core)
    await core.presences.run()
    assert await _left(life) == []
    assert await _others(life) == before
    erased = [entry for entry in await _all(core, "audit") if entry.action == "users.erased"]
    assert [(entry.actor.kind, entry.target, entry.before) for entry in erased] == [("server", None, None)]
    assert not [file for file in core.settings.images_path.rglob("*-256") if file.is_file()]
    with pytest.raises(NotFound):
        await core.users.get(life.ada)
    await core.auth.create_account(a_registration(NAME, email=EMAIL))


async def _left(life: Life) -> list[tuple[str, str]]:
    """Where something still tells of the user, and what."""
    return [(where, needle) async for where, text in everywhere(life.core) for needle in life.needles if needle in text]


async def _all(core: Core, name: str) -> list[Any]:
    return await everything(core.database, next(spec for spec in SPECS if spec.name == name))


async def _others(life: Life) -> Any:
    """What the others have of their own."""
    core, bob = life.core, life.bob
    messages = await _all(core, "messages")
    return {
        "users": [user for user in await _all(core, "users") if user.id != life.ada],
        "said": [message.content.replace(NAME, "erased") for message in messages if message.content],
        "ratings": [rating for rating in await _all(core, "ratings") if rating.user_id == bob],
        "notifications": [one.id for one in await _all(core, "notifications") if one.user_id == bob],
        "channels": sorted(channel.id for channel in await _all(core, "channels")),
    }


async def _is_complete(life: Life) -> None:
    """Every kind of which the user owns some is there, with what it says and without what is not for them."""
    export = await exported(life)
    assert export["userId"] == life.ada
    text = orjson.dumps(export).decode()
    for told in (NAME, SHOWN, EMAIL, PHONE, BIO, SAID, ADDRESS, "1990", "woman"):
        assert told in text, told
    names = [_camel(holding.spec.name) for holding in HOLDINGS if holding.spec.name not in NOT_THEIRS]
    assert [name for name in names if not export[name]] == []
    assert {lobby["name"] for lobby in export["lobbies"]} >= {f"{SHOWN}'s lobby", "Bob's lobby"}
    assert [block["blockedId"] for block in export["blocks"]] == [life.eve], "not those of who has blocked them"
    for secret in ("passwordHash", "password_hash", "bob@example.test", "192.0.2.9", life.session.refresh_token):
        assert secret not in text, secret


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


async def test_a_login_within_the_days_of_grace_brings_the_account_back(core: Core, clock: ManualClock) -> None:
    life = await a_life(core)
    await leave_all(life)
    await core.people.departures.delete(life.ada)
    for use in (
        core.auth.authenticate(life.session.access_token),
        core.people.people.profile(life.bob, life.ada),
    ):
        clock.advance(2)
        with pytest.raises(AppError):
            await use
    clock.advance(29 * DAY_S)
    await work(core)
    session = await login(core)
    assert (session.user.status, session.user.bio) == ("active", BIO)
    user = await core.users.get(life.ada)
    assert (user.deleted_at, user.erase_at) == (None, None)
    clock.advance(31 * DAY_S)
    await work(core)
    assert (await core.users.get(life.ada)).username == NAME


async def test_what_a_crash_in_the_middle_of_a_deletion_leaves_a_job_ends(
    core: Core, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sockets are cut and places given up; and no session comes back with the account."""
    await core.auth.create_account(a_registration(NAME, email=EMAIL))
    before = await login(core)
    user, cut = UserId(before.user.id), []
    await core.lobbies.create(user, CreateLobby(game_id=GameId("valorant"), mode="custom"))

    async def die(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    async def told(user: UserId, *, session: str | None = None, reason: str) -> None:
        cut.append((user, session, reason))

    with monkeypatch.context() as patch:
        patch.setattr(core.publisher, "disconnect", die)
        with pytest.raises(asyncio.CancelledError):
            await core.people.departures.delete(user)
    monkeypatch.setattr(core.publisher, "disconnect", told)
    assert await core.database.collection(SEATS).get(user)
    clock.advance(2)
    await run_jobs(core)
    assert cut == [(user, None, "deleted")]
    assert await core.database.collection(SEATS).get(user) is None
    await login(core)
    with pytest.raises(TokenRevoked):
        await core.auth.authenticate(before.access_token)


async def test_who_is_back_at_once_is_left_alone_by_the_job(
    core: Core, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await core.auth.create_account(a_registration(NAME, email=EMAIL))
    await core.people.departures.delete(UserId(account.id))
    session = await login(core)
    clock.advance(2)
    await run_jobs(core)
    await core.auth.authenticate(session.access_token)


async def test_nobody_is_told_that_their_account_is_deleted_when_it_is_not(core: Core) -> None:
    account = await core.auth.create_account(a_registration(NAME, email=EMAIL))
    await core.database.collection(USERS).update(account.id, {"$set": {"status": "suspended"}})
    with pytest.raises(Conflict):
        await core.people.departures.delete(UserId(account.id))
    assert (await core.users.get(UserId(account.id))).status == "suspended"


async def test_after_the_days_of_grace_nobody_gets_in_any_more(core: Core, clock: ManualClock) -> None:
    """Also while the job has not come yet: it and a login never meet."""
    account = await core.auth.create_account(a_registration(NAME, email=EMAIL))
    await core.people.departures.delete(account.id)  # type: ignore[arg-type]
    clock.advance(30 * DAY_S)
    with pytest.raises(AccountDeleted):
        await login(core)
    await work(core)
    assert await core.database.collection(USERS).get(account.id) is None


async def test_somebody_with_a_place_is_erased_later(core: Core, clock: ManualClock) -> None:
    """Lobbies and searches would miss them: their places are given up first."""
    life = await a_life(core)
    gone = {"status": "deleted", "deleted_at": clock.now(), "erase_at": clock.now()}
    await core.database.collection(USERS).update(life.ada, {"$set": gone})
    await work(core)
    assert (await core.users.get(life.ada)).status == "deleted"
    await leave_all(life)
    await work(core)
    assert await core.database.collection(USERS).get(life.ada) is None


async def test_an_erasure_that_dies_half_way_is_finished_by_the_next(
    core: Core, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = await a_life(core)
    await leave_all(life)
    await core.people.departures.delete(life.ada)
    clock.advance(31 * DAY_S)
    departures = core.people.departures

    async def die(_: object) -> None:
        raise ConnectionError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(departures._traces, "forget", die)
        with pytest.raises(ConnectionError):
            await departures.erase_due((await everything(core.database, JOBS) or [None])[0])
    assert (await core.users.get(life.ada)).status == "deleted"
    await work(core)
    await core.presences.run()
    assert await _left(life) == []


async def test_a_guest_whom_nobody_can_be_any_more_is_erased(core: Core, clock: ManualClock) -> None:
    lost, logged_out, player = [await core.auth.guest(EnterAsGuest()) for _ in range(3)]
    await core.auth.create_account(a_registration(NAME, email=EMAIL))
    for _ in range(15):
        clock.advance(6 * DAY_S)
        player = await core.auth.refresh(Refresh.parse({"refreshToken": player.refresh_token}))
    young = await core.auth.guest(EnterAsGuest())
    await core.auth.logout_all(young.user.id)
    await close_guests(core)
    await work(core)
    left = {user.id for user in await everything(core.database, USERS)}
    ada = await core.users.named(NAME)
    assert left == {player.user.id, young.user.id, ada.id}
    assert not {lost.user.id, logged_out.user.id} & left
    await core.auth.authenticate(player.access_token)


async def close_guests(core: Core) -> None:
    """As the worker does it every night."""
    await core.database.commit(core.jobs.new(GUESTS_JOB, {}))
    await run_jobs(core)
    jobs = [job for job in await everything(core.database, JOBS) if job.kind == GUESTS_JOB]
    assert {job.status for job in jobs} == {"done"}


async def test_an_export_is_on_record(core: Core) -> None:
    life = await a_life(core)
    export = await exported(life)
    taken = [entry for entry in await _all(core, "audit") if entry.action == "user.exported"]
    assert [(entry.actor_id, entry.target) for entry in taken] == [(life.ada, f"user:{life.ada}")]
    assert "user.exported" in {entry["action"] for entry in export["audit"]}
