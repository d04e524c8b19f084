"""What Prometheus reads over HTTP after real use, on two instances and on a worker of its own."""

import asyncio
import time
import urllib.error
import urllib.request
from contextlib import suppress

import pytest

from clients.python.errors import MaogaError
from tests.e2e.conftest import Enter, Start, meet
from tests.support.scrape import Scrape
from tests.support.server import MaogaServer
from tests.support.wait import eventually

MESSAGES = 7


async def scraped(*servers: MaogaServer) -> Scrape:
    return await asyncio.to_thread(Scrape, *servers)


def asked(url: str) -> None:
    with suppress(urllib.error.HTTPError), urllib.request.urlopen(url, timeout=20):
        pass


async def test_a_played_match_leaves_its_numbers_on_both_instances(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared, MAOGA_ROLE="gateway"), start(**shared, MAOGA_ROLE="gateway")
    worker = start(**shared, MAOGA_ROLE="worker")
    ann, bob = await enter(a.url), await enter(b.url)
    lobby = await meet(ann, bob)
    for n in range(MESSAGES):
        await ann.send(lobby["chatId"], f"message {n}")
    for _ in range(MESSAGES):
        await bob.wait_for("message")
    with pytest.raises(MaogaError, match="UNKNOWN_EVENT"):
        await ann.call("chat", "no_such_event", {})  # type: ignore[call-overload]
    for player in (ann, bob):
        await player.set_ready()
    for player in (ann, bob):
        await player.wait_for("lobby_started")
    await asyncio.to_thread(asked, f"{a.url}/api/v1/nothing/{time.time()}")

    here, there = await scraped(a), await scraped(b)
    both, working = await scraped(a, b), await scraped(worker)
    for figures in (here, there):
        assert figures.total("maoga_sockets", transport="websocket") == 4, "one client in four namespaces"
        assert figures.total("maoga_connects_total", outcome="accepted") == 4
        assert figures.total("maoga_build_info", role="gateway") == 1
        assert figures.total("maoga_fanouts_total", namespace="chat") >= MESSAGES
        assert figures.total("maoga_fanout_deliveries_total", namespace="chat") >= MESSAGES
        lags = figures.total("maoga_delivery_lag_seconds_count")
        assert lags >= MESSAGES
        assert figures.total("maoga_delivery_lag_seconds_bucket", le="2.5") > lags / 2
        assert figures.total("maoga_inbox_events") == figures.total("maoga_outbox_bytes") == 0
    assert here.total("maoga_events_in_total", event="send", outcome="success") == MESSAGES
    assert here.total("maoga_events_in_total", event="(unknown)", outcome="UNKNOWN_EVENT") == 1
    assert not [labels for labels, _ in here.samples["maoga_events_in_total"] if labels["event"] == "no_such_event"]
    assert here.total("maoga_http_seconds_count", route="unmatched", status="404") == 1
    assert here.total("maoga_http_in_progress") == 0
    assert both.total("maoga_messages_total", content_type="text") == MESSAGES
    assert both.total("maoga_lobbies_created_total", origin="match") == 1
    assert both.total("maoga_notifications_total", type="match_found", outcome="made") == 2
    assert both.total("maoga_notifications_total", type="match_found", outcome="delivered") == 2
    assert both.total("maoga_database_seconds_count", operation="commit", outcome="ok") > 0
    assert both.total("maoga_redis_seconds_count", command="stream_append", outcome="ok") > MESSAGES
    assert both.total("maoga_connections_most", storage="mongodb") == 100
    assert both.total("maoga_connections_most", storage="redis") == 100
    assert both.total("maoga_memory_limit_bytes") > both.total("process_resident_memory_bytes") > 0
    assert working.total("maoga_matches_total", outcome="proposed") == 1
    assert working.total("maoga_match_quality_count") == 1
    assert 0 < working.total("maoga_match_quality_sum") <= 1
    assert working.total("maoga_match_wait_seconds_count") == 2
    assert working.total("maoga_build_info", role="worker") == 1
    assert "maoga_sockets" not in working.samples

    async def census() -> bool:
        figures = await scraped(worker)
        return (
            figures.total("maoga_active_users", window="5m") == 2
            and figures.total("maoga_active_users", window="1d") == 2
            and figures.total("maoga_lobbies", status="active") == 1
        )

    await eventually(census, timeout=40)
