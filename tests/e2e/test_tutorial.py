"""The tutorial's client works as printed: two copies of it find each other and start."""

import asyncio
import re
import sys
from pathlib import Path

from tests.e2e.conftest import Start
from tests.support.services import ROOT


async def test_two_copies_of_the_tutorials_client_play(start: Start, tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs/tutorial.md").read_text(), re.DOTALL)
    assert found
    script = tmp_path / "player.py"
    script.write_text(found[1].replace("http://localhost:8000", start().url))
    copies = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(script), name, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=-1, stderr=-1
        )
        for name in ("Ann", "Bob")
    ]
    for copy in copies:
        out, err = await asyncio.wait_for(copy.communicate(), 60)
        assert copy.returncode == 0, err.decode()
        assert out.decode().count(" says hello from ") == 2
        assert re.search("the game begins: (Ann Bob|Bob Ann)", out.decode())
