"""Passwords and addresses, changed by who knows the password, and what ends with them."""

import asyncio
from itertools import pairwise

import pytest

from domain.audit.model import AUDIT
from domain.auth.auth import InvalidCredentials
from domain.auth.model import SessionView
from domain.auth.proofs import NoPassword, WrongPassword
from domain.auth.tokens import TokenRevoked
from domain.core.errors import RateLimited, ValidationFailed
from domain.core.ids import UserId
from domain.users.model import User
from tests.support.accounts import PASSWORD, Accounts, a_registration
from tests.unit.auth.acts import (
    HOME,
    NEW,
    actions,
    ask,
    change,
    change_email,
    principal_of,
    reset,
    stored,
    subjects,
    verify,
)


async def test_a_changed_password_is_the_one_that_logs_in(accounts: Accounts) -> None:
    await change(accounts, await accounts.register())
    with pytest.raises(InvalidCredentials):
        await accounts.login("ada")
    await accounts.login("ada", NEW)
    assert "Your password was changed" in await subjects(accounts)


async def test_a_changed_password_ends_all_other_sessions_and_their_connections(accounts: Accounts) -> None:
    here, elsewhere = await accounts.register(), await accounts.login("ada")
    await accounts.auth.authenticate(elsewhere.access_token)
    other = (await principal_of(accounts, elsewhere)).session_id
    await change(accounts, here)
    await accounts.auth.authenticate(here.access_token)
    await accounts.refresh(here.refresh_token)
    for attempt in (accounts.auth.authenticate(elsewhere.access_token), accounts.refresh(elsewhere.refresh_token)):
        with pytest.raises(TokenRevoked):
            await attempt
    assert accounts.publisher.told == [(here.user.id, other, "password_changed")]
    principal = await principal_of(accounts, here)
    assert [session.id for session in await accounts.auth.sessions(principal)] == [principal.session_id]


async def test_the_kept_session_is_not_refused_when_it_was_read_before_the_change(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password changes between the two reads of a refresh, that of the session and that of its user."""
    here = await accounts.register()
    find, changes = accounts.users.find, [change(accounts, here)]

    async def find_late(user_id: UserId) -> User | None:
        if changes:
            await changes.pop()
        return await find(user_id)

    monkeypatch.setattr(accounts.users, "find", find_late)
    await accounts.refresh(here.refresh_token)
    with pytest.raises(InvalidCredentials):
        await accounts.login("ada")


async def test_a_login_that_overlaps_a_change_does_not_outlive_it(accounts: Accounts) -> None:
    """A session is of the password it was opened with, however late it is stored."""
    here = await accounts.register()
    outcomes = await asyncio.gather(
        change(accounts, here), *(accounts.login("ada") for _ in range(5)), return_exceptions=True
    )
    accounts.clock.advance(1)
    for outcome in outcomes:
        if isinstance(outcome, SessionView):
            with pytest.raises(TokenRevoked):
                await accounts.auth.authenticate(outcome.access_token)


async def test_who_does_not_know_the_password_does_not_change_it(accounts: Accounts) -> None:
    session = await accounts.register()
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await change(accounts, session, present="wrong")
    with pytest.raises(RateLimited):
        await change(accounts, session)
    assert (await actions(accounts)).count("auth.password_check_failed") == 5


@pytest.mark.parametrize("new", ["short", "password1", "ada@example.test", PASSWORD, "x" * 73])
async def test_a_new_password_must_be_good_and_new(accounts: Accounts, new: str) -> None:
    session = await accounts.register()
    with pytest.raises(ValidationFailed) as refused:
        await change(accounts, session, new)
    assert [fault["field"] for fault in refused.value.faults] == ["newPassword"]


async def test_the_last_five_passwords_are_refused_and_the_sixth_is_not(accounts: Accounts) -> None:
    session = await accounts.register()
    chosen = [PASSWORD, *(f"velvet otter parade {n}" for n in range(5))]
    for present, new in pairwise(chosen):
        await change(accounts, session, new, present)
    for old in chosen[1:]:
        with pytest.raises(ValidationFailed):
            await change(accounts, session, old, chosen[-1])
    await change(accounts, session, chosen[0], chosen[-1])
    assert len((await stored(accounts, session)).former_hashes) == 4


async def test_a_guest_has_no_password_to_change(accounts: Accounts) -> None:
    with pytest.raises(NoPassword):
        await change(accounts, await accounts.guest())


async def test_the_address_is_not_changed_without_the_password(accounts: Accounts) -> None:
    with pytest.raises(WrongPassword):
        await change_email(accounts, await accounts.register(), "thief@example.test", "wrong")


async def test_every_event_is_on_record_with_where_it_came_from(accounts: Accounts) -> None:
    session = await accounts.auth.register(a_registration(), HOME)
    await verify(accounts, await accounts.mailed_code())
    with pytest.raises(InvalidCredentials):
        await accounts.login("ada", "wrong")
    with pytest.raises(InvalidCredentials):
        await accounts.login("my password by mistake", "wrong")
    await accounts.login("ada")
    await change(accounts, session)
    await ask(accounts)
    await reset(accounts, await accounts.mailed_code(), "another otter parade")
    await accounts.auth.logout_all(UserId(session.user.id), HOME)
    entries = await accounts.database.collection(AUDIT).find({}, sort="id", limit=100)
    assert sorted(entry.action for entry in entries) == sorted(
        [
            "auth.registered",
            "auth.email_change_asked",
            "auth.email_verified",
            *["auth.login_failed"] * 2,
            "auth.logged_in",
            "auth.password_changed",
            "auth.password_reset_asked",
            "auth.password_reset",
            "auth.logged_out_everywhere",
        ]
    )
    assert {entry.actor.address for entry in entries} == {"192.0.2.1"}
    failed = [entry for entry in entries if entry.action == "auth.login_failed"]
    assert {entry.target for entry in failed} == {f"user:{session.user.id}", None}
    assert {entry.actor_id for entry in failed} == {None}
    assert "mistake" not in "".join(entry.model_dump_json() for entry in entries)
    accounts.clock.advance(181 * 86_400)
    assert await actions(accounts) == []
