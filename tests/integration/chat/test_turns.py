"""A channel that never rests in one process leaves room for the messages of another."""

import asyncio
from urllib.parse import urlsplit

from domain.chat.drafts import Draft
from domain.chat.model import MESSAGES, Message
from domain.chat.sequencer import Sequencer
from domain.core.events import Outgoing
from domain.core.ids import ChannelId, UserId, new_id
from maoga.core import SPECS
from storage.documents.factory import open_database
from tests.support.builders import NOON
from tests.support.invariants import everything
from tests.support.pipe import pipe
from tests.support.tcp import port_of

CHANNEL = ChannelId("channel")
LATE_S = 0.03
BUSY = 4


class Nobody:
    """Who hears of it."""

    async def publish(self, *events: Outgoing, again: bool = False) -> None:
        """Tells nobody."""

    async def disconnect(self, user: UserId, *, session: str | None = None, reason: str) -> None:
        """Closes nothing."""


def a_draft(sender: str, number: int) -> Draft:
    """A message without its place."""
    return Draft(
        Message(
            id=new_id(),
            channel_id=CHANNEL,
            seq=0,
            sender_id=UserId(sender),
            client_message_id=f"{sender}-{number}",
            content_type="text",
            content="hello",
            created_at=NOON,
        )
    )


async def test_who_writes_all_the_time_lets_others_write_too(mongodb_url: str) -> None:
    """Who has written last knows the next place; over a slow line to the database others would never be in time."""
    async with pipe(port_of(mongodb_url)) as line:
        url = f"mongodb://127.0.0.1:{line.port}{urlsplit(mongodb_url).path}?directConnection=true"
        databases = [await open_database(url, SPECS, timeout_s=30, pool_size=5) for _ in range(2)]
        busy, other = (Sequencer(database, Nobody()) for database in databases)
        line.delay_s = LATE_S
        over = asyncio.Event()

        async def talk(sender: str) -> int:
            number = 0
            while not over.is_set():
                await busy.append(a_draft(sender, number))
                number += 1
            return number

        talking = [asyncio.create_task(talk(f"busy-{number}")) for number in range(BUSY)]
        async with asyncio.timeout(40):
            for number in range(3):
                await other.append(a_draft("other", number))
        over.set()
        said = sum(await asyncio.gather(*talking))
        line.delay_s = 0
        stored = await everything(databases[0], MESSAGES)
        for database in databases:
            await database.close()
    assert [message.seq for message in sorted(stored, key=lambda one: one.seq)] == list(range(1, said + 4))
