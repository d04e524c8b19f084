"""What was told last of each player."""

from datetime import UTC, datetime

from domain.core.ids import UserId
from domain.presence.told import Told
from storage.redis.client import Client
from storage.redis.told import KEPT_MS, PREFIX, RedisTold

ANN, BOB, CAT = UserId("ann"), UserId("bob"), UserId("cat")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_what_was_told_is_read_as_it_was_told(redis: Client) -> None:
    told = RedisTold(redis)
    news = {ANN: Told("in_lobby", NOON, "né, \\ 'x'"), BOB: Told("offline", None)}
    mark = (await told.read([ANN])).mark
    assert await told.tell(news, mark) == {ANN, BOB}
    await told.gone([BOB, CAT], NOON)
    found = await told.read([ANN, BOB, CAT, UserId("dan")])
    assert dict(found.last) == news
    assert dict(found.gone_at) == {BOB: NOON, CAT: NOON}
    assert (await told.read([])).last == {}


async def test_what_was_found_out_earlier_is_no_news(redis: Client) -> None:
    """But what is told again with its own mark is: its answer may have been lost."""
    told = RedisTold(redis)
    first, second = (await told.read([ANN])).mark, (await told.read([ANN])).mark
    assert int(first) <= int(second)
    later = str(int(second) + 1)
    for _ in range(2):
        assert await told.tell({ANN: Told("queued", NOON)}, later) == {ANN}
    assert await told.tell({ANN: Told("online", NOON), BOB: Told("away", NOON)}, first) == {BOB}
    assert (await told.read([ANN])).last[ANN].status == "queued"


async def test_what_is_known_of_somebody_is_forgotten_in_the_end(redis: Client) -> None:
    told = RedisTold(redis)
    await told.tell({ANN: Told("online", NOON)}, "1")
    await told.gone([BOB], NOON)
    for user in (ANN, BOB):
        assert 0 < await redis.pttl(PREFIX + user) <= KEPT_MS
