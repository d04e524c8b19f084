"""Spans of real servers, as an OpenTelemetry collector gets them."""

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import aiohttp
import pytest

from domain.core.watch import StorageMetrics
from maoga.bootstrap import CannotStart
from maoga.settings import Settings
from maoga.tracing import traced
from tests.e2e.conftest import Enter, Start, meet
from tests.support.collector import Collector, collector
from tests.support.wait import eventually

OURS = "0af7651916cd43dd8448eb211c80319c"
REQUEST = {"traceparent": f"00-{OURS}-b7ad6b7169203331-01"}


async def test_one_trace_leads_from_an_event_over_mongodb_and_redis_to_the_other_instance(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    async with collector() as collected:
        one = start(**shared, **collected.env, MAOGA_INSTANCE="one")
        two = start(**shared, **collected.env, MAOGA_INSTANCE="two")
        ann, bob = await enter(one.url), await enter(two.url)
        lobby = await meet(ann, bob)
        await ann.send(lobby["chatId"], "secret words")
        await bob.wait_for("message")
        [there] = await eventually(lambda: collected.named("deliver /chat message", instance="two"), 20)
        [event] = await eventually(lambda: collected.named("/chat send", trace=there.trace), 20)
        within = [span for span in collected.spans if event in collected.above(span)]
    assert there.kind == "consumer"
    assert (event.kind, event.instance, event.parent, event.failed) == ("server", "one", "", False)
    assert event.attributes["code.function.name"] == "realtime.namespaces.chat.ChatNamespace.send"
    assert there in within
    stored = [span for span in within if span.attributes.get("db.collection.name") == "messages"]
    assert {span.attributes["db.system.name"] for span in stored} == {"mongodb"}
    assert {span.kind for span in stored} == {"client"}
    assert all(span.instance == "one" and 0 < span.ms <= event.ms for span in stored)
    assert "stream_append" in {span.name for span in within if span.attributes.get("db.system.name") == "redis"}
    assert_nothing_personal(collected, ann.user_id, bob.user_id, "secret words")


async def test_a_request_goes_on_with_its_clients_trace_and_hands_it_on_to_its_jobs(start: Start) -> None:
    async with collector() as collected, aiohttp.ClientSession(headers=REQUEST) as http:
        server = start(**collected.env)
        account = {"email": "ann@example.test", "username": "ann-tracing", "password": "plough kiwi tundra"}
        async with http.post(f"{server.url}/api/v1/auth/register", json=account) as response:
            assert response.status == 201
            request_id = response.headers["X-Request-Id"]
        jobs = await eventually(lambda: [span for span in collected.spans if span.name.startswith("process ")], 20)
        [request] = await eventually(lambda: collected.named("POST /api/v1/auth/register"), 20)
        async with http.get(f"{server.url}/no/such/page", headers={"traceparent": "00-nonsense"}) as response:
            assert response.status == 404
        [unmatched] = await eventually(lambda: collected.named("GET unmatched"), 20)
    assert (request.trace, request.parent, request.kind) == (OURS, "b7ad6b7169203331", "server")
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/auth/register",
        "http.response.status_code": 201,
        "url.scheme": "http",
        "maoga.request": request_id,
    }
    assert {(job.trace, job.kind, job.failed) for job in jobs} == {(OURS, "consumer", False)}
    assert all(request in collected.above(job) for job in jobs)
    assert not collected.named("GET /health/ready")  # by which the server was waited for
    assert (unmatched.trace == OURS, unmatched.failed, unmatched.parent) == (False, False, "")
    assert_nothing_personal(collected, "ann@example.test", "ann-tracing", "127.0.0.1")


def assert_nothing_personal(collected: Collector, *secrets: str) -> None:
    for span in collected.spans:
        told = f"{span.name} {span.attributes}"
        assert not [secret for secret in secrets if secret in told], told


def test_a_stop_does_not_wait_for_a_collector_that_hangs(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        endpoint = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        hanging = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "60"}
        server = start(**hanging, OTEL_BSP_SCHEDULE_DELAY="50")
        with urllib.request.urlopen(f"{server.url}/openapi.json"):
            pass
        deaf.accept()[0].close()  # it has begun to send
        assert server.stop() == 0  # within 20 s


UNWANTED = """
import asyncio, os, sys
from domain.core import trace
from domain.core.watch import StorageMetrics
from maoga import __main__, server
from maoga.settings import Settings
from maoga.tracing import traced

async def main():
    storage = StorageMetrics()
    async with traced(Settings(_env_file=None), storage) as found:
        assert found is storage
        assert trace.parent() is None
        assert trace.span("a", "server", {}) is trace.NOWHERE

asyncio.run(main())
os.environ |= {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}
asyncio.run(main())
# redis-py imports the part for metrics by itself, where it is installed.
print([name for name in sys.modules if name.startswith(("maoga.otel", "opentelemetry.exporter"))])
"""


def test_where_nobody_wants_spans_the_adapter_is_not_even_imported() -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run([sys.executable, "-c", UNWANTED], env=env, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


async def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "maoga.otel", None)
    with pytest.raises(CannotStart, match="the extra `otel` is not installed"):
        async with traced(Settings(_env_file=None, var_dir=tmp_path), StorageMetrics()):
            pass
