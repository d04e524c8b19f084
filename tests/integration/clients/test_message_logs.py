"""Both clients keep a channel's messages alike: what they make of the events is what the server's history says."""

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

from clients.python.message_log import MESSAGE_CHANGES, MessageLog
from domain.chat.commands import Edit, History, React, ToMessage
from domain.core.errors import AppError
from domain.core.ids import ChannelId, UserId
from maoga.bootstrap import Core
from tests.support.browser import page_of_the_repository
from tests.support.cores import a_core
from tests.unit.chat.conftest import a_group, events_of, friends, said

STEPS, SNAPSHOT_EVERY = 150, 30

REPLAY = """
async (stories) => {
  const { MESSAGE_CHANGES, MessageLog } = await import("/clients/js/message_log.js");
  return stories.map(([snapshot, events]) => {
    const log = new MessageLog();
    log.add(snapshot);
    for (const [name, event] of events) {
      if (name === "message") log.add([event]);
      else if (MESSAGE_CHANGES.includes(name)) log.change(name, event);
    }
    return log.all;
  });
}
"""


async def act(core: Core, dice: random.Random, users: list[UserId], channel: ChannelId, step: int) -> None:
    """Somebody says something, or does something with a message that is there."""
    user, messages, known = dice.choice(users), core.chats.messages, await history(core, users[0], channel)
    if not known or dice.random() < 0.3:
        await core.chat.send(user, said(channel, f"@player-1 {step}", f"m{step}"))
        return
    message = dice.choice(known)
    match dice.choice(("edit", "delete", "react", "react", "react")):
        case "edit":
            await messages.edit(user, Edit(message_id=message["id"], content=f"edited {step}"))
        case "delete":
            await messages.delete(user, ToMessage(message_id=message["id"]))
        case _:
            emoji, on = dice.choice("👍🎉"), dice.random() < 0.6
            await messages.react(user, React(message_id=message["id"], emoji=emoji, on=on))


async def history(core: Core, user: UserId, channel: ChannelId) -> list[Any]:
    """The messages as the server has them."""
    page = await core.chat.history(user, History(channel_id=channel, limit=100))
    assert not page.has_more
    return [message.wire() for message in page.messages]


async def stories(core: Core) -> tuple[list[Any], list[Any]]:
    """Pairs of the messages at a moment and the events from there, or earlier, on; and the messages in the end."""
    dice, users = random.Random(3), await friends(core, 3)
    channel = await a_group(core, users)
    snapshots: list[tuple[int, list[Any]]] = []
    for step in range(STEPS):
        if step % SNAPSHOT_EVERY == 0:
            snapshots.append((len(await events_of(core, channel)), await history(core, users[0], channel)))
        with suppress(AppError):  # not everybody may do everything with every message
            await act(core, dice, users, channel, step)
    events = await events_of(core, channel)
    replays = [(known, events[since:]) for at, known in snapshots for since, _ in snapshots if since <= at]
    return replays, await history(core, users[0], channel)


def in_python(snapshot: list[Any], events: list[Any]) -> list[Any]:
    """What the Python client makes of it."""
    log = MessageLog()
    log.add(snapshot)
    for name, event in events:
        if name == "message":
            log.add([event])
        elif name in MESSAGE_CHANGES:
            log.change(name, event)
    return list(log.all)


async def test_a_snapshot_and_the_events_are_the_history_in_both_languages(tmp_path: Path) -> None:
    async with a_core(tmp_path, rate_limit_scale=0) as core:
        replays, now = await stories(core)
    assert {"deletedAt", "editedAt"} <= {field for message in now for field in message}
    assert any(message["reactions"] for message in now)
    for snapshot, events in replays:
        assert in_python(snapshot, events) == now
    async with page_of_the_repository() as page:
        for made in await page.evaluate(REPLAY, replays):
            assert made == now
