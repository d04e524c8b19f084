"""Small JSON documents from others' servers: bounded in time and size, no redirects, and nothing from inside."""

import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from loguru import logger

from domain.core.errors import Unavailable
from storage.outbound.bounded import read_bounded

TIMEOUT_S = 5.0
ANSWER_LIMIT = 65_536
"""Most bytes of an answer."""


def is_http_url(text: str) -> bool:
    """Whether requests can be sent there."""
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0 and not url.fragment
    except ValueError:
        return False


class Web:
    """Fetches documents by https.

    private: also by http, and from addresses that are not public; for development. The address is looked at when it is
    connected to, so no name can lead elsewhere.
    """

    def __init__(self, *, private: bool, timeout_s: float = TIMEOUT_S) -> None:
        self._private, self._timeout = private, aiohttp.ClientTimeout(total=timeout_s)

    async def get(self, url: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object there; raises `Unavailable`. The query may hold secrets, and is not logged."""
        try:
            return await self._get(url, query)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            logger.warning("{} did not answer as it should: {}", url, type(error).__name__)
            raise Unavailable("A server that has to be asked does not answer as it should.") from None

    async def _get(self, url: str, query: Mapping[str, str] | None) -> dict[str, Any]:
        if not self._private and urlsplit(url).scheme != "https":
            raise ValueError("not https")
        connector = aiohttp.TCPConnector(socket_factory=None if self._private else _public_socket)
        async with (
            aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            ) as session,
            session.get(url, params=query, headers={"Accept-Encoding": "identity"}, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise ValueError(f"status {response.status}")
            value = orjson.loads(await read_bounded(response, ANSWER_LIMIT))
            if not isinstance(value, dict):
                raise ValueError("no object")
            return value


def _public_socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket for that address; raises OSError for one of a private network, this machine or the like."""
    family, kind, protocol, _, (host, *_) = address
    if not ip_address(str(host).partition("%")[0]).is_global:
        raise OSError(f"{host} is no public address")
    return socket.socket(family, kind, protocol)
