"""The REST reference, rendered from the route tables, the models and the error catalogue."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from domain.core.errors import catalogue
from domain.core.model import Command
from rest.app import NEWEST, PREFIXES, ROUTES
from rest.failures import failures_of
from rest.routes import LIMITS, Route
from rest.upload import FIELD

INTRODUCTION = f"""\
# REST reference

This page is generated from the code by `make docs`.

Every path stands below `{NEWEST}` (`{PREFIXES[1]}` is an alias of the newest version). Bodies are JSON objects in
UTF-8. A success answers `{{"status":"success","data":…,"meta":…}}`, a failure
`{{"status":"error","error":{{"code","message","details"}},"requestId"}}`. Routes that ask for authentication take
`Authorization: Bearer <accessToken>`; those for an API key (`maoga api-key create`) take it there or as `X-Api-Key`.
Every answer has `X-Request-Id`; a sane one sent with the request is kept. Lists take `limit` and `cursor`, and answer
`meta.pagination` `{{limit, nextCursor}}`. `meta.stale: true` says that the data is an old copy because the database
does not answer. Any route may answer `RATE_LIMITED` (with `Retry-After`), `UNAVAILABLE` and `INTERNAL`.
"""


def reference() -> str:
    """The reference as Markdown."""
    return "\n".join([INTRODUCTION, *_routes(), *_health(), *_limits(), *_errors()]) + "\n"


def _routes() -> Iterator[str]:
    for route in ROUTES:
        yield f"## {route.method} {route.path}\n"
        yield f"{_text(route.handler.__doc__)}\n"
        yield from _table(("authentication", "answer", "limit", "errors"), [_summary(route)])
        if route.upload:
            yield f"Body: a form (`multipart/form-data`) with one field, `{FIELD}`.\n"
        for title, model in (("Query", route.query), ("Body", route.body)):
            if model and model.model_fields:
                yield f"{title}:\n"
                yield from _table(("field", "type", "required", "default"), list(_fields(model)))


def _summary(route: Route) -> tuple[str, ...]:
    answer = f"{route.status} {_answer_name(route.answer)}".strip()
    codes = ", ".join(f"`{error.code}`" for error in failures_of(route))
    may = f"yes, `{route.permission}`" if route.permission else "yes"
    asked = {"token": may, "key": f"API key, `{route.scope}`", None: "no"}
    either = f", or API key, `{route.scope}`" if route.auth == "token" and route.scope else ""
    return (asked[route.auth] + either, answer, route.rate, codes)


def _answer_name(answer: Any) -> str:
    if answer is None:
        return ""
    if get_origin(answer) is list:
        return f"{get_args(answer)[0].__name__}[]"
    return str(answer.__name__).removesuffix("View")


def _fields(model: type[Command]) -> Iterator[tuple[str, ...]]:
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        default = field.get("default")
        yield (
            f"`{name}`",
            _type(field),
            "yes" if name in schema.get("required", []) else "no",
            "" if default is None else f"`{default}`",
        )


def _type(field: dict[str, Any]) -> str:
    """The type of a field and its limits, as in `string, maxLength 254`."""
    if "description" in field:
        return str(field["description"])
    if "anyOf" in field:
        return " or ".join(_type(choice) for choice in field["anyOf"] if choice.get("type") != "null")
    limits = ("minLength", "maxLength", "minimum", "maximum", "pattern", "format")
    return ", ".join([str(field.get("type", "object")), *(f"{key} {field[key]}" for key in limits if key in field)])


def _health() -> Iterator[str]:
    yield "## Health\n"
    yield "`GET /health/live` says that the process runs. `GET /health/ready` says that it should be sent requests, or"
    yield "answers 503 `UNAVAILABLE` naming the checks that fail; `GET /health/startup` does so until all have passed"
    yield "once. `GET /health` answers as ready does, and tells `uptimeMs`, `checks`, `memory`, `storage` and `queue`"
    yield "in `data`. Checks run at most once a second, each for 2 s at most. The metrics port has the same.\n"


def _limits() -> Iterator[str]:
    yield "## Limits\n"
    yield "By user or API key, or by address (of IPv6, its /64) where there is neither.\n"
    rows = [(name, f"{limit.count} requests in {limit.per_s:g} s") for name, limit in LIMITS.items()]
    yield from _table(("limit", "allows"), rows)


def _errors() -> Iterator[str]:
    yield "## Errors\n"
    rows = [
        (f"`{error.code}`", str(error.status), "yes" if error.retry else "no", _text(error.__doc__))
        for error in catalogue()
    ]
    yield from _table(("code", "status", "retry helps", "meaning"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield _row(head)
    yield _row(tuple("---" for _ in head))
    yield from map(_row, rows)
    yield ""


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _text(docstring: str | None) -> str:
    return " ".join((docstring or "").split())
