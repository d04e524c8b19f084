"""What sanctions do to accounts, and to what their players are doing."""

import asyncio
from collections.abc import Awaitable

import pytest

from domain.auth.commands import EnterAsGuest, Login
from domain.auth.model import HERE
from domain.auth.refusals import AccountBanned, AccountSuspended
from domain.auth.tokens import TokenRevoked
from domain.chat.commands import Edit
from domain.chat.silence import Muted
from domain.core.errors import Forbidden, NotFound, ValidationFailed
from domain.core.events import user_stream
from domain.core.ids import UserId
from domain.core.model import rfc3339
from domain.lobbies.commands import Spectate
from domain.lobbies.events import lobby_stream
from domain.parties.model import PARTY_SEATS
from domain.reports.commands import Impose
from domain.reports.model import SANCTIONS
from domain.reports.sanctions import SanctionOver
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_main_job import DUEL, proposed
from tests.support.accounts import PASSWORD, a_registration
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import broken_invariants, everything
from tests.support.lobbies import enter, opened, told
from tests.support.staff import audited, impose, run_jobs, staff
from tests.unit.chat.conftest import a_group, friends, said


async def logged_in(core: Core) -> tuple[UserId, str]:
    """A new guest, and their access token."""
    session = await core.auth.guest(EnterAsGuest())
    return session.user.id, session.access_token


async def test_a_suspended_player_is_logged_out_and_let_in_again_when_it_is_over(
    core: Core, clock: ManualClock
) -> None:
    moderator, (user, token) = await staff(core, "moderator"), await logged_in(core)
    await core.auth.authenticate(token)
    sanction = await impose(core, moderator, user, "suspension", 60_000)
    with pytest.raises(AccountSuspended) as refused:
        await core.auth.authenticate(token)
    assert sanction.until is not None
    assert refused.value.details == {"until": rfc3339(sanction.until)}
    clock.advance(60)
    assert (await core.users.get(user)).status == "suspended"  # no worker has seen to it
    with pytest.raises(TokenRevoked):  # the account is open again, that session is over
        await core.auth.authenticate(token)
    await run_jobs(core)
    account = await core.users.get(user)
    assert (account.status, account.status_until) == ("active", None)
    assert [entry.actor.kind for entry in await audited(core, "user.sanction_ended")] == ["server"]


async def test_a_ban_is_for_good_until_it_is_lifted(core: Core, clock: ManualClock) -> None:
    moderator, (user, token) = await staff(core, "moderator"), await logged_in(core)
    sanction = await impose(core, moderator, user, "ban")
    clock.advance(100)
    await run_jobs(core)
    with pytest.raises(AccountBanned) as refused:
        await core.auth.authenticate(token)
    assert refused.value.details is None
    lifted = await core.moderation.sanctions.lift(moderator, sanction.id, "a mistake")
    assert (lifted.lifted_by, lifted.lifted_reason) == (moderator.id, "a mistake")
    assert (await core.users.get(user)).status == "active"
    with pytest.raises(SanctionOver):
        await core.moderation.sanctions.lift(moderator, sanction.id, "again")


async def test_a_ban_takes_its_player_out_of_everything_at_once(core: Core) -> None:
    moderator, (host, other) = await staff(core, "moderator"), await players(core, 2)
    lobby = await opened(core, host)
    await enter(core, other, lobby)
    await core.lobbies.leave(other)
    seen = await opened(core, other, settings={"visibility": "public", "allowSpectators": True})
    await core.lobbies.spectate(host, Spectate(lobby_id=seen.id))
    await core.parties.create(host)
    await impose(core, moderator, host, "ban")
    assert await core.lobbies.streams_of(host) == []
    assert await everything(core.database, PARTY_SEATS) == []
    events = dict(await told(core, lobby_stream(lobby.id)))
    assert (events["member_left"]["userId"], events["member_left"]["reason"]) == (host, "banned")
    assert await broken_invariants(core.database) == []


async def test_a_banned_player_declines_the_match_they_were_proposed(core: Core) -> None:
    moderator, (ann, bob) = await staff(core, "moderator"), await players(core, 2)
    match = await proposed(core, [ann, bob])
    await impose(core, moderator, ann, "ban")
    assert await core.matchmaking.status(ann) is None
    waits_on = await core.matchmaking.status(bob)
    assert waits_on is not None
    assert waits_on.status == "queued"
    cancelled = [data for name, data in await told(core, user_stream("matchmaking", bob)) if name == "match_cancelled"]
    assert [(data["matchId"], data["reason"], data["requeued"]) for data in cancelled] == [(match.id, "declined", True)]


async def test_what_was_on_its_way_when_the_ban_came_is_ended_by_its_job(core: Core, clock: ManualClock) -> None:
    moderator, (user,) = await staff(core, "moderator"), await players(core, 1)
    await impose(core, moderator, user, "ban")
    await core.matchmaking.enqueue(user, DUEL)  # a request that was authenticated just before
    clock.advance(2)
    await run_jobs(core)
    assert await core.matchmaking.status(user) is None


async def test_a_muted_player_says_nothing_in_any_channel_until_it_is_over(core: Core, clock: ManualClock) -> None:
    moderator, (ann, bob) = await staff(core, "moderator"), await friends(core, 2)
    channel = await a_group(core, [ann, bob])
    message = await core.chat.send(ann, said(channel, "first"))
    await impose(core, moderator, ann, "mute", 60_000)
    clock.advance(1)  # so long what was known of an account counts
    speaking: list[Awaitable[object]] = [
        core.chat.send(ann, said(channel, "second")),
        core.chats.messages.edit(ann, Edit(message_id=message.id, content="third")),
    ]
    for speak in speaking:
        with pytest.raises(Muted) as refused:
            await speak
        assert refused.value.details == {"retryInMs": 59_000}
    await core.chat.send(bob, said(channel, "fourth"))
    clock.advance(59)
    await core.chat.send(ann, said(channel, "fifth"))


async def test_a_warning_is_told_and_changes_nothing(core: Core) -> None:
    moderator, (user,) = await staff(core, "moderator"), await players(core, 1)
    await impose(core, moderator, user, "warning")
    told_of = [data["type"] for name, data in await told(core, user_stream("social", user)) if name == "notification"]
    assert told_of == ["system"]
    assert (await core.users.get(user)).status == "active"


@pytest.mark.parametrize(("judge", "judged"), [("moderator", "moderator"), ("moderator", "admin"), ("admin", "admin")])
async def test_nobody_judges_those_who_are_not_below_them(core: Core, judge: str, judged: str) -> None:
    one, other = await staff(core, judge, "one"), await staff(core, judged, "other")  # type: ignore[arg-type]
    for target in (other, one):
        with pytest.raises(Forbidden):
            await impose(core, one, UserId(target.id or ""), "warning")


async def test_who_is_gone_cannot_be_judged(core: Core) -> None:
    with pytest.raises(NotFound):
        await impose(core, await staff(core, "moderator"), UserId("nobody"), "ban")


async def test_who_deletes_the_account_is_judged_all_the_same(core: Core, clock: ManualClock) -> None:
    """It stays deleted while the sanctions come and go, and lets nobody in who is banned."""
    moderator = await staff(core, "moderator")
    user = UserId((await core.auth.create_account(a_registration())).id)
    login = Login.parse({"credential": "ada", "password": PASSWORD})
    await core.people.departures.delete(user)
    await impose(core, moderator, user, "suspension", 60_000)
    ban = await impose(core, moderator, user, "ban")
    with pytest.raises(AccountBanned):
        await core.auth.login(login, HERE)
    await core.moderation.sanctions.lift(moderator, ban.id, "so")
    assert (await core.users.get(user)).status == "deleted"
    with pytest.raises(AccountSuspended):
        await core.auth.login(login, HERE)
    clock.advance(60)
    await run_jobs(core)
    assert (await core.users.get(user)).status == "deleted"
    assert (await core.auth.login(login, HERE)).user.status == "active"
    account = await core.users.get(user)
    assert (account.returns_as, account.status_until, account.erase_at) == ("active", None, None)


async def test_many_judgements_at_once_all_count(core: Core) -> None:
    moderator, (user,) = await staff(core, "moderator"), await players(core, 1)
    await asyncio.gather(
        impose(core, moderator, user, "mute", 60_000),
        impose(core, moderator, user, "suspension", 60_000),
        impose(core, moderator, user, "ban"),
    )
    account = await core.users.get(user)
    assert (account.status, account.status_until) == ("banned", None)
    assert account.muted_until is not None
    assert len(await everything(core.database, SANCTIONS)) == 3


async def test_every_sanction_is_on_record_with_before_and_after(core: Core) -> None:
    moderator, (user,) = await staff(core, "moderator"), await players(core, 1)
    sanction = await impose(core, moderator, user, "ban")
    (entry,) = await audited(core, "user.sanctioned")
    assert (entry.actor, entry.target, entry.reason) == (moderator, f"user:{user}", "so")
    assert (entry.before, entry.after) == (
        {"status": "active"},
        {"status": "banned", "sanctionId": sanction.id, "kind": "ban"},
    )


@pytest.mark.parametrize("body", [{"kind": "suspension"}, {"kind": "warning", "durationMs": 5000}, {"kind": "exile"}])
def test_a_sanction_that_makes_no_sense_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationFailed):
        Impose.parse({"reason": "so", **body})
