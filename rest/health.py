"""Whether this process lives, and whether it should be sent requests."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from loguru import logger

from domain.core.errors import Unavailable
from rest.envelope import json_response

Check = Callable[[], Awaitable[None]]
"""Returns when all is well, or raises."""

CHECK_TIMEOUT_S = 2.0


def add_health(app: web.Application, checks: Mapping[str, Check]) -> None:
    """Adds `/health/live`, `/health/ready` and `/health` (both). checks: what must be well to be ready, by name."""

    async def live(_: web.Request) -> web.Response:
        return json_response({"status": "success", "data": {"live": True}}, 200)

    async def ready(_: web.Request) -> web.Response:
        failing = [name for name in await asyncio.gather(*map(_failing, checks.items())) if name]
        if failing:
            details = [{"field": name, "message": "does not answer as it should"} for name in failing]
            raise Unavailable(f"Not ready: {', '.join(failing)}.", details)
        return json_response({"status": "success", "data": {"live": True, "ready": True}}, 200)

    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/health", ready)


async def _failing(check: tuple[str, Check]) -> str | None:
    """The name of the check if it fails."""
    name, probe = check
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await probe()
    except Exception as error:
        logger.warning("readiness check {} fails: {!r}", name, error)
        return name
    return None
