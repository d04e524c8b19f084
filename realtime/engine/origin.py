"""Which web pages may connect. Games send no Origin header and are not asked for one."""

from collections.abc import Collection
from urllib.parse import urlsplit

from domain.core.errors import AppError


class OriginForbidden(AppError):
    """Pages of this origin may not connect."""

    code, status = "ORIGIN_FORBIDDEN", 403


def origin_allowed(origin: str | None, host: str | None, allowed: Collection[str]) -> bool:
    """Whether a request with that Origin and Host may go on: same host, or one of `allowed` ("*" for all)."""
    if origin is None or "*" in allowed or origin in allowed:
        return True
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == str(host).lower()
    except ValueError:
        return False
