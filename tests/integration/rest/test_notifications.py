"""Notifications over HTTP."""

from tests.integration.rest.conftest import Api


async def test_notifications_from_the_first_to_the_last(any_api: Api) -> None:
    api = any_api
    ann, bob, cid = [await api.register(name) for name in ("ann", "bob", "cid")]
    one, two = ({"token": session["accessToken"]} for session in (ann, bob))
    for asking in (bob, cid):
        await api.post("friends/requests", {"userId": ann["user"]["id"]}, token=asking["accessToken"])
    page = await api.get("notifications?limit=1", **one)
    assert [item["data"]["fromUserId"] for item in page.data] == [cid["user"]["id"]]
    meta = page.body["meta"]
    assert meta["unread"] == 2
    more = await api.get(f"notifications?limit=1&cursor={meta['pagination']['nextCursor']}", **one)
    assert [item["data"]["fromUserId"] for item in more.data] == [bob["user"]["id"]]
    id = more.data[0]["id"]
    assert (await api.call("PATCH", f"notifications/{id}", json={"read": True}, **one)).data["read"] is True
    assert (await api.get("notifications/count", **one)).data == {"count": 1}
    assert len((await api.get("notifications?unread=true", **one)).data) == 1
    assert (await api.call("PATCH", f"notifications/{id}", json={"read": False}, **two)).code == "NOT_FOUND"
    assert (await api.post("notifications/read-all", **one)).data == {"count": 0}
    assert (await api.call("DELETE", f"notifications/{id}", **two)).status == 204
    assert len((await api.get("notifications", **one)).data) == 2
    assert (await api.call("DELETE", f"notifications/{id}", **one)).status == 204
    assert len((await api.get("notifications", **one)).data) == 1


async def test_settings_decide_what_is_told(any_api: Api) -> None:
    api = any_api
    ann, bob = [await api.register(name) for name in ("ann", "bob")]
    one = {"token": ann["accessToken"]}
    assert set((await api.get("users/me/notification-settings", **one)).data.values()) == {True}
    changed = await api.call("PUT", "users/me/notification-settings", json={"friendRequest": False}, **one)
    assert (changed.status, changed.data["friendRequest"], changed.data["mention"]) == (200, False, True)
    await api.post("friends/requests", {"userId": ann["user"]["id"]}, token=bob["accessToken"])
    assert (await api.get("notifications/count", **one)).data == {"count": 0}
    await api.call("PUT", "users/me/notification-settings", json={}, **one)
    assert (await api.get("users/me/notification-settings", **one)).data["friendRequest"] is True


async def test_bad_requests_to_notification_routes_are_refused(api: Api) -> None:
    one = {"token": (await api.register())["accessToken"]}
    assert (await api.get("notifications")).code == "AUTHENTICATION_REQUIRED"
    assert (await api.get("notifications?unread=maybe&limit=0", **one)).faults == {"unread", "limit"}
    assert (await api.get("notifications?cursor=bm90", **one)).faults == {"cursor"}
    settings = {"mention": "yes", "weather": True}
    refused = await api.call("PUT", "users/me/notification-settings", json=settings, **one)
    assert refused.faults == {"mention", "weather"}
