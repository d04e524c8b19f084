"""Accounts over real servers: what ends a session cuts its sockets on every instance, and a mail goes the whole way."""

import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from clients.python.client import MaogaClient
from clients.python.errors import MaogaError
from clients.python.rest import MaogaRest
from clients.python.session import Session
from tests.e2e.conftest import DUEL, Enter, Start, a_guest
from tests.support.accounts import PASSWORD
from tests.support.mailbox import Mailbox, a_mailbox
from tests.support.wait import eventually

NEW = "velvet otter parade"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def post(http: aiohttp.ClientSession, url: str, session: Session | None = None, **body: Any) -> int:
    """The status that a POST answers."""
    headers = {"Authorization": f"Bearer {session.access_token}"} if session else {}
    async with http.post(url, json=body, headers=headers) as response:
        return response.status


async def cut_off(player: MaogaClient) -> str:
    """Why a player's connection was closed, which must be soon."""
    return str((await player.wait_for("kicked", timeout=5)).data["reason"])


async def refused(url: str, session: Session) -> bool:
    """Whether a session is over."""
    async with MaogaRest(url) as rest:
        try:
            await rest.me(session.access_token)
        except MaogaError as error:
            return error.code == "TOKEN_REVOKED"
    return False


async def test_what_ends_sessions_cuts_their_sockets_on_every_instance(
    start: Start, enter: Enter, shared: dict[str, str], http: aiohttp.ClientSession
) -> None:
    a, b = start(**shared), start(**shared)
    async with MaogaRest(a.url, http) as rest:
        phone = await rest.register("ada@example.test", "ada", PASSWORD)
        laptop, tablet = [await rest.login("ada", PASSWORD) for _ in range(2)]
    here, there, aside = await enter(a.url, phone), await enter(b.url, laptop), await enter(b.url, tablet)

    headers = {"Authorization": f"Bearer {phone.access_token}"}
    async with http.get(f"{a.url}/api/v1/auth/sessions", headers=headers) as response:
        sessions = (await response.json())["data"]
    assert [session["current"] for session in sessions] == [False, False, True]
    assert {session["address"] for session in sessions} == {"127.0.0.1"}
    assert all("aiohttp" in session["userAgent"] for session in sessions)
    async with http.delete(f"{a.url}/api/v1/auth/sessions/{sessions[0]['id']}", headers=headers) as response:
        assert response.status == 204
    assert await cut_off(aside) == "logged_out"
    assert await there.status() is None

    changed = await post(http, f"{a.url}/api/v1/auth/change-password", phone, password=PASSWORD, newPassword=NEW)
    assert changed == 204
    assert await cut_off(there) == "password_changed"
    await eventually(lambda: refused(b.url, laptop))
    assert await here.status() is None

    assert await post(http, f"{b.url}/api/v1/auth/logout-all", phone) == 204
    assert await cut_off(here) == "logged_out"


async def test_a_guest_in_a_queue_becomes_an_account_without_leaving_it(
    start: Start, enter: Enter, http: aiohttp.ClientSession
) -> None:
    url = start().url
    session = await a_guest(url)
    player = await enter(url, session)
    ticket = await player.enqueue(DUEL)
    upgraded = {"email": "ada@example.test", "username": "ada", "password": PASSWORD}
    assert await post(http, f"{url}/api/v1/auth/upgrade", session, **upgraded) == 200
    current = await player.status()
    assert current is not None
    assert current["id"] == ticket["id"]
    async with MaogaRest(url, http) as rest:
        assert (await rest.login("ada", PASSWORD)).user_id == session.user_id


async def the_code(mailbox: Mailbox, subject: str) -> str:
    """The code in the mail with that subject, once it has come."""

    def found() -> str | None:
        for message in mailbox.messages():
            text = message.get_body(("plain",))
            if message["Subject"] == subject and text is not None:
                return re.search(r"#[a-z-]+=([\w-]+)\s", text.get_content())[1]  # type: ignore[index]
        return None

    return await eventually(found, timeout=20) or ""


async def test_a_password_is_reset_by_mail(start: Start, http: aiohttp.ClientSession) -> None:
    async with a_mailbox() as mailbox:
        server = start(
            MAOGA_SMTP_URL=f"smtp://127.0.0.1:{mailbox.port}", MAOGA_MAIL_LINK="https://game.example/account"
        )
        auth = f"{server.url}/api/v1/auth"
        async with MaogaRest(server.url, http) as rest:
            session = await rest.register("ada@example.test", "ada", PASSWORD)
            verify = await the_code(mailbox, "Confirm your email address")
            assert await post(http, f"{auth}/verify-email/confirm", token=verify) == 204
            assert (await rest.me(session.access_token))["emailVerified"]

            for email in ("ada@example.test", "nobody@example.test"):
                assert await post(http, f"{auth}/reset-password", email=email) == 202
            code = await the_code(mailbox, "Choose a new password")
            assert await post(http, f"{auth}/reset-password/confirm", token=code, newPassword=NEW) == 204
            assert await post(http, f"{auth}/reset-password/confirm", token=code, newPassword=NEW) == 404
            assert (await rest.login("ada", NEW)).user_id == session.user_id
        await eventually(lambda: len(mailbox.messages()) == 3, timeout=20)
        for secret in (verify, code, NEW, PASSWORD):
            assert secret not in server.log()
