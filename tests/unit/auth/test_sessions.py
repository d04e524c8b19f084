import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from domain.auth.auth import SESSIONS_MOST
from domain.auth.commands import Logout
from domain.auth.model import SESSIONS, Session
from domain.auth.refusals import AccountBanned
from domain.auth.tokens import TokenExpired, TokenInvalid, TokenRevoked
from domain.core.ids import UserId
from tests.support.accounts import Accounts, open_accounts


async def stored_session(accounts: Accounts, access_token: str) -> Session:
    session = await accounts.database.collection(SESSIONS).get(accounts.tokens.read_access(access_token).session_id)
    assert session is not None
    return session


async def test_refreshing_rotates_the_token(accounts: Accounts) -> None:
    first = await accounts.register()
    second = await accounts.refresh(first.refresh_token)
    third = await accounts.refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert first.user == third.user
    assert (await stored_session(accounts, third.access_token)).generation == 3


async def test_a_retry_within_a_minute_gets_the_tokens_in_force(accounts: Accounts) -> None:
    first = await accounts.register()
    second = await accounts.refresh(first.refresh_token)
    accounts.clock.advance(60)
    retried = await accounts.refresh(first.refresh_token)
    assert second.refresh_token == retried.refresh_token
    await accounts.auth.authenticate(retried.access_token)


async def test_a_token_reused_after_a_minute_ends_the_session(accounts: Accounts) -> None:
    """The thief and the robbed are both logged out, sockets included."""
    first = await accounts.register()
    second = await accounts.refresh(first.refresh_token)
    accounts.clock.advance(60.001)
    for token in (first.refresh_token, second.refresh_token):
        with pytest.raises(TokenRevoked):
            await accounts.refresh(token)
    with pytest.raises(TokenRevoked):
        await accounts.auth.authenticate(second.access_token)
    session = accounts.tokens.read_access(second.access_token).session_id
    assert [(first.user.id, session, "token_reused")] == accounts.publisher.told


async def test_a_token_two_generations_old_ends_the_session_at_once(accounts: Accounts) -> None:
    first = await accounts.register()
    second = await accounts.refresh(first.refresh_token)
    await accounts.refresh(second.refresh_token)
    with pytest.raises(TokenRevoked):
        await accounts.refresh(first.refresh_token)


async def test_reuse_ends_only_its_own_session(accounts: Accounts) -> None:
    first, other = await accounts.register(), await accounts.login("ada")
    await accounts.refresh(first.refresh_token)
    accounts.clock.advance(61)
    with pytest.raises(TokenRevoked):
        await accounts.refresh(first.refresh_token)
    await accounts.refresh(other.refresh_token)


async def test_refreshes_of_one_token_at_once_make_one_step(accounts: Accounts) -> None:
    first = await accounts.register()
    answers = await asyncio.gather(*(accounts.refresh(first.refresh_token) for _ in range(20)))
    assert len({answer.refresh_token for answer in answers}) == 1
    session = await stored_session(accounts, answers[0].access_token)
    assert (session.generation, session.revoked_at) == (2, None)


async def test_a_session_lives_as_long_as_it_is_refreshed(accounts: Accounts) -> None:
    session = await accounts.register()
    for _ in range(3):
        accounts.clock.advance(3599)
        session = await accounts.refresh(session.refresh_token)
    accounts.clock.advance(3601)
    with pytest.raises(TokenExpired):
        await accounts.refresh(session.refresh_token)


async def test_an_access_token_is_no_refresh_token(accounts: Accounts) -> None:
    session = await accounts.register()
    with pytest.raises(TokenInvalid):
        await accounts.refresh(session.access_token[:256])
    with pytest.raises(TokenInvalid):
        await accounts.auth.authenticate(session.refresh_token)


async def test_a_refused_account_does_not_refresh_and_is_not_authenticated(accounts: Accounts) -> None:
    session = await accounts.register()
    await accounts.auth.authenticate(session.access_token)
    await accounts.change_user(session.user.id, {"$set": {"status": "banned"}})
    accounts.clock.advance(1)
    with pytest.raises(AccountBanned):
        await accounts.refresh(session.refresh_token)
    with pytest.raises(AccountBanned):
        await accounts.auth.authenticate(session.access_token)


async def test_logout_ends_this_session_and_closes_its_connections(accounts: Accounts) -> None:
    here, elsewhere = await accounts.register(), await accounts.login("ada")
    principal = await accounts.auth.authenticate(here.access_token)
    await accounts.auth.logout(principal, Logout())
    with pytest.raises(TokenRevoked):
        await accounts.auth.authenticate(here.access_token)
    with pytest.raises(TokenRevoked):
        await accounts.refresh(here.refresh_token)
    await accounts.auth.authenticate(elsewhere.access_token)
    assert [(here.user.id, principal.session_id, "logged_out")] == accounts.publisher.told


async def test_logout_ends_the_session_of_the_refresh_token_as_well(accounts: Accounts) -> None:
    here, elsewhere = await accounts.register(), await accounts.login("ada")
    principal = await accounts.auth.authenticate(here.access_token)
    await accounts.auth.logout(principal, Logout.parse({"refreshToken": elsewhere.refresh_token}))
    for session in (here, elsewhere):
        with pytest.raises(TokenRevoked):
            await accounts.auth.authenticate(session.access_token)


async def test_nobody_logs_out_another_user(accounts: Accounts) -> None:
    mine, theirs = await accounts.register("ada"), await accounts.register("bob")
    principal = await accounts.auth.authenticate(mine.access_token)
    with pytest.raises(TokenInvalid):
        await accounts.auth.logout(principal, Logout.parse({"refreshToken": theirs.refresh_token}))
    await accounts.auth.authenticate(theirs.access_token)
    await accounts.auth.authenticate(mine.access_token)


async def test_logging_out_everywhere_ends_every_session_of_the_user(accounts: Accounts) -> None:
    mine = [await accounts.register(), *[await accounts.login("ada") for _ in range(SESSIONS_MOST - 1)]]
    theirs = await accounts.register("bob")
    await accounts.auth.logout_all(UserId(mine[0].user.id))
    for session in mine:
        with pytest.raises(TokenRevoked):
            await accounts.auth.authenticate(session.access_token)
    await accounts.auth.authenticate(theirs.access_token)
    assert [(mine[0].user.id, None, "logged_out")] == accounts.publisher.told


async def test_another_instance_refuses_an_ended_session_within_a_second(accounts: Accounts) -> None:
    session = await accounts.register()
    other = accounts.another_instance()
    await other.authenticate(session.access_token)
    await accounts.auth.logout(await accounts.auth.authenticate(session.access_token), Logout())
    await other.authenticate(session.access_token)
    accounts.clock.advance(1)
    with pytest.raises(TokenRevoked):
        await other.authenticate(session.access_token)


async def test_a_session_found_good_is_not_looked_up_again_within_a_second(accounts: Accounts) -> None:
    session = await accounts.register()
    await accounts.auth.authenticate(session.access_token)
    await accounts.database.collection(SESSIONS).delete(accounts.tokens.read_access(session.access_token).session_id)
    await accounts.auth.authenticate(session.access_token)
    accounts.clock.advance(1)
    with pytest.raises(TokenRevoked):
        await accounts.auth.authenticate(session.access_token)


async def test_no_token_is_stored(accounts: Accounts) -> None:
    session = await accounts.register()
    stored = (await stored_session(accounts, session.access_token)).model_dump_json()
    assert session.refresh_token.rpartition(".")[2] not in stored
    assert session.refresh_token not in repr(session)
    assert session.access_token not in repr(session)


async def test_no_refresh_revives_a_session_that_is_being_ended(accounts: Accounts) -> None:
    for n in range(10):
        session = await accounts.register(f"user{n}")
        await asyncio.gather(
            *(accounts.refresh(session.refresh_token) for _ in range(3)),
            accounts.auth.logout_all(UserId(session.user.id)),
            *(accounts.refresh(session.refresh_token) for _ in range(3)),
            return_exceptions=True,
        )
        accounts.clock.advance(1)
        for attempt in (accounts.refresh(session.refresh_token), accounts.auth.authenticate(session.access_token)):
            with pytest.raises(TokenRevoked):
                await attempt


async def test_no_refresh_keeps_a_session_longer_than_its_days(tmp_path: Path) -> None:
    """But that of a guest, who could not log in again."""
    async with open_accounts(f"sqlite:///{tmp_path}/maoga.db", refresh_token_s=7 * 86_400) as accounts:
        session, guest = await accounts.register("ada"), await accounts.guest()
        for _ in range(14):
            accounts.clock.advance(6 * 86_400)
            session, guest = [await accounts.refresh(one.refresh_token) for one in (session, guest)]
        accounts.clock.advance(6 * 86_400 - 1)
        session = await accounts.refresh(session.refresh_token)
        accounts.clock.advance(1)
        with pytest.raises(TokenExpired):
            await accounts.refresh(session.refresh_token)
        with pytest.raises(TokenRevoked):
            await accounts.auth.authenticate(session.access_token)
        await accounts.refresh(guest.refresh_token)


async def test_of_too_many_sessions_the_one_used_longest_ago_ends(accounts: Accounts) -> None:
    first, second = await accounts.register("ada"), await accounts.login("ada")
    for _ in range(SESSIONS_MOST - 2):
        await accounts.login("ada")
    accounts.clock.advance(1)
    first = await accounts.refresh(first.refresh_token)
    await accounts.login("ada")
    ended = accounts.tokens.read_access(second.access_token).session_id
    assert accounts.publisher.told == [(second.user.id, ended, "logged_out")]
    with pytest.raises(TokenRevoked):
        await accounts.auth.authenticate(second.access_token)
    await accounts.auth.authenticate(first.access_token)
    assert len(await accounts.auth.sessions(await accounts.auth.authenticate(first.access_token))) == SESSIONS_MOST


async def test_a_guest_of_long_ago_who_becomes_an_account_logs_in_anew(accounts: Accounts) -> None:
    """The session may be older than an account's may become."""
    guest = await accounts.guest()
    for _ in range(3):
        accounts.clock.advance(3000)
        guest = await accounts.refresh(guest.refresh_token)
    long_ago = accounts.clock.now() - timedelta(days=90)
    session = await stored_session(accounts, guest.access_token)
    await accounts.database.collection(SESSIONS).update(session.id, {"$set": {"created_at": long_ago}})
    guest = await accounts.refresh(guest.refresh_token)
    await accounts.change_user(guest.user.id, {"$set": {"guest": False}})
    with pytest.raises(TokenExpired):
        await accounts.refresh(guest.refresh_token)
