"""Lobbies over REST: opened, found, joined, made ready and left, on both storages."""

from typing import Any

from tests.integration.rest.conftest import Api

CUSTOM = {"gameId": "valorant", "mode": "custom"}


async def test_a_lobby_is_opened_found_joined_and_started(any_api: Api) -> None:
    api = any_api
    ann, bob = [(await api.register(name))["accessToken"] for name in ("ann", "bob")]
    made = await api.post("lobbies", {**CUSTOM, "settings": {"visibility": "public", "autoStart": False}}, token=ann)
    assert made.status == 201
    lobby: dict[str, Any] = made.data
    path = f"lobbies/{lobby['id']}"
    found = await api.get("lobbies?gameId=valorant&limit=5", token=bob)
    assert [(shown["id"], shown["players"]) for shown in found.data] == [(lobby["id"], 1)]
    assert found.body["meta"]["pagination"] == {"limit": 5, "nextCursor": None}
    assert "joinCode" not in (await api.get(path, token=bob)).data["settings"]
    assert (await api.post(f"{path}/join", {}, token=bob)).data["settings"]["joinCode"]
    for token in (ann, bob):
        ready = await api.post(f"{path}/ready", {"ready": True}, token=token)
    assert ready.data["status"] == "ready"
    assert (await api.post(f"{path}/start", token=bob)).code == "FORBIDDEN"
    assert (await api.post(f"{path}/start", token=ann)).data["status"] == "countdown"
    assert (await api.get("lobbies", token=bob)).data == []
    left = (await api.post(f"{path}/leave", token=ann)).data
    assert (left["hostId"], left["status"]) == (left["members"][0]["userId"], "forming")
    assert (await api.post(f"{path}/leave", token=ann)).code == "NOT_IN_LOBBY"


async def test_a_private_lobby_is_nobodys_business_without_its_code(api: Api) -> None:
    ann, bob = [(await api.register(name))["accessToken"] for name in ("ann", "bob")]
    lobby = (await api.post("lobbies", CUSTOM, token=ann)).data
    path = f"lobbies/{lobby['id']}"
    for answer in (
        await api.get(path, token=bob),
        await api.get("lobbies/nosuch", token=bob),
        await api.post(f"{path}/join", {}, token=bob),
        await api.post(f"{path}/join", {"joinCode": "WRONG234"}, token=bob),
        await api.post("lobbies/nosuch/join", {"joinCode": lobby["settings"]["joinCode"]}, token=bob),
    ):
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert (await api.get("lobbies", token=bob)).data == []
    joined = await api.post(f"{path}/join", {"joinCode": lobby["settings"]["joinCode"].lower()}, token=bob)
    assert len(joined.data["members"]) == 2
    again = await api.post("lobbies", CUSTOM, token=bob)
    assert (again.status, again.code, again.error["details"]) == (409, "ALREADY_IN_LOBBY", {"lobbyId": lobby["id"]})


async def test_the_browser_turns_pages(api: Api) -> None:
    made = []
    for number in range(3):
        token = (await api.register(f"host{number}"))["accessToken"]
        answer = await api.post("lobbies", {**CUSTOM, "settings": {"visibility": "public"}}, token=token)
        made.append(answer.data["id"])
    first = await api.get("lobbies?limit=2", token=token)
    cursor = first.body["meta"]["pagination"]["nextCursor"]
    second = await api.get(f"lobbies?limit=2&cursor={cursor}", token=token)
    assert [shown["id"] for shown in first.data + second.data] == made[::-1]
    assert (await api.get("lobbies?cursor=x", token=token)).faults == {"cursor"}
    assert (await api.get("lobbies?mode=odd&region=!", token=token)).faults == {"mode", "region"}
