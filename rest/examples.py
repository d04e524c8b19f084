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
AVATAR = "01990000-0000-7000-8000-000000000007"
DEVICE = "01990000-0000-7000-8000-000000000008"
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

PROFILES: dict[str, Example] = {
    "PATCH /users/me": Example(body={"displayName": "Ada L.", "bio": "I play at night", "birthYear": 1990}),
    "DELETE /users/me": Example(body={}),
    "GET /users/me/export": Example(),
    "PATCH /users/me/preferences": Example(
        body={
            "competitiveness": "competitive",
            "games": [{"gameId": "rocket-league", "weight": 8}],
            "regions": ["EU"],
            "languages": ["en"],
            "playTimes": [{"day": "fri", "fromHour": 18, "toHour": 23}],
        }
    ),
    "PUT /users/me/game-profiles/{id}": Example("rocket-league", body={"inGameName": "AdaL", "skillLevel": 70}),
    "DELETE /users/me/game-profiles/{id}": Example("rocket-league"),
    "PUT /users/me/avatar": Example(),
    "DELETE /users/me/avatar": Example(),
    "GET /avatars/{id}": Example(AVATAR, query={"size": "64"}),
    "GET /users/me/devices": Example(),
    "POST /users/me/devices": Example(body={"token": "a-token-of-the-push-service", "platform": "ios"}),
    "DELETE /users/me/devices/{id}": Example(DEVICE),
    "GET /users/me/privacy": Example(),
    "PATCH /users/me/privacy": Example(body={"profile": "friends"}),
    "GET /users": Example(query={"query": "ad", "limit": 10}),
}

GAMES: dict[str, Example] = {
    "GET /games": Example(query={"limit": 10}),
    "GET /games/{id}": Example("rocket-league"),
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

ADMIN: dict[str, Example] = {
    "GET /admin/api-keys": Example(),
    "POST /admin/api-keys": Example(body={"name": "eu-servers", "scopes": ["results:write"], "expiresDays": 90}),
    "DELETE /admin/api-keys/{id}": Example(API_KEY),
    "PUT /admin/users/{id}/roles": Example(PLAYER, body={"roles": ["user", "moderator"]}),
}

EXAMPLES: Mapping[str, Example] = {**ACCOUNTS, **PROFILES, **GAMES, **LOBBIES, **SOCIAL, **CHATS, **ADMIN}
"""By method and path, as in the route's own table."""
