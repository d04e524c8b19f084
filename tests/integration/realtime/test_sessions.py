"""Who is on a connection and for how long: handshake, expiry, renewal, kicks, presence."""

import asyncio
from typing import Any

import pytest

from domain.auth.refusals import AccountBanned
from domain.auth.tokens import TokenRevoked
from domain.core.errors import Unavailable
from domain.core.ids import UserId, new_id
from tests.integration.realtime.handshake import enter, refusal_of
from tests.integration.realtime.node import News, node, token_of
from tests.integration.realtime.wire import CONNECT, wire
from tests.support.wait import eventually


async def test_hello_is_the_first_event_and_says_where_the_streams_stand() -> None:
    """CONNECT is answered, then `hello` names the streams of this socket with their positions."""
    async with node() as one, wire(one.url) as client:
        one.namespace.member_of[UserId("ann")] = ["lobby:1"]
        await one.tell("lobby:1", News(number=1))
        hello = await enter(client)

        assert set(hello) == {"streams", "serverTime", "pingMs"}
        assert hello["pingMs"] == 25_000
        assert set(hello["streams"]) == {"lobby:1", "lobby:user:ann"}
        assert {stream: place["seq"] for stream, place in hello["streams"].items()} == {
            "lobby:1": 1,
            "lobby:user:ann": 0,
        }


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        (None, "TOKEN_MISSING"),
        ({}, "TOKEN_MISSING"),
        ({"token": None}, "TOKEN_MISSING"),
        ({"token": ""}, "TOKEN_MISSING"),
        ("token", "TOKEN_MISSING"),
        ([1], "TOKEN_MISSING"),
        (7, "TOKEN_MISSING"),
        ({"token": 7}, "TOKEN_INVALID"),
        ({"token": ["x"]}, "TOKEN_INVALID"),
        ({"token": "x"}, "TOKEN_INVALID"),
        ({"token": "x" * 5000}, "TOKEN_INVALID"),
        ({"token": "\ud800"}, "TOKEN_INVALID"),
        ({"token": "{ann}", "cheat": True}, "VALIDATION_ERROR"),
        ({"token": "{ann}", "client": {"name": 7}}, "VALIDATION_ERROR"),
        ({"token": "{expired}"}, "TOKEN_EXPIRED"),
        ({"token": "{banned}"}, "ACCOUNT_BANNED"),
    ],
)
async def test_a_connect_is_refused_with_a_code(auth: Any, code: str) -> None:
    """Whatever stands where the token belongs, the client is told what is wrong, and nothing of it is kept."""
    async with node() as one, wire(one.url) as client:
        one.door.refused[UserId("bob")] = AccountBanned()
        tokens = {"{ann}": token_of("ann"), "{expired}": token_of("ann", lives_s=-1), "{banned}": token_of("bob")}
        if isinstance(auth, dict) and isinstance(auth.get("token"), str):
            auth = {**auth, "token": tokens.get(auth["token"], auth["token"])}
        if auth == {"token": "\ud800"}:
            await client.send('40/lobby,{"token":"\\ud800"}')
            answer = await client.packet()
        else:
            answer = await client.connect("/lobby", auth)

        assert refusal_of(answer) == code
        assert one.counted("maoga_connects_total", namespace="lobby", outcome=code) == 1
        assert list(one.sessions) == []
        assert one.came == []


async def test_a_client_may_say_what_it_is() -> None:
    """`client: {name, protocol}` is welcome beside the token."""
    async with node() as one, wire(one.url) as client:
        auth = {"token": token_of("ann"), "client": {"name": "demo", "protocol": 1}}
        assert (await client.connect("/lobby", auth)).kind == CONNECT


async def test_a_connect_is_refused_while_a_database_is_away() -> None:
    """UNAVAILABLE, not a ghost; the next try gets in."""
    async with node() as one, wire(one.url) as client:
        one.door.refused[UserId("ann")] = Unavailable()
        assert refusal_of(await client.connect("/lobby", {"token": token_of("ann")})) == "UNAVAILABLE"
        del one.door.refused[UserId("ann")]

        await enter(client)


async def test_two_namespaces_share_one_connection_and_one_session() -> None:
    """Each CONNECT carries a token; presence counts the connection once."""
    async with node() as one:
        async with wire(one.url) as client:
            await enter(client)
            await enter(client, namespace="/chat")

            assert (await client.call("/lobby", "ping"))["status"] == "success"
            assert (await client.call("/chat", "ping", {}))["status"] == "success"
            assert len(list(one.sessions)) == 1
            assert one.came == ["ann"]
            assert await one.presence.online([UserId("ann")]) == {"ann"}
            await client.send("41/lobby,")
            assert (await client.call("/chat", "ping"))["status"] == "success"
            assert one.went == []
        await eventually(lambda: one.went == ["ann"])
        assert await one.presence.online([UserId("ann")]) == set()


async def test_a_second_user_on_one_connection_is_refused() -> None:
    """A connection is one person's."""
    async with node() as one, wire(one.url) as client:
        await enter(client, "ann")
        assert refusal_of(await client.connect("/chat", {"token": token_of("bob")})) == "FORBIDDEN"
        assert (await client.call("/lobby", "say", {"text": "x"}))["data"]["by"] == "ann"


async def test_a_user_has_so_many_connections_and_no_more() -> None:
    """The next one is refused until one of them is gone."""
    async with node(connections_per_user=2) as one, wire(one.url) as first, wire(one.url) as last:
        async with wire(one.url) as second:
            await enter(first)
            await enter(second)
            answer = await last.connect("/lobby", {"token": token_of("ann")})
            assert refusal_of(answer) == "TOO_MANY_CONNECTIONS"
        await eventually(lambda: len(list(one.sessions)) == 1)
        await enter(last)


async def test_renew_keeps_all_namespaces_of_the_connection_alive() -> None:
    """The token of one namespace expires, a fresh one sent in another counts for both."""
    async with node() as one, wire(one.url) as client:
        session = new_id()
        await enter(client, session=session, lives_s=2)
        await enter(client, namespace="/chat", session=session, lives_s=2)
        (warning, meta) = await client.event("session_expiring")
        renewed = await client.call("/chat", "renew", {"token": token_of("ann", session=session, lives_s=600)})

        assert 0 < warning["inMs"] <= 1000
        assert set(meta) == {"at"}
        assert 590_000 < renewed["data"]["expiresInMs"] <= 600_000
        assert await client.silent(2.1)
        assert (await client.call("/lobby", "ping"))["status"] == "success"


async def test_a_token_that_expires_ends_the_connection() -> None:
    """A warning, then `kicked`, then the WebSocket is closed."""
    async with node() as one, wire(one.url) as client:
        await enter(client, lives_s=2)
        await client.event("session_expiring")

        assert (await client.event("kicked"))[0] == {"reason": "token_expired"}
        assert await client.closed()
        await eventually(lambda: one.went == ["ann"])


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (lambda: token_of("bob"), "FORBIDDEN"),
        (lambda: token_of("ann", lives_s=-1), "TOKEN_EXPIRED"),
        (lambda: "x", "TOKEN_INVALID"),
        (lambda: 7, "VALIDATION_ERROR"),
        (lambda: "\x00" * 9000, "TOKEN_INVALID"),
    ],
)
async def test_renew_with_a_bad_token_changes_nothing(token: Any, code: str) -> None:
    """Only a good token of the same user goes on."""
    async with node() as one, wire(one.url) as client:
        await enter(client)
        assert (await client.call("/lobby", "renew", {"token": token()}))["error"]["code"] == code
        assert (await client.call("/lobby", "say", {"text": "x"}))["data"]["by"] == "ann"


async def test_a_kicked_user_is_cut_off_everywhere() -> None:
    """`kicked`, then all of the user's connections are closed, and nobody else's."""
    async with node() as one, wire(one.url) as first, wire(one.url) as second, wire(one.url) as other:
        await enter(first)
        await enter(first, namespace="/chat")
        await enter(second)
        await enter(other, "bob")
        await one.publisher.disconnect(UserId("ann"), reason="banned")

        for client in (first, second):
            assert (await client.event("kicked"))[0] == {"reason": "banned"}
            assert await client.closed()
        await eventually(lambda: one.went == ["ann"])
        assert (await other.call("/lobby", "ping"))["status"] == "success"


async def test_a_kick_of_one_session_spares_the_others() -> None:
    """Logging out on one device leaves the other connected."""
    async with node() as one, wire(one.url) as phone, wire(one.url) as desk:
        session = new_id()
        await enter(phone, session=session)
        await enter(desk)
        await one.publisher.disconnect(UserId("ann"), session=session, reason="logged_out")

        assert (await phone.event("kicked"))[0] == {"reason": "logged_out"}
        assert await phone.closed()
        assert (await desk.call("/lobby", "ping"))["status"] == "success"


async def test_a_kick_catches_a_connection_that_is_just_being_made() -> None:
    """A session found good a moment ago does not slip through; a later login does."""
    async with node() as one, wire(one.url) as client:
        old_token = token_of("ann")
        await asyncio.sleep(0.002)
        await one.publisher.disconnect(UserId("ann"), reason="logged_out")
        await one.tell("lobby:1", News(number=1))
        await eventually(lambda: one.sessions._kicks)
        await asyncio.sleep(0.002)

        assert refusal_of(await client.connect("/lobby", {"token": old_token})) == "TOKEN_REVOKED"
        await enter(client)


async def test_a_kick_catches_a_client_inside_its_connect() -> None:
    """Between the token and `hello` there is no hole."""
    async with node() as one, wire(one.url) as client:
        one.namespace.may_read.clear()
        await client.send(f'40/lobby,{{"token":"{token_of("ann")}"}}')
        await eventually(lambda: list(one.sessions))
        await one.publisher.disconnect(UserId("ann"), reason="banned")

        assert await client.closed()
        one.namespace.may_read.set()
        await eventually(lambda: list(one.sessions) == [])


async def test_presence_is_registered_again_when_it_was_lost() -> None:
    """A beat that finds the lease gone brings every connection back."""
    async with node() as one, wire(one.url) as client:
        await enter(client)
        await one.presence.leave()
        assert await one.presence.online([UserId("ann")]) == set()
        await one.attendance.beat()

        assert await one.presence.online([UserId("ann")]) == {"ann"}


async def test_after_missed_events_tokens_and_memberships_are_read_again() -> None:
    """`hello` comes once more with the streams as they are now; a session ended meanwhile is kicked."""
    async with node() as one, wire(one.url) as client, wire(one.url) as ended:
        one.namespace.member_of[UserId("ann")] = ["lobby:1"]
        await enter(client)
        await enter(ended, "bob")
        one.namespace.member_of[UserId("ann")] = ["lobby:2"]
        one.door.refused[UserId("bob")] = TokenRevoked()
        one.greeter.check_everybody()

        hello, _ = await client.event("hello")
        assert set(hello["streams"]) == {"lobby:2", "lobby:user:ann"}
        await one.tell("lobby:1", News(number=1))
        await one.tell("lobby:2", News(number=2))
        assert (await client.event("news"))[0] == {"number": 2}
        assert (await ended.event("kicked"))[0] == {"reason": "token_revoked"}
        assert await ended.closed()
