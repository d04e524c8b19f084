"""What a page of a channel's history costs at message 1,000,000, beside the first page: `--json FILE`, `--messages N`.

Both databases hold one channel of so many messages. The pages are read in turn, through the use case, as a client's
`history` is; the cost is the median of wall time. The goal is that the last page costs at most 1.5 x the first.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository, before this folder with a `realtime` of its own

from domain.chat.commands import History
from domain.chat.model import CHANNELS, MESSAGES, Channel, Message
from domain.core.clock import SystemClock
from domain.core.ids import ChannelId, UserId, new_id
from domain.users.words import words_of
from maoga.bootstrap import Core, open_core
from maoga.settings import Settings
from tests.support.services import mongod, redis_server

ANN, CHANNEL = UserId("ann"), ChannelId("channel")
AT_ONCE = 1000
ROUNDS = 300
GOAL = 1.5


async def main() -> None:
    arguments = _arguments()
    figures = {name: await _measured(name, arguments.messages) for name in arguments.databases.split(",")}
    for name, figure in figures.items():
        print(f"{name}: {figure}, {'met' if figure['ratio'] <= GOAL else 'NOT met'}: at most {GOAL}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


async def _measured(name: str, messages: int) -> dict[str, Any]:
    async with _core(name) as core:
        await _fill(core, messages)
        pages = {
            "first_ms": History(channel_id=CHANNEL, after=0),
            "middle_ms": History(channel_id=CHANNEL, before=messages // 2),
            "last_ms": History(channel_id=CHANNEL, before=messages + 1),
        }
        taken: dict[str, list[float]] = {page: [] for page in pages}
        for _ in range(ROUNDS):
            for page, command in pages.items():
                started = time.perf_counter()
                found = await core.chat.history(ANN, command)
                taken[page].append((time.perf_counter() - started) * 1000)
                assert len(found.messages) == command.limit
        figure: dict[str, Any] = {page: round(statistics.median(times), 3) for page, times in taken.items()}
        return {"messages": messages, **figure, "ratio": round(figure["last_ms"] / figure["first_ms"], 2)}


async def _fill(core: Core, count: int) -> None:
    now = SystemClock().now()
    channel = Channel(id=CHANNEL, kind="group", member_ids=(ANN,), owner_id=ANN, created_at=now)
    await core.database.collection(CHANNELS).insert(channel)
    for first in range(1, count + 1, AT_ONCE):
        seqs = range(first, min(first + AT_ONCE, count + 1))
        contents = {seq: f"message number {seq} of the many that were said here" for seq in seqs}
        await core.database.collection(MESSAGES).insert_many(
            [
                Message(
                    id=new_id(),
                    channel_id=CHANNEL,
                    seq=seq,
                    sender_id=ANN,
                    client_message_id=f"m{seq}",
                    content_type="text",
                    content=content,
                    words=words_of(content),
                    created_at=now,
                )
                for seq, content in contents.items()
            ]
        )


@asynccontextmanager
async def _core(name: str) -> AsyncIterator[Core]:
    with tempfile.TemporaryDirectory() as folder:
        ordinary: dict[str, Any] = {"environment": "test", "var_dir": Path(folder), "bcrypt_cost": 4}
        if name == "sqlite":
            async with open_core(Settings(_env_file=None, **ordinary)) as core:
                yield core
            return
        with mongod() as mongo, redis_server() as redis:
            urls = {"database_url": mongo.url.replace("/?", "/maoga?"), "redis_url": redis.url}
            async with open_core(Settings(_env_file=None, **ordinary, **urls)) as core:
                yield core


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000, help="in the channel (1000000)")
    parser.add_argument("--databases", default="sqlite,mongodb", help="comma-separated (sqlite,mongodb)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
