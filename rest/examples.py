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
CASE = "01990000-0000-7000-8000-000000000007"
SANCTION = "01990000-0000-7000-8000-000000000008"
DEAD_JOB = "01990000-0000-7000-8000-000000000009"
MODERATOR = "01990000-0000-7000-8000-00000000000a"
PROVIDER_TOKEN = "the-token-of-the-provider"  # noqa: S105
OTHERS_EMAIL = "bob@example.com"
PASSWORD = "plough kiwi tundra"  # noqa: S105
REFRESH_TOKEN = "kept-since-the-login"  # noqa: S105
SESSION = "01990000-0000-7000-8000-000000000007"
VERIFY_CODE = "mailed-to-prove-the-address"
RESET_CODE = "mailed-to-choose-another-password"
NEW_PASSWORD = "velvet otter parade"  # noqa: S105


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
    "POST /auth/upgrade": Example(body={"email": "eve@example.com", "username": "eve", "password": PASSWORD}),
    "GET /auth/sessions": Example(),
    "DELETE /auth/sessions/{id}": Example(SESSION),
    "POST /auth/change-password": Example(body={"password": PASSWORD, "newPassword": NEW_PASSWORD}),
    "POST /auth/change-email": Example(body={"email": "ada@elsewhere.example", "password": PASSWORD}),
    "POST /auth/verify-email": Example(body={}),
    "POST /auth/verify-email/confirm": Example(body={"token": VERIFY_CODE}),
    "POST /auth/reset-password": Example(body={"email": OTHERS_EMAIL}),
    "POST /auth/reset-password/confirm": Example(body={"token": RESET_CODE, "newPassword": NEW_PASSWORD}),
    "GET /users/me": Example(),
    "GET /users/{id}": Example(PLAYER),
    "GET /users/me/notification-settings": Example(),
    "PUT /users/me/notification-settings": Example(body={"mention": False, "lobbyInvite": True}),
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

REPORTS: dict[str, Example] = {
    "POST /reports": Example(
        body={
            "userId": PLAYER,
            "reason": "harassment",
            "description": "Insults from the first minute on.",
            "evidence": [{"lobbyId": LOBBY}],
        }
    ),
    "GET /reports/mine": Example(query={"limit": 10}),
    "GET /admin/reports": Example(query={"status": "open", "reason": "harassment", "limit": 10}),
    "GET /admin/reports/{id}": Example(CASE),
    "POST /admin/reports/{id}/notes": Example(CASE, body={"text": "The lobby's chat says the same."}),
    "POST /admin/reports/{id}/assign": Example(CASE, body={"assigneeId": MODERATOR}),
    "POST /admin/reports/{id}/resolve": Example(
        CASE, body={"action": "suspension", "reason": "Insults.", "durationMs": 86_400_000}
    ),
    "GET /admin/users/{id}/sanctions": Example(PLAYER),
    "POST /admin/users/{id}/sanctions": Example(
        PLAYER, body={"kind": "mute", "reason": "Insults.", "durationMs": 3_600_000}
    ),
    "POST /admin/sanctions/{id}/lift": Example(SANCTION, body={"reason": "It was somebody else."}),
}

OPERATIONS: dict[str, Example] = {
    "GET /admin/users": Example(query={"query": "a", "status": "active", "page": 1, "limit": 10}),
    "GET /admin/users/export": Example(query={"format": "csv", "status": "active"}),
    "GET /admin/users/{id}": Example(PLAYER),
    "GET /admin/users/{id}/sockets": Example(PLAYER),
    "GET /admin/audit": Example(query={"action": "user.sanctioned", "since": "2026-01-31T18:30:00Z", "limit": 10}),
    "GET /admin/lobbies": Example(query={"status": "forming", "gameId": "rocket-league", "limit": 10}),
    "GET /admin/lobbies/{id}": Example(LOBBY),
    "POST /admin/lobbies/{id}/close": Example(LOBBY, body={"reason": "Its name insults somebody."}),
    "GET /admin/queues": Example(),
    "PUT /admin/queues/{id}": Example(
        "apex", body={"mode": "casual", "enabled": False, "message": "Back on Friday.", "retryInMs": 3_600_000}
    ),
    "GET /admin/flags": Example(),
    "PUT /admin/flags/maintenance": Example(
        body={"enabled": False, "message": "We are back in an hour.", "retryInMs": 3_600_000}
    ),
    "GET /admin/sockets": Example(),
    "GET /admin/jobs": Example(query={"status": "dead", "limit": 10}),
    "GET /admin/jobs/{id}": Example(DEAD_JOB),
    "POST /admin/jobs/{id}/requeue": Example(DEAD_JOB),
    "POST /admin/broadcast": Example(body={"title": "Restart at noon", "body": "It takes five minutes."}),
}

EXAMPLES: Mapping[str, Example] = {**ACCOUNTS, **GAMES, **LOBBIES, **SOCIAL, **CHATS, **ADMIN, **REPORTS, **OPERATIONS}
"""By method and path, as in the route's own table."""
