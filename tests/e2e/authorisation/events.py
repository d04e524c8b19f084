"""The matrix of socket events."""

from collections.abc import Callable
from typing import Any

from tests.e2e.authorisation.cells import EMPTY, MAY, OWN, Cells, EventRow, everyone
from tests.e2e.authorisation.scene import Scene


def _the_lobby(scene: Scene) -> dict[str, Any]:
    return {"lobbyId": scene.lobby}


def _custom_lobby(_: Scene) -> dict[str, Any]:
    return {"gameId": "rocket-league", "mode": "custom"}


def _talk(cells: Cells, talk: str, channel: Callable[[Scene], str]) -> tuple[EventRow, ...]:
    """What a member does with a channel."""
    return (
        EventRow("chat", "history", cells, lambda s: {"channelId": channel(s)}),
        EventRow("chat", "search", cells, lambda s: {"channelId": channel(s), "query": "secret"}),
        EventRow(
            "chat",
            "send",
            {**cells, "muted": talk},
            lambda s: {"channelId": channel(s), "clientMessageId": "1", "content": "x"},
        ),
        EventRow("chat", "typing", cells, lambda s: {"channelId": channel(s), "isTyping": True}),
        EventRow("chat", "mark_read", cells, lambda s: {"channelId": channel(s), "seq": 1}),
        EventRow("chat", "mute", cells, lambda s: {"channelId": channel(s)}),
    )


UNKNOWN = everyone("NOT_FOUND")
NO_PARTY = everyone("NOT_IN_PARTY")
NO_LOBBY = everyone("NOT_IN_LOBBY", muted="FORBIDDEN")

MATCHMAKING = (
    EventRow("matchmaking", "enqueue", everyone(MAY)),
    EventRow("matchmaking", "status", everyone(OWN)),
    EventRow("matchmaking", "cancel", UNKNOWN, lambda s: {"ticketId": s.ticket}),
    EventRow("matchmaking", "accept", UNKNOWN, lambda s: {"matchId": s.match}),
    EventRow("matchmaking", "decline", UNKNOWN, lambda s: {"matchId": s.match}),
    EventRow("matchmaking", "backfill", everyone("NOT_FOUND", muted="FORBIDDEN"), _the_lobby),
    EventRow(
        "matchmaking",
        "report_result",
        UNKNOWN,
        lambda s: {"matchId": s.match, "result": {"places": [[s.user("one")], [s.user("two")]]}},
    ),
    EventRow("matchmaking", "party_create", everyone(MAY)),
    EventRow("matchmaking", "party_sync", everyone(OWN)),
    EventRow("matchmaking", "party_join", UNKNOWN, lambda s: {"partyId": s.party}),
    EventRow("matchmaking", "party_decline", UNKNOWN, lambda s: {"partyId": s.party}),
    EventRow("matchmaking", "party_leave", NO_PARTY),
    EventRow("matchmaking", "party_invite", NO_PARTY, lambda s: {"userId": s.user("host")}),
    EventRow("matchmaking", "party_kick", NO_PARTY, lambda s: {"userId": s.user("other")}),
    EventRow("matchmaking", "party_promote", NO_PARTY, lambda s: {"userId": s.user("other")}),
)

LOBBY = (
    EventRow("lobby", "create", everyone(MAY, muted="ALREADY_IN_LOBBY", rival="ALREADY_IN_LOBBY"), _custom_lobby),
    EventRow("lobby", "browse", everyone(OWN)),
    EventRow("lobby", "sync", everyone("NOT_IN_LOBBY", muted=MAY), _the_lobby),
    EventRow("lobby", "join", everyone("NOT_FOUND", muted=MAY, rival="ALREADY_IN_LOBBY"), _the_lobby),
    EventRow("lobby", "spectate", UNKNOWN, _the_lobby),
    EventRow("lobby", "leave", everyone("NOT_IN_LOBBY", muted=MAY), _the_lobby),
    EventRow("lobby", "set_ready", everyone("NOT_IN_LOBBY", muted=MAY, rival=OWN), lambda s: {"ready": True}),
    EventRow("lobby", "ready_check", everyone("NOT_IN_LOBBY", muted="FORBIDDEN", rival=OWN)),
    EventRow("lobby", "start", everyone("NOT_IN_LOBBY", muted="FORBIDDEN", rival="LOBBY_NOT_READY")),
    EventRow("lobby", "kick", NO_LOBBY, lambda s: {"userId": s.user("other")}),
    EventRow("lobby", "transfer_host", NO_LOBBY, lambda s: {"userId": s.user("other")}),
    EventRow("lobby", "set_team", NO_LOBBY, lambda s: {"userId": s.user("other"), "team": 1}),
    EventRow("lobby", "set_role", NO_LOBBY, lambda s: {"userId": s.user("other"), "role": "tank"}),
    EventRow(
        "lobby",
        "update_settings",
        everyone("NOT_IN_LOBBY", muted="FORBIDDEN", rival=OWN),
        lambda s: {"name": "Taken over"},
    ),
    EventRow(
        "lobby", "invite", everyone("NOT_IN_LOBBY", muted=MAY, rival=MAY), lambda s: {"userId": s.user("waiting")}
    ),
    EventRow("lobby", "decline_invite", UNKNOWN, _the_lobby),
    EventRow("lobby", "invites", everyone(OWN)),
)

MEMBERS = everyone("NOT_FOUND", muted=MAY)
MODERATORS = everyone("NOT_FOUND", muted="FORBIDDEN")
"""Of the channel."""
SERVERS_TOO = everyone("NOT_FOUND", muted="FORBIDDEN", moderator=MAY, admin=MAY)
"""The moderators of the channel, and those of the server."""


def _a_member(scene: Scene) -> dict[str, Any]:
    return {"channelId": scene.group, "userId": scene.user("other")}


CHAT = (
    EventRow("chat", "channels", everyone(OWN, muted=MAY)),
    *(
        row
        for cells, talk, channel in (
            (MEMBERS, "MUTED", lambda s: s.chat),
            (MEMBERS, "MUTED", lambda s: s.group),
            (UNKNOWN, "NOT_FOUND", lambda s: s.direct),
        )
        for row in _talk(cells, talk, channel)
    ),
    EventRow("chat", "edit", MODERATORS, lambda s: {"messageId": s.message, "content": "x"}),
    EventRow("chat", "delete", MODERATORS, lambda s: {"messageId": s.message}),
    EventRow("chat", "react", MEMBERS, lambda s: {"messageId": s.message, "emoji": "\N{THUMBS UP SIGN}", "on": True}),
    EventRow("chat", "open_direct", everyone("DIRECT_REFUSED", muted=MAY), lambda s: {"userId": s.user("host")}),
    EventRow(
        "chat", "create_group", everyone("FORBIDDEN", muted=MAY), lambda s: {"name": "x", "userIds": [s.user("host")]}
    ),
    EventRow("chat", "add_member", MODERATORS, lambda s: {"channelId": s.group, "userId": s.user("waiting")}),
    EventRow("chat", "remove_member", MODERATORS, _a_member),
    EventRow("chat", "set_channel_role", MODERATORS, lambda s: {**_a_member(s), "role": "admin"}),
    EventRow("chat", "transfer_channel", MODERATORS, _a_member),
    EventRow("chat", "update_channel", MODERATORS, lambda s: {"channelId": s.group, "name": "x"}),
    EventRow("chat", "update_channel", MODERATORS, lambda s: {"channelId": s.chat, "slowModeMs": 60_000}),
    EventRow("chat", "moderate", SERVERS_TOO, _a_member),
    EventRow("chat", "held", SERVERS_TOO, lambda s: {"channelId": s.group}),
    EventRow("chat", "review_media", SERVERS_TOO, lambda s: {"mediaId": s.media, "approved": False}),
    EventRow(
        "chat",
        "review_message",
        SERVERS_TOO,
        lambda s: {"channelId": s.group, "messageId": s.message, "approved": True},
    ),
    EventRow("chat", "leave_channel", MEMBERS, lambda s: {"channelId": s.group}),
)

SOCIAL = (
    EventRow("social", "friends", everyone(OWN)),
    EventRow("social", "friend_requests", everyone(OWN)),
    EventRow("social", "friend_request", everyone(MAY, blocked="NOT_FOUND"), lambda s: {"userId": s.user("host")}),
    EventRow("social", "friend_answer", UNKNOWN, lambda s: {"userId": s.user("host"), "accept": True}),
    EventRow("social", "friend_remove", everyone(OWN), lambda s: {"userId": s.user("host")}),
    EventRow("social", "blocks", everyone(OWN)),
    EventRow("social", "block", everyone(MAY), lambda s: {"userId": s.user("host")}),
    EventRow("social", "unblock", everyone(OWN), lambda s: {"userId": s.user("host")}),
    EventRow("social", "privacy", everyone(OWN)),
    EventRow("social", "set_privacy", everyone(OWN), lambda s: {"presence": "everyone"}),
    EventRow("social", "watch_presence", everyone(EMPTY, muted=MAY), lambda s: {"userIds": [s.user("host")]}),
    EventRow("social", "unwatch_presence", everyone(OWN), lambda s: {"userIds": [s.user("host")]}),
    EventRow("social", "set_status", everyone(OWN), lambda s: {"status": "online"}),
    EventRow("social", "recent_players", everyone(OWN)),
    EventRow("social", "notifications", everyone(OWN)),
    EventRow("social", "notifications_read", everyone(OWN), lambda s: {"ids": [s.notification]}),
)

EVENTS = (*MATCHMAKING, *LOBBY, *CHAT, *SOCIAL)
