from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.accounts import Accounts, open_accounts


@pytest.fixture
async def accounts(tmp_path: Path) -> AsyncIterator[Accounts]:
    async with open_accounts(f"sqlite:///{tmp_path}/maoga.db") as accounts:
        yield accounts
