"""The matrix of REST routes."""

from typing import Any

from tests.e2e.authorisation.cells import EMPTY, MAY, OWN, SEES, RouteRow, everyone
from tests.e2e.authorisation.scene import Scene


def _to_the_host(scene: Scene) -> dict[str, Any]:
    """Names the host."""
    return {"userId": scene.user("host")}


def _guessed_password(_: Scene) -> dict[str, Any]:
    return {"password": "guessed", "newPassword": "plough kiwi desert"}


def _guessed_email(_: Scene) -> dict[str, Any]:
    return {"password": "guessed", "email": "thief@example.test"}


def _guessed_reset(_: Scene) -> dict[str, Any]:
    return {"token": "guessed", "newPassword": "plough kiwi desert"}


NEW_ACCOUNT = {"email": "new@example.test", "username": "new", "password": "plough kiwi desert"}
OPEN = everyone(MAY)
MEMBERS = everyone("NOT_FOUND", muted=MAY)

AUTH = (
    RouteRow("POST", "/auth/register", OPEN, anonymous=MAY),
    RouteRow("POST", "/auth/login", OPEN, anonymous=MAY),
    RouteRow("POST", "/auth/guest", OPEN, anonymous=MAY),
    RouteRow("POST", "/auth/external", OPEN, anonymous=MAY),
    RouteRow(
        "POST",
        "/users/me/identities/{provider}",
        everyone("NOT_FOUND"),
        id=lambda s: "nobody",
        body=lambda s: {"token": "x"},
    ),
    RouteRow("DELETE", "/users/me/identities/{provider}", everyone("NOT_FOUND"), id=lambda s: "nobody"),
    RouteRow("POST", "/auth/refresh", OPEN, anonymous=MAY),
    RouteRow("POST", "/auth/logout", OPEN),
    RouteRow("POST", "/auth/logout-all", OPEN),
    RouteRow("POST", "/auth/upgrade", everyone("NOT_A_GUEST", guest=MAY), body=lambda s: NEW_ACCOUNT),
    RouteRow("GET", "/auth/sessions", everyone(OWN)),
    RouteRow("DELETE", "/auth/sessions/{id}", everyone("NOT_FOUND"), id=lambda s: s.session_id("host")),
    RouteRow("POST", "/auth/change-password", everyone("WRONG_PASSWORD", guest="NO_PASSWORD"), body=_guessed_password),
    RouteRow("POST", "/auth/change-email", everyone("WRONG_PASSWORD", guest="NO_PASSWORD"), body=_guessed_email),
    RouteRow("POST", "/auth/verify-email", everyone(OWN, guest="NOTHING_TO_VERIFY")),
    RouteRow("POST", "/auth/verify-email/confirm", OPEN, anonymous="LINK_INVALID", body=lambda s: {"token": "guessed"}),
    RouteRow("POST", "/auth/reset-password", OPEN, anonymous=OWN, body=lambda s: {"email": "host@example.test"}),
    RouteRow("POST", "/auth/reset-password/confirm", OPEN, anonymous="LINK_INVALID", body=_guessed_reset),
)

CATALOGUE = (
    RouteRow("GET", "/games", everyone(OWN), anonymous=OWN),
    RouteRow("GET", "/games/{id}", everyone(OWN), id=lambda s: "apex", anonymous=OWN),
    RouteRow("GET", "/games/trending", everyone(OWN), anonymous=OWN),
    RouteRow("POST", "/games/fetch", everyone("NO_GAME_SOURCE"), body=lambda s: {"query": "chess"}),
    RouteRow("POST", "/admin/games/sync", everyone("FORBIDDEN", admin=MAY)),
    RouteRow("GET", "/admin/games/{id}", everyone("FORBIDDEN", admin=MAY), id=lambda s: "apex"),
    RouteRow("POST", "/admin/games", everyone("FORBIDDEN", admin=MAY), body=lambda s: {"id": "go", "name": "Go"}),
    RouteRow(
        "PUT",
        "/admin/games/{id}",
        everyone("FORBIDDEN", admin=MAY),
        id=lambda s: "apex",
        body=lambda s: {"name": "Mine"},
    ),
    RouteRow("DELETE", "/admin/games/{id}", everyone("FORBIDDEN", admin=MAY), id=lambda s: "apex"),
    RouteRow("GET", "/leaderboards/{id}", everyone(OWN), id=lambda s: "rocket-league", query="?mode=ranked"),
    RouteRow(
        "POST",
        "/matches/{id}/result",
        everyone("API_KEY_INVALID"),
        id=lambda s: s.match,
        body=lambda s: {"places": [[s.user("one")], [s.user("two")]]},
    ),
)

MATCHES = (
    RouteRow(
        "POST",
        "/matches/{id}/karma",
        everyone("NOT_FOUND"),
        id=lambda s: s.match,
        body=lambda s: {"userId": s.user("one"), "value": 1},
    ),
)

CHATS = (
    RouteRow("GET", "/chats", everyone(OWN, muted=MAY)),
    RouteRow("POST", "/chats/direct", everyone("DIRECT_REFUSED", muted=MAY), body=_to_the_host),
    RouteRow("GET", "/chats/{id}/messages", MEMBERS, id=lambda s: s.group),
    RouteRow("GET", "/chats/{id}/messages", everyone("NOT_FOUND"), id=lambda s: s.direct),
    RouteRow(
        "POST",
        "/chats/{id}/messages",
        everyone("NOT_FOUND", muted="MUTED"),
        id=lambda s: s.group,
        body=lambda s: {"clientMessageId": "1", "content": "x"},
    ),
    RouteRow("POST", "/chats/{id}/media", MEMBERS, id=lambda s: s.group),
    RouteRow("GET", "/media/{id}", MEMBERS, id=lambda s: s.media),
    RouteRow("GET", "/media/{id}/thumbnail", MEMBERS, id=lambda s: s.media),
)

LOBBIES = (
    RouteRow(
        "POST",
        "/lobbies",
        everyone(MAY, muted="ALREADY_IN_LOBBY", rival="ALREADY_IN_LOBBY"),
        body=lambda s: {"gameId": "rocket-league", "mode": "custom"},
    ),
    RouteRow("GET", "/lobbies", everyone(OWN)),
    RouteRow("GET", "/lobbies/{id}", everyone("NOT_FOUND", muted=MAY)),
    RouteRow(
        "POST", "/lobbies/{id}/join", everyone("NOT_FOUND", muted=MAY, rival="ALREADY_IN_LOBBY"), body=lambda s: {}
    ),
    RouteRow("POST", "/lobbies/{id}/leave", everyone("NOT_IN_LOBBY", muted=MAY)),
    RouteRow("POST", "/lobbies/{id}/ready", everyone("NOT_IN_LOBBY", muted=MAY), body=lambda s: {"ready": True}),
    RouteRow("POST", "/lobbies/{id}/start", everyone("NOT_IN_LOBBY", muted="FORBIDDEN")),
)

SOCIAL = (
    RouteRow("GET", "/friends", everyone(OWN)),
    RouteRow("GET", "/friends/requests", everyone(OWN)),
    RouteRow("POST", "/friends/requests", everyone(MAY, blocked="NOT_FOUND"), body=_to_the_host),
    RouteRow(
        "PATCH",
        "/friends/requests/{id}",
        everyone("NOT_FOUND"),
        id=lambda s: s.user("host"),
        body=lambda s: {"accept": True},
    ),
    RouteRow("DELETE", "/friends/{id}", everyone(OWN), id=lambda s: s.user("host")),
    RouteRow("GET", "/blocks", everyone(OWN)),
    RouteRow("POST", "/blocks", everyone(MAY), body=_to_the_host),
    RouteRow("DELETE", "/blocks/{id}", everyone(OWN), id=lambda s: s.user("host")),
)

NOTIFICATIONS = (
    RouteRow("GET", "/notifications", everyone(OWN)),
    RouteRow("GET", "/notifications/count", everyone(OWN)),
    RouteRow(
        "PATCH",
        "/notifications/{id}",
        everyone("NOT_FOUND"),
        id=lambda s: s.notification,
        body=lambda s: {"read": True},
    ),
    RouteRow("POST", "/notifications/read-all", everyone(OWN)),
    RouteRow("DELETE", "/notifications/{id}", everyone(OWN), id=lambda s: s.notification),
    RouteRow("GET", "/users/me/notification-settings", everyone(OWN)),
    RouteRow("PUT", "/users/me/notification-settings", everyone(OWN), body=lambda s: {}),
)

ADMINS = everyone("FORBIDDEN", admin=MAY)
ADMINS_SEE = everyone("FORBIDDEN", admin=SEES)
MODERATORS = everyone("FORBIDDEN", moderator=MAY, admin=MAY)
MODERATORS_SEE = everyone("FORBIDDEN", moderator=SEES, admin=SEES)
MODERATORS_MISS = everyone("FORBIDDEN", moderator="NOT_FOUND", admin="NOT_FOUND")
ADMINS_MISS = everyone("FORBIDDEN", admin="NOT_FOUND")
"""They may, but the id is of another kind."""

REPORTS = (
    RouteRow("POST", "/reports", everyone(MAY), body=lambda s: {"userId": s.user("host"), "reason": "spam"}),
    RouteRow(
        "POST",
        "/reports",
        everyone("NOT_FOUND", muted=MAY),
        body=lambda s: {"userId": s.user("host"), "reason": "spam", "evidence": [{"messageId": s.message}]},
    ),
    RouteRow(
        "POST",
        "/reports",
        everyone("NOT_FOUND"),
        body=lambda s: {"userId": s.user("host"), "reason": "spam", "evidence": [{"matchId": s.match}]},
    ),
    RouteRow("GET", "/reports/mine", everyone(OWN)),
    RouteRow("GET", "/admin/reports", MODERATORS_SEE),
    RouteRow("GET", "/admin/reports/{id}", MODERATORS_MISS),
    RouteRow("GET", "/admin/evidence/{id}", MODERATORS_MISS),
    RouteRow("POST", "/admin/reports/{id}/notes", MODERATORS_MISS, body=lambda s: {"text": "x"}),
    RouteRow("POST", "/admin/reports/{id}/assign", MODERATORS_MISS, body=lambda s: {}),
    RouteRow("POST", "/admin/reports/{id}/resolve", MODERATORS_MISS, body=lambda s: {"action": "none", "reason": "x"}),
)

ADMIN = (
    RouteRow("GET", "/admin/users", MODERATORS_SEE),
    RouteRow("GET", "/admin/users/export", ADMINS_SEE),
    RouteRow("GET", "/admin/users/{id}", MODERATORS_SEE, id=lambda s: s.user("host")),
    RouteRow("GET", "/admin/users/{id}/sanctions", MODERATORS_SEE, id=lambda s: s.user("host")),
    RouteRow("GET", "/admin/users/{id}/sockets", ADMINS_SEE, id=lambda s: s.user("host")),
    RouteRow(
        "POST",
        "/admin/users/{id}/sanctions",
        MODERATORS,
        id=lambda s: s.user("host"),
        body=lambda s: {"kind": "ban", "reason": "x"},
    ),
    RouteRow("POST", "/admin/sanctions/{id}/lift", MODERATORS_MISS, body=lambda s: {"reason": "x"}),
    RouteRow("GET", "/admin/audit", ADMINS_SEE),
    RouteRow("GET", "/admin/lobbies", MODERATORS_SEE),
    RouteRow("GET", "/admin/lobbies/{id}", MODERATORS_SEE),
    RouteRow("POST", "/admin/lobbies/{id}/close", ADMINS, body=lambda s: {"reason": "x"}),
    RouteRow("GET", "/admin/queues", ADMINS_SEE),
    RouteRow(
        "PUT", "/admin/queues/{id}", ADMINS, id=lambda s: "apex", body=lambda s: {"mode": "casual", "enabled": False}
    ),
    RouteRow("GET", "/admin/flags", ADMINS_SEE),
    RouteRow("PUT", "/admin/flags/maintenance", ADMINS, body=lambda s: {"enabled": True}),
    RouteRow("GET", "/admin/sockets", ADMINS_SEE),
    RouteRow("GET", "/admin/jobs", ADMINS_SEE),
    RouteRow("GET", "/admin/jobs/{id}", ADMINS_MISS),
    RouteRow("POST", "/admin/jobs/{id}/requeue", ADMINS_MISS),
    RouteRow("POST", "/admin/broadcast", ADMINS, body=lambda s: {"title": "x", "body": "x"}),
)

ACCESS = (
    RouteRow("GET", "/admin/api-keys", ADMINS_SEE),
    RouteRow(
        "POST",
        "/admin/api-keys",
        ADMINS,
        body=lambda s: {"name": "mine", "scopes": ["results:write"]},
    ),
    RouteRow("DELETE", "/admin/api-keys/{id}", ADMINS_MISS),
    RouteRow(
        "PUT",
        "/admin/users/{id}/roles",
        ADMINS,
        id=lambda s: s.user("host"),
        body=lambda s: {"roles": ["admin"]},
    ),
)

USERS = (
    RouteRow("GET", "/users/me", everyone(OWN)),
    RouteRow("PATCH", "/users/me", everyone(OWN), body=lambda s: {"bio": "x"}),
    RouteRow("DELETE", "/users/me", OPEN),
    RouteRow("GET", "/users/me/export", OPEN),
    RouteRow("PATCH", "/users/me/preferences", everyone(OWN), body=lambda s: {"research": True}),
    RouteRow("PUT", "/users/me/game-profiles/{id}", everyone(OWN), id=lambda s: "apex", body=lambda s: {}),
    RouteRow("DELETE", "/users/me/game-profiles/{id}", everyone(OWN), id=lambda s: "apex"),
    RouteRow("PUT", "/users/me/avatar", OPEN),
    RouteRow("DELETE", "/users/me/avatar", everyone(OWN)),
    RouteRow("GET", "/avatars/{id}", everyone("NOT_FOUND"), id=lambda s: s.media, anonymous="NOT_FOUND"),
    RouteRow("GET", "/users/me/devices", everyone(OWN)),
    RouteRow("POST", "/users/me/devices", OPEN),
    RouteRow("DELETE", "/users/me/devices/{id}", everyone("NOT_FOUND")),
    RouteRow("GET", "/users/me/privacy", everyone(OWN)),
    RouteRow("PATCH", "/users/me/privacy", everyone(OWN), body=lambda s: {"presence": "everyone"}),
    RouteRow("GET", "/users/{id}", everyone(OWN, blocked="NOT_FOUND"), id=lambda s: s.user("host")),
    RouteRow("GET", "/users", everyone(OWN, blocked=EMPTY), query="?query=host"),
)

ROUTE_ROWS = (
    *AUTH,
    *ACCESS,
    *CATALOGUE,
    *MATCHES,
    *CHATS,
    *LOBBIES,
    *SOCIAL,
    *NOTIFICATIONS,
    *USERS,
    *REPORTS,
    *ADMIN,
)
