"""What is proved by who reads the mail: forgotten passwords, and addresses."""

import asyncio

import pytest

from domain.auth.auth import InvalidCredentials
from domain.auth.commands import ChangeEmail
from domain.auth.credentials import EmailVerified
from domain.auth.links import LINKS, LinkInvalid
from domain.auth.model import Client
from domain.auth.tokens import TokenRevoked
from domain.core.errors import Conflict, RateLimited, ValidationFailed
from domain.jobs.model import JOBS
from domain.users.users import EmailTaken
from tests.support.accounts import PASSWORD, Accounts, a_registration
from tests.unit.auth.acts import (
    HOME,
    NEW,
    ask,
    change,
    change_email,
    principal_of,
    reset,
    stored,
    subjects,
    verify,
)


async def test_a_forgotten_password_is_replaced_with_the_mailed_code(accounts: Accounts) -> None:
    session = await accounts.register()
    await ask(accounts)
    await reset(accounts, await accounts.mailed_code())
    with pytest.raises(TokenRevoked):
        await accounts.refresh(session.refresh_token)
    renewed = await accounts.login("ada", NEW)
    assert renewed.user.email_verified, "who reads the mail owns the address"
    assert accounts.publisher.told == [(session.user.id, None, "password_changed")]


async def test_a_code_works_once_and_voids_the_others(accounts: Accounts) -> None:
    await accounts.register()
    codes = []
    for _ in range(2):
        await ask(accounts)
        codes.append(await accounts.mailed_code())
    await reset(accounts, codes[0])
    for code in codes:
        with pytest.raises(LinkInvalid):
            await reset(accounts, code, "another otter parade")


async def test_of_many_uses_of_a_code_at_once_one_works(accounts: Accounts) -> None:
    await accounts.register()
    await ask(accounts)
    code = await accounts.mailed_code()
    outcomes = await asyncio.gather(
        *(reset(accounts, code, f"velvet otter parade {n}") for n in range(5)), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert all(outcome is None or isinstance(outcome, LinkInvalid | Conflict) for outcome in outcomes)


async def test_a_refused_password_does_not_spend_the_code(accounts: Accounts) -> None:
    await accounts.register()
    await ask(accounts)
    code = await accounts.mailed_code()
    with pytest.raises(ValidationFailed):
        await reset(accounts, code, PASSWORD)
    await reset(accounts, code)


async def test_a_code_expires(accounts: Accounts) -> None:
    await accounts.register()
    await ask(accounts)
    code = await accounts.mailed_code()
    accounts.clock.advance(3601)
    with pytest.raises(LinkInvalid):
        await reset(accounts, code)


async def test_a_changed_password_voids_the_codes_mailed_before(accounts: Accounts) -> None:
    """A thief's mail must not undo what the owner did against them."""
    session = await accounts.register()
    await change_email(accounts, session, "thief@example.test")
    code = await accounts.mailed_code("thief@example.test")
    await change_email(accounts, session, "late@example.test")
    await change(accounts, session)
    with pytest.raises(LinkInvalid):
        await verify(accounts, code)
    assert [mail["To"] for mail in await accounts.mails()].count("late@example.test") == 0


async def test_a_changed_address_voids_the_codes_mailed_before(accounts: Accounts) -> None:
    """Who reads the mail of an address that was mistyped, or given up, must not get the account with it."""
    session = await accounts.register()
    mistyped = await accounts.mailed_code()
    await ask(accounts)
    given_up = await accounts.mailed_code()
    await change_email(accounts, session, "second@example.test")
    second = await accounts.mailed_code("second@example.test")
    await change_email(accounts, session, "right@example.test")
    await verify(accounts, await accounts.mailed_code("right@example.test"))
    for code in (mistyped, second):
        with pytest.raises(LinkInvalid):
            await verify(accounts, code)
    with pytest.raises(LinkInvalid):
        await reset(accounts, given_up)
    assert (await stored(accounts, session)).email == "right@example.test"


async def test_a_mail_that_comes_late_has_no_say_about_another_address(accounts: Accounts) -> None:
    """The mail server was away; meanwhile the address changed."""
    session = await accounts.register()
    await accounts.mails()
    await change_email(accounts, session, "late@example.test")
    await accounts.change_user(session.user.id, {"$set": {"email": "a@example.test", "email_key": "a@example.test"}})
    assert [mail["To"] for mail in await accounts.mails()] == ["ada@example.test"]


async def test_a_code_for_one_thing_is_none_for_another(accounts: Accounts) -> None:
    await accounts.register()
    code = await accounts.mailed_code()
    with pytest.raises(LinkInvalid):
        await reset(accounts, code)
    with pytest.raises(LinkInvalid):
        await verify(accounts, code[:-1] + ("A" if code[-1] != "A" else "B"))
    await verify(accounts, code)


async def test_asking_to_reset_does_the_same_for_everybody(accounts: Accounts) -> None:
    """One job is written, whether there is such an account or not."""
    await accounts.register()
    before = len(await accounts.mails())
    for email in ("ada@example.test", "nobody@example.test"):
        jobs = await accounts.database.collection(JOBS).count({})
        await ask(accounts, email)
        assert await accounts.database.collection(JOBS).count({}) == jobs + 1
    assert len(await accounts.mails()) == before + 1


async def test_a_lookalike_of_an_address_gets_no_mail(accounts: Accounts) -> None:
    """Two addresses of one key are two mailboxes: the code goes to the one that the account has."""
    await accounts.register()
    await ask(accounts, "\uff41da@example.test")
    assert {mail["To"] for mail in await accounts.mails()} == {"ada@example.test"}
    assert (await subjects(accounts))[0] == "Choose a new password"


async def test_a_mailbox_gets_three_mails_in_an_hour_whoever_asks(accounts: Accounts) -> None:
    await accounts.register()
    for n in range(6):
        await ask(accounts, address=f"192.0.2.{n}")
    assert (await subjects(accounts)).count("Choose a new password") == 3


async def test_a_mailbox_gets_three_mails_in_an_hour_from_accounts_that_want_it_as_theirs(accounts: Accounts) -> None:
    await accounts.register()
    for n in range(4):
        session = await accounts.auth.register(a_registration(f"eve{n}"), Client(f"192.0.2.{n}"))
        command = ChangeEmail.parse({"email": "ada@example.test", "password": PASSWORD})
        asking = accounts.credentials.change_email(
            await principal_of(accounts, session), command, Client(f"192.0.2.{n}")
        )
        if n < 3:
            await asking
        else:
            with pytest.raises(RateLimited):
                await asking
    await ask(accounts)
    to_ada = [mail["Subject"] for mail in await accounts.mails() if mail["To"] == "ada@example.test"]
    assert to_ada.count("Confirm your email address") == 1 + 3
    assert to_ada.count("Choose a new password") == 1


async def test_one_client_has_twenty_mails_sent_in_an_hour(accounts: Accounts) -> None:
    for n in range(20):
        await ask(accounts, f"user{n}@example.test")
    with pytest.raises(RateLimited):
        await ask(accounts, "another@example.test")
    await ask(accounts, "another@example.test", address="192.0.2.2")


async def test_resetting_lets_in_the_owner_whom_strangers_kept_out(accounts: Accounts) -> None:
    await accounts.register()
    for n in range(5):
        with pytest.raises(InvalidCredentials):
            await accounts.login("ada", "wrong", address=f"198.51.100.{n}")
    with pytest.raises(RateLimited):
        await accounts.login("ada", address="198.51.100.9")
    await ask(accounts)
    await reset(accounts, await accounts.mailed_code())
    await accounts.login("ada", NEW, address="198.51.100.9")


async def test_no_secret_that_is_mailed_is_stored(accounts: Accounts) -> None:
    await accounts.register()
    await ask(accounts)
    code = await accounts.mailed_code()
    kept = [
        *await accounts.database.collection(LINKS).find({}, limit=10),
        *await accounts.database.collection(JOBS).find({}, limit=10),
    ]
    assert len(kept) >= 4
    assert code not in "".join(document.model_dump_json() for document in kept)


async def test_registering_mails_a_code_that_proves_the_address(accounts: Accounts) -> None:
    session = await accounts.register()
    assert not session.user.email_verified
    code = await accounts.mailed_code()
    await verify(accounts, code)
    with pytest.raises(LinkInvalid):
        await verify(accounts, code)
    assert (await stored(accounts, session)).email_verified
    with pytest.raises(EmailVerified):
        await accounts.credentials.request_verification(await principal_of(accounts, session), HOME)


async def test_another_code_can_be_asked_for(accounts: Accounts) -> None:
    session = await accounts.register()
    accounts.clock.advance(1)
    await accounts.credentials.request_verification(await principal_of(accounts, session), HOME)
    assert (await subjects(accounts)) == ["Confirm your email address"] * 2
    await verify(accounts, await accounts.mailed_code())


async def test_another_address_counts_once_it_is_proved(accounts: Accounts) -> None:
    session = await accounts.register()
    await verify(accounts, await accounts.mailed_code())
    await change_email(accounts, session, "ada@elsewhere.test")
    code = await accounts.mailed_code("ada@elsewhere.test")
    assert (await stored(accounts, session)).email == "ada@example.test"
    await verify(accounts, code)
    changed = await stored(accounts, session)
    assert (changed.email, changed.email_verified) == ("ada@elsewhere.test", True)
    assert (await accounts.login("ADA@elsewhere.test")).user.id == session.user.id
    told = [mail["To"] for mail in await accounts.mails() if mail["Subject"] == "Your email address was changed"]
    assert told == ["ada@example.test"]


async def test_an_address_that_somebody_else_has_is_not_taken_from_them(accounts: Accounts) -> None:
    ada, bob = await accounts.register("ada"), await accounts.register("bob")
    await change_email(accounts, ada, "Bob@example.test")
    with pytest.raises(EmailTaken):
        await verify(accounts, await accounts.mailed_code("Bob@example.test"))
    assert (await stored(accounts, bob)).email == "bob@example.test"
