"""`GET /users/me` may be a second old; what the caller changes here shows at once."""

import asyncio

import pytest

from tests.integration.rest.conftest import Api
from tests.support.wait import eventually


async def test_a_caller_sees_their_own_change_at_once(api: Api) -> None:
    token = (await api.register())["accessToken"]
    for name in ("Ada", "Ada L.", "Countess"):
        before = await api.get("users/me", token=token)
        await api.call("PATCH", "users/me", json={"displayName": name}, token=token)
        after = await api.get("users/me", token=token)
        assert after.data["displayName"] == name
        assert after.headers["ETag"] != before.headers["ETag"]


async def test_a_change_from_elsewhere_shows_within_a_second(api: Api) -> None:
    session = await api.register()
    token = session["accessToken"]
    assert (await api.get("users/me", token=token)).data["emailVerified"] is False
    await api.accounts.change_user(session["user"]["id"], {"$set": {"email_verified": True}})
    assert (await api.get("users/me", token=token)).data["emailVerified"] is False, "kept for a moment"

    async def is_seen() -> bool:
        return bool((await api.get("users/me", token=token)).data["emailVerified"])

    await eventually(is_seen)


async def test_each_caller_gets_their_own(api: Api) -> None:
    tokens = [(await api.register(name))["accessToken"] for name in ("ada", "bob")]
    for _ in range(2):
        names = [(await api.get("users/me", token=token)).data["username"] for token in tokens]
        assert names == ["ada", "bob"]


async def test_what_is_kept_is_for_those_who_may_come_in(api: Api) -> None:
    """An ended session is refused at once where it was ended, whatever is kept."""
    token = (await api.register())["accessToken"]
    assert (await api.get("users/me", token=token)).status == 200
    assert (await api.post("auth/logout", token=token)).status == 204
    assert (await api.get("users/me", token=token)).code == "TOKEN_REVOKED"


async def test_a_failure_is_not_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    token = (await api.register())["accessToken"]

    async def broken(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(api.accounts.users, "get", broken)
        assert [(await api.get("users/me", token=token)).status for _ in range(2)] == [500, 500]
    assert (await api.get("users/me", token=token)).status == 200


async def test_many_at_once_get_the_same(api: Api) -> None:
    token = (await api.register())["accessToken"]
    answers = await asyncio.gather(*(api.get("users/me", token=token) for _ in range(20)))
    assert {(answer.status, answer.headers["ETag"]) for answer in answers} == {(200, answers[0].headers["ETag"])}
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 20
    known = {"If-None-Match": answers[0].headers["ETag"]}
    assert (await api.get("users/me", token=token, headers=known)).status == 304
