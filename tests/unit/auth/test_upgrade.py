"""Guests become accounts."""

import asyncio

import pytest

from domain.auth.commands import Upgrade, VerifyEmail
from domain.auth.credentials import NotAGuest
from domain.auth.model import Client, Principal, SessionView
from domain.core.errors import Conflict
from domain.users.users import EmailTaken, UsernameTaken
from tests.support.accounts import PASSWORD, Accounts

HOME = Client("192.0.2.1", "a game")


async def principal_of(accounts: Accounts, session: SessionView) -> Principal:
    return await accounts.auth.authenticate(session.access_token)


def an_upgrade(username: str = "ada") -> Upgrade:
    return Upgrade.parse({"email": f"{username}@example.test", "username": username, "password": PASSWORD})


async def test_a_guest_becomes_an_account_and_stays_who_they_are(accounts: Accounts) -> None:
    guest = await accounts.guest()
    me = await accounts.credentials.upgrade(await principal_of(accounts, guest), an_upgrade(), HOME)
    assert (me.id, me.username, me.guest, me.email) == (guest.user.id, "ada", False, "ada@example.test")
    assert (await accounts.login("ada")).user.id == guest.user.id
    await accounts.refresh(guest.refresh_token)
    code = VerifyEmail.parse({"token": await accounts.mailed_code()})
    await accounts.credentials.verify(code, HOME)
    assert accounts.publisher.told == []


async def test_only_a_guest_is_upgraded_and_only_once(accounts: Accounts) -> None:
    principal = await principal_of(accounts, await accounts.guest())
    outcomes = await asyncio.gather(
        *(accounts.credentials.upgrade(principal, an_upgrade(f"ada{n}"), HOME) for n in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, NotAGuest | Conflict) for outcome in outcomes) == 4
    with pytest.raises(NotAGuest):
        await accounts.credentials.upgrade(principal, an_upgrade("eve"), HOME)


async def test_a_guest_cannot_take_a_name_that_is_taken(accounts: Accounts) -> None:
    await accounts.register("ada")
    principal = await principal_of(accounts, await accounts.guest())
    with pytest.raises(UsernameTaken):
        same_name = Upgrade.parse({"email": "other@example.test", "username": "ADA", "password": PASSWORD})
        await accounts.credentials.upgrade(principal, same_name, HOME)
    with pytest.raises(EmailTaken):
        same_address = Upgrade.parse({"email": "Ada@example.test", "username": "other", "password": PASSWORD})
        await accounts.credentials.upgrade(principal, same_address, HOME)


async def test_who_only_logs_in_elsewhere_may_have_a_password_too(accounts: Accounts) -> None:
    """Their address counts as proved only if it stays the same."""
    for n, (email, verified) in enumerate([("player0@example.test", True), ("other@example.test", False)]):
        session = await accounts.guest()
        elsewhere = {"guest": False, "email": f"player{n}@example.test", "email_key": f"player{n}@example.test"}
        await accounts.change_user(session.user.id, {"$set": {**elsewhere, "email_verified": True}})
        command = Upgrade.parse({"email": email, "username": f"ada{n}", "password": PASSWORD})
        me = await accounts.credentials.upgrade(await principal_of(accounts, session), command, HOME)
        assert (me.email, me.email_verified) == (email, verified)
