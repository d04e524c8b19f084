"""The server keeps what its OpenAPI document promises: schemathesis looks for a request that shows otherwise."""

import subprocess
import sys
from pathlib import Path

import pytest

from clients.python.rest import MaogaRest
from tests.e2e.conftest import Start
from tests.support.accounts import PASSWORD
from tests.support.administrator import USERNAME, prepared
from tests.support.services import ROOT

COMMAND = Path(sys.executable).parent / "schemathesis"
CONFIG = ROOT / "tests" / "support" / "schemathesis.toml"
ENDS_A_SESSION = "^(POST /auth/logout|DELETE /auth/sessions|DELETE /users/me$)"
CHANGES_THE_PASSWORD = "^POST /auth/change-password"


async def run(start: Start, folder: Path, phases: str, examples: int, limit_s: int) -> None:
    """Runs all checks as an administrator. What would end their session is called by guests, who are not missed."""
    await prepared(folder)
    server = start(MAOGA_VAR_DIR=str(folder), MAOGA_ACCESS_TOKEN_S="7200")
    async with MaogaRest(server.url) as rest:
        caller = (await rest.login(USERNAME, PASSWORD)).access_token
        guests = {name: (await rest.guest()).access_token for name in (ENDS_A_SESSION, CHANGES_THE_PASSWORD)}
    config = CONFIG.read_text()
    for name, token in guests.items():
        config += f"\n[[operations]]\ninclude-name-regex = '{name}'\n"
        config += f'headers = {{ Authorization = "Bearer {token}" }}\n'
    (folder / "schemathesis.toml").write_text(config)
    options = [f"--phases={phases}", f"--max-examples={examples}", "--checks=all", "--workers=2", "--seed=1"]
    command: list[str | Path] = [
        COMMAND,
        "--config-file=schemathesis.toml",
        "run",
        f"{server.url}/openapi.json",
        *options,
    ]
    done = subprocess.run(  # noqa: ASYNC221 - nothing else goes on here
        [*command, *options, "-H", f"Authorization: Bearer {caller}", "--continue-on-failure"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=limit_s,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "Stateful" in done.stdout


@pytest.mark.timeout(600)
async def test_no_request_shows_the_server_to_be_other_than_its_document(start: Start, tmp_path: Path) -> None:
    """Every example, and every value at the edge of what a schema allows or just beyond; and some chains of calls."""
    await run(start, tmp_path, "examples,coverage,stateful", examples=5, limit_s=580)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_no_random_request_does_so_either(start: Start, tmp_path: Path) -> None:
    await run(start, tmp_path, "examples,coverage,fuzzing,stateful", examples=60, limit_s=1700)
