"""Whole cores (storage and use cases, no transports) for tests, on the embedded default or on real servers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from domain.core.clock import Clock
from domain.core.ids import UserId
from domain.games.seed import seed
from maoga.bootstrap import Core, open_core
from maoga.settings import Settings


def test_settings(var_dir: Path, **changes: Any) -> Settings:
    """Settings of a quick, quiet server; on the embedded default unless `changes` say otherwise."""
    ordinary: dict[str, Any] = {"environment": "test", "var_dir": var_dir, "bcrypt_cost": 4, "match_tick_ms": 50}
    return Settings(_env_file=None, **{**ordinary, **changes})


test_settings.__test__ = False  # type: ignore[attr-defined]  # its name is no test's


@asynccontextmanager
async def a_core(var_dir: Path, clock: Clock | None = None, **changes: Any) -> AsyncIterator[Core]:
    """An open core with the seed games in its catalogue."""
    async with open_core(test_settings(var_dir, **changes), clock) as core:
        await seed(core.database)
        yield core


async def players(core: Core, count: int, **fields: Any) -> list[UserId]:
    """So many new accounts."""
    made = [await core.users.create(username=f"player-{n}", display_name=f"Player {n}", **fields) for n in range(count)]
    return [UserId(user.id) for user in made]
