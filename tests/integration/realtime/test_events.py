"""From an event to its ack: validated, limited, timed."""

import asyncio
from typing import Any

import pytest
from loguru import logger

from tests.integration.realtime.handshake import enter
from tests.integration.realtime.node import node
from tests.integration.realtime.wire import wire


async def test_an_ack_is_an_envelope() -> None:
    """A model, a list, nothing, and a model with meta."""
    async with node() as one, wire(one.url) as client:
        await enter(client)
        said = {"saidText": "hi", "by": "ann"}

        assert await client.call("/lobby", "say", {"text": "hi"}) == {"status": "success", "data": said}
        answer = await client.call("/lobby", "list", {"text": "hi", "times": 2})
        assert answer == {"status": "success", "data": [said, said]}
        assert await client.call("/lobby", "nothing") == {"status": "success", "data": None}
        answer = await client.call("/lobby", "snapshot", {"text": "hi"})
        assert answer == {"status": "success", "data": said, "meta": {"stale": True}}
        answer = await client.call("/lobby", "conflict")
        assert answer["error"]["code"] == "CONFLICT"
        assert answer["error"]["details"] == {"ticketId": "t1"}
        handled = {"namespace": "lobby", "event": "conflict", "outcome": "CONFLICT"}
        assert one.counted("maoga_events_in_total", **handled) == 1


@pytest.mark.parametrize("payload", [None, True, 7, 1.5, "text", [], [{}], [1, 2]], ids=repr)
async def test_a_payload_that_is_no_object_is_invalid(payload: Any) -> None:
    """Every JSON type but an object is refused, known event or built-in."""
    async with node() as one, wire(one.url) as client:
        await enter(client)
        for event in ("say", "ping", "renew"):
            answer = await client.call("/lobby", event, payload)
            assert answer["error"]["code"] == "VALIDATION_ERROR"
            assert answer["error"]["details"] == [{"field": "(body)", "message": "An event takes one object"}]


async def test_two_arguments_are_one_too_many() -> None:
    """An event takes one object."""
    async with node() as one, wire(one.url) as client:
        await enter(client)
        assert (await client.call("/lobby", "say", {"text": "x"}, {}))["error"]["code"] == "VALIDATION_ERROR"


async def test_a_binary_payload_is_invalid() -> None:
    """Bytes are no object either."""
    async with node() as one, wire(one.url) as client:
        await enter(client)
        await client.send('451-/lobby,9["say",{"text":{"_placeholder":true,"num":0}}]')
        await client.send(b"hello")
        assert (await client.ack(9))["error"]["code"] == "VALIDATION_ERROR"


async def test_every_fault_is_told_at_once() -> None:
    """Missing, unknown and mistyped fields, by their wire names; even a field name that is no valid text."""
    async with node() as one, wire(one.url) as client:
        await enter(client)
        answer = await client.call("/lobby", "say", {"times": "3", "said_text": 1})
        await client.send('42/lobby,77["say",{"text":"x","\\ud800":1}]')
        odd = await client.ack(77)

        assert answer["error"]["code"] == "VALIDATION_ERROR"
        assert sorted(fault["field"] for fault in answer["error"]["details"]) == ["said_text", "text", "times"]
        assert odd["error"]["code"] == "VALIDATION_ERROR"


async def test_an_unknown_event_is_counted_under_one_name() -> None:
    """A client cannot invent labels."""
    async with node() as one, wire(one.url) as client:
        await enter(client)
        for name in ("say2", "__init__", "streams_of", "hello", ""):
            assert (await client.call("/lobby", name, {}))["error"]["code"] == "UNKNOWN_EVENT"

        unknown = {"namespace": "lobby", "event": "(unknown)", "outcome": "UNKNOWN_EVENT"}
        assert one.counted("maoga_events_in_total", **unknown) == 5
        assert "say2" not in str(list(one.registry.collect()))


@pytest.mark.parametrize("event", ["crash", "inner_timeout"])
async def test_a_bug_is_logged_once_with_its_ids_and_acked_internal(event: str) -> None:
    """The client learns nothing of it, the log everything."""
    lines: list[Any] = []
    sink = logger.add(lambda message: lines.append(message.record), level="ERROR")
    try:
        async with node() as one, wire(one.url) as client:
            await enter(client)
            answer = await client.call("/lobby", event)
    finally:
        logger.remove(sink)

    assert answer["error"] == {"code": "INTERNAL", "message": answer["error"]["message"]}
    assert "bug" not in answer["error"]["message"]
    (line,) = lines
    assert (line["extra"]["user"], line["extra"]["event"]) == ("ann", f"/lobby {event}")
    assert line["extra"]["socket"]
    assert "a bug" in str(line["exception"].value)


async def test_developers_see_each_event_and_where_a_failure_came_from() -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, level="DEBUG", format="{message}")
    try:
        async with node(debug=True) as one, wire(one.url) as client:
            await enter(client)
            await client.call("/lobby", "say", {"text": "hi"})
            answer = await client.call("/lobby", "crash")
    finally:
        logger.remove(sink)
    assert "ZeroDivisionError: a bug" in answer["error"]["details"]["stack"]
    told = [line for line in lines if line.startswith("/lobby say")]
    assert "text='hi'" in told[0]
    assert told[1].startswith("/lobby say success after ")


async def test_an_event_that_takes_too_long_acks_timeout_and_is_given_up() -> None:
    """The deadline frees the inbox, and the work is cancelled."""
    async with node(handler_timeout_s=0.1) as one, wire(one.url) as client:
        await enter(client)

        assert (await client.call("/lobby", "hang"))["error"]["code"] == "TIMEOUT"
        assert one.namespace.hanging == 0
        assert (await client.call("/lobby", "say", {"text": "x"}))["status"] == "success"


async def test_events_are_limited_and_told_when_to_come_again() -> None:
    """The burst passes, then RATE_LIMITED with `retryInMs`; after that time it passes again."""
    async with node(rate_limit_scale=0.5) as one, wire(one.url) as client:  # a burst of 20, 10 a second
        await enter(client)
        answers = [await client.call("/lobby", "say", {"text": "x"}) for _ in range(60)]
        refused = [answer["error"] for answer in answers if answer["status"] == "error"]

        assert [answer["status"] for answer in answers[:20]] == ["success"] * 20
        assert {error["code"] for error in refused} == {"RATE_LIMITED"}
        assert 0 < refused[-1]["details"]["retryInMs"] <= 100
        await asyncio.sleep(refused[-1]["details"]["retryInMs"] / 1000)
        assert (await client.call("/lobby", "say", {"text": "x"}))["status"] == "success"


async def test_an_expensive_event_takes_more() -> None:
    """`cost` counts."""
    async with node(rate_limit_scale=0.25) as one, wire(one.url) as client:  # a burst of 10
        await enter(client)
        answers = [await client.call("/lobby", "list", {"text": "x"}) for _ in range(3)]
        assert [answer["status"] for answer in answers] == ["success", "success", "error"]


async def test_the_warning_names_the_time_after_which_the_refused_event_passes() -> None:
    """Also when there are tokens left, but too few for it."""
    async with node(rate_limit_scale=0.25) as one, wire(one.url) as client:
        await enter(client)
        for ack_id in range(3):
            await client.emit("/lobby", ack_id, "list", {"text": "x"})
        warning, _ = await client.event("rate_limited")
        refused = await client.ack(2)
        assert warning["retryInMs"] == refused["error"]["details"]["retryInMs"] > 0


async def test_who_does_not_heed_the_limit_is_cut_off() -> None:
    """Hundreds of refusals in a row end the connection."""
    async with node(rate_limit_scale=0.025) as one, wire(one.url) as client:
        await enter(client)
        for _ in range(400):
            if client.websocket.closed:
                break
            await client.send('42/lobby,["ping"]')
        assert await client.closed()


async def test_ping_tells_the_time() -> None:
    """Every namespace answers it."""
    async with node() as one, wire(one.url) as client:
        await enter(client, namespace="/chat")
        answer = await client.call("/chat", "ping", {})
        assert list(answer["data"]) == ["at"]
        assert answer["data"]["at"].endswith("Z")
