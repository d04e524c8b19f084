"""The log's line of each request. None is more frequent, so that for machines it is written without loguru."""

from datetime import UTC, datetime

import orjson
from loguru import logger

from maoga.logging import redact, write
from maoga.settings import Settings
from rest.routes import Answered, RequestLog


def request_log(settings: Settings) -> RequestLog:
    """Where requests are logged, in the settings' format and from their level on."""
    return _json_lines(settings) if settings.json_logs else through_loguru


def through_loguru(told: Answered) -> None:
    """Logs the request as everything else is logged."""
    logger.bind(**told.fields()).log(told.level, "{}", told.message)


def _json_lines(settings: Settings) -> RequestLog:
    """The same line as `logging.configure` has it for everything else."""
    least, instance = logger.level(settings.log_level).no, settings.instance
    levels = {name: logger.level(name).no for name in ("INFO", "WARNING")}

    def log(told: Answered) -> None:
        if levels[told.level] < least:
            return
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": told.level,
            "message": told.message,
            "service": "maoga",
            "instance": instance,
            "request": redact(told.request),
            **told.fields(),
            "user_agent": redact(told.user_agent),
            "where": __name__,
        }
        write(orjson.dumps(line).decode() + "\n")

    return log
