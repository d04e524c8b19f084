"""`Idempotency-Key` over HTTP: a POST that is sent again is done once."""

import asyncio
from typing import Any

import pytest

from domain.core.errors import Unavailable
from tests.integration.rest.conftest import Api, serving

CUSTOM = {"gameId": "valorant", "mode": "custom"}
KEY = {"Idempotency-Key": "5f0c-1"}


async def test_a_retry_gets_the_first_answer_and_makes_nothing(any_api: Api) -> None:
    token = (await any_api.register())["accessToken"]
    first = await any_api.post("lobbies", CUSTOM, token=token, headers=KEY)
    again = await any_api.post("lobbies", CUSTOM, token=token, headers=KEY)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert [answer.headers.get("Idempotency-Replayed") for answer in (first, again)] == [None, "true"]
    assert (await any_api.post("lobbies", CUSTOM, token=token)).code == "ALREADY_IN_LOBBY"
    quoted = await any_api.post("/api/lobbies", CUSTOM, token=token, headers={"Idempotency-Key": '"5f0c-1"'})
    assert quoted.body == first.body, "the alias and the quotes are the same request"


async def test_retries_at_once_on_two_instances_do_it_once(any_api: Api) -> None:
    token = (await any_api.register())["accessToken"]
    async with serving(any_api.accounts) as other:
        answers = await asyncio.gather(
            *(api.post("lobbies", CUSTOM, token=token, headers=KEY) for api in (any_api, other) * 5)
        )
        done = [answer for answer in answers if answer.status == 201]
        assert len({answer.data["id"] for answer in done}) == 1
        busy = [answer for answer in answers if answer.status == 409]
        assert {answer.code for answer in busy} <= {"IDEMPOTENCY_KEY_IN_USE"}
        assert all(answer.headers["Retry-After"] == "1" for answer in busy)
        later = await other.post("lobbies", CUSTOM, token=token, headers=KEY)
        assert later.body == done[0].body


async def test_another_body_under_the_key_is_refused(api: Api) -> None:
    token = (await api.register())["accessToken"]
    await api.post("lobbies", CUSTOM, token=token, headers=KEY)
    other = await api.post("lobbies", CUSTOM | {"mode": "casual"}, token=token, headers=KEY)
    assert (other.status, other.code) == (409, "IDEMPOTENCY_KEY_REUSED")


async def test_a_refusal_is_kept_too_under_the_id_of_the_new_request(api: Api) -> None:
    token = (await api.register())["accessToken"]
    await api.post("lobbies", CUSTOM, token=token)
    first = await api.post("lobbies", CUSTOM, token=token, headers=KEY)
    again = await api.post("lobbies", CUSTOM, token=token, headers=KEY)
    assert (first.code, again.error) == ("ALREADY_IN_LOBBY", first.error)
    assert first.body["requestId"] != again.body["requestId"]


async def test_the_keys_of_others_are_their_own(api: Api) -> None:
    ada, bob = [(await api.register(name))["accessToken"] for name in ("ada", "bob")]
    one, two = [await api.post("lobbies", CUSTOM, token=token, headers=KEY) for token in (ada, bob)]
    assert one.data["id"] != two.data["id"]


async def test_what_failed_for_no_reason_of_theirs_may_be_tried_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await api.register())["accessToken"]

    async def away(*_: Any, **__: Any) -> None:
        raise Unavailable

    with monkeypatch.context() as broken:
        broken.setattr("domain.lobbies.lobbies.Lobbies.create", away)
        failed = await api.post("lobbies", CUSTOM, token=token, headers=KEY)
    assert failed.code == "UNAVAILABLE"
    assert (await api.post("lobbies", CUSTOM, token=token, headers=KEY)).status == 201


@pytest.mark.parametrize("key", ["", "with blank", "x" * 256, "\u00e4", '"', '""', '"open', 'shut"', '"a"b"'])
async def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    token = (await api.register())["accessToken"]
    answer = await api.post("lobbies", CUSTOM, token=token, headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


async def test_answers_with_tokens_are_never_kept(api: Api) -> None:
    one, two = [await api.post("auth/guest", {}, headers=KEY) for _ in range(2)]
    assert one.data["user"]["id"] != two.data["user"]["id"]
