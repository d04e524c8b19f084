"""The chat over HTTP: for bots, and for clients without a socket."""

from tests.integration.rest.conftest import Api


async def test_two_friends_talk(any_api: Api) -> None:
    api = any_api
    ann, bob, eve = [await api.register(name) for name in ("ann", "bob", "eve")]
    one, two, other = ({"token": session["accessToken"]} for session in (ann, bob, eve))
    ids = [session["user"]["id"] for session in (ann, bob)]
    assert (await api.post("chats/direct", {"userId": ids[1]}, **one)).code == "DIRECT_REFUSED"
    await api.post("friends/requests", {"userId": ids[1]}, **one)
    await api.call("PATCH", f"friends/requests/{ids[0]}", json={"accept": True}, **two)
    opened = await api.post("chats/direct", {"userId": ids[1]}, **one)
    path = f"chats/{opened.data['id']}/messages"
    assert (opened.status, set(opened.data["memberIds"]), opened.data["unread"]) == (201, set(ids), 0)
    said = [await api.post(path, {"clientMessageId": f"m{n}", "content": f"hi {n}"}, **one) for n in (1, 2, 3, 2)]
    assert [(answer.status, answer.data["seq"]) for answer in said] == [(201, 1), (201, 2), (201, 3), (201, 2)]
    page = await api.get(f"{path}?before=3&limit=1", **two)
    assert ([message["content"] for message in page.data], page.body["meta"]) == (["hi 2"], {"hasMore": True})
    (channel,) = (await api.get("chats", **two)).data
    assert (channel["unread"], channel["lastMessage"]["content"], channel["lastSeq"]) == (3, "hi 3", 3)
    for refused in (
        await api.get(path, **other),
        await api.post(path, {"clientMessageId": "m", "content": "x"}, **other),
    ):
        assert (refused.status, refused.code) == (404, "NOT_FOUND")
    assert (await api.get("chats", **other)).data == []


async def test_bad_requests_to_chats_are_refused(api: Api) -> None:
    one = {"token": (await api.register())["accessToken"]}
    assert (await api.get("chats")).code == "AUTHENTICATION_REQUIRED"
    assert (await api.get("chats/c1/messages?before=0&limit=101", **one)).faults == {"before", "limit"}
    assert (await api.post("chats/c1/messages", {"content": " "}, **one)).faults == {"content", "clientMessageId"}
    assert (await api.post("chats/direct", {"userId": "a b"}, **one)).faults == {"userId"}
