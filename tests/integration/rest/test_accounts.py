"""The essential flows, on embedded storage and on real servers."""

import asyncio

import pytest

from tests.integration.rest.conftest import Api
from tests.support.accounts import PASSWORD, a_registration


async def test_from_registration_to_logout(any_api: Api) -> None:
    session = await any_api.register("Ada")
    assert {"accessToken", "refreshToken", "expiresInMs", "user"} == set(session)

    me = await any_api.get("users/me", token=session["accessToken"])
    assert (me.status, me.data) == (200, session["user"])

    login = await any_api.post("auth/login", {"credential": "ADA@example.test", "password": PASSWORD})
    assert (login.status, login.data["user"]["id"]) == (200, session["user"]["id"])

    refreshed = await any_api.post("auth/refresh", {"refreshToken": session["refreshToken"]})
    token = refreshed.data["accessToken"]
    assert (await any_api.get("users/me", token=token)).status == 200

    out = await any_api.post("auth/logout", token=token)
    assert (out.status, out.body) == (204, b"")
    for path, answer in (
        ("users/me", await any_api.get("users/me", token=token)),
        ("refresh", await any_api.post("auth/refresh", {"refreshToken": refreshed.data["refreshToken"]})),
    ):
        assert (answer.status, answer.code) == (401, "TOKEN_REVOKED"), path
    assert (await any_api.get("users/me", token=login.data["accessToken"])).status == 200


async def test_a_guest_enters_without_a_body(any_api: Api) -> None:
    answer = await any_api.post("auth/guest")
    assert (answer.status, answer.data["user"]["guest"]) == (201, True)
    assert (await any_api.get("users/me", token=answer.data["accessToken"])).status == 200


async def test_logging_out_everywhere_ends_every_session(any_api: Api) -> None:
    first = await any_api.register()
    second = (await any_api.post("auth/login", {"credential": "ada", "password": PASSWORD})).data
    assert (await any_api.post("auth/logout-all", token=first["accessToken"])).status == 204
    for session in (first, second):
        assert (await any_api.get("users/me", token=session["accessToken"])).code == "TOKEN_REVOKED"


async def test_taken_names_conflict(any_api: Api) -> None:
    await any_api.register("ada")
    wanted = {"email": "other@example.test", "username": "ADA", "password": PASSWORD}
    answer = await any_api.post("auth/register", wanted)
    assert (answer.status, answer.code) == (409, "USERNAME_TAKEN")
    answer = await any_api.post("auth/register", wanted | {"email": "ADA@example.test", "username": "other"})
    assert (answer.status, answer.code) == (409, "EMAIL_TAKEN")


async def test_one_of_many_gets_a_username(any_api: Api) -> None:
    answers = await asyncio.gather(
        *(
            any_api.post("auth/register", {"email": f"a{n}@example.test", "username": "ada", "password": PASSWORD})
            for n in range(10)
        )
    )
    assert sorted(answer.status for answer in answers) == [201, *[409] * 9]


async def test_a_stolen_refresh_token_ends_the_session(any_api: Api) -> None:
    session = await any_api.register()
    renewed = (await any_api.post("auth/refresh", {"refreshToken": session["refreshToken"]})).data
    any_api.accounts.clock.advance(61)
    for token in (session["refreshToken"], renewed["refreshToken"]):
        answer = await any_api.post("auth/refresh", {"refreshToken": token})
        assert (answer.status, answer.code) == (401, "TOKEN_REVOKED")
    assert (await any_api.get("users/me", token=renewed["accessToken"])).code == "TOKEN_REVOKED"


async def test_twenty_refreshes_at_once_agree(any_api: Api) -> None:
    session = await any_api.register()
    answers = await asyncio.gather(
        *(any_api.post("auth/refresh", {"refreshToken": session["refreshToken"]}) for _ in range(20))
    )
    assert {answer.status for answer in answers} == {200}
    (token,) = {answer.data["refreshToken"] for answer in answers}
    assert token.split(".")[1] == "2"
    assert (await any_api.post("auth/refresh", {"refreshToken": token})).status == 200


async def test_failed_logins_are_limited(any_api: Api) -> None:
    await any_api.register()
    wrong = {"credential": "ada", "password": "wrong"}
    answers = [await any_api.post("auth/login", wrong) for _ in range(6)]
    assert [answer.code for answer in answers] == [*["INVALID_CREDENTIALS"] * 5, "RATE_LIMITED"]
    assert answers[0].error == (await any_api.post("auth/login", wrong | {"credential": "nobody"})).error
    refused = answers[-1]
    assert refused.status == 429
    assert 0 < refused.error["details"]["retryInMs"] <= int(refused.headers["Retry-After"]) * 1000


async def test_the_catalogue_is_paged(any_api: Api) -> None:
    everything = await any_api.get("games?limit=100")
    assert everything.body["meta"] == {"pagination": {"limit": 100, "nextCursor": None}}
    first = await any_api.get("games?limit=4")
    ids, page = [game["id"] for game in first.data], first
    while cursor := page.body["meta"]["pagination"]["nextCursor"]:
        page = await any_api.get("games", params={"limit": "4", "cursor": cursor})
        assert page.body["meta"]["pagination"]["limit"] == 4
        ids += [game["id"] for game in page.data]
    assert ids == [game["id"] for game in everything.data]
    assert len(set(ids)) == len(ids) > 8
    one = await any_api.get(f"games/{ids[0]}")
    assert one.data == first.data[0]
    assert "version" not in one.data
    assert (await any_api.get("games/nothing")).code == "NOT_FOUND"


async def test_without_the_database_the_catalogue_is_stale_and_all_else_unavailable(any_api: Api) -> None:
    token = (await any_api.register())["accessToken"]
    fresh, page = await any_api.get("games/apex"), await any_api.get("games")
    await any_api.accounts.database.close()
    any_api.accounts.clock.advance(60)
    for path, before in (("games/apex", fresh), ("games", page)):
        answer = await any_api.get(path)
        assert (answer.status, answer.data) == (200, before.data)
        assert answer.body["meta"]["stale"] is True
        assert "stale" not in before.body.get("meta", {})
    for answer in (await any_api.get("users/me", token=token), await any_api.post("auth/guest")):
        assert (answer.status, answer.code) == (503, "UNAVAILABLE")


@pytest.mark.parametrize(
    "name", ["admin", "Moderator", "maoga", "s.y-s_t.e.m", "Support24", "\uff41\uff44\uff4d\uff49\uff4e"]
)
async def test_nobody_takes_a_name_that_speaks_for_the_server(api: Api, name: str) -> None:
    account = {"email": "x@example.test", "username": name, "password": PASSWORD}
    guest, ada = (await api.post("auth/guest", {})).data, await api.register("ada")
    for answer in (
        await api.post("auth/register", account),
        await api.post("auth/upgrade", account, token=guest["accessToken"]),
        await api.call("PATCH", "users/me", json={"username": name}, token=ada["accessToken"]),
    ):
        assert answer.faults == {"username"}


async def test_who_got_such_a_name_from_the_command_line_keeps_it(api: Api) -> None:
    await api.accounts.auth.create_account(a_registration("admin"), ("admin",))
    token = (await api.post("auth/login", {"credential": "admin", "password": PASSWORD})).data["accessToken"]
    renamed = await api.call("PATCH", "users/me", json={"username": "Admin", "displayName": "Root"}, token=token)
    assert (renamed.data["username"], renamed.data["displayName"]) == ("Admin", "Root")


async def test_asking_which_addresses_have_an_account_is_slow(api: Api) -> None:
    """Registering tells it, and so does a guest's upgrade, of whom one address can have any number."""
    guests = [(await api.post("auth/guest", {})).data["accessToken"] for _ in range(21)]
    await api.register("ada")
    account = {"email": "ada@example.test", "username": "other", "password": PASSWORD}
    codes = [(await api.post("auth/register", account)).code for _ in range(20)]
    assert codes == [*["EMAIL_TAKEN"] * 19, "RATE_LIMITED"]
    codes = [(await api.post("auth/upgrade", account, token=token)).code for token in guests]
    assert codes == [*["EMAIL_TAKEN"] * 20, "RATE_LIMITED"]
