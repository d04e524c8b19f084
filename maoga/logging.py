"""Logs: loguru for everything, pretty for people in development, one JSON object a line for machines elsewhere.

Whoever handles a request, an event or a job says so with `domain.core.trace.tracing`; its ids are on every line.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError
from loguru import logger

from domain.core import trace
from domain.core.clock import to_ms
from maoga.settings import Settings

if TYPE_CHECKING:
    from loguru import FilterFunction, Message, Record

SECRETS = re.compile(
    r"(?P<bearer>[Bb]earer\s+)[A-Za-z0-9._~+/=-]+"
    r"|(?P<url>[a-z][a-z0-9+]*://[^\s:/@]*:)[^\s@/]+(?=@)"
    r"|(?P<field>[\"']?(?:password|newPassword|token|accessToken|refreshToken|secret|secretKey|secret_key)[\"']?\s*[=:]\s*)"
    r"(?:\"[^\"]*\"|'[^']*'|[^\s,}&]+)"
    r"|(?P<key>mk_[0-9a-f]{16}_)[0-9a-zA-Z]+"
    r"|(?P<jwt>)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
)

PRETTY = "<dim>{time:HH:mm:ss.SSS}</dim> <level>{level: <7}</level> {message}<dim>{extra[pretty]}</dim>\n{exception}"

SHOWN_IDS = ("request", "user", "socket", "event", "job")
"""What a person wants behind a pretty line; JSON lines carry everything that was bound."""

NOISY = {"pymongo": "WARNING", "asyncio": "WARNING", "aiohttp.access": "WARNING"}

FILE_SIZE, FILES = "50 MB", 10

FOR_FORMATS = ("pretty", "line")
"""What the formats leave in a record for themselves."""


def redact(text: str) -> str:
    """The text with what looks like a secret replaced by `***`: tokens, API keys, passwords in URLs and fields."""
    return SECRETS.sub(_starred, text)


def configure(settings: Settings) -> None:
    """Sends all logs of this process, those of libraries too, to standard error in the settings' format."""
    logger.remove()
    service = {"service": "maoga", "instance": settings.instance}
    levels = dict(pair.split("=", 1) for pair in settings.log_levels)
    least = "DEBUG" if settings.debug else settings.log_level
    # diagnose would write the values of variables into tracebacks, secrets among them.
    quiet: dict[str, Any] = {"level": least, "backtrace": False, "diagnose": False}
    if levels:
        quiet |= {"level": "TRACE", "filter": _passing(levels, least)}
    if settings.json_logs:
        logger.add(lambda message: _write(_json(message.record, service)), format="{message}", **quiet)
    else:
        logger.add(_write_message, format=_pretty, colorize=sys.stderr.isatty(), **quiet)
    if settings.log_dir:
        for kind, level in (("combined", quiet["level"]), ("error", "ERROR")):
            path = settings.log_dir / f"{settings.instance}.{kind}.log"
            logger.add(
                path, format=partial(_line, service), rotation=FILE_SIZE, retention=FILES, **{**quiet, "level": level}
            )
    logging.basicConfig(handlers=[_FromStdlib()], level=logging.INFO, force=True)
    for name, level in (NOISY | levels).items():
        logging.getLogger(name).setLevel(level)


def _passing(levels: Mapping[str, str], least: str) -> "FilterFunction":
    """Lets a record pass by the level of its module, or of the nearest package above it that has one."""
    numbers = {name: logger.level(level).no for name, level in {**levels, "": least}.items()}

    def passes(record: "Record") -> bool:
        name = str(record["extra"].get("logger") or record["name"] or "")
        while name not in numbers:
            name = name.rpartition(".")[0]
        return record["level"].no >= numbers[name]

    return passes


class _FromStdlib(logging.Handler):
    """Hands what libraries log on to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        if isinstance(
            cause, HttpProcessingError | RequestPayloadError
        ):  # a sender's garbage, for which aiohttp logs a traceback
            logger.bind(logger=record.name).info("an unreadable HTTP request: {}", str(cause).partition("\n")[0][:100])
            return
        level = record.levelname if record.levelname in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"} else "INFO"
        logger.opt(exception=record.exc_info).bind(logger=record.name).log(level, "{}", record.getMessage())


def _starred(found: re.Match[str]) -> str:
    return (found["bearer"] or found["url"] or found["field"] or found["key"] or "") + "***"


def _json(record: "Record", service: dict[str, str]) -> str:
    line: dict[str, Any] = {
        "time": to_ms(record["time"]).isoformat(timespec="milliseconds"),
        "level": record["level"].name,
        "message": redact(record["message"]),
        **service,
        **trace.ids(),
        **{key: _redacted(value) for key, value in record["extra"].items() if key not in FOR_FORMATS},
        "where": f"{record['name']}:{record['line']}",
    }
    if record["exception"] is not None:
        line["exception"] = redact("".join(traceback.format_exception(record["exception"].value)))
    return orjson.dumps(line, default=str).decode() + "\n"


def _line(service: dict[str, str], record: "Record") -> str:
    """The format of a file: its template, for the line as `_json` makes it."""
    record["extra"]["line"] = _json(record, service)
    return "{extra[line]}"


def _redacted(value: object) -> object:
    return redact(value) if isinstance(value, str) else value


def _pretty(record: "Record") -> str:
    known = {**trace.ids(), **record["extra"]}
    ids = {key: known.get(key) for key in SHOWN_IDS}
    extra = " ".join(f"{key}={value}" for key, value in ids.items() if value is not None)
    record["extra"]["pretty"] = f"  {extra}" if extra else ""
    return PRETTY


def _write_message(message: "Message") -> None:
    _write(redact(message))


def _write(line: str) -> None:
    sys.stderr.write(line)
    sys.stderr.flush()
