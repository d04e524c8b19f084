"""Taking one's data along and closing one's account, over HTTP."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import ClientPayloadError, web

from domain.chat.media import MEDIA, Media
from domain.core.ids import ChannelId, UserId
from rest.envelope import Stream
from rest.streaming import send
from tests.integration.rest.conftest import Api
from tests.support.accounts import PASSWORD


async def test_an_export_is_a_file_of_the_callers_own(any_api: Api) -> None:
    api = any_api
    ann, bob = [await api.register(name) for name in ("ann", "bob")]
    await api.post("blocks", {"userId": bob["user"]["id"]}, token=ann["accessToken"])
    answer = await api.get("users/me/export", token=ann["accessToken"])
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="maoga-export.json"'
    assert "Content-Length" not in answer.headers
    assert answer.body["users"][0]["email"] == "ann@example.test"
    assert [block["blockedId"] for block in answer.body["blocks"]] == [bob["user"]["id"]]
    other = await api.get("users/me/export", token=bob["accessToken"])
    assert (other.body["userId"], other.body["blocks"]) == (bob["user"]["id"], [])
    assert (await api.get("users/me/export")).code == "AUTHENTICATION_REQUIRED"


async def test_a_long_export_comes_page_by_page_and_whole(api: Api) -> None:
    session = await api.register("ann")
    ann, clock = UserId(session["user"]["id"]), api.accounts.clock
    media = [
        Media(
            id=f"picture-{n:04}",
            channel_id=ChannelId("c"),
            uploader_id=ann,
            content_type="image/png",
            size=1,
            width=1,
            height=1,
            digest="",
            review="approved",
            created_at=clock.now(),
        )
        for n in range(450)
    ]
    await api.accounts.database.collection(MEDIA).insert_many(media)
    answer = await api.get("users/me/export", token=session["accessToken"])
    assert [one["id"] for one in answer.body["media"]] == [one.id for one in media]


async def test_a_deleted_account_is_shut_until_its_user_logs_in_again(any_api: Api) -> None:
    api = any_api
    session = await api.register("ann")
    one = {"token": session["accessToken"]}
    assert (await api.call("DELETE", "users/me", **one)).status == 204
    api.accounts.clock.advance(2)
    refused = await api.get("users/me", **one)
    assert refused.code in {"ACCOUNT_DELETED", "TOKEN_REVOKED"}
    assert api.accounts.publisher.told == [(session["user"]["id"], None, "logged_out")]
    assert (await api.post("auth/refresh", {"refreshToken": session["refreshToken"]})).status in {401, 403}
    wrong = await api.post("auth/login", {"credential": "ann", "password": "not this one"})
    assert wrong.code == "INVALID_CREDENTIALS"
    again = await api.post("auth/login", {"credential": "ann", "password": PASSWORD})
    assert (again.status, again.data["user"]["status"]) == (200, "active")


async def test_a_suspended_user_does_not_come_back_by_deleting(api: Api) -> None:
    """Who is shut out can neither delete the account nor have a deleted one back that was banned meanwhile."""
    session = await api.register("ann")
    await api.call("DELETE", "users/me", token=session["accessToken"])
    await api.accounts.change_user(session["user"]["id"], {"$set": {"status": "banned"}})
    login = await api.post("auth/login", {"credential": "ann", "password": PASSWORD})
    assert login.code == "ACCOUNT_BANNED"


@pytest.mark.parametrize("begun", [False, True])
async def test_a_file_that_cannot_be_finished_never_looks_whole(begun: bool) -> None:
    """What fails first is an ordinary answer; what fails in the middle breaks the connection off."""

    async def parts() -> AsyncIterator[bytes]:
        if begun:
            yield b"[1,"
            await asyncio.sleep(0)
        raise RuntimeError("the database is gone")

    async def answer(request: web.Request) -> web.StreamResponse:
        return await send(request, Stream(parts(), "application/json", "x.json"))

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{runner.addresses[0][1]}/") as got:
            if begun:
                with pytest.raises(ClientPayloadError):
                    await got.read()
            else:
                assert got.status == 500
    finally:
        await runner.cleanup()
