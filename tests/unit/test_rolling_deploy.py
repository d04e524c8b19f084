"""Two versions share the storage while one replaces the other: the older one reads what the newer one wrote."""

import orjson
import pytest

from domain.core.events import Outgoing
from domain.core.model import Kept
from domain.lobbies.model import Lobby
from domain.matchmaking.pool import PoolEntry
from tests.support.builders import a_lobby, a_pool_entry

EVENT = Outgoing(id="e", stream="lobby:l", name="lobby_updated", durable=True, data={})


@pytest.mark.parametrize("kept", [a_lobby(), a_pool_entry(), EVENT], ids=lambda kept: type(kept).__name__)
def test_a_field_of_a_newer_version_is_passed_over(kept: Lobby | PoolEntry | Outgoing) -> None:
    newer = {**orjson.loads(kept.model_dump_json()), "fromTheFuture": 1}
    assert isinstance(kept, Kept)
    assert kept == type(kept).model_validate_json(orjson.dumps(newer))
