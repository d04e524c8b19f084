"""Roles and API keys over HTTP."""

import pytest

from domain.audit.model import AUDIT
from tests.integration.rest.conftest import Api


async def admin(api: Api) -> str:
    """The access token of an administrator."""
    session = await api.register("ruth")
    await api.accounts.change_user(session["user"]["id"], {"$set": {"roles": ["admin"]}})
    api.accounts.clock.advance(1)
    return str(session["accessToken"])


async def test_a_key_is_made_shown_once_used_and_revoked(api: Api) -> None:
    token = await admin(api)
    made = await api.post(
        "admin/api-keys", {"name": "eu-1", "scopes": ["results:write"], "expiresDays": 7}, token=token
    )
    assert made.status == 201
    assert set(made.data) == {"id", "name", "scopes", "createdAt", "expiresAt", "secret"}
    (listed,) = (await api.get("admin/api-keys", token=token)).data
    assert listed == {name: value for name, value in made.data.items() if name != "secret"}
    headers, result = {"X-Api-Key": made.data["secret"]}, {"places": [["a"], ["b"]]}
    assert (await api.post("matches/none/result", result, headers=headers)).code == "NOT_FOUND"
    assert "lastUsedAt" in (await api.get("admin/api-keys", token=token)).data[0]
    assert (await api.call("DELETE", f"admin/api-keys/{listed['id']}", token=token)).status == 204
    assert (await api.post("matches/none/result", result, headers=headers)).code == "API_KEY_INVALID"
    assert (await api.call("DELETE", f"admin/api-keys/{listed['id']}", token=token)).code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "scopes": ["everything"]}, "scopes.0"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["results:write"] * 100}, "scopes"),
        ({"name": " ", "scopes": ["results:write"]}, "name"),
        ({"name": "x", "scopes": ["results:write"], "expiresDays": 0}, "expiresDays"),
    ],
)
async def test_an_impossible_key_is_not_made(api: Api, body: dict[str, object], field: str) -> None:
    token = await admin(api)
    assert (await api.post("admin/api-keys", body, token=token)).faults == {field}
    assert (await api.get("admin/api-keys", token=token)).data == []


async def test_a_key_is_no_way_to_a_route_that_wants_a_person(api: Api) -> None:
    key = await api.key()
    for headers in ({"X-Api-Key": key}, {"Authorization": f"Bearer {key}"}):
        assert (await api.get("admin/api-keys", headers=headers)).status == 401


async def test_roles_are_set_by_administrators_only(api: Api) -> None:
    token, ada = await admin(api), await api.register("ada")
    path = f"admin/users/{ada['user']['id']}/roles"
    assert (await api.call("PUT", path, json={"roles": ["admin"]}, token=ada["accessToken"])).code == "FORBIDDEN"
    answer = await api.call("PUT", path, json={"roles": ["moderator"]}, token=token)
    assert answer.data == {"userId": ada["user"]["id"], "roles": ["moderator"]}
    assert (await api.call("PUT", path, json={"roles": ["emperor"]}, token=token)).faults == {"roles.0"}
    me = (await api.get("users/me", token=token)).data["id"]
    assert (await api.call("PUT", f"admin/users/{me}/roles", json={"roles": ["user"]}, token=token)).code == "OWN_ROLES"


async def test_a_machine_uses_the_routes_of_its_scopes_and_is_on_record_by_its_key(api: Api) -> None:
    token = await admin(api)
    body = {"name": "catalogue", "scopes": ["games:write"]}
    made = (await api.post("admin/api-keys", body, token=token)).data
    headers = {"X-Api-Key": made["secret"]}
    assert (await api.get("admin/games/apex", headers=headers)).status == 200
    assert (await api.call("DELETE", "admin/games/apex", headers=headers)).status == 204
    for path in ("admin/queues", "admin/sockets", "admin/jobs"):
        assert (await api.get(path, headers=headers)).code == "API_KEY_SCOPE"
    for path in ("admin/users", "admin/audit", "users/me"):
        assert (await api.get(path, headers=headers)).code == "AUTHENTICATION_REQUIRED"
    (entry,) = await api.accounts.database.collection(AUDIT).find({"actor_id": made["id"]}, limit=10)
    assert (entry.action, entry.actor.kind, entry.actor.id) == ("game.removed", "key", made["id"])
