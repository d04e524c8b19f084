"""The envelope of every ack, the same as REST's."""

from collections.abc import Mapping
from typing import Any

from domain.core.errors import AppError


def success(data: Any, meta: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`{"status": "success", "data", "meta"?}` of JSON-ready data."""
    body: dict[str, Any] = {"status": "success", "data": data}
    if meta:
        body["meta"] = meta
    return body


def failure(error: AppError) -> dict[str, Any]:
    """`{"status": "error", "error": {code, message, details?}}`."""
    return {"status": "error", "error": error.as_error()}
