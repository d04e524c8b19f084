"""Maoga's REST interface, as far as a player needs it before and beside the sockets."""

import asyncio
from types import TracebackType
from typing import Any, Self

import aiohttp

from clients.python.errors import MaogaError, unwrapped
from clients.python.session import Session
from clients.python.types import Game, Me

TIMEOUT_S = 30.0


class MaogaRest:
    """REST calls to one server. Every method raises `MaogaError`.

    http: to share connections with others; without it the client makes its own, which `close` closes.
    """

    def __init__(self, base_url: str, http: aiohttp.ClientSession | None = None) -> None:
        self._base = f"{base_url.rstrip('/')}/api/v1"
        self._http, self._owns_http = http, http is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Lets go of the connections, if they are its own."""
        if self._owns_http and self._http is not None:
            await self._http.close()

    async def register(self, email: str, username: str, password: str, display_name: str | None = None) -> Session:
        """Opens an account and logs it in."""
        body = {"email": email, "username": username, "password": password, "displayName": display_name}
        return Session.from_wire(await self._call("POST", "/auth/register", _without_none(body)))

    async def login(self, credential: str, password: str) -> Session:
        """Logs in by email address or username."""
        return Session.from_wire(
            await self._call("POST", "/auth/login", {"credential": credential, "password": password})
        )

    async def guest(self, display_name: str | None = None) -> Session:
        """Enters without an account."""
        return Session.from_wire(await self._call("POST", "/auth/guest", _without_none({"displayName": display_name})))

    async def refresh(self, refresh_token: str) -> Session:
        """Trades a refresh token for a new session; the token is spent."""
        return Session.from_wire(await self._call("POST", "/auth/refresh", {"refreshToken": refresh_token}))

    async def logout(self, access_token: str, refresh_token: str | None = None) -> None:
        """Ends the session of the access token, and that of another refresh token if given."""
        await self._call("POST", "/auth/logout", _without_none({"refreshToken": refresh_token}), access_token)

    async def me(self, access_token: str) -> Me:
        """The caller's account."""
        data: Me = await self._call("GET", "/users/me", token=access_token)
        return data

    async def games(self) -> list[Game]:
        """The whole catalogue of games, the most popular first."""
        games: list[Game] = []
        cursor: str | None = None
        while True:
            query = _without_none({"limit": "100", "cursor": cursor})
            answer = await self._answer("GET", "/games", query=query)
            games += unwrapped(answer)
            cursor = answer["meta"]["pagination"].get("nextCursor")
            if cursor is None:
                return games

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None, token: str | None = None) -> Any:
        return unwrapped(await self._answer(method, path, body=body, token=token))

    async def _answer(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
        token: str | None = None,
    ) -> Any:
        """The envelope of a success; an empty answer is an empty success."""
        if self._http is None:
            self._http = aiohttp.ClientSession()
        headers = {"Authorization": f"Bearer {token}"} if token else None
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._http.request(method, self._base + path, json=body, params=query, headers=headers) as response,
            ):
                if response.status == 204:
                    return {"status": "success", "data": None}
                envelope = await response.json()
        except TimeoutError:
            raise MaogaError("TIMEOUT", f"no answer to {method} {path} within {TIMEOUT_S:g} s") from None
        except aiohttp.ContentTypeError as error:
            raise MaogaError("INTERNAL", f"{method} {path} answered no JSON", status=error.status) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise MaogaError("UNREACHABLE", str(error)) from error
        unwrapped(envelope, response.status)
        return envelope


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
