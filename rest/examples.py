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
SESSION = "01990000-0000-7000-8000-000000000007"
DEVICE = "01990000-0000-7000-8000-000000000008"
AVATAR = "01990000-0000-7000-8000-000000000009"
CASE = "01990000-0000-7000-8000-00000000000a"
SANCTION = "01990000-0000-7000-8000-00000000000b"
JOB = "01990000-0000-7000-8000-00000000000c"
MODERATOR = "01990000-0000-7000-8000-00000000000d"
EVIDENCE = "01990000-0000-7000-8000-00000000000e"
GAME = "space-go"
VERIFICATION_CODE = "from-the-mail-that-came-after-the-registration"
RESET_CODE = "from-the-mail-that-came-after-the-reset-password"
API_KEY = "0123456789abcdef"
PROVIDER_TOKEN = "the-token-of-the-provider"  # noqa: S105
NEW_PASSWORD = "orbit cactus mole"  # noqa: S105
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
    "POST /auth/upgrade": Example(
        body={"email": "grace@example.com", "username": "grace", "displayName": "Grace H.", "password": PASSWORD}
    ),
    "GET /auth/sessions": Example(),
    "DELETE /auth/sessions/{id}": Example(SESSION),
    "POST /auth/change-password": Example(body={"password": PASSWORD, "newPassword": NEW_PASSWORD}),
    "POST /auth/change-email": Example(body={"email": "ada@example.org", "password": PASSWORD}),
    "POST /auth/verify-email": Example(body={}),
    "POST /auth/verify-email/confirm": Example(body={"token": VERIFICATION_CODE}),
    "POST /auth/reset-password": Example(body={"email": OTHERS_EMAIL}),
    "POST /auth/reset-password/confirm": Example(body={"token": RESET_CODE, "newPassword": NEW_PASSWORD}),
}

PROFILES: dict[str, Example] = {
    "GET /users": Example(query={"query": "ada", "limit": 10}),
    "GET /users/{id}": Example(PLAYER),
    "GET /users/me": Example(),
    "PATCH /users/me": Example(body={"displayName": "Ada L.", "bio": "Support main.", "birthYear": 1990}),
    "DELETE /users/me": Example(body={}),
    "GET /users/me/export": Example(),
    "PATCH /users/me/preferences": Example(
        body={
            "competitiveness": "competitive",
            "games": [{"gameId": "rocket-league", "weight": 10}],
            "regions": ["EU"],
            "languages": ["en", "de"],
        }
    ),
    "PUT /users/me/game-profiles/{id}": Example(
        "rocket-league", body={"inGameName": "ada-l", "rank": "Diamond II", "skillLevel": 70}
    ),
    "DELETE /users/me/game-profiles/{id}": Example("rocket-league"),
    "PUT /users/me/avatar": Example(),
    "DELETE /users/me/avatar": Example(),
    "GET /avatars/{id}": Example(AVATAR, query={"size": "64"}),
    "GET /users/me/devices": Example(),
    "POST /users/me/devices": Example(body={"token": "from-the-push-service", "platform": "ios", "name": "phone"}),
    "DELETE /users/me/devices/{id}": Example(DEVICE),
    "GET /users/me/privacy": Example(),
    "PATCH /users/me/privacy": Example(body={"profile": "friends", "directMessages": "friends"}),
    "GET /users/me/notification-settings": Example(),
    "PUT /users/me/notification-settings": Example(body={"mention": False, "lobbyInvite": True}),
}

GAMES: dict[str, Example] = {
    "GET /games": Example(query={"query": "rocket", "mode": "ranked", "sort": "name", "limit": 10}),
    "GET /games/trending": Example(query={"limit": 5}),
    "POST /games/fetch": Example(body={"query": "star racer"}),
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

SPACE_CHESS: dict[str, Any] = {
    "name": "Space Chess",
    "genres": ["strategy"],
    "platforms": ["pc"],
    "modes": [{"mode": "ranked", "teams": {"count": 2, "size": 1}}],
}
REPORTS: dict[str, Example] = {
    "POST /reports": Example(
        body={
            "userId": PLAYER,
            "reason": "harassment",
            "description": "Insults everybody in the lobby.",
            "evidence": [{"lobbyId": LOBBY}],
        }
    ),
    "GET /reports/mine": Example(query={"limit": 10}),
    "GET /admin/reports": Example(query={"status": "open", "reason": "harassment", "limit": 10}),
    "GET /admin/reports/{id}": Example(CASE),
    "GET /admin/evidence/{id}": Example(EVIDENCE),
    "POST /admin/reports/{id}/notes": Example(CASE, body={"text": "Has been warned before."}),
    "POST /admin/reports/{id}/assign": Example(CASE, body={"assigneeId": MODERATOR}),
    "POST /admin/reports/{id}/resolve": Example(
        CASE, body={"action": "mute", "reason": "Insults in the chat.", "durationMs": 3_600_000}
    ),
    "GET /admin/users/{id}/sanctions": Example(PLAYER),
    "POST /admin/users/{id}/sanctions": Example(
        PLAYER, body={"kind": "suspension", "reason": "Cheating.", "durationMs": 604_800_000}
    ),
    "POST /admin/sanctions/{id}/lift": Example(SANCTION, body={"reason": "It was a mistake."}),
}

ADMIN: dict[str, Example] = {
    "GET /admin/users": Example(query={"status": "active", "role": "user", "page": 1, "limit": 10}),
    "GET /admin/users/export": Example(query={"format": "csv", "role": "admin"}),
    "GET /admin/users/{id}": Example(PLAYER),
    "GET /admin/users/{id}/sockets": Example(PLAYER),
    "GET /admin/audit": Example(query={"target": PLAYER, "limit": 10}),
    "GET /admin/lobbies": Example(query={"status": "forming", "gameId": "rocket-league", "limit": 10}),
    "GET /admin/lobbies/{id}": Example(LOBBY),
    "POST /admin/lobbies/{id}/close": Example(LOBBY, body={"reason": "Its name."}),
    "GET /admin/queues": Example(),
    "PUT /admin/queues/{id}": Example(
        "apex", body={"mode": "ranked", "enabled": False, "message": "Broken by today's patch.", "retryInMs": 600_000}
    ),
    "GET /admin/flags": Example(),
    "PUT /admin/flags/maintenance": Example(body={"enabled": False}),
    "GET /admin/sockets": Example(),
    "GET /admin/jobs": Example(query={"status": "dead", "limit": 10}),
    "GET /admin/jobs/{id}": Example(JOB),
    "POST /admin/jobs/{id}/requeue": Example(JOB),
    "POST /admin/broadcast": Example(body={"title": "Maintenance", "body": "Back at 6:00 UTC."}),
    "POST /admin/games/sync": Example(),
    "GET /admin/games/{id}": Example("rocket-league"),
    "POST /admin/games": Example(body={"id": "space-chess", **SPACE_CHESS}),
    "PUT /admin/games/{id}": Example(GAME, body=SPACE_CHESS),
    "DELETE /admin/games/{id}": Example(GAME),
    "GET /admin/api-keys": Example(),
    "POST /admin/api-keys": Example(body={"name": "eu-servers", "scopes": ["results:write"], "expiresDays": 90}),
    "DELETE /admin/api-keys/{id}": Example(API_KEY),
    "PUT /admin/users/{id}/roles": Example(PLAYER, body={"roles": ["user", "moderator"]}),
}

EXAMPLES: Mapping[str, Example] = {
    **ACCOUNTS,
    **PROFILES,
    **GAMES,
    **LOBBIES,
    **SOCIAL,
    **CHATS,
    **REPORTS,
    **ADMIN,
}
"""By method and path, as in the route's own table."""
