"""Moderators and administrators of real servers, as their tools call them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from clients.python.rest import MaogaRest
from domain.auth.commands import Register
from domain.users.model import Role
from tests.support.accounts import PASSWORD
from tests.support.cores import a_core


@dataclass(frozen=True)
class Answer:
    """What a server said. body: the envelope, or what came instead of one."""

    status: int
    headers: Any
    body: Any

    @property
    def data(self) -> Any:
        """The data of a success."""
        assert self.status < 300, self.body
        return self.body["data"]

    @property
    def code(self) -> str | None:
        """The code of a failure."""
        return self.body.get("error", {}).get("code") if isinstance(self.body, dict) else None


@dataclass(frozen=True)
class Caller:
    """Somebody with an access token, at any of the servers."""

    http: aiohttp.ClientSession
    user_id: str
    token: str

    async def call(self, url: str, method: str, path: str, body: Any = None) -> Answer:
        """A request below /api/v1."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.request(method, f"{url}/api/v1{path}", json=body, headers=headers) as response:
            is_json = response.content_type == "application/json"
            content = await response.json() if is_json else await response.text()
            return Answer(response.status, response.headers, content)


async def make_staff(folder: Path, shared: dict[str, str], roles: Sequence[Role]) -> None:
    """Accounts named like the roles, in the storage that servers share, or in one that none has open yet."""
    settings: dict[str, Any] = {name.removeprefix("MAOGA_").lower(): value for name, value in shared.items()}
    async with a_core(folder, **settings) as core:
        for role in roles:
            command = Register.parse({"email": f"{role}@example.test", "username": role, "password": PASSWORD})
            await core.auth.create_account(command, roles=("user", role))


async def log_in(url: str, http: aiohttp.ClientSession, name: str) -> Caller:
    """Somebody with an account."""
    async with MaogaRest(url, http) as rest:
        session = await rest.login(name, PASSWORD)
    return Caller(http, session.user_id, session.access_token)
