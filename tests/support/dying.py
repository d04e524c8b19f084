"""A process that dies between a write and its telling, without a process."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from domain.core.events import Outgoing
from maoga.bootstrap import Core


class Died(Exception):
    """The process is gone."""


@contextmanager
def dying_before_it_publishes(core: Core) -> Iterator[None]:
    """What the block writes is stored; when it comes to telling, the block ends. It must come to that."""

    async def publish(*events: Outgoing, again: bool = False) -> None:
        raise Died

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Died):
        patch.setattr(core.publisher, "publish", publish)
        yield
