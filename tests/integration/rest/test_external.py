"""Logging in by identities of other providers, and linking them, over HTTP and with a provider of our own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.audit.model import AUDIT
from domain.auth.external import IDENTITIES
from storage.outbound.providers import OidcConfig, SteamConfig, identity_providers
from tests.integration.rest.conftest import Answer, Api, serving
from tests.support.accounts import PASSWORD, Accounts, open_accounts
from tests.support.issuer import APP_ID, AUDIENCE, STEAM_IDENTITY, STEAM_KEY, Issuer, an_issuer

TICKET = "14000000ab"


@pytest.fixture
async def issuer(accounts: Accounts) -> AsyncIterator[Issuer]:
    async with an_issuer(accounts.clock) as issuer:
        issuer.tickets[TICKET] = "76561197960287930"
        yield issuer


def providers(accounts: Accounts, issuer: Issuer) -> Any:
    studio = OidcConfig(kind="oidc", issuer=issuer.url, audience=AUDIENCE)
    steam = SteamConfig(kind="steam", app_id=APP_ID, key=STEAM_KEY, identity=STEAM_IDENTITY, url=issuer.url)
    epic = OidcConfig(kind="oidc", issuer=issuer.url, audience="the-game-at-epic", jwks_url=f"{issuer.url}/keys")
    return identity_providers({"studio": studio, "steam": steam, "epic": epic}, accounts.clock, private=True)


@pytest.fixture
async def api(accounts: Accounts, issuer: Issuer) -> AsyncIterator[Api]:
    async with serving(accounts, providers=providers(accounts, issuer)) as api:
        yield api


async def login(api: Api, token: str, provider: str = "studio", **fields: Any) -> Answer:
    return await api.post("auth/external", {"provider": provider, "token": token, **fields})


async def link(api: Api, token: str, by: str, provider: str = "studio") -> Answer:
    return await api.post(f"users/me/identities/{provider}", {"token": token}, token=by)


async def unlink(api: Api, by: str, provider: str = "studio") -> Answer:
    return await api.call("DELETE", f"users/me/identities/{provider}", token=by)


async def test_the_first_login_opens_an_account_and_the_next_finds_it(api: Api, issuer: Issuer) -> None:
    first = await login(api, issuer.token("ada", name="Ada L", email="Ada@example.test", email_verified=True))
    assert first.status == 200, first.body
    me = first.data["user"]
    assert (me["displayName"], me["email"], me["emailVerified"]) == ("Ada L", "Ada@example.test", True)
    assert (me["identities"], me["guest"], me["roles"]) == (["studio"], False, ["user"])
    assert (await login(api, issuer.token("ada", name="Renamed"))).data["user"] == me
    assert (await api.get("users/me", token=first.data["accessToken"])).data == me
    assert (await login(api, issuer.token("bob"))).data["user"]["id"] != me["id"]


@pytest.mark.parametrize("name", ["", " ", "\u202e", "x" * 500, "a\nb", None])
async def test_a_name_we_would_not_take_from_the_player_is_not_taken_from_a_provider(
    api: Api, issuer: Issuer, name: str | None
) -> None:
    me = (await login(api, issuer.token("ada", name=name))).data["user"]
    assert me["displayName"] == me["username"]


async def test_steam_and_epic_vouch_in_their_ways(api: Api, issuer: Issuer) -> None:
    steam = await login(api, TICKET, "steam")
    epic = await login(api, issuer.token("ada", aud="the-game-at-epic"), "epic")
    studio = await login(api, issuer.token("ada"))
    assert len({answer.data["user"]["id"] for answer in (steam, epic, studio)}) == 3
    assert (await login(api, TICKET, "steam")).data["user"] == steam.data["user"]
    assert (await login(api, issuer.token("ada"), "epic")).code == "EXTERNAL_TOKEN_INVALID"


async def test_what_nobody_vouches_for_opens_nothing(api: Api, issuer: Issuer) -> None:
    assert (await login(api, issuer.token(aud="another"))).code == "EXTERNAL_TOKEN_INVALID"
    assert (await login(api, issuer.token(nonce="n1"), nonce="n2")).code == "EXTERNAL_TOKEN_INVALID"
    assert (await login(api, "00", "steam")).status == 401
    assert (await login(api, issuer.token(), "nobody")).code == "NOT_FOUND"
    assert (await login(api, "x" * 9000)).faults == {"token"}
    issuer.broken = 500
    api.accounts.clock.advance(7200)
    assert (await login(api, issuer.token())).code == "UNAVAILABLE"
    assert await api.accounts.database.collection(IDENTITIES).count({}) == 0


async def test_an_address_that_has_an_account_is_not_handed_to_whoever_the_provider_names(
    api: Api, issuer: Issuer
) -> None:
    ada = await api.register("ada")
    token = issuer.token("somebody", email="ADA@example.test", email_verified=True)
    assert (await login(api, token)).code == "EMAIL_TAKEN"
    linked = await link(api, token, ada["accessToken"])
    assert (linked.status, linked.data["identities"]) == (200, ["studio"])
    assert (await login(api, token)).data["user"]["id"] == ada["user"]["id"]


async def test_a_guest_who_links_is_a_guest_no_more(api: Api, issuer: Issuer) -> None:
    guest = (await api.post("auth/guest", {})).data
    assert (await link(api, TICKET, guest["accessToken"], "steam")).data["guest"] is False
    assert (await login(api, TICKET, "steam")).data["user"]["id"] == guest["user"]["id"]


async def test_an_identity_has_one_account_and_an_account_one_of_each_provider(api: Api, issuer: Issuer) -> None:
    ada, bob = [(await api.register(name))["accessToken"] for name in ("ada", "bob")]
    for _ in range(2):
        assert (await link(api, issuer.token("a"), ada)).data["identities"] == ["studio"]
    assert (await link(api, issuer.token("a"), bob)).code == "IDENTITY_TAKEN"
    assert (await link(api, issuer.token("b"), ada)).code == "ALREADY_LINKED"
    assert (await unlink(api, ada)).status == 204
    assert (await unlink(api, ada)).code == "NOT_FOUND"
    assert (await link(api, issuer.token("a"), bob)).data["identities"] == ["studio"]
    assert (await api.get("users/me", token=ada)).data["identities"] == []


async def test_the_last_way_in_is_kept(api: Api, issuer: Issuer) -> None:
    token = (await login(api, issuer.token("ada"))).data["accessToken"]
    assert (await unlink(api, token)).code == "LAST_LOGIN"
    assert (await link(api, TICKET, token, "steam")).status == 200
    answers = await asyncio.gather(unlink(api, token), unlink(api, token, "steam"))
    assert sorted(answer.status for answer in answers) == [204, 409]
    (left,) = (await api.get("users/me", token=token)).data["identities"]
    assert (await unlink(api, token, left)).code == "LAST_LOGIN"


async def test_linking_and_unlinking_are_on_record(api: Api, issuer: Issuer) -> None:
    ada = await api.register("ada")
    await link(api, issuer.token("a"), ada["accessToken"])
    await unlink(api, ada["accessToken"])
    entries = await api.accounts.database.collection(AUDIT).find({"target": f"user:{ada['user']['id']}"}, limit=100)
    actions = [entry.action for entry in entries]
    assert [action for action in actions if "identity" in action] == ["auth.identity_linked", "auth.identity_unlinked"]


async def test_a_banned_account_is_refused_however_it_comes_in(api: Api, issuer: Issuer) -> None:
    session = (await login(api, issuer.token("ada"))).data
    await api.accounts.change_user(session["user"]["id"], {"$set": {"status": "banned"}})
    assert (await login(api, issuer.token("ada"))).code == "ACCOUNT_BANNED"


@pytest.mark.parametrize("storage", ["embedded", "servers"])
async def test_first_logins_at_once_open_one_account(
    request: pytest.FixtureRequest, tmp_path: Any, storage: str
) -> None:
    urls = [f"sqlite:///{tmp_path}/other.db"]
    if storage == "servers":
        urls = [request.getfixturevalue("mongodb_url"), request.getfixturevalue("redis_url")]
    async with (
        open_accounts(*urls) as accounts,
        an_issuer(accounts.clock) as issuer,
        serving(accounts, providers=providers(accounts, issuer)) as api,
    ):
        answers = await asyncio.gather(*(login(api, issuer.token("ada")) for _ in range(8)))
        assert len({answer.data["user"]["id"] for answer in answers}) == 1


async def test_an_identity_linked_before_the_address_was_proved_ends_with_a_reset(
    api: Api, issuer: Issuer, accounts: Accounts
) -> None:
    """Who opens an account in the name of somebody else's address must not stay in it when its owner takes it over."""
    theirs = await api.register("ada")
    assert (await link(api, issuer.token("thief"), by=theirs["accessToken"])).status == 200
    await api.post("auth/reset-password", {"email": "ada@example.test"})
    chosen = {"token": await accounts.mailed_code(), "newPassword": "velvet otter parade"}
    assert (await api.post("auth/reset-password/confirm", chosen)).status == 204
    assert (await login(api, issuer.token("thief"))).data["user"]["id"] != theirs["user"]["id"]
    owner = await api.post("auth/login", {"credential": "ada", "password": "velvet otter parade"})
    assert (owner.data["user"]["id"], owner.data["user"]["identities"]) == (theirs["user"]["id"], [])


async def reset(accounts: Accounts, api: Api) -> None:
    """Ada chooses another password by mail."""
    await api.post("auth/reset-password", {"email": "ada@example.test"})
    chosen = {"token": await accounts.mailed_code(), "newPassword": "velvet otter parade"}
    assert (await api.post("auth/reset-password/confirm", chosen)).status == 204


async def verified(accounts: Accounts, api: Api) -> Any:
    """The session of ada, whose address is proved."""
    ada = await api.register("ada")
    await api.post("auth/verify-email/confirm", {"token": await accounts.mailed_code()})
    return ada


async def newest_mail(accounts: Accounts) -> tuple[str, str]:
    """Subject and text of what was mailed last."""
    mail = (await accounts.mails())[-1]
    text = mail.get_body(("plain",))
    assert text is not None
    return mail["Subject"], text.get_content()


async def test_a_reset_takes_what_was_linked_of_late_and_leaves_the_rest(
    api: Api, issuer: Issuer, accounts: Accounts
) -> None:
    """What a thief has linked does not outlive the reset, and the mail says what became of each."""
    ada = await verified(accounts, api)
    assert (await link(api, issuer.token("ada"), by=ada["accessToken"])).status == 200
    accounts.clock.advance(31 * 86_400)
    thief = (await api.post("auth/login", {"credential": "ada", "password": PASSWORD})).data
    assert (await link(api, TICKET, thief["accessToken"], "steam")).status == 200
    await reset(accounts, api)
    subject, text = await newest_mail(accounts)
    assert subject == "Your password was changed"
    assert "are removed: steam." in text
    assert "log in by: studio." in text
    me = (await login(api, issuer.token("ada"))).data["user"]
    assert (me["id"], me["identities"]) == (ada["user"]["id"], ["studio"])
    assert (await login(api, TICKET, "steam")).data["user"]["id"] != ada["user"]["id"]


async def test_the_login_that_an_account_began_with_outlives_a_reset(
    api: Api, issuer: Issuer, accounts: Accounts
) -> None:
    token = issuer.token("ada", email="ada@example.test", email_verified=True)
    ada = (await login(api, token)).data["user"]
    await reset(accounts, api)
    assert (await login(api, token)).data["user"] == ada


async def test_a_login_of_long_ago_links_nothing_without_the_password(
    api: Api, issuer: Issuer, accounts: Accounts
) -> None:
    ada = await api.register("ada")
    accounts.clock.advance(800)
    token = issuer.token("ada")
    refused = await link(api, token, ada["accessToken"])
    assert (refused.status, refused.code) == (403, "PROOF_REQUIRED")
    body = {"token": token, "password": "not this one"}
    for code in ["WRONG_PASSWORD"] * 5 + ["RATE_LIMITED"]:
        assert (await api.post("users/me/identities/studio", body, token=ada["accessToken"])).code == code
    assert await accounts.database.collection(IDENTITIES).count({}) == 0
    accounts.clock.advance(101)
    again = (await api.post("auth/login", {"credential": "ada", "password": PASSWORD})).data["accessToken"]
    assert (await link(api, token, again)).status == 200


async def test_the_password_is_proof_enough(api: Api, issuer: Issuer, accounts: Accounts) -> None:
    ada = await api.register("ada")
    accounts.clock.advance(800)
    body = {"token": issuer.token("ada"), "password": PASSWORD}
    assert (await api.post("users/me/identities/studio", body, token=ada["accessToken"])).status == 200


async def test_a_guest_needs_no_proof_and_who_logs_in_elsewhere_a_new_login(
    api: Api, issuer: Issuer, accounts: Accounts
) -> None:
    """A guest could not log in again; for the other a stolen token must not become a password."""
    guest, other = (await api.post("auth/guest", {})).data, (await login(api, issuer.token("other"))).data
    accounts.clock.advance(800)
    upgrade = {"email": "bob@example.test", "username": "bob", "password": PASSWORD}
    assert (await api.post("auth/upgrade", upgrade, token=other["accessToken"])).code == "PROOF_REQUIRED"
    assert (await link(api, TICKET, other["accessToken"], "steam")).code == "PROOF_REQUIRED"
    assert (await link(api, TICKET, guest["accessToken"], "steam")).status == 200
    other = (await login(api, issuer.token("other"))).data
    assert (await api.post("auth/upgrade", upgrade, token=other["accessToken"])).status == 200


async def test_linking_and_unlinking_are_told_by_mail(api: Api, issuer: Issuer, accounts: Accounts) -> None:
    token = (await api.register("ada"))["accessToken"]
    await link(api, TICKET, token, "steam")
    subject, text = await newest_mail(accounts)
    assert (subject, "by steam, too" in text) == ("Another login for your account", True)
    await unlink(api, token, "steam")
    assert (await newest_mail(accounts))[0] == "A login of your account was removed"
    for _ in range(4):
        assert (await link(api, TICKET, token, "steam")).status == 200
        assert (await unlink(api, token, "steam")).status == 204
    assert (await link(api, TICKET, token, "steam")).code == "RATE_LIMITED"


async def test_what_is_grave_is_refused_at_once_when_another_instance_has_ended_the_session(
    api: Api, issuer: Issuer, accounts: Accounts
) -> None:
    """Other requests may believe it for a second."""
    ada = await api.register("ada")
    token = ada["accessToken"]
    await link(api, TICKET, token, "steam")
    elsewhere = accounts.another_instance()
    await elsewhere.logout_all(ada["user"]["id"])
    assert (await api.get("users/me", token=token)).status == 200
    chosen = {"password": PASSWORD, "newPassword": "velvet otter parade"}
    refused = [
        await link(api, issuer.token("thief"), token),
        await unlink(api, token, "steam"),
        await api.post(
            "auth/upgrade", {"email": "e@example.test", "username": "eve", "password": PASSWORD}, token=token
        ),
        await api.post("auth/change-password", chosen, token=token),
        await api.post("auth/change-email", {"email": "eve@example.test", "password": PASSWORD}, token=token),
        await api.call("DELETE", "users/me", token=token),
        await api.get("users/me/export", token=token),
    ]
    assert {answer.code for answer in refused} == {"TOKEN_REVOKED"}
    assert (await api.get("users/me", token=token)).status == 200, (
        "the second is not over, so the test has shown something"
    )
