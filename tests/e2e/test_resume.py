"""A line that breaks again and again, to one instance and then to another, costs no durable event and doubles none."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from clients.python.client import MaogaClient
from clients.python.session import Session
from tests.e2e.conftest import Enter, Start, a_guest, meet
from tests.support.browser import a_page
from tests.support.line import Line, line_to
from tests.support.server import MaogaServer
from tests.support.wait import eventually

CUTS = 6


@dataclass
class Diary:
    """What somebody was told of durable events, by stream. loads: which namespaces were fetched anew."""

    told: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    said: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def note(self, name: str, data: Any, meta: Any) -> None:
        """Takes an event as it is told."""
        if "seq" in meta:
            self.told[meta["stream"]].append((meta["epoch"], meta["seq"]))
        elif not meta:
            self.fetched.append(name)
        if name == "message":
            self.said.append(data["content"])

    def is_complete(self) -> bool:
        """Whether each stream was told without a gap, once and in order."""
        return all(
            [seq for _, seq in told] == list(range(told[0][1], told[0][1] + len(told)))
            and len({epoch for epoch, _ in told}) == 1
            for told in self.told.values()
        )


class Talk:
    """Somebody who talks, and changes readiness every now and then, for as long as the block lasts. said: in order."""

    def __init__(self, speaker: MaogaClient, channel: str) -> None:
        self._speaker, self._channel = speaker, channel
        self.said: list[str] = []

    async def __aenter__(self) -> Self:
        self._talking = asyncio.create_task(self._talk())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over = True
        await self._talking

    async def _talk(self) -> None:
        self._over = False
        while not self._over:
            self.said.append(f"{len(self.said)}")
            await self._speaker.send(self._channel, self.said[-1])
            if len(self.said) % 10 == 0:
                await self._speaker.set_ready(len(self.said) % 20 == 0)
        await self._speaker.set_ready(False)


async def again_and_again(cut: Callable[[], Awaitable[object]]) -> None:
    """Cuts the line at random moments."""
    dice = random.Random(7)
    for _ in range(CUTS):
        await asyncio.sleep(dice.uniform(0.02, 0.2))
        await cut()


@dataclass
class Stage:
    """Two instances; Ann, who talks, on the first; Bob's session; a line for him to both; their lobby."""

    servers: list[MaogaServer]
    ann: MaogaClient
    bob: Session
    line: Line
    lobby_id: str
    channel: str


@pytest.fixture
async def stage(start: Start, enter: Enter, shared: dict[str, str]) -> AsyncIterator[Stage]:
    """Ann and Bob in a lobby."""
    servers = [start(**shared), start(**shared)]
    session = await a_guest(servers[0].url)
    ann, bob = await enter(servers[0].url), await enter(servers[1].url, session)
    lobby = await meet(ann, bob)
    async with line_to(*(server.url for server in servers)) as line:
        yield Stage(servers, ann, session, line, lobby["id"], lobby["chatId"])


async def test_the_python_client_is_told_everything_once_and_in_order(stage: Stage) -> None:
    diary = Diary()
    async with MaogaClient(stage.line.url, stage.bob) as bob:
        bob.on("*", lambda event: diary.note(event.name, event.data, event.meta))

        async def cut() -> None:
            stage.line.cut()
            await bob.wait_until(lambda: not bob.connected)
            await bob.wait_until(lambda: bob.connected)

        async with Talk(stage.ann, stage.channel) as talk:
            await again_and_again(cut)
        await bob.wait_until(lambda: len(diary.said) >= len(talk.said))
        assert bob.lobby == await eventually(lambda: _once_equal(bob))
    assert diary.said == talk.said
    assert diary.is_complete()
    assert diary.told[f"lobby:{stage.lobby_id}"]
    assert not {"message", "lobby_updated"} & set(diary.fetched), "it was resumed, not fetched"


async def _once_equal(client: MaogaClient) -> Any:
    fresh = await client.sync()
    return client.lobby if client.lobby == fresh else None


async def test_a_client_of_a_killed_instance_is_told_everything_on_the_other(stage: Stage) -> None:
    diary = Diary()
    stage.line.cut()  # so that it begins at the second server, which is killed
    async with MaogaClient(stage.line.url, stage.bob) as bob:
        bob.on("*", lambda event: diary.note(event.name, event.data, event.meta))
        async with Talk(stage.ann, stage.channel) as talk:
            await bob.wait_until(lambda: len(diary.said) >= 20)
            stage.servers[1].kill()
            stage.line.cut()
            await bob.wait_until(lambda: not bob.connected)
            await bob.wait_until(lambda: bob.connected)
        await bob.wait_until(lambda: len(diary.said) >= len(talk.said))
    assert diary.said == talk.said
    assert diary.is_complete()
    assert not {"message", "lobby_updated"} & set(diary.fetched), "it was resumed, not fetched"


async def test_what_the_log_has_forgotten_is_fetched_and_told_once(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    server = start(**shared, MAOGA_STREAM_LOG_SIZE="10")
    diary = Diary()
    async with line_to(server.url) as line:
        ann, bob = await enter(server.url), await enter(line.url)
        bob.on("*", lambda event: diary.note(event.name, event.data, event.meta))
        lobby = await meet(ann, bob)
        await ann.send(lobby["chatId"], "0")
        await bob.wait_until(lambda: diary.said)
        line.down = True
        line.cut()
        texts = [f"{number}" for number in range(1, 41)]
        for text in texts:
            await ann.send(lobby["chatId"], text)
        line.down = False
        await bob.wait_until(lambda: len(diary.said) == 41)
        await ann.send(lobby["chatId"], "41")
        await bob.wait_until(lambda: len(diary.said) == 42)
        await bob.close()
    assert diary.said == ["0", *texts, "41"]
    assert diary.fetched.count("message") == 40


LISTEN = """
async ({ token, user }) => {
  const { Maoga } = await import("/static/clients/maoga.js");
  const { Manager } = await import("/static/vendor/socket.io.esm.min.js");
  const session = { user, token: async () => token, refresh: async () => token };
  window.told = [];
  window.loads = { matchmaking: 0, lobby: 0, chat: 0 };
  window.online = 0;
  const count = (namespace) => async () => { window.loads[namespace] += 1; };
  window.maoga = new Maoga({
    Manager, url: location.origin, session, name: "maoga-test",
    load: { matchmaking: count("matchmaking"), lobby: count("lobby"), chat: count("chat") },
    onState: (online) => { window.online += online; },
  });
  for (const [namespace, event] of [["chat", "message"], ["chat", "channel_updated"], ["lobby", "member_ready"],
      ["lobby", "lobby_ready"], ["lobby", "lobby_unready"], ["lobby", "member_connection"],
      ["lobby", "countdown_started"], ["lobby", "countdown_cancelled"]]) {
    window.maoga.on(namespace, event, (data, meta) => { window.told.push([event, data, meta]); });
  }
}
"""


async def test_the_javascript_client_is_told_everything_once_and_in_order(stage: Stage) -> None:
    async with a_page(stage.line.url) as page:
        await page.evaluate(LISTEN, {"token": stage.bob.access_token, "user": dict(stage.bob.user)})
        await eventually(lambda: page.evaluate("window.online"))

        async def cut() -> None:
            before = await page.evaluate("window.online")
            stage.line.cut()
            await eventually(lambda: page.evaluate(f"window.online > {before}"), timeout=10)

        async with Talk(stage.ann, stage.channel) as talk:
            await again_and_again(cut)
        messages = "window.told.filter(([name]) => name === 'message')"
        await eventually(lambda: page.evaluate(f"{messages}.length >= {len(talk.said)}"))
        told, loads = await page.evaluate("[window.told, window.loads]")
    diary = Diary()
    for name, data, meta in told:
        diary.note(name, data, meta)
    assert diary.said == talk.said
    assert diary.is_complete()
    assert (loads["lobby"], loads["chat"]) == (1, 1), "it was resumed, not fetched"
