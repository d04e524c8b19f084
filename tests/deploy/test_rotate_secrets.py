"""Keys are changed as docs/operations/runbooks/rotate-secrets.md says, under a player who notices nothing."""

import os
import subprocess
import sys
from pathlib import Path

import aiohttp

from clients.python.rest import MaogaRest
from clients.python.session import Session
from tests.e2e.conftest import Start, a_guest, shared, start
from tests.support.server import QUICK
from tests.support.services import ROOT

__all__ = ["shared", "start"]  # fixtures

OLD = {
    "MAOGA_SECRET_KEY": "the-old-key-of-tokens-nobody-can-guess",
    "MAOGA_FIELD_KEY": "the-old-key-of-fields-nobody-guesses",
}
NEW = {
    "MAOGA_SECRET_KEY": "the-new-key-of-tokens-nobody-can-guess",
    "MAOGA_FIELD_KEY": "the-new-key-of-fields-nobody-guesses",
}


def accepting(others: dict[str, str]) -> dict[str, str]:
    """The settings by which other keys are good, too."""
    return {name.replace("_KEY", "_KEYS_ACCEPTED"): key for name, key in others.items()}


STEPS = (OLD, OLD | accepting(NEW), NEW | accepting(OLD), NEW)
"""The settings one after the other; instances of two neighbours run side by side while they are exchanged."""


class Player:
    """A guest with a telephone number, at whichever instance."""

    def __init__(self, http: aiohttp.ClientSession, session: Session) -> None:
        self._http, self.session = http, session

    async def refresh(self, url: str) -> None:
        """Changes the tokens at an instance."""
        async with MaogaRest(url, self._http) as rest:
            assert self.session.refresh_token
            self.session = await rest.refresh(self.session.refresh_token)

    async def set_phone(self, url: str, phone: str) -> None:
        headers = {"Authorization": f"Bearer {self.session.access_token}"}
        async with self._http.patch(f"{url}/api/v1/users/me", json={"phone": phone}, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def phone(self, url: str) -> str | None:
        """The number as an instance has it, asked for with a token that may be another's."""
        headers = {"Authorization": f"Bearer {self.session.access_token}"}
        async with self._http.get(f"{url}/api/v1/users/me", headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            found: str | None = (await answer.json())["data"].get("phone")
            return found


def resealed(env: dict[str, str], folder: Path) -> str:
    """What `maoga migrate seal` says with these settings."""
    command = [sys.executable, "-m", "maoga", "migrate", "seal"]
    environment = {**os.environ, **QUICK, **env, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout + done.stderr


async def test_tokens_and_fields_outlive_the_change_of_their_keys(
    start: Start, shared: dict[str, str], tmp_path: Path
) -> None:
    def serve(keys: dict[str, str]) -> str:
        return str(start(**shared | keys).url)

    older = serve(STEPS[0])
    async with aiohttp.ClientSession() as http:
        player, silent = [Player(http, await a_guest(older)) for _ in range(2)]
        await silent.set_phone(older, "+49304711")
        for number, keys in enumerate(STEPS[1:]):
            if keys == NEW:
                assert "users: 1" in resealed(shared | STEPS[2], tmp_path)
            newer = serve(keys)
            for here, there in ((older, newer), (newer, older)):
                for each in (player, silent):
                    await each.refresh(here)
                    assert await each.phone(there) == await each.phone(here)
                await player.set_phone(here, f"+4930{number}{here[-5:]}")
                assert await player.phone(there) == f"+4930{number}{here[-5:]}"
                assert await silent.phone(there) == "+49304711"
            older = newer
