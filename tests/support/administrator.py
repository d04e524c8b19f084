"""An administrator, and an API key, in the data of a server that is to be started."""

from pathlib import Path

from domain.audit.model import Actor
from domain.auth.api_keys import SCOPES, CreateApiKey
from domain.auth.commands import Register
from domain.core.ids import new_id
from domain.jobs.model import JOBS, Job
from tests.support.accounts import PASSWORD
from tests.support.cores import a_core

USERNAME = "root"
DEAD_JOB = new_id()


async def prepared(folder: Path) -> str:
    """Makes the administrator `root` with the `PASSWORD` of all tests, and a dead job that nobody does.

    Returns the secret of a key with every scope.
    """
    async with a_core(folder) as core:
        command = Register.parse({"email": "root@example.test", "username": USERNAME, "password": PASSWORD})
        await core.auth.create_account(command, roles=("admin",))
        made = await core.keys.create(Actor(kind="cli"), CreateApiKey(name="tests", scopes=list(SCOPES)))
        now = core.clock.now()
        job = Job(id=DEAD_JOB, kind="example", payload={}, status="dead", run_at=now, created_at=now, ended_at=now)
        await core.database.collection(JOBS).insert(job)
        return made.secret
