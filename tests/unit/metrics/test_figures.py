"""Labels stay few whatever comes, and what is slow or fails is told apart."""

import asyncio
from pathlib import Path

import pytest
from loguru import logger
from prometheus_client import CollectorRegistry

from domain.core.collection import Duplicate, Spec
from domain.core.errors import Unavailable
from domain.core.ids import GameId
from domain.core.model import Document
from domain.matchmaking.pool import PoolKey
from maoga.figures import MOST_GAMES, MatchmakingFigures
from maoga.process_figures import ErrorFigures, StorageFigures, memory_limit
from maoga.request_log import through_loguru
from rest.routes import Answered
from storage.documents.sqlite import SqliteDatabase
from storage.documents.turns import Turns
from tests.support.wait import eventually


class Thing(Document):
    """A document of the tests."""

    name: str


LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
THINGS = Spec("things", Thing, unique=(("name",),))


def test_games_beyond_the_first_hundred_are_summed_up_as_other() -> None:
    registry = CollectorRegistry()
    figures = MatchmakingFigures(registry)
    pools = [PoolKey(GameId(f"game-{n}"), "ranked") for n in range(MOST_GAMES + 3)]
    for pool in pools:
        figures.ticked(pool, 2, 0.1)

    def tickets(game: str) -> float | None:
        return registry.get_sample_value("maoga_pool_tickets", {"game": game, "mode": "ranked"})

    assert (tickets("game-0"), tickets("other"), tickets(f"game-{MOST_GAMES}")) == (2, 6, None)
    figures.left(pools[-1])
    figures.left(pools[0])
    assert (tickets("game-0"), tickets("other")) == (None, 4)
    figures.left(pools[1])
    figures.left(pools[1])  # a pool that was never served to its end has no series


async def test_operations_on_documents_are_timed_by_outcome(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    database = SqliteDatabase(tmp_path / "db", [THINGS], metrics=StorageFigures(registry, slow_ms=0))
    await database.open()
    try:
        things = database.collection(THINGS)
        await things.insert(Thing(id="a", name="hers"))
        with pytest.raises(Duplicate):
            await things.insert(Thing(id="b", name="hers"))
        for _ in range(5):
            await things.find({"name": "hers"}, limit=1)
    finally:
        await database.close()

    def count(operation: str, outcome: str) -> float | None:
        labels = {"operation": operation, "outcome": outcome}
        return registry.get_sample_value("maoga_database_seconds_count", labels)

    assert (count("insert", "ok"), count("insert", "conflict"), count("find", "ok")) == (1, 1, 5)


def test_slow_operations_are_logged_with_the_fields_they_ask_for_and_no_values() -> None:
    registry, lines = CollectorRegistry(), list[str]()
    figures = StorageFigures(registry, slow_ms=100)
    sink = logger.add(lines.append, format="{message} {extra}", level="WARNING")
    try:
        figures.queried("users", "find", 0.099, {"email": "ann@example.com"}, None)
        figures.queried("users", "find", 0.25, {"email": "ann@example.com", "status": "active"}, None)
    finally:
        logger.remove(sink)
    (line,) = lines
    assert line.startswith("slow query: find of users took 250 ms")
    assert "['email', 'status']" in line
    assert "ann@example.com" not in line
    assert registry.get_sample_value("maoga_database_slow_total", {"collection": "users", "operation": "find"}) == 1


def test_exceptions_that_are_logged_are_counted_by_class() -> None:
    registry = CollectorRegistry()
    sink = ErrorFigures(registry).listen()
    try:
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            logger.exception("a bug")
        logger.warning("no bug")
        through_loguru(Answered(0, "r1", "GET", "/", 200, 1.5, "192.0.2.1", None, "", slow=True))  # counted elsewhere
        logger.debug("not counted")
    finally:
        logger.remove(sink)
    assert registry.get_sample_value("maoga_errors_total", {"error": "ZeroDivisionError"}) == 1
    levels = {level: registry.get_sample_value("maoga_log_lines_total", {"level": level}) for level in LEVELS}
    assert levels == {"DEBUG": None, "INFO": None, "WARNING": 1, "ERROR": 1}


async def test_who_waits_for_a_connection_is_seen() -> None:
    registry = CollectorRegistry()
    turns = Turns(1)
    StorageFigures(registry, slow_ms=0).shares("mongodb", turns)

    def seen(what: str) -> float | None:
        return registry.get_sample_value(f"maoga_connections_{what}", {"storage": "mongodb"})

    async with turns.take(5):
        assert (seen("used"), seen("awaited"), seen("most")) == (1, 0, 1)
        second = asyncio.create_task(take(turns))
        await eventually(lambda: seen("awaited") == 1)
        with pytest.raises(Unavailable):
            async with turns.take(0.01):
                pass
    await second
    assert (seen("used"), seen("awaited")) == (0, 0)


async def take(turns: Turns) -> None:
    async with turns.take(5):
        pass


def test_the_memory_limit_is_that_of_the_container_or_the_machine() -> None:
    assert 2**26 < memory_limit() <= 2**50
