"""Games come from IGDB within its limits, and its failures stay its own."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from domain.core.errors import Unavailable
from domain.core.limits import Limit
from domain.games.source import FoundGame, GameSourceUnavailable, Outcome, SourceMetrics
from storage.outbound.breaker import FAILURES, OPEN_S, Breaker
from storage.outbound.igdb import ANSWER_LIMIT, AT_ONCE, ATTEMPTS, Igdb, IgdbConfig
from storage.redis.factory import open_redis
from storage.redis.rate_limits import RedisRateLimits
from tests.support.igdb import CLIENT_ID, CLIENT_SECRET, Answer, IgdbServer, a_record, igdb_server

RECORDS = [a_record(1, "Doom"), a_record(2, "Doom Eternal"), a_record(3, "Quake")]


class Free:
    """Limits that nothing has spent."""

    def __init__(self) -> None:
        self.taken = 0

    async def take(self, key: str, limit: Limit, cost: int = 1) -> int:
        self.taken += 1
        return 0

    async def spend(self, key: str, limit: Limit, cost: int = 1) -> None:
        raise AssertionError

    async def reset(self, key: str) -> None:
        raise AssertionError


class Calls(SourceMetrics):
    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()

    def called(self, outcome: Outcome, seconds: float) -> None:
        assert seconds >= 0
        self.outcomes[outcome] += 1


@pytest.fixture
async def server() -> AsyncIterator[IgdbServer]:
    async with igdb_server(*RECORDS) as server:
        yield server


def a_config(server: IgdbServer, **changes: Any) -> IgdbConfig:
    ordinary = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "api_url": f"{server.url}/v4",
        "token_url": f"{server.url}/oauth2/token",
    }
    return IgdbConfig(**{**ordinary, **changes})


def an_igdb(server: IgdbServer, **changes: Any) -> Igdb:
    return Igdb(a_config(server, **changes), Free())


def names(found: Any) -> list[str]:
    return [game.name for game in found]


async def test_games_are_found_by_name_and_by_how_known_they_are(server: IgdbServer) -> None:
    igdb = an_igdb(server)
    assert names(await igdb.search("doom", 5)) == ["Doom", "Doom Eternal"]
    assert names(await igdb.popular(1, 2)) == ["Doom Eternal", "Quake"]
    assert await igdb.popular(3, 2) == []
    assert len(server.tokens) == 1, "a token lasts"
    assert "total_rating_count desc" in server.queries[-1]


async def test_a_record_becomes_a_game_of_ours(server: IgdbServer) -> None:
    server.records = [
        a_record(7, "Élan\x07 Vital", slug="elan-vital", alternative_names=[{"name": "EV"}, {"name": "EV"}], extra=1)
    ]
    assert await an_igdb(server).search("lan", 5) == [
        FoundGame(
            id="7",
            slug="elan-vital",
            name="Élan Vital",
            aliases=("EV",),
            summary="What Élan\x07 Vital is about.".replace("\x07", ""),
            cover_url="https://images.igdb.com/igdb/image/upload/t_cover_big/co7.jpg",
            genres=("shooter",),
            platforms=("pc", "playstation"),
            release_date="2020-01-01",
            rating=81.3,
            popularity=45.0,
            players=4,
        )
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"slug": "../../etc"}, {"slug": "etc"}),
        ({"slug": "原神"}, {"slug": "igdb-1"}),
        ({"cover": {"image_id": "x/../y"}}, {"cover_url": None}),
        ({"cover": None}, {"cover_url": None}),
        ({"first_release_date": 10**18}, {"release_date": None}),
        ({"total_rating": 1e9}, {"rating": None}),
        ({"total_rating_count": 10**12}, {"popularity": 60.0}),
        ({"total_rating_count": -5}, {"popularity": 0.0}),
        ({"genres": [{"slug": "role-playing-rpg"}, {"slug": "!"}, {}]}, {"genres": ("rpg",)}),
        ({"multiplayer_modes": [], "game_modes": [{"slug": "co-operative"}]}, {"players": 10}),
        ({"multiplayer_modes": [], "game_modes": [{"slug": "single-player"}]}, {"players": None}),
        ({"summary": "x" * 5000}, {"summary": "x" * 2000}),
    ],
)
async def test_odd_values_are_made_fit_or_left_out(
    server: IgdbServer, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    server.records = [a_record(1, "Doom", **fields)]
    (game,) = await an_igdb(server).search("doom", 5)
    assert game.model_dump(include=set(expected)) == expected


async def test_a_record_that_makes_no_sense_spoils_no_other(server: IgdbServer) -> None:
    bad: list[Any] = [{"id": "x", "name": "doom"}, a_record(9, "doom", genres="no list"), {"name": "doom"}]
    server.records = [*bad, *RECORDS]
    assert names(await an_igdb(server).search("doom", 9)) == ["Doom", "Doom Eternal"]


async def test_words_of_a_user_stay_words(server: IgdbServer) -> None:
    """A quotation mark ends no string of the query language."""
    await an_igdb(server).search('doom"; fields *; limit 500; search "\\', 5)
    assert server.queries == [server.queries[0]]
    assert server.queries[0].count('"') == 2
    assert server.queries[0].endswith("limit 5;")


async def test_a_token_that_is_not_taken_or_about_to_end_is_renewed(server: IgdbServer) -> None:
    igdb = an_igdb(server)
    await igdb.search("doom", 5)
    server.tokens.append("another one, for this one was revoked")
    assert names(await igdb.search("quake", 5)) == ["Quake"]
    assert len(server.tokens) == 3
    server.expires_in = 60
    ending = an_igdb(server)
    await ending.search("doom", 5)
    await ending.search("doom", 5)
    assert len(server.tokens) == 5


async def test_many_callers_ask_for_one_token_and_are_eight_at_once(server: IgdbServer) -> None:
    full, most = asyncio.Event(), 0

    async def held() -> None:
        nonlocal most
        most += 1
        if most == AT_ONCE:
            full.set()
        await full.wait()

    server.held = held
    igdb = an_igdb(server)
    found = await asyncio.gather(*(igdb.search("quake", 5) for _ in range(3 * AT_ONCE)))
    assert [names(games) for games in found] == [["Quake"]] * (3 * AT_ONCE)
    assert (len(server.tokens), server.at_once) == (1, AT_ONCE)


async def test_all_instances_together_send_four_requests_a_second(server: IgdbServer, redis_url: str) -> None:
    clients = [open_redis(redis_url, timeout_s=10) for _ in range(2)]
    igdbs = [Igdb(a_config(server), RedisRateLimits(client)) for client in clients]
    began = time.monotonic()
    await asyncio.gather(*(igdb.search("quake", 5) for igdb in igdbs for _ in range(3)))
    sent = len(server.queries) + len(server.tokens)
    assert sent >= 7
    assert time.monotonic() - began >= (sent - 1) * 0.25 - 0.05
    for client in clients:
        await client.aclose()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408])
async def test_what_may_pass_is_tried_again(server: IgdbServer, status: int) -> None:
    server.answers.extend([status, status])
    assert names(await an_igdb(server).search("quake", 5)) == ["Quake"]
    assert len(server.queries) == ATTEMPTS


@pytest.mark.parametrize("status", [400, 403, 404, 301])
async def test_what_will_not_is_not(server: IgdbServer, status: int) -> None:
    server.answers.append(status)
    with pytest.raises(GameSourceUnavailable):
        await an_igdb(server).search("quake", 5)
    assert len(server.queries) == 1


async def test_wrong_credentials_are_a_failure_that_shows_no_secret(server: IgdbServer) -> None:
    igdb = an_igdb(server, client_secret="wrong")
    with pytest.raises(GameSourceUnavailable) as caught:
        await igdb.search("quake", 5)
    assert server.queries == []
    assert "wrong" not in f"{caught.value!r} {caught.value.__cause__!r} {a_config(server, client_secret='wrong')!r}"


def saying(body: bytes) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    return answer


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(4 * ANSWER_LIMIT // 65_536):
        await response.write(b" " * 65_536)
    return response


@pytest.mark.parametrize("answer", [saying(b""), saying(b"{}"), saying(b"null"), saying(b"[" * 9999), endless])
async def test_an_answer_that_is_no_list_or_too_long_is_a_failure(server: IgdbServer, answer: Answer) -> None:
    server.answers.append(answer)
    with pytest.raises(GameSourceUnavailable):
        await an_igdb(server).search("quake", 5)
    assert len(server.queries) == 1


async def test_a_server_that_hangs_or_is_gone_costs_bounded_time(server: IgdbServer) -> None:
    over = asyncio.Event()

    async def held() -> None:
        await over.wait()

    server.held = held
    with pytest.raises(GameSourceUnavailable):
        await an_igdb(server, timeout_s=0.1).search("quake", 5)
    assert len(server.queries) == ATTEMPTS
    over.set()
    with pytest.raises(GameSourceUnavailable):
        await an_igdb(server, token_url="http://127.0.0.1:1/").search("quake", 5)


async def test_who_fails_again_and_again_is_left_alone_for_a_while_and_then_tried_once(server: IgdbServer) -> None:
    now, calls = 0.0, Calls()
    igdb = Igdb(a_config(server), Free(), calls, Breaker(lambda: now))
    server.answers.extend([404] * (FAILURES + 1))
    for _ in range(FAILURES + 3):
        with pytest.raises(GameSourceUnavailable):
            await igdb.search("quake", 5)
    assert len(server.queries) == FAILURES
    now = OPEN_S
    with pytest.raises(GameSourceUnavailable):
        await igdb.search("quake", 5)
    with pytest.raises(GameSourceUnavailable):
        await igdb.search("quake", 5)
    assert len(server.queries) == FAILURES + 1, "one tried, and failed"
    now = 2 * OPEN_S
    for _ in range(2):
        assert names(await igdb.search("quake", 5)) == ["Quake"]
    assert calls.outcomes == {"failed": FAILURES + 1, "broken": 4, "ok": 2}


async def test_who_gets_no_turn_in_time_is_told_so_and_it_is_not_held_against_the_server(server: IgdbServer) -> None:
    class Spent(Free):
        async def take(self, key: str, limit: Limit, cost: int = 1) -> int:
            return 60_000

    class Away(Free):
        async def take(self, key: str, limit: Limit, cost: int = 1) -> int:
            raise Unavailable

    for limits in (Spent(), Away()):
        calls = Calls()
        igdb = Igdb(a_config(server), limits, calls)
        for _ in range(FAILURES + 1):
            with pytest.raises(GameSourceUnavailable):
                await igdb.search("quake", 5)
        assert calls.outcomes == {"limited": FAILURES + 1}
    assert server.tokens == []
