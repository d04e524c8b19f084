"""The catalogue over REST: everybody reads it, those who may keep it, and each change is on record."""

from typing import Any

import pytest

from domain.audit.model import AUDIT
from domain.games.model import GAMES
from tests.integration.rest.conftest import Api

GO: dict[str, Any] = {
    "id": "go",
    "name": "Go",
    "aliases": ["Baduk", "Weiqi"],
    "genres": ["board"],
    "platforms": ["pc"],
    "popularity": 12.5,
    "modes": [{"mode": "ranked", "teams": {"count": 2, "size": 1}}],
    "externalIds": {"igdb": "123"},
}


async def keeper(api: Api) -> str:
    """The token of somebody who keeps the catalogue."""
    session = await api.register("keeper")
    await api.accounts.change_user(session["user"]["id"], {"$set": {"roles": ["admin"]}})
    return str(session["accessToken"])


def ids(answer: Any) -> list[str]:
    return [game["id"] for game in answer.data]


async def test_the_list_is_searched_filtered_and_paged(any_api: Api) -> None:
    first = await any_api.get("games?limit=2")
    assert ids(first) == ["league-of-legends", "valorant"]
    cursor = first.body["meta"]["pagination"]["nextCursor"]
    assert ids(await any_api.get(f"games?limit=2&cursor={cursor}")) == ["counter-strike-2", "dota-2"]
    assert ids(await any_api.get("games?query=rocket%20le")) == ["rocket-league"]
    assert ids(await any_api.get("games?query=POKEMON&platform=switch&genre=moba&mode=ranked")) == ["pokemon-unite"]
    assert ids(await any_api.get("games?genre=moba&sort=name&limit=2")) == ["brawl-stars", "dota-2"]
    assert ids(await any_api.get("games?query=nothing%20of%20this")) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("mode=any", "mode"),
        ("genre=A%20B", "genre"),
        ("platform=%24ne", "platform"),
        ("sort=rating", "sort"),
        ("query=", "query"),
        ("cursor=x", "cursor"),
        ("limit=101", "limit"),
        ("words=x", "words"),
    ],
)
async def test_what_cannot_be_asked_for_is_named(api: Api, query: str, field: str) -> None:
    assert (await api.get(f"games?{query}")).faults == {field}


async def test_without_players_the_most_popular_are_trending(api: Api) -> None:
    answer = await api.get("games/trending?limit=2")
    assert [(game["id"], game["waiting"], game["lobbies"]) for game in answer.data] == [
        ("league-of-legends", 0, 0),
        ("valorant", 0, 0),
    ]


async def test_a_lobby_makes_its_game_trend(api: Api) -> None:
    token = (await api.register())["accessToken"]
    created = await api.post("lobbies", {"gameId": "chess", "mode": "custom"}, token=token)
    assert created.status == 201, created.body
    first = (await api.get("games/trending")).data[0]
    assert (first["id"], first["lobbies"]) == ("chess", 1)


async def test_a_game_is_added_changed_and_removed_and_each_is_on_record(any_api: Api) -> None:
    api, token = any_api, await keeper(any_api)
    added = await api.post("admin/games", GO, token=token)
    assert (added.status, added.data["version"]) == (201, 1)
    assert (await api.get("games/go")).data["aliases"] == ["Baduk", "Weiqi"]
    assert ids(await api.get("games?query=baduk")) == ["go"]

    said = {"name": "Go!", "modes": [*GO["modes"], {"mode": "casual", "enabled": False}], "version": 1}
    replaced = await api.call("PUT", "admin/games/go", json=said, token=token)
    assert (replaced.status, replaced.data["version"]) == (200, 2)
    shown = (await api.get("games/go")).data
    assert (shown["name"], [mode["mode"] for mode in shown["modes"]]) == ("Go!", ["ranked"])
    assert ids(await api.get("games?query=baduk")) == []
    kept = (await api.get("admin/games/go", token=token)).data
    assert [mode["mode"] for mode in kept["modes"]] == ["ranked", "casual"]

    assert (await api.call("DELETE", "admin/games/go", token=token)).status == 204
    assert (await api.get("games/go")).code == "NOT_FOUND"
    assert (await api.call("DELETE", "admin/games/go", token=token)).code == "NOT_FOUND"

    entries = await api.accounts.database.collection(AUDIT).find({"target": "game:go"}, limit=10)
    assert [entry.action for entry in entries] == ["game.added", "game.replaced", "game.removed"]
    assert entries[1].before is not None
    assert entries[1].after is not None
    assert (entries[1].before["name"], entries[1].after["name"]) == ("Go", "Go!")
    assert {entry.actor.id for entry in entries} == {(await api.get("users/me", token=token)).data["id"]}


async def test_what_stands_already_and_what_another_has_changed_is_told(api: Api) -> None:
    token = await keeper(api)
    assert (await api.post("admin/games", {**GO, "id": "apex"}, token=token)).code == "GAME_EXISTS"
    assert (await api.post("admin/games", GO, token=token)).status == 201
    assert (await api.post("admin/games", {**GO, "id": "go-2"}, token=token)).code == "GAME_EXISTS"
    twin = {"name": "Apex", "externalIds": {"igdb": "123"}}
    assert (await api.call("PUT", "admin/games/apex", json=twin, token=token)).code == "GAME_EXISTS"
    late = {"name": "Apex", "version": 7}
    assert (await api.call("PUT", "admin/games/apex", json=late, token=token)).code == "CONFLICT"
    assert (await api.call("PUT", "admin/games/nothing", json={"name": "x"}, token=token)).code == "NOT_FOUND"
    stored = await api.accounts.database.collection(GAMES).get("apex")
    assert stored is not None
    assert (stored.name, stored.version) == ("Apex Legends", 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "No Slug"}, "id"),
        ({"name": ""}, "name"),
        ({"genres": ["Has Spaces"]}, "genres.0"),
        ({"coverUrl": "javascript:alert(1)"}, "coverUrl"),
        ({"releaseDate": "2020-13-01"}, "releaseDate"),
        ({"rating": 101}, "rating"),
        ({"popularity": "9"}, "popularity"),
        ({"modes": [{"mode": "casual"}, {"mode": "casual"}]}, "modes"),
        ({"modes": [{"mode": "any"}]}, "modes.0.mode"),
        ({"modes": [{"mode": "ranked", "teams": {"count": 2, "size": 1, "roles": {"a": 2}}}]}, "modes.0.teams"),
        ({"externalIds": {"$where": "1"}}, "externalIds.$where"),
        ({"version": 1}, "version"),
        ({"words": ["x"]}, "words"),
        ({"curated": False}, "curated"),
    ],
)
async def test_a_game_that_makes_no_sense_is_refused(api: Api, changes: dict[str, Any], field: str) -> None:
    assert (await api.post("admin/games", {**GO, **changes}, token=await keeper(api))).faults == {field}


async def test_only_those_who_may_keep_the_catalogue(api: Api) -> None:
    session = await api.register()
    for role in ("user", "moderator"):
        await api.accounts.change_user(session["user"]["id"], {"$set": {"roles": [role]}})
        token = session["accessToken"]
        assert (await api.post("admin/games", GO, token=token)).code == "FORBIDDEN"
        assert (await api.call("DELETE", "admin/games/apex", token=token)).code == "FORBIDDEN"
        assert (await api.post("admin/games/sync", token=token)).code == "FORBIDDEN"


async def test_a_server_without_a_source_says_so(api: Api) -> None:
    token = await keeper(api)
    assert (await api.post("games/fetch", {"query": "doom"}, token=token)).code == "NO_GAME_SOURCE"
    assert (await api.post("admin/games/sync", token=token)).code == "NO_GAME_SOURCE"
