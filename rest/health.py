"""Whether this process lives, whether it should be sent requests, and how it is."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from loguru import logger

from domain.core.errors import Unavailable
from domain.core.ids import new_id
from rest.envelope import error_body, json_response
from rest.routes import REQUEST_ID

Check = Callable[[], Awaitable[None]]
"""Returns when all is well, or raises."""

Vitals = Callable[[], Awaitable[Mapping[str, Any]]]
"""Makes what `/health` tells besides, by name."""

CHECK_TIMEOUT_S = 2.0
KEPT_S = 1.0


async def no_vitals() -> Mapping[str, Any]:
    """Nothing to tell."""
    return {}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a check came out, and how long it took."""

    ok: bool
    ms: float


class Health:
    """The checks of a process. However many ask, they run once a second at most, each under a deadline."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        vitals: Vitals = no_vitals,
        *,
        on_check: Callable[[str, bool], None] = lambda check, passes: None,
    ) -> None:
        """checks: what must be well to be ready, by name. on_check: is told how each comes out."""
        self._checks, self._vitals, self._on_check = checks, vitals, on_check
        self._began = time.monotonic()
        self._looked_at, self._outcomes = float("-inf"), dict[str, Outcome]()
        self._vital_at, self._vital = float("-inf"), dict[str, Any]()
        self._turn = asyncio.Lock()
        self.started = False

    def look_anew(self) -> None:
        """What was found is not so any more."""
        self._looked_at = float("-inf")

    async def failing(self) -> list[str]:
        """The names of the checks that fail."""
        async with self._turn:
            if time.monotonic() - self._looked_at >= KEPT_S:
                outcomes = await asyncio.gather(*(self._look(name, probe) for name, probe in self._checks.items()))
                self._outcomes = dict(zip(self._checks, outcomes, strict=True))
                self._looked_at = time.monotonic()
            failing = [name for name, outcome in self._outcomes.items() if not outcome.ok]
            self.started = self.started or not failing
            return failing

    async def report(self) -> dict[str, Any]:
        """How the process is. What cannot be told in time is missing."""
        failing = await self.failing()
        async with self._turn:
            if time.monotonic() - self._vital_at >= KEPT_S:
                try:
                    async with asyncio.timeout(CHECK_TIMEOUT_S):
                        self._vital = dict(await self._vitals())
                except Exception as error:  # what is wrong, the checks say
                    logger.warning("the vitals cannot be told: {!r}", error)
                    self._vital = {}
                self._vital_at = time.monotonic()
        return {
            "live": True,
            "ready": not failing,
            "uptimeMs": round((time.monotonic() - self._began) * 1000),
            "checks": {name: {"ok": outcome.ok, "ms": outcome.ms} for name, outcome in self._outcomes.items()},
            **self._vital,
        }

    async def _look(self, name: str, probe: Check) -> Outcome:
        began, ok, before = time.monotonic(), True, self._outcomes.get(name)
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await probe()
        except Exception as error:
            ok = False
            if before is None or before.ok:
                logger.warning("readiness check {} fails: {!r}", name, error)
        if ok and before and not before.ok:
            logger.info("readiness check {} passes again", name)
        self._on_check(name, ok)
        return Outcome(ok, round((time.monotonic() - began) * 1000, 1))


def add_health(app: web.Application, health: Health) -> None:
    """Adds `/health/live`, `/health/ready`, `/health/startup` and `/health`.

    live: always 200. ready and startup: 503 with the checks that fail; startup no more once all have passed. `/health`
    tells how the process is, with the status of ready.
    """

    async def live(_: web.Request) -> web.Response:
        return json_response({"status": "success", "data": {"live": True}}, 200)

    async def ready(request: web.Request) -> web.Response:
        if failing := await health.failing():
            return refusal(request, failing)
        return json_response({"status": "success", "data": {"live": True, "ready": True}}, 200)

    async def startup(request: web.Request) -> web.Response:
        failing = await health.failing()
        if not health.started:
            return refusal(request, failing)
        return json_response({"status": "success", "data": {"started": True}}, 200)

    async def whole(request: web.Request) -> web.Response:
        report = await health.report()
        if not report["ready"]:
            return refusal(request, [name for name, check in report["checks"].items() if not check["ok"]], report)
        return json_response({"status": "success", "data": report}, 200)

    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/health/startup", startup)
    app.router.add_get("/health", whole)


def refusal(request: web.Request, failing: list[str], report: Mapping[str, Any] | None = None) -> web.Response:
    """The answer of a process that is not ready. report: of `/health`, put beside the error as `data`."""
    details = [{"field": name, "message": "does not answer as it should"} for name in failing]
    id = request.get(REQUEST_ID) or new_id()
    error = Unavailable(f"Not ready: {', '.join(failing)}.", details)
    told = {"data": dict(report)} if report else {}
    return json_response({**error_body(error), "requestId": id, **told}, error.status)
