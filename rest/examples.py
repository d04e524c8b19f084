"""An example of each route's request, for the OpenAPI document. A test sends every one to a real server.

The ids are made up. They stand for things: the test puts in the ids of what it has made for the purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PLAYER = "01990000-0000-7000-8000-000000000001"
CALLER = "01990000-0000-7000-8000-000000000000"
LOBBY = "01990000-0000-7000-8000-000000000002"
CHANNEL = "01990000-0000-7000-8000-000000000003"
MATCH = "01990000-0000-7000-8000-000000000004"
NOTIFICATION = "01990000-0000-7000-8000-000000000005"
MEDIA = "01990000-0000-7000-8000-000000000006"
API_KEY = "0123456789abcdef"
PROVIDER_TOKEN = "the-token-of-the-provider"  # noqa: S105
OTHERS_EMAIL = "bob@example.com"
PASSWORD = "plough kiwi tundra"  # noqa: S105
REFRESH_TOKEN = "kept-since-the-login"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Example:
    """A request. id: what stands for the `{id}` of the path. query, body: what is sent, by wire names."""

    id: str | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


ACCOUNTS: dict[str, Example] = {
    "POST /auth/register": Example(
        body={
            "email": "ada@example.com",
            "username": "ada",
            "displayName": "Ada L.",
            "password": PASSWORD,
        }
    ),
    "POST /auth/login": Example(body={"credential": OTHERS_EMAIL, "password": PASSWORD}),
    "POST /auth/guest": Example(body={"displayName": "Ada L."}),
    "POST /auth/external": Example(body={"provider": "studio", "token": PROVIDER_TOKEN}),
    "POST /users/me/identities/{provider}": Example("studio", body={"token": PROVIDER_TOKEN}),
    "DELETE /users/me/identities/{provider}": Example("studio"),
    "POST /auth/refresh": Example(body={"refreshToken": REFRESH_TOKEN}),
    "POST /auth/logout": Example(body={"refreshToken": REFRESH_TOKEN}),
    "POST /auth/logout-all": Example(body={}),
    "GET /users/me": Example(),
    "GET /users/{id}": Example(PLAYER),
    "GET /users/me/notification-settings": Example(),
    "PUT /users/me/notification-settings": Example(body={"mention": False, "lobbyInvite": True}),
}

GAMES: dict[str, Example] = {
    "GET /games": Example(query={"query": "rocket", "platform": "pc", "mode": "ranked", "limit": 10}),
    "GET /games/trending": Example(query={"limit": 5}),
    "GET /games/{id}": Example("rocket-league"),
    "POST /games/fetch": Example(body={"query": "stardew valley"}),
    "GET /leaderboards/{id}": Example("rocket-league", query={"mode": "ranked", "limit": 10}),
    "POST /matches/{id}/result": Example(MATCH, body={"places": [[CALLER], [PLAYER]]}),
    "POST /matches/{id}/karma": Example(MATCH, body={"userId": PLAYER, "value": 1}),
}

LOBBIES: dict[str, Example] = {
    "POST /lobbies": Example(
        body={
            "gameId": "rocket-league",
            "mode": "custom",
            "region": "EU",
            "name": "Friday night",
            "capacity": {"min": 2, "max": 4},
            "settings": {"visibility": "public", "autoStart": False, "custom": {"map": "dfh-stadium"}},
        }
    ),
    "GET /lobbies": Example(query={"gameId": "rocket-league", "mode": "custom", "limit": 10}),
    "GET /lobbies/{id}": Example(LOBBY),
    "POST /lobbies/{id}/join": Example(LOBBY, body={}),
    "POST /lobbies/{id}/leave": Example(LOBBY),
    "POST /lobbies/{id}/ready": Example(LOBBY, body={"ready": True}),
    "POST /lobbies/{id}/start": Example(LOBBY),
}

SOCIAL: dict[str, Example] = {
    "GET /friends": Example(query={"limit": 10}),
    "GET /friends/requests": Example(query={"limit": 10}),
    "POST /friends/requests": Example(body={"userId": PLAYER}),
    "PATCH /friends/requests/{id}": Example(PLAYER, body={"accept": True}),
    "DELETE /friends/{id}": Example(PLAYER),
    "GET /blocks": Example(query={"limit": 10}),
    "POST /blocks": Example(body={"userId": PLAYER}),
    "DELETE /blocks/{id}": Example(PLAYER),
    "GET /notifications": Example(query={"unread": True, "limit": 10}),
    "GET /notifications/count": Example(),
    "PATCH /notifications/{id}": Example(NOTIFICATION, body={"read": True}),
    "POST /notifications/read-all": Example(),
    "DELETE /notifications/{id}": Example(NOTIFICATION),
}

CHATS: dict[str, Example] = {
    "GET /chats": Example(),
    "POST /chats/direct": Example(body={"userId": PLAYER}),
    "GET /chats/{id}/messages": Example(CHANNEL, query={"limit": 10}),
    "POST /chats/{id}/messages": Example(CHANNEL, body={"clientMessageId": "m-1", "content": "Good game!"}),
    "POST /chats/{id}/media": Example(CHANNEL),
    "GET /media/{id}": Example(MEDIA),
    "GET /media/{id}/thumbnail": Example(MEDIA),
}

GAME: dict[str, Any] = {
    "name": "Go",
    "aliases": ["Baduk", "Weiqi"],
    "summary": "Black and white stones, one against one.",
    "genres": ["board"],
    "platforms": ["pc"],
    "popularity": 40,
    "modes": [{"mode": "ranked", "teams": {"count": 2, "size": 1}}, {"mode": "custom", "enabled": False}],
}

ADMIN: dict[str, Example] = {
    "POST /admin/games/sync": Example(),
    "POST /admin/games": Example(body={"id": "go", **GAME}),
    "GET /admin/games/{id}": Example("rocket-league"),
    "PUT /admin/games/{id}": Example("chess", body={**GAME, "name": "Chess", "aliases": []}),
    "DELETE /admin/games/{id}": Example("hearthstone"),
    "GET /admin/api-keys": Example(),
    "POST /admin/api-keys": Example(body={"name": "eu-servers", "scopes": ["results:write"], "expiresDays": 90}),
    "DELETE /admin/api-keys/{id}": Example(API_KEY),
    "PUT /admin/users/{id}/roles": Example(PLAYER, body={"roles": ["user", "moderator"]}),
}

EXAMPLES: Mapping[str, Example] = {**ACCOUNTS, **GAMES, **LOBBIES, **SOCIAL, **CHATS, **ADMIN}
"""By method and path, as in the route's own table."""
