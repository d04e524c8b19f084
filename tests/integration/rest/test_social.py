"""Friends and blocks over HTTP."""

from domain.matchmaking.model import MATCHES
from tests.integration.rest.conftest import Api
from tests.support.builders import a_match


async def test_friends_from_the_request_to_the_end(any_api: Api) -> None:
    api = any_api
    ann, bob = [await api.register(name) for name in ("ann", "bob")]
    one, two = ({"token": session["accessToken"]} for session in (ann, bob))
    first, second = ann["user"]["id"], bob["user"]["id"]
    asked = await api.post("friends/requests", {"userId": second}, **one)
    assert (asked.status, asked.data["status"], asked.data["username"]) == (201, "outgoing", "bob")
    page = await api.get("friends/requests?direction=incoming&limit=5", **two)
    assert [item["userId"] for item in page.data] == [first]
    assert page.body["meta"]["pagination"] == {"limit": 5, "nextCursor": None}
    accepted = await api.call("PATCH", f"friends/requests/{first}", json={"accept": True}, **two)
    assert (accepted.status, accepted.data["status"]) == (200, "friends")
    assert [item["userId"] for item in (await api.get("friends", **one)).data] == [second]
    declined = await api.call("PATCH", f"friends/requests/{first}", json={"accept": False}, **two)
    assert (declined.status, declined.body) == (204, b"")
    for _ in range(2):
        assert (await api.call("DELETE", f"friends/{second}", **one)).status == 204
    assert (await api.get("friends", **two)).data == []


async def test_blocks_over_http(any_api: Api) -> None:
    api = any_api
    ann, bob = [await api.register(name) for name in ("ann", "bob")]
    one, two = ({"token": session["accessToken"]} for session in (ann, bob))
    first, second = ann["user"]["id"], bob["user"]["id"]
    assert (await api.post("blocks", {"userId": second}, **one)).status == 201
    assert [item["userId"] for item in (await api.get("blocks", **one)).data] == [second]
    assert (await api.get("blocks", **two)).data == []
    refused = await api.post("friends/requests", {"userId": first}, **two)
    assert (refused.status, refused.code) == (404, "NOT_FOUND")
    assert (await api.call("DELETE", f"blocks/{second}", **one)).status == 204
    assert (await api.post("friends/requests", {"userId": first}, **two)).status == 201


async def test_bad_requests_to_social_routes_are_refused(any_api: Api) -> None:
    ann = await any_api.register()
    one = {"token": ann["accessToken"]}
    assert (await any_api.get("friends")).code == "AUTHENTICATION_REQUIRED"
    assert (await any_api.get("friends?limit=101", **one)).faults == {"limit"}
    assert (await any_api.get("friends?cursor=bm90", **one)).faults == {"cursor"}
    assert (await any_api.get("friends/requests?direction=both", **one)).faults == {"direction"}
    assert (await any_api.post("friends/requests", {"userId": "a b", "more": 1}, **one)).faults == {"userId", "more"}
    assert (await any_api.post("friends/requests", {"userId": ann["user"]["id"]}, **one)).faults == {"userId"}


async def test_karma_over_http(any_api: Api) -> None:
    api = any_api
    ann, bob, eve = [await api.register(name) for name in ("ann", "bob", "eve")]
    match = a_match([ann["user"]["id"]], [bob["user"]["id"]], formed_at=api.accounts.clock.now())
    await api.accounts.database.collection(MATCHES).insert(match)
    path, body = f"matches/{match.id}/karma", {"userId": bob["user"]["id"], "value": 1}
    for _ in range(2):
        given = await api.post(path, body, token=ann["accessToken"])
        assert (given.status, given.data["value"], given.data["userId"]) == (201, 1, bob["user"]["id"])
    assert (await api.get("users/me", token=bob["accessToken"])).data["karma"] == 1
    otherwise = await api.post(path, {**body, "value": -1}, token=ann["accessToken"])
    assert (otherwise.status, otherwise.code) == (409, "KARMA_GIVEN")
    stranger = await api.post(path, body, token=eve["accessToken"])
    assert (stranger.status, stranger.code) == (404, "NOT_FOUND")
    assert (await api.post(path, {**body, "value": 2}, token=ann["accessToken"])).faults == {"value"}
