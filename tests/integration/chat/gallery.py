"""Servers of the chat's images, and players who upload them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, FormData

from domain.chat.model import CHANNELS, Channel
from domain.core.ids import ChannelId, UserId, new_id
from domain.jobs.model import JOBS
from maoga.core import Core
from tests.integration.rest.conftest import Answer, serving
from tests.support.accounts import Accounts, Disconnects
from tests.support.clock import ManualClock


@dataclass(frozen=True)
class Player:
    """A guest who is logged in."""

    id: UserId
    token: str


@dataclass(frozen=True)
class Gallery:
    """An instance that serves REST."""

    core: Core
    clock: ManualClock
    url: str
    client: ClientSession

    async def player(self) -> Player:
        """A new player."""
        async with self.client.post(f"{self.url}/api/v1/auth/guest", json={}) as response:
            session = (await response.json())["data"]
        return Player(session["user"]["id"], session["accessToken"])

    async def channel(self, *members: Player, **fields: Any) -> ChannelId:
        """A new group of those players."""
        channel = Channel(
            id=new_id(),
            member_ids=tuple(member.id for member in members),
            created_at=self.core.clock.now(),
            **{"kind": "group", **fields},
        )
        await self.core.database.collection(CHANNELS).insert(channel)
        return ChannelId(channel.id)

    async def upload(
        self, player: Player, channel: ChannelId, data: bytes, *, name: str = "cat.png", kind: str = "image/png"
    ) -> Answer:
        """Uploads a file as a browser does."""
        form = FormData(quote_fields=False)
        form.add_field("file", data, filename=name, content_type=kind)
        return await self.call(player, "POST", f"chats/{channel}/media", data=form)

    async def call(self, player: Player, method: str, path: str, **request: Any) -> Answer:
        """One request; `path` stands below /api/v1 unless it begins with a slash."""
        headers = {"Authorization": f"Bearer {player.token}", **request.pop("headers", {})}
        url = self.url + (path if path.startswith("/") else f"/api/v1/{path}")
        async with self.client.request(method, url, headers=headers, **request) as response:
            body = await response.json() if response.content_type == "application/json" else await response.read()
            return Answer(response.status, response.headers, body)

    async def work(self) -> None:
        """Does all jobs that are due, and those that they ask for."""
        due = {"status": "waiting", "run_at": {"$lte": self.core.clock.now()}}
        while await self.core.database.collection(JOBS).count(due):
            await self.core.runner.poll()
            await self.core.runner.idle()


@asynccontextmanager
async def galleries(cores: Sequence[Core], clock: ManualClock) -> AsyncIterator[list[Gallery]]:
    """A server of each core. clock: theirs."""
    async with AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(serving(_accounts(core, clock), chats=core.chats)) for core in cores]
        yield [Gallery(core, clock, api.url, api.client) for core, api in zip(cores, apis, strict=True)]


def _accounts(core: Core, clock: ManualClock) -> Accounts:
    return Accounts(
        database=core.database,
        limits=core.limits,
        clock=clock,
        users=core.users,
        tokens=core.tokens,
        rankings=core.rankings,
        own_accounts=core.own_accounts,
        redis=core.redis,
        cache=core.cache,
        auth=core.auth,
        credentials=core.credentials,
        external=core.external,
        links=core.links,
        publisher=Disconnects(),
        jobs=core.jobs,
        runner=core.runner,
        settings=core.settings,
    )
