"""The log's line of each request. No other is as frequent: for machines it is written without loguru, many at once."""

import asyncio
import atexit
from datetime import UTC, datetime

import orjson
from loguru import logger

from maoga.logging import least_level, levels_of, redact, write
from maoga.settings import Settings
from rest.routes import Answered, RequestLog

WRITTEN_AFTER_S = 0.05
"""A process that is killed loses the lines of so long."""

MOST_WAITING = 1000


def request_log(settings: Settings) -> RequestLog:
    """Where requests are logged, in the settings' format and from their level on; files are loguru's."""
    return JsonLines(settings) if settings.json_logs and not settings.log_dir else through_loguru


def through_loguru(told: Answered) -> None:
    """Logs the request as everything else is logged."""
    logger.bind(**told.fields()).log(told.level, "{}", told.message)


class JsonLines:
    """The lines that `logging.configure` would have for machines, some milliseconds later."""

    def __init__(self, settings: Settings) -> None:
        least = least_level(levels_of(settings), __name__)
        self._levels = {name for name in ("INFO", "WARNING") if logger.level(name).no >= least}
        self._service = {"service": "maoga", "instance": settings.instance}
        self._waiting: list[Answered] = []
        atexit.register(self.write)

    def __call__(self, told: Answered) -> None:
        if told.level not in self._levels:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_later(WRITTEN_AFTER_S, self.write)
        self._waiting.append(told)
        if len(self._waiting) >= MOST_WAITING:
            self.write()

    def write(self) -> None:
        """Writes what waits."""
        if self._waiting:
            told, self._waiting = self._waiting, []
            write("".join(map(self._line, told)))

    def _line(self, told: Answered) -> str:
        line = {
            "time": datetime.fromtimestamp(told.at, UTC).isoformat(timespec="milliseconds"),
            "level": told.level,
            "message": told.message,
            **self._service,
            **told.fields(),
            "request": redact(told.request),
            "user_agent": redact(told.user_agent),
            "where": __name__,
        }
        return orjson.dumps(line).decode() + "\n"
