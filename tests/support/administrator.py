"""An administrator, and an API key, in the data of a server that is to be started."""

from pathlib import Path

from domain.audit.model import Actor
from domain.auth.api_keys import SCOPES, CreateApiKey
from domain.auth.commands import Register
from tests.support.accounts import PASSWORD
from tests.support.cores import a_core

USERNAME = "root"


async def prepared(folder: Path) -> str:
    """Makes the administrator `root` with the `PASSWORD` of all tests; the secret of a key with every scope."""
    async with a_core(folder) as core:
        command = Register.parse({"email": "root@example.test", "username": USERNAME, "password": PASSWORD})
        await core.auth.create_account(command, roles=("admin",))
        made = await core.keys.create(Actor(kind="cli"), CreateApiKey(name="tests", scopes=list(SCOPES)))
        return made.secret
