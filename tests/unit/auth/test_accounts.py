import asyncio

import bcrypt
import pytest

from domain.auth.auth import GuestsRefused, InvalidCredentials
from domain.auth.commands import EnterAsGuest
from domain.auth.refusals import AccountBanned, AccountDeleted, AccountSuspended
from domain.core.errors import AppError, RateLimited
from domain.core.ids import UserId
from domain.users.users import EmailTaken, UsernameTaken
from tests.support.accounts import PASSWORD, Accounts, a_registration


async def outcome_of(accounts: Accounts, credential: str, address: str) -> str:
    """The code that a login with a wrong password gets."""
    with pytest.raises(AppError) as refused:
        await accounts.login(credential, "wrong", address=address)
    return refused.value.code


async def test_registering_logs_in(accounts: Accounts) -> None:
    session = await accounts.register("Ada")
    assert (session.user.username, session.user.display_name, session.user.email) == ("Ada", "Ada", "Ada@example.test")
    assert session.expires_in_ms == 900_000
    assert (await accounts.auth.authenticate(session.access_token)).user_id == session.user.id


@pytest.mark.parametrize("credential", ["ada@example.test", "ADA@Example.TEST", "ada", " ADA ", "\uff41da"])
async def test_login_takes_email_or_username_in_any_case(accounts: Accounts, credential: str) -> None:
    registered = await accounts.register("Ada")
    assert registered.user.id == (await accounts.login(credential)).user.id


@pytest.mark.parametrize(
    ("username", "email", "refusal"),
    [
        ("ADA", "other@example.test", UsernameTaken),
        ("\uff41da", "other@example.test", UsernameTaken),
        ("other", "ADA@EXAMPLE.test", EmailTaken),
    ],
)
async def test_names_are_unique_whatever_their_case_and_width(
    accounts: Accounts, username: str, email: str, refusal: type[AppError]
) -> None:
    await accounts.register("Ada")
    with pytest.raises(refusal):
        await accounts.auth.register(a_registration(username, email=email))


async def test_of_many_who_register_one_name_at_once_one_gets_it(accounts: Accounts) -> None:
    outcomes = await asyncio.gather(
        *(accounts.auth.register(a_registration("ada", email=f"a{n}@example.test")) for n in range(10)),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, UsernameTaken)]
    assert (len(refused), len(outcomes) - len(refused)) == (9, 1)


async def test_a_guest_has_a_name_and_no_password(accounts: Accounts) -> None:
    session = await accounts.guest()
    assert session.user.guest
    assert session.user.email is None
    with pytest.raises(InvalidCredentials):
        await accounts.login(session.user.username, "guest")


async def test_a_guest_may_choose_how_to_be_shown(accounts: Accounts) -> None:
    session = await accounts.auth.guest(EnterAsGuest.parse({"displayName": " Ada "}))
    assert session.user.display_name == "Ada"


async def test_guests_are_refused_where_they_are_not_allowed(accounts: Accounts) -> None:
    with pytest.raises(GuestsRefused):
        await accounts.another_instance(guests=False).guest(EnterAsGuest())


async def test_an_unknown_account_gets_the_answer_of_a_wrong_password(accounts: Accounts) -> None:
    await accounts.register("ada")
    answers = []
    for credential in ("ada", "nobody", "nobody@example.test"):
        with pytest.raises(InvalidCredentials) as refused:
            await accounts.login(credential, "wrong")
        answers.append(refused.value.as_error())
    assert [answers[0]] * 3 == answers


async def test_every_failing_login_compares_one_hash(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known, unknown and guest accounts cost the same work: one comparison at the configured cost."""
    await accounts.register("ada")
    guest = await accounts.guest()
    compared = []
    original = bcrypt.checkpw

    def noted(password: bytes, hashed: bytes) -> bool:
        compared.append(hashed[:7])
        return original(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", noted)
    for credential in ("ada", "nobody", guest.user.username):
        with pytest.raises(InvalidCredentials):
            await accounts.login(credential, "wrong")
    assert compared == [b"$2b$04$"] * 3


@pytest.mark.parametrize("credential", ["ada", "ada@example.test", "nobody"])
async def test_failed_logins_of_an_account_are_limited_even_if_it_does_not_exist(
    accounts: Accounts, credential: str
) -> None:
    await accounts.register("ada")
    for n in range(5):
        with pytest.raises(InvalidCredentials):
            await accounts.login(credential, "wrong", address=f"192.0.2.{n}")
    with pytest.raises(RateLimited) as refused:
        await accounts.login(credential.upper(), PASSWORD, address="192.0.2.99")
    assert 50_000 < refused.value.retry_in_ms <= 60_000


async def test_failed_logins_at_once_do_not_slip_past_the_limit(accounts: Accounts) -> None:
    await accounts.register("ada")
    outcomes = await asyncio.gather(*(accounts.login("ada", "wrong") for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(outcome, InvalidCredentials) for outcome in outcomes) == 5
    assert sum(isinstance(outcome, RateLimited) for outcome in outcomes) == 15


async def test_failed_logins_from_an_address_are_limited_over_all_accounts(accounts: Accounts) -> None:
    outcomes = [await outcome_of(accounts, f"user{n}", "192.0.2.1") for n in range(100)]
    failures = outcomes.index("RATE_LIMITED")
    assert 50 <= failures <= 70
    assert {"RATE_LIMITED"} == set(outcomes[failures:])
    assert await outcome_of(accounts, "user200", "192.0.2.2") == "INVALID_CREDENTIALS"


async def test_many_players_may_log_in_from_one_address(accounts: Accounts) -> None:
    await accounts.register("ada")
    for _ in range(150):
        await accounts.login("ada")


async def test_a_login_forgets_the_failures_before_it(accounts: Accounts) -> None:
    await accounts.register("ada")
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(InvalidCredentials):
                await accounts.login("ada", "wrong")
        await accounts.login("ada")


@pytest.mark.parametrize(
    ("status", "refusal"),
    [("suspended", AccountSuspended), ("banned", AccountBanned), ("deleted", AccountDeleted)],
)
async def test_only_the_right_password_tells_that_an_account_is_refused(
    accounts: Accounts, status: str, refusal: type[AppError]
) -> None:
    session = await accounts.register("ada")
    await accounts.change_user(session.user.id, {"$set": {"status": status}})
    with pytest.raises(InvalidCredentials):
        await accounts.login("ada", "wrong")
    with pytest.raises(refusal):
        await accounts.login("ada")


async def test_the_stored_account_holds_no_password(accounts: Accounts) -> None:
    session = await accounts.register("ada")
    user = await accounts.users.get(UserId(session.user.id))
    assert PASSWORD not in user.model_dump_json()
    assert user.password_hash is not None
    assert user.password_hash not in repr(user)
