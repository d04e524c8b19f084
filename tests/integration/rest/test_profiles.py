"""Profiles over HTTP: what users say of themselves, what others see of it, and how they are found."""

from io import BytesIO
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image

from domain.users.avatars import AVATARS, PENDING
from domain.users.model import USERS
from maoga.process import report
from tests.integration.rest.conftest import Api
from tests.support.accounts import PASSWORD
from tests.support.images import GPS_TEXT, a_photo, a_png_that_claims, an_image


async def entered(api: Api, name: str) -> tuple[str, dict[str, Any]]:
    """The id of a new user, and what their requests carry."""
    session = await api.register(name)
    return session["user"]["id"], {"token": session["accessToken"]}


def form(data: bytes) -> FormData:
    made = FormData()
    made.add_field("file", data, filename="x")
    return made


async def test_a_profile_is_changed_field_by_field(any_api: Api) -> None:
    api = any_api
    _, one = await entered(api, "ada")
    fields = {"displayName": "Ada  L", "bio": "  I play\nat night ", "phone": "+4930123456", "birthYear": 1990}
    changed = await api.call("PATCH", "users/me", json={**fields, "gender": "woman"}, **one)
    assert changed.status == 200
    shown = {name: changed.data[name] for name in (*fields, "gender", "username")}
    assert shown == {**fields, "bio": "I play\nat night", "gender": "woman", "username": "ada"}
    again = await api.call("PATCH", "users/me", json={"bio": None, "username": "Lovelace"}, **one)
    assert (again.data.get("bio"), again.data["username"], again.data["phone"]) == (None, "Lovelace", "+4930123456")
    assert (await api.get("users/me", **one)).data == again.data


async def test_a_name_that_is_taken_stays_its_owners(any_api: Api) -> None:
    _, one = await entered(any_api, "ada")
    await entered(any_api, "bob")
    assert (await any_api.call("PATCH", "users/me", json={"username": "BOB"}, **one)).code == "USERNAME_TAKEN"
    assert (await any_api.get("users/me", **one)).data["username"] == "ada"
    assert (await any_api.call("PATCH", "users/me", json={"username": "ADA"}, **one)).data["username"] == "ADA"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": None}, "username"),
        ({"displayName": " "}, "displayName"),
        ({"bio": "x" * 301}, "bio"),
        ({"bio": ""}, "bio"),
        ({"phone": "030 123456"}, "phone"),
        ({"birthYear": 2090}, "birthYear"),
        ({"birthYear": 1890}, "birthYear"),
        ({"karma": 5}, "karma"),
        ({"roles": ["admin"]}, "roles"),
        ({"status": "active"}, "status"),
    ],
)
async def test_what_no_profile_can_say_is_refused(api: Api, body: dict[str, Any], field: str) -> None:
    _, one = await entered(api, "ada")
    assert (await api.call("PATCH", "users/me", json=body, **one)).faults == {field}


async def test_private_fields_are_for_nobody_else(api: Api) -> None:
    ada, one = await entered(api, "ada")
    _, two = await entered(api, "bob")
    private = {"phone": "+4930123456", "gender": "woman", "birthYear": 1990}
    await api.call("PATCH", "users/me", json=private, **one)
    seen = (await api.get(f"users/{ada}", **two)).data
    assert set(seen) == {"id", "username", "displayName", "karma", "createdAt"}


async def test_preferences_change_one_by_one(any_api: Api) -> None:
    api = any_api
    _, one = await entered(api, "ada")
    games = [{"gameId": "apex", "weight": 9}]
    first = await api.call("PATCH", "users/me/preferences", json={"games": games, "regions": ["eu"]}, **one)
    assert first.data["preferences"]["games"] == games
    times = [{"day": "fri", "fromHour": 18, "toHour": 23}]
    second = await api.call("PATCH", "users/me/preferences", json={"playTimes": times, "games": []}, **one)
    wanted = {"competitiveness": "balanced", "games": [], "regions": ["EU"], "languages": [], "playTimes": times}
    assert second.data["preferences"] == {**wanted, "research": False}
    refused = await api.call("PATCH", "users/me/preferences", json={"games": [{"gameId": "chess-boxing"}]}, **one)
    assert refused.faults == {"games"}
    twice = {"games": games * 2, "playTimes": [{"day": "fri", "fromHour": 20, "toHour": 19}]}
    refused = await api.call("PATCH", "users/me/preferences", json=twice, **one)
    assert refused.faults == {"games", "playTimes.0"}


async def test_game_profiles_come_and_go(any_api: Api) -> None:
    api = any_api
    _, one = await entered(api, "ada")
    put = await api.call("PUT", "users/me/game-profiles/apex", json={"rank": "Gold", "skillLevel": 70}, **one)
    (profile,) = put.data["gameProfiles"]
    assert (profile["gameId"], profile["rank"], profile["skillLevel"]) == ("apex", "Gold", 70)
    assert profile["rating"]["mu"] == 1500
    put = await api.call("PUT", "users/me/game-profiles/apex", json={"inGameName": "Lovelace"}, **one)
    (profile,) = put.data["gameProfiles"]
    assert ("rank" in profile, profile["inGameName"]) == (False, "Lovelace")
    unknown = await api.call("PUT", "users/me/game-profiles/chess-boxing", json={}, **one)
    assert unknown.code == "NOT_FOUND"
    refused = await api.call("PUT", "users/me/game-profiles/apex", json={"skillLevel": 101}, **one)
    assert refused.faults == {"skillLevel"}
    for _ in range(2):
        assert (await api.call("DELETE", "users/me/game-profiles/apex", **one)).status == 204
    assert (await api.get("users/me", **one)).data["gameProfiles"] == []


async def test_a_picture_is_drawn_anew_in_two_sizes(any_api: Api) -> None:
    api = any_api
    ada, one = await entered(api, "ada")
    _, two = await entered(api, "bob")
    photo = a_photo("JPEG")
    assert GPS_TEXT in photo
    url = (await api.call("PUT", "users/me/avatar", data=form(photo), **one)).data["avatarUrl"]
    for size in (64, 256):
        got = await api.get(f"{url}?size={size}")
        assert (got.status, got.headers["Content-Type"]) == (200, "image/jpeg")
        assert max(Image.open(BytesIO(got.body)).size) <= size
        assert GPS_TEXT not in got.body
    assert (await api.get(f"users/{ada}", **two)).data["avatarUrl"] == url
    assert (await api.get(f"{url}?size=9")).faults == {"size"}


async def test_a_new_picture_takes_the_place_of_the_old(api: Api) -> None:
    """Whose address leads nowhere at once, and whose files go with the next round."""
    ada, one = await entered(api, "ada")
    first, second = [
        (await api.call("PUT", "users/me/avatar", data=form(an_image()), **one)).data["avatarUrl"] for _ in range(2)
    ]
    assert first != second
    assert ((await api.get(first)).status, (await api.get(second)).status) == (404, 200)
    avatars = api.people.avatars
    await avatars.collect(report)
    kept = await api.accounts.database.collection(AVATARS).find({"user_id": ada}, limit=9)
    assert [avatar.id for avatar in kept] == [second.rpartition("/")[2]]
    assert (await api.call("DELETE", "users/me/avatar", **one)).status == 204
    assert (await api.get(second)).status == 404
    assert "avatarUrl" not in (await api.get("users/me", **one)).data


async def test_an_upload_that_died_before_its_end_is_collected(api: Api) -> None:
    """The document of a picture that no account names is due after an hour."""
    ada, one = await entered(api, "ada")
    await api.call("PUT", "users/me/avatar", data=form(an_image()), **one)
    avatars, users = api.accounts.database.collection(AVATARS), api.accounts.database.collection(USERS)
    (avatar,) = await avatars.find({"user_id": ada}, limit=9)
    await users.update(ada, {"$unset": {"avatar_id": True}})
    await avatars.update(avatar.id, {"$set": {"due_at": api.accounts.clock.now() + PENDING}})
    await api.people.avatars.collect(report)
    assert await avatars.get(avatar.id)
    api.accounts.clock.advance(PENDING.total_seconds())
    await api.people.avatars.collect(report)
    assert await avatars.get(avatar.id) is None


async def test_what_is_no_picture_is_refused(api: Api) -> None:
    _, one = await entered(api, "ada")
    bomb = await api.call("PUT", "users/me/avatar", data=form(a_png_that_claims(30_000, 30_000)), **one)
    assert (bomb.code, bomb.error["details"]) == ("IMAGE_REFUSED", {"reason": "too_many_pixels"})
    text = await api.call("PUT", "users/me/avatar", data=form(b"<svg onload=alert(1)>"), **one)
    assert text.error["details"] == {"reason": "not_an_image"}
    assert (await api.call("PUT", "users/me/avatar", json={}, **one)).status == 415
    assert "avatarUrl" not in (await api.get("users/me", **one)).data


async def test_a_device_is_one_users_at_a_time(any_api: Api) -> None:
    api = any_api
    _, one = await entered(api, "ada")
    _, two = await entered(api, "bob")
    device = {"token": "push-token-of-a-phone", "platform": "ios", "name": "Phone"}
    first = await api.post("users/me/devices", device, **one)
    assert first.status == 201
    assert "token" not in first.data
    await api.post("users/me/devices", device, **one)
    assert [one["id"] for one in (await api.get("users/me/devices", **one)).data] == [first.data["id"]]
    assert (await api.post("users/me/devices", device, **two)).data["id"] == first.data["id"]
    assert (await api.get("users/me/devices", **one)).data == []
    assert (await api.call("DELETE", f"users/me/devices/{first.data['id']}", **one)).code == "NOT_FOUND"
    assert (await api.call("DELETE", f"users/me/devices/{first.data['id']}", **two)).status == 204


async def test_the_device_seen_longest_ago_makes_room(api: Api) -> None:
    _, one = await entered(api, "ada")
    for n in range(12):
        api.accounts.clock.advance(1)
        await api.post("users/me/devices", {"token": f"token-{n:03}", "platform": "web", "name": f"{n}"}, **one)
    names = [device["name"] for device in (await api.get("users/me/devices", **one)).data]
    assert names == [f"{n}" for n in range(11, 1, -1)]


async def test_picture_and_bio_are_shown_to_whom_they_are_meant_for(api: Api) -> None:
    ada, one = await entered(api, "ada")
    bob, two = await entered(api, "bob")
    _, three = await entered(api, "cid")
    await api.post("friends/requests", {"userId": bob}, **one)
    await api.call("PATCH", f"friends/requests/{ada}", json={"accept": True}, **two)
    await api.call("PATCH", "users/me", json={"bio": "hello"}, **one)
    seen = {}
    for audience in ("everyone", "friends", "nobody"):
        answer = await api.call("PATCH", "users/me/privacy", json={"profile": audience}, **one)
        assert answer.data["profile"] == audience
        seen[audience] = ["bio" in (await api.get(f"users/{ada}", **who)).data for who in (one, two, three)]
    assert seen == {"everyone": [True] * 3, "friends": [True, True, False], "nobody": [True, False, False]}


async def test_the_blocked_do_not_see_who_has_blocked_them(any_api: Api) -> None:
    api = any_api
    ada, one = await entered(api, "ada")
    bob, two = await entered(api, "bob")
    await api.post("blocks", {"userId": bob}, **one)
    assert (await api.get(f"users/{ada}", **two)).code == "NOT_FOUND"
    assert (await api.get(f"users/{bob}", **one)).data["username"] == "bob"


async def found(api: Api, query: str, **who: Any) -> list[str]:
    """The usernames that a search finds, over all its pages."""
    names: list[str] = []
    cursor = ""
    while True:
        answer = await api.get("users", params={"query": query, "limit": "2", **cursor_of(cursor)}, **who)
        names += [user["username"] for user in answer.data]
        cursor = answer.body["meta"]["pagination"]["nextCursor"]
        if cursor is None:
            return names


def cursor_of(text: str) -> dict[str, str]:
    return {"cursor": text} if text else {}


async def test_users_are_found_by_the_beginnings_of_their_names(any_api: Api) -> None:
    api = any_api
    _, one = await entered(api, "zoe")
    for name, shown in (("annette", "Nettie"), ("ann.b", "Anna Karenina"), ("bob", "Bob Ännchen"), ("anna-x", "X")):
        _, who = await entered(api, name)
        await api.call("PATCH", "users/me", json={"displayName": shown}, **who)
    assert await found(api, "ANN", **one) == ["ann.b", "anna-x", "annette"]
    assert await found(api, "kareN", **one) == ["ann.b"]
    assert await found(api, "anna kar", **one) == ["ann.b"]
    assert await found(api, "änn", **one) == ["bob"]
    assert await found(api, "arenina", **one) == []
    for query in ("a", "", "x" * 33):
        assert (await api.get("users", params={"query": query}, **one)).faults == {"query"}
    assert (await api.get("users?query=ann&cursor=eHg", **one)).faults == {"cursor"}


async def test_a_search_finds_nobody_who_is_hidden(any_api: Api) -> None:
    """Who has blocked the caller, whom they have blocked, the deleted, the banned, and guests."""
    api = any_api
    zoe, one = await entered(api, "zoe")
    ids = {name: await entered(api, f"ann-{name}") for name in ("blocker", "blocked", "deleted", "banned", "seen")}
    await api.post("auth/guest", {"displayName": "Ann Guest"})
    await api.post("blocks", {"userId": zoe}, **ids["blocker"][1])
    await api.post("blocks", {"userId": ids["blocked"][0]}, **one)
    await api.call("DELETE", "users/me", **ids["deleted"][1])
    await api.accounts.change_user(ids["banned"][0], {"$set": {"status": "banned"}})
    assert await found(api, "ann", **one) == ["ann-seen"]
    assert (await api.get(f"users/{ids['deleted'][0]}", **one)).code == "NOT_FOUND"


async def test_a_new_name_is_found_and_the_old_one_is_not(api: Api) -> None:
    _, one = await entered(api, "ada")
    await api.call("PATCH", "users/me", json={"username": "lovelace", "displayName": "Countess"}, **one)
    assert await found(api, "ada", **one) == []
    assert await found(api, "love", **one) == ["lovelace"]
    assert await found(api, "count", **one) == ["lovelace"]


async def test_karma_given_while_a_profile_changes_is_not_lost(api: Api) -> None:
    """Only the fields of the change are written."""
    ada, one = await entered(api, "ada")
    await api.accounts.change_user(ada, {"$inc": {"karma": 3}})
    assert (await api.call("PATCH", "users/me", json={"bio": "x"}, **one)).data["karma"] == 3


async def test_a_profile_that_was_looked_at_shows_every_change_at_once(any_api: Api) -> None:
    """It is cached for all instances; whoever changes it drops what was kept."""
    api = any_api
    ada, one = await entered(api, "ada")
    _, two = await entered(api, "bob")

    async def seen() -> Any:
        return (await api.get(f"users/{ada}", **two)).body

    assert "bio" not in (await seen())["data"]
    await api.call("PATCH", "users/me", json={"bio": "hello", "displayName": "Countess"}, **one)
    assert ((await seen())["data"]["bio"], (await seen())["data"]["displayName"]) == ("hello", "Countess")
    await api.accounts.change_user(ada, {"$set": {"bio": "behind the cache's back"}})
    assert (await seen())["data"]["bio"] == "hello", "it was not asked for again"
    await api.call("PUT", "users/me/avatar", data=form(an_image()), **one)
    assert (await seen())["data"]["avatarUrl"]
    await api.call("PATCH", "users/me/privacy", json={"profile": "nobody"}, **one)
    assert not {"bio", "avatarUrl"} & set((await seen())["data"])
    await api.call("DELETE", "users/me", **one)
    assert (await seen())["error"]["code"] == "NOT_FOUND"


async def test_others_see_the_new_name_of_a_guest_who_becomes_an_account(any_api: Api) -> None:
    guest, viewer = (await any_api.post("auth/guest", {"displayName": "Nobody"})).data, await any_api.register("viewer")
    path = f"users/{guest['user']['id']}"
    assert (await any_api.get(path, token=viewer["accessToken"])).data["displayName"] == "Nobody"
    account = {"email": "bob@example.test", "username": "bob", "displayName": "Bob", "password": PASSWORD}
    assert (await any_api.post("auth/upgrade", account, token=guest["accessToken"])).status == 200
    shown = (await any_api.get(path, token=viewer["accessToken"])).data
    assert (shown["username"], shown["displayName"]) == ("bob", "Bob")
