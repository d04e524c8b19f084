"""The configuration of deploy/nginx before two real instances: what players on the other side of it see."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, nullcontext
from io import BytesIO

import aiohttp
import pytest
import socketio

from clients.python.client import MaogaClient
from clients.python.rest import MaogaRest
from clients.python.session import Session
from domain.core.images import UPLOAD_BYTES
from rest.upload import FORM_BYTES
from tests.deploy.stack import Stack, running_stack
from tests.e2e.conftest import meet
from tests.support.tcp import connections_held
from tests.support.wait import eventually

RECOVERY_S = 10.0
GUEST = "/api/v1/auth/guest"


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with running_stack() as stack:
        yield stack


@pytest.fixture
async def stack(running: Stack) -> Stack:
    await running.until_up()
    return running


@pytest.fixture
async def http(stack: Stack) -> AsyncIterator[aiohttp.ClientSession]:
    async with stack.http() as session:
        yield session


@pytest.mark.parametrize("path", ["/", "/api/v1/games?limit=2", "//elsewhere.example/x"])
async def test_plain_http_is_sent_to_https_with_its_method(stack: Stack, path: str) -> None:
    async with aiohttp.ClientSession() as plain, plain.post(stack.plain + path, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (308, f"https://127.0.0.1{path}")


async def test_a_certificate_authority_may_look_for_its_token_without_tls(stack: Stack) -> None:
    address = f"{stack.plain}/.well-known/acme-challenge/token"
    async with aiohttp.ClientSession() as plain, plain.get(address, allow_redirects=False) as answer:
        assert answer.status == 404  # there is none, and no redirect either


@pytest.mark.parametrize(
    ("version", "taken"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
async def test_tls_begins_at_1_2(stack: Stack, version: ssl.TLSVersion, taken: bool) -> None:
    context = stack.context()
    context.set_ciphers("ALL:@SECLEVEL=0")  # else this machine's OpenSSL refuses the old versions by itself
    with pytest.warns(DeprecationWarning) if version < ssl.TLSVersion.TLSv1_2 else nullcontext():
        context.minimum_version = context.maximum_version = version
    if taken:
        _, writer = await asyncio.open_connection(*stack.address, ssl=context)
        assert writer.get_extra_info("ssl_object").version() == version.name.replace("_", ".")
        writer.close()
        await writer.wait_closed()
    else:
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            await asyncio.open_connection(*stack.address, ssl=context)


async def test_players_meet_and_talk_over_wss_on_both_instances(stack: Stack, http: aiohttp.ClientSession) -> None:
    async with AsyncExitStack() as players:
        ann, bob = [await players.enter_async_context(await a_player(stack, http)) for _ in range(2)]
        assert all(connections_held(instance.url) for instance in stack.instances)
        lobby = await meet(ann, bob)
        said = await ann.send(lobby["chatId"], "hi")
        assert (await bob.wait_for("message")).data == said


async def test_polling_players_stay_on_their_instance_and_others_need_not(stack: Stack) -> None:
    sources = [f"127.0.1.{n}" for n in range(1, 9)]
    await asyncio.gather(*(polling_player(stack, source, ["polling"]) for source in sources))
    homes = {source: stack.instances_of("/socket.io/")[source] for source in sources}
    assert all(len(instances) == 1 for instances in homes.values()), homes
    assert len(set.union(*homes.values())) == 2, "all of them on one instance"
    rest = stack.instances_of(GUEST) | stack.instances_of("/health/live")
    assert len(set.union(*rest.values())) == 2


async def test_a_websocket_that_begins_as_polling_comes_to_the_same_instance(stack: Stack) -> None:
    sources = [f"127.0.2.{n}" for n in range(1, 5)]
    transports = await asyncio.gather(*(polling_player(stack, source, ["polling", "websocket"]) for source in sources))
    assert transports == ["websocket"] * len(sources)


async def test_an_instance_is_killed_and_its_players_go_on_with_the_other(
    stack: Stack, http: aiohttp.ClientSession
) -> None:
    doomed = stack.instances[0]
    async with AsyncExitStack() as exits:
        players = [await exits.enter_async_context(await a_player(stack, http)) for _ in range(24)]
        ann, bob, *_ = players
        channel = (await meet(ann, bob))["chatId"]
        before = connections_held(doomed.url)
        assert before >= len(players) // 3, "the players were not spread"
        said = [await ann.send(channel, f"before {n}") for n in range(5)]
        doomed.kill()
        for _ in range(20):
            async with http.get(f"{stack.url}/api/v1/games") as answer:
                assert answer.status == 200, "nginx did not ask the other one"
        said += [await ann.send(channel, f"after {n}") for n in range(5)]
        async with asyncio.timeout(RECOVERY_S):
            await asyncio.gather(*(player.status() for player in players))
        assert all(player.connected for player in players)
        assert (await bob.history(channel))["messages"] == said
        async with asyncio.timeout(RECOVERY_S):
            for _ in said:
                await bob.wait_for("message")
    doomed.start()
    newcomer = await a_guest(stack, http)

    async def taken_back() -> int:
        async with MaogaClient(stack.url, newcomer, http=http):
            return connections_held(doomed.url)

    assert await eventually(taken_back, timeout=20)


async def test_an_instance_drains_and_nobody_is_refused(stack: Stack) -> None:
    """Requests are answered all the time, and who is refused a socket by it is taken to the other at the first try."""
    draining = stack.instances[0]
    async with stack.http("127.0.4.1") as http, AsyncExitStack() as exits:
        players = [await exits.enter_async_context(await a_player(stack, http)) for _ in range(20)]
        held = connections_held(draining.url)
        assert held >= len(players) // 3, "the players were not spread"
        stopped = asyncio.create_task(asyncio.to_thread(draining.stop))
        while not stopped.done():
            async with http.get(f"{stack.url}/api/v1/games?limit=1") as answer:
                assert answer.status == 200, await answer.text()
            await asyncio.sleep(0.02)
        assert await stopped == 0
        async with asyncio.timeout(RECOVERY_S):
            await asyncio.gather(*(player.status() for player in players))
        assert all(player.connected for player in players)
        assert [player._trouble for player in players] == [None] * len(players)
    draining.start()


async def test_limits_count_the_players_address_and_not_what_they_claim(stack: Stack) -> None:
    async def guest(source: str, claim: str) -> int:
        headers = {"X-Forwarded-For": claim}
        async with stack.http(source) as player, player.post(f"{stack.url}{GUEST}", json={}, headers=headers) as answer:
            return answer.status

    greedy = [await guest("127.0.3.1", f"198.51.100.{n}") for n in range(64)]
    assert greedy[:10] == [201] * 10
    assert greedy[-1] == 429
    assert await guest("127.0.3.2", "198.51.100.0") == 201


@pytest.mark.parametrize(
    ("path", "most"),
    [
        (GUEST, 65_536),
        ("/api/v1/users/me/avatar", UPLOAD_BYTES + FORM_BYTES),
        ("/api/users/me/avatar", UPLOAD_BYTES + FORM_BYTES),
        ("/api/v1/chats/0/media", UPLOAD_BYTES + FORM_BYTES),
    ],
)
async def test_a_body_may_be_as_large_as_the_instances_take_it(
    stack: Stack, http: aiohttp.ClientSession, path: str, most: int
) -> None:
    async with http.post(stack.url + path, data=BytesIO(b"x" * most)) as answer:
        assert answer.status in {400, 401, 404, 405, 415, 422}, "the instance was not asked"
    async with http.post(stack.url + path, data=BytesIO(b"x" * (most + 1))) as answer:
        body = await answer.json()
        assert (answer.status, body["error"]["code"], bool(body["requestId"])) == (413, "TOO_LARGE", True)


async def test_without_an_instance_the_answer_is_in_the_envelope(stack: Stack, http: aiohttp.ClientSession) -> None:
    """The last test: it leaves none."""
    for instance in stack.instances:
        instance.stop()
    async with http.get(f"{stack.url}/api/v1/games") as answer:
        body = await answer.json()
        assert (answer.status, body["error"]["code"], answer.headers["Retry-After"]) == (503, "UNAVAILABLE", "2")


async def a_player(stack: Stack, http: aiohttp.ClientSession) -> MaogaClient:
    """A guest who has not connected yet."""
    return MaogaClient(stack.url, await a_guest(stack, http), http=http)


async def a_guest(stack: Stack, http: aiohttp.ClientSession) -> Session:
    async with MaogaRest(stack.url, http) as rest:
        return await rest.guest()


async def polling_player(stack: Stack, source: str, transports: list[str]) -> str:
    """Lets a guest in from an address, with some calls there and back; the transport at the end."""
    async with stack.http(source) as http:
        async with MaogaRest(stack.url, http) as rest:
            token = (await rest.guest()).access_token
        client = socketio.AsyncClient(reconnection=False, handle_sigint=False, http_session=http)
        await client.connect(stack.url, auth={"token": token}, transports=transports, namespaces=["/social"])
        for _ in range(8):
            assert (await client.call("ping", {}, "/social"))["status"] == "success"
        transport = str(client.transport())
        await client.disconnect()
        return transport
