"""Generated from the code by `make docs`: what clients send and are told, as it is on the wire."""

from typing import Any, Literal, NotRequired, Protocol, TypedDict, overload

from clients.python.event import Callback, Event, Predicate


class ClientInfo(TypedDict):
    """What a client says of itself."""

    name: NotRequired[str]
    protocol: NotRequired[int]


class Handshake(TypedDict):
    """The `auth` of a CONNECT."""

    token: str
    client: NotRequired[ClientInfo]


class Meta(TypedDict):
    """With every event. Transient ones have no `seq` and `epoch`; those about the connection no `stream` either."""

    stream: NotRequired[str]
    seq: NotRequired[int]
    epoch: NotRequired[str]
    at: str


class Empty(TypedDict):
    """A command without fields."""


class Pong(TypedDict):
    """The server's time."""

    at: str


class Renew(TypedDict):
    """Goes on with another access token of the same user, in all namespaces of the connection."""

    token: str


class Renewed(TypedDict):
    """How long the connection may live now."""

    expiresInMs: int


class Place(TypedDict):
    """A place in a stream, as `hello` or the `meta` of an event told it."""

    epoch: str
    seq: int
    at: str


class Resume(TypedDict):
    """The last place the client knows of each stream."""

    streams: dict[str, Place]


class Recovery(TypedDict):
    """How a stream was resumed, and where the client stands in it now. Recovered: every event between was sent
    before this ack. Otherwise some are gone, and the client fetches the snapshot; without a place it does not
    follow the stream.
    """

    recovered: bool
    epoch: NotRequired[str]
    seq: NotRequired[int]
    at: NotRequired[str]


class GameWish(TypedDict):
    """One game a player would play; `weight` 1 to 10 says how gladly."""

    gameId: str
    weight: NotRequired[int]


class GroupSize(TypedDict):
    """How many players a match may have, the player included."""

    min: int
    max: int


class Criteria(TypedDict):
    """The criteria of a ticket. Tickets meet if they share the mode and a game, agree on a group size, and break no
    rule of each other. groupSize: what the mode allows, unless given. regions, languages: compared without regard
    to case; which ones there are is the studio's choice. A `strict` preference holds for ever, a `preferred` one
    for some seconds, `any` binds nobody. skillPreference: `similar` bounds the distance of ratings, more widely
    the longer the ticket waits. party: the user ids of the other members. roles: those each player of the ticket
    would play, any if empty. scheduledAt: when the search begins, at most 7 days ahead. latencyMs: as the client
    measured it, by region; a region that is left out was not measured. attributes: what the rules of the game's
    mode speak of, by name.
    """

    games: list[GameWish]
    mode: Literal["casual", "competitive", "ranked", "custom"]
    groupSize: NotRequired[GroupSize]
    regions: NotRequired[list[str]]
    regionPreference: NotRequired[Literal["strict", "preferred", "any"]]
    languages: NotRequired[list[str]]
    languagePreference: NotRequired[Literal["strict", "preferred", "any"]]
    skillPreference: NotRequired[Literal["similar", "any"]]
    party: NotRequired[list[str]]
    roles: NotRequired[list[str]]
    scheduledAt: NotRequired[str]
    latencyMs: NotRequired[dict[str, int]]
    attributes: NotRequired[dict[str, float | str | list[str]]]


class RelaxedRule(TypedDict):
    """What a ticket holds to now by one rule. limit: the bound in force, missing where the rule binds no more. step:
    how many steps it has softened.
    """

    rule: str
    step: int
    limit: NotRequired[float]


class Blocker(TypedDict):
    """A rule that keeps a ticket waiting, and the share (0 to 1) of the other tickets that it refuses."""

    rule: str
    rejected: float


class WaitRange(TypedDict):
    """Between these eight of ten waits lie, in all."""

    fromMs: int
    toMs: int


class Ticket(TypedDict):
    """A ticket as its players see it. partyIds: everybody it is for. poolSize: how many tickets wait in the pool of
    its first game. relaxationLevel: how many steps it has given way. relaxed: what it holds to now.
    nextRelaxationAt: missing at the last step and once it no longer waits. blockers: the share of at most 256
    other tickets that each rule refuses, the largest first; empty in an ack. estimatedWaitMs: the middle of how
    long tickets like this one waited of late, in all; missing until there were enough of them. matchId, acceptBy:
    while a match is proposed, which one, and until when it can be accepted.
    """

    id: str
    userId: str
    partyIds: list[str]
    criteria: Criteria
    status: Literal["scheduled", "queued", "proposed", "matched", "cancelled", "expired"]
    relaxationLevel: int
    waitedMs: int
    poolSize: int
    relaxed: list[RelaxedRule]
    blockers: list[Blocker]
    nextRelaxationAt: NotRequired[str]
    estimatedWaitMs: NotRequired[int]
    estimatedWaitRange: NotRequired[WaitRange]
    matchId: NotRequired[str]
    acceptBy: NotRequired[str]
    lobbyId: NotRequired[str]
    createdAt: str


class CancelTicket(TypedDict):
    """Stops looking. While a match is proposed this declines it."""

    ticketId: str


class BackfillLobby(TypedDict):
    """Asks for players for the free places of a lobby."""

    lobbyId: str


class AnswerMatch(TypedDict):
    """Accepts or declines a proposed match."""

    matchId: str


class MatchPlayer(TypedDict):
    """A player of a match and the ticket that brought them there."""

    userId: str
    ticketId: str
    role: NotRequired[str]


class Quality(TypedDict):
    """How good a match is, each figure from 0 to 1."""

    overall: float
    skill: float
    region: float
    language: float
    wait: float


class MatchResult(TypedDict):
    """How a match ended: its players by place, the winners first. by: who said so."""

    places: list[list[str]]
    by: Literal["server", "players"]
    reportedAt: str


class Match(TypedDict):
    """A match as its players see it. disputed: they did not agree on its result in time."""

    id: str
    gameId: str
    mode: Literal["casual", "competitive", "ranked", "custom"]
    region: NotRequired[str]
    teams: list[list[str]]
    players: list[MatchPlayer]
    quality: Quality
    status: Literal["proposed", "confirmed", "cancelled", "reported"]
    lobbyId: NotRequired[str]
    formedAt: str
    disputed: bool
    result: NotRequired[MatchResult]


class PartyMember(TypedDict):
    """A player in a party. The name is that at the time of joining."""

    userId: str
    displayName: str
    connection: Literal["connected", "grace"]


class Invite(TypedDict):
    """Somebody may join, for a time."""

    userId: str
    fromUserId: str
    expiresAt: str


class Party(TypedDict):
    """A party as its members see it. `version` grows with every change. `joinCode` is missing in an invitation."""

    id: str
    version: int
    leaderId: str
    members: list[PartyMember]
    invites: list[Invite]
    joinCode: NotRequired[str]
    createdAt: str


class PartyMemberCommand(TypedDict):
    """A user whom the command is about."""

    userId: str


class JoinParty(TypedDict):
    """Joins by invitation (`partyId`) or by the party's code (`joinCode`, in any case): one of the two."""

    partyId: NotRequired[str]
    joinCode: NotRequired[str]


class DeclineParty(TypedDict):
    """Turns an invitation down."""

    partyId: str


class Result(TypedDict):
    """How a match ended: all its players by place, the winners first. The players of a team share a place, and so do
    teams or players who drew.
    """

    places: list[list[str]]


class ReportResult(TypedDict):
    """A player says how a match ended."""

    matchId: str
    result: Result


class LobbyRef(TypedDict):
    """The lobby one has a seat in, or else the one that one watches, unless it is named."""

    lobbyId: NotRequired[str]


class Member(TypedDict):
    """A member as clients see it."""

    userId: str
    username: str
    displayName: str
    ready: bool
    team: NotRequired[int]
    role: NotRequired[str]
    connection: Literal["connected", "grace"]
    joinedAt: str
    isHost: bool


class Capacity(TypedDict):
    """How few players can start, how many fit."""

    min: int
    max: int


class Teams(TypedDict):
    """Teams of a match, of 100 players together at most; `roles` says how many of each a team needs, of its `size`."""

    count: int
    size: int
    roles: NotRequired[dict[str, int]]


class LobbySettings(TypedDict):
    """The settings as members see them. joinCode: lets in who has it; missing in what others see."""

    visibility: Literal["public", "friends", "private"]
    allowSpectators: bool
    spectatorChat: bool
    autoStart: bool
    removeUnready: bool
    custom: dict[str, str | int | float | bool]
    joinCode: NotRequired[str]


class GameConnection(TypedDict):
    """Where a game is played: a `url`, or `host` and `port`. token: what lets the players in, if there is such a
    thing. Only members of the lobby are told.
    """

    url: NotRequired[str]
    host: NotRequired[str]
    port: NotRequired[int]
    token: NotRequired[str]


class Lobby(TypedDict):
    """A lobby as its members see it. `version` is the lobby's revision."""

    id: str
    version: int
    name: str
    status: Literal["forming", "ready", "countdown", "active", "closed"]
    gameId: str
    mode: str
    region: NotRequired[str]
    hostId: str
    members: list[Member]
    spectators: list[str]
    capacity: Capacity
    teams: NotRequired[Teams]
    settings: LobbySettings
    matchId: NotRequired[str]
    chatId: str
    createdAt: str
    readyBy: NotRequired[str]
    readyAt: NotRequired[str]
    startsAt: NotRequired[str]
    allocating: bool
    activeAt: NotRequired[str]
    connection: NotRequired[GameConnection]
    closedAt: NotRequired[str]
    closeReason: NotRequired[Literal["empty", "idle", "expired", "finished", "moderated"]]


class Browse(TypedDict):
    """Which lobbies to look for."""

    limit: NotRequired[int]
    cursor: NotRequired[str]
    gameId: NotRequired[str]
    mode: NotRequired[Literal["casual", "competitive", "ranked", "custom"]]
    region: NotRequired[str]


class LobbySummary(TypedDict):
    """A lobby as it is shown in the browser and in invitations. players: how many are in it."""

    id: str
    name: str
    status: Literal["forming", "ready", "countdown", "active", "closed"]
    gameId: str
    mode: str
    region: NotRequired[str]
    hostId: str
    hostName: str
    players: int
    capacity: Capacity
    visibility: Literal["public", "friends", "private"]
    allowSpectators: bool
    custom: dict[str, str | int | float | bool]
    createdAt: str


class LobbyPage(TypedDict):
    """Some of the lobbies that were asked for; nextCursor: where the others start."""

    items: list[LobbySummary]
    nextCursor: NotRequired[str]


class SetCapacity(TypedDict):
    """How few players can start, and how many fit; what is left out stays, or is what the mode says."""

    min: NotRequired[int]
    max: NotRequired[int]


class SetSettings(TypedDict):
    """Settings of a new lobby; what is left out is as in any."""

    visibility: NotRequired[Literal["public", "friends", "private"]]
    allowSpectators: NotRequired[bool]
    spectatorChat: NotRequired[bool]
    autoStart: NotRequired[bool]
    removeUnready: NotRequired[bool]
    custom: NotRequired[dict[str, str | bool | int | float]]


class CreateLobby(TypedDict):
    """Opens a lobby for a game of the catalogue. name: the host's, if left out."""

    gameId: str
    mode: Literal["casual", "competitive", "ranked", "custom"]
    region: NotRequired[str]
    name: NotRequired[str]
    capacity: NotRequired[SetCapacity]
    settings: NotRequired[SetSettings]


class JoinLobby(TypedDict):
    """Joins a lobby that one can see (`lobbyId`), or one whose code one has (`joinCode`, in any case)."""

    lobbyId: NotRequired[str]
    joinCode: NotRequired[str]


class Spectate(TypedDict):
    """Watches a lobby."""

    lobbyId: str


class SetReady(TypedDict):
    """Says whether the player is ready."""

    ready: bool


class AboutPlayer(TypedDict):
    """The player whom the command is about."""

    userId: str


class SetTeam(TypedDict):
    """Puts a member on a team, from 1. swapWith: who takes the place that is left, for teams that are full."""

    userId: str
    team: int
    swapWith: NotRequired[str]


class SetRole(TypedDict):
    """Gives a member a role of the mode; none without `role`."""

    userId: str
    role: NotRequired[str]


class UpdateSettings(TypedDict):
    """Changes what is given. version: of the lobby as the host saw it; settings changed since then are not lost."""

    version: NotRequired[int]
    name: NotRequired[str]
    capacity: NotRequired[SetCapacity]
    visibility: NotRequired[Literal["public", "friends", "private"]]
    allowSpectators: NotRequired[bool]
    spectatorChat: NotRequired[bool]
    autoStart: NotRequired[bool]
    removeUnready: NotRequired[bool]
    custom: NotRequired[dict[str, str | bool | int | float]]


class DeclineInvite(TypedDict):
    """Turns down the invitation to a lobby."""

    lobbyId: str


class Invitation(TypedDict):
    """An invitation to a lobby as the invited player sees it."""

    lobby: LobbySummary
    fromUserId: str
    expiresAt: str


class Send(TypedDict):
    """Says something in a channel."""

    channelId: str
    clientMessageId: str
    contentType: NotRequired[Literal["text", "emoji", "gif", "image"]]
    content: NotRequired[str]
    mediaId: NotRequired[str]
    replyToId: NotRequired[str]


class System(TypedDict):
    """What a system message tells, for clients to put into words. user_id: whom it is about. by_user_id: who did it,
    if not themselves. name: the channel's new one.
    """

    type: Literal["member_joined", "member_left", "member_added", "member_removed", "renamed", "owner_changed"]
    userId: NotRequired[str]
    byUserId: NotRequired[str]
    name: NotRequired[str]


class Message(TypedDict):
    """A message as clients see it. reactions: by emoji, who reacted with it, the first first."""

    id: str
    channelId: str
    seq: int
    senderId: NotRequired[str]
    clientMessageId: NotRequired[str]
    contentType: Literal["text", "emoji", "gif", "image", "system"]
    content: str
    mediaId: NotRequired[str]
    mediaUrl: NotRequired[str]
    replyToId: NotRequired[str]
    mentions: list[str]
    reactions: dict[str, list[str]]
    system: NotRequired[System]
    createdAt: str
    editedAt: NotRequired[str]
    deletedAt: NotRequired[str]


class Edit(TypedDict):
    """Says something else in place of what one said."""

    messageId: str
    content: str


class ToMessage(TypedDict):
    """Names a message."""

    messageId: str


class React(TypedDict):
    """Reacts to a message with an emoji, or takes that back."""

    messageId: str
    emoji: str
    on: bool


class SetTyping(TypedDict):
    """Says whether the player is writing in a channel."""

    channelId: str
    isTyping: bool


class MarkRead(TypedDict):
    """Has read a channel up to `seq`."""

    channelId: str
    seq: int


class ReadMoved(TypedDict):
    """A member has read the channel up to `seq`."""

    channelId: str
    userId: str
    seq: int


class History(TypedDict):
    """A page of a channel: its newest messages, or those before or after a `seq`."""

    channelId: str
    before: NotRequired[int]
    after: NotRequired[int]
    limit: NotRequired[int]


class HistoryPage(TypedDict):
    """Messages in the order of their `seq`; `hasMore` tells of more in the direction that was asked for."""

    messages: list[Message]
    hasMore: bool


class Search(TypedDict):
    """Looks for the messages that have all the words of `query`, of the last one at least the beginning."""

    channelId: str
    query: str
    before: NotRequired[int]
    limit: NotRequired[int]


class Channel(TypedDict):
    """A channel as one of its members sees it. lastSeq: of `lastMessage`, 0 before the first. readSeq: what the
    member has read, on any device. unread: messages of others behind that, counted up to 99; none of those whom
    the member has blocked, as far as the newest are concerned. hiddenSeq: of a direct channel that the member has
    put away: not to be shown while `lastSeq` is no greater.
    """

    id: str
    kind: Literal["lobby", "direct", "group"]
    name: NotRequired[str]
    memberIds: list[str]
    ownerId: NotRequired[str]
    adminIds: list[str]
    lobbyId: NotRequired[str]
    slowModeMs: int
    silenced: dict[str, str]
    lastMessage: NotRequired[Message]
    lastSeq: int
    readSeq: int
    unread: int
    mutedUntil: NotRequired[str]
    hiddenSeq: NotRequired[int]
    createdAt: str
    closedAt: NotRequired[str]


class OpenDirect(TypedDict):
    """Names the player to write to."""

    userId: str


class CreateGroup(TypedDict):
    """Makes a group of the player and others."""

    name: str
    userIds: NotRequired[list[str]]


class ToMember(TypedDict):
    """Names a player and the group they are in, or shall be."""

    channelId: str
    userId: str


class SetChannelRole(TypedDict):
    """Makes a member of a group an admin, or an ordinary member again."""

    channelId: str
    userId: str
    role: Literal["admin", "member"]


class UpdateChannel(TypedDict):
    """Renames a group, or sets what its members must wait between two messages of theirs (0: nothing)."""

    channelId: str
    name: NotRequired[str]
    slowModeMs: NotRequired[int]


class ToChannel(TypedDict):
    """Names a channel."""

    channelId: str


class Mute(TypedDict):
    """Wants no notifications from a channel until a moment, in Unix milliseconds; for good without one. A moment
    that has passed takes the mute back.
    """

    channelId: str
    untilMs: NotRequired[int]


class ChannelMuted(TypedDict):
    """The player has muted a channel, on some device; without `mutedUntil`, the opposite."""

    channelId: str
    mutedUntil: NotRequired[str]


class Moderate(TypedDict):
    """Mutes a member of a channel until a moment, in Unix milliseconds; without one, or with one that has passed,
    the member may talk again.
    """

    channelId: str
    userId: str
    mutedUntilMs: NotRequired[int]


class ReviewMedia(TypedDict):
    """Says whether an image may be seen."""

    mediaId: str
    approved: bool


class Media(TypedDict):
    """An image as the members of its channel see it. size: bytes. url: with the access token, as for every route."""

    id: str
    channelId: str
    contentType: str
    size: int
    width: int
    height: int
    review: Literal["pending", "approved", "rejected"]
    url: str
    thumbnailUrl: str


class Held(TypedDict):
    """A message that waits, as moderators see it; its `seq` is 0."""

    message: Message
    expiresAt: str


class ReviewMessage(TypedDict):
    """Says whether a message that waits may be seen."""

    channelId: str
    messageId: str
    approved: bool


class WatchPresence(TypedDict):
    """Names players whose presence the socket follows."""

    userIds: list[str]


class Presence(TypedDict):
    """What a player is doing, as others see it. Of two about one player the one with the later `since` is right.
    since: when the status began; missing when that is long ago.
    """

    userId: str
    status: Literal["online", "away", "queued", "in_lobby", "in_game", "offline"]
    since: NotRequired[str]
    customStatus: NotRequired[str]


class UnwatchPresence(TypedDict):
    """Names players whose presence the socket follows no longer; without names all of them."""

    userIds: NotRequired[list[str]]


class SetStatus(TypedDict):
    """Says whether the player is there or away, and what others shall read next to it; without it nothing."""

    status: Literal["online", "away"]
    customStatus: NotRequired[str]


class PageQuery(TypedDict):
    """Which page of a list: at most `limit` items, from `cursor` (the last page's `nextCursor`) on."""

    limit: NotRequired[int]
    cursor: NotRequired[str]


class Friend(TypedDict):
    """Another player, and what they are to the player: a friend, who has asked (incoming), or who is asked
    (outgoing). since: when that began.
    """

    userId: str
    username: str
    displayName: str
    status: Literal["friends", "incoming", "outgoing"]
    since: str


class FriendList(TypedDict):
    """A page of friends or of requests, the newest first. nextCursor: missing on the last page."""

    items: list[Friend]
    nextCursor: NotRequired[str]


class RequestQuery(TypedDict):
    """Which page of the open requests. direction: those to the player (incoming), or those they made (outgoing)."""

    limit: NotRequired[int]
    cursor: NotRequired[str]
    direction: NotRequired[Literal["incoming", "outgoing"]]


class AskFriend(TypedDict):
    """Names the player to ask for friendship, by id or by username."""

    userId: NotRequired[str]
    username: NotRequired[str]


class AnswerFriend(TypedDict):
    """Accepts or declines the request of that player."""

    accept: bool
    userId: str


class ToFriend(TypedDict):
    """Names the player whose friendship or request ends."""

    userId: str


class Block(TypedDict):
    """A block as the player who made it sees it."""

    userId: str
    createdAt: str


class BlockList(TypedDict):
    """A page of blocks, the newest first. nextCursor: missing on the last page."""

    items: list[Block]
    nextCursor: NotRequired[str]


class ToBlock(TypedDict):
    """Names the player to block, or to unblock."""

    userId: str


class RecentPlayer(TypedDict):
    """Another player, and the last match in which the two were."""

    userId: str
    username: str
    displayName: str
    matchId: str
    gameId: str
    mode: Literal["casual", "competitive", "ranked", "custom"]
    playedAt: str


class RecentPlayerList(TypedDict):
    """A page of recent players, those met last first. nextCursor: missing on the last page."""

    items: list[RecentPlayer]
    nextCursor: NotRequired[str]


class Privacy(TypedDict):
    """Who may do and see what."""

    presence: Literal["everyone", "friends", "nobody"]
    profile: Literal["everyone", "friends", "nobody"]
    directMessages: Literal["everyone", "friends", "nobody"]
    friendRequests: Literal["everyone", "nobody"]


class SetPrivacy(TypedDict):
    """What changes; the rest stays. See `PrivacySettings`."""

    presence: NotRequired[Literal["everyone", "friends", "nobody"]]
    profile: NotRequired[Literal["everyone", "friends", "nobody"]]
    directMessages: NotRequired[Literal["everyone", "friends", "nobody"]]
    friendRequests: NotRequired[Literal["everyone", "nobody"]]


class NotificationQuery(TypedDict):
    """Which page of the notifications. unread: only those not read yet."""

    limit: NotRequired[int]
    cursor: NotRequired[str]
    unread: NotRequired[bool]


class FriendRequest(TypedDict):
    """Somebody would like to be friends."""

    type: Literal["friend_request"]
    fromUserId: str
    fromName: str


class FriendAccepted(TypedDict):
    """Somebody accepted a friend request."""

    type: Literal["friend_accepted"]
    userId: str
    name: str


class MatchFound(TypedDict):
    """A match was confirmed, and its lobby waits."""

    type: Literal["match_found"]
    matchId: str
    lobbyId: str
    gameId: str
    mode: str


class LobbyInvite(TypedDict):
    """Somebody invites to a lobby, until `expires_at`."""

    type: Literal["lobby_invite"]
    lobbyId: str
    lobbyName: str
    gameId: str
    fromUserId: str
    fromName: str
    expiresAt: str


class Mention(TypedDict):
    """Somebody named the player in a message."""

    type: Literal["mention"]
    channelId: str
    messageId: str
    fromUserId: str
    fromName: str


class ReportOutcome(TypedDict):
    """What became of a report the player made."""

    type: Literal["report_outcome"]
    reportId: str
    outcome: str


class SystemNotice(TypedDict):
    """The operators have something to say."""

    type: Literal["system"]
    title: str
    body: str


class Notification(TypedDict):
    """A notification as its user sees it. title, body: English, for clients that have no words of their own."""

    id: str
    type: Literal[
        "friend_request", "friend_accepted", "match_found", "lobby_invite", "mention", "report_outcome", "system"
    ]
    title: str
    body: str
    data: FriendRequest | FriendAccepted | MatchFound | LobbyInvite | Mention | ReportOutcome | SystemNotice
    read: bool
    createdAt: str


class NotificationList(TypedDict):
    """A page of notifications, the newest first. unread: of all. nextCursor: missing on the last page."""

    items: list[Notification]
    nextCursor: NotRequired[str]
    unread: int


class MarkNotifications(TypedDict):
    """Names the notifications that were read: by their ids, or all of them."""

    ids: NotRequired[list[str]]
    all: NotRequired[bool]


class Unread(TypedDict):
    """How many notifications are unread."""

    count: int


class StreamPosition(TypedDict):
    """A place in a stream: the client knows everything up to its `seq`-th durable event, of the moment `at`."""

    epoch: str
    seq: int
    at: str


class Hello(TypedDict):
    """The first event after CONNECT: the streams the client follows from here on, and where each stands. A client
    that was here before sends `resume` with the places it knows, or fetches the snapshots. `hello` comes again
    when this server has lost events: a stream whose `seq` or `epoch` is not the client's has moved on unseen, and
    the client fetches the snapshot anew. pingMs: between two heartbeats.
    """

    streams: dict[str, StreamPosition]
    serverTime: str
    pingMs: int


class SessionExpiring(TypedDict):
    """The access token expires in `inMs`: send `renew` with a new one, or the connection is closed."""

    inMs: int


class RateLimitWarning(TypedDict):
    """Events are being refused as too many: wait `retryInMs`. Who goes on is kicked with `rate_limited`."""

    retryInMs: int


class Kicked(TypedDict):
    """The server closes the connection. reason: token_expired, logged_out, banned and the like."""

    reason: str


class ServerDraining(TypedDict):
    """The server is about to stop: make the connection anew after `reconnectInMs`, and `resume` there. The time
    differs from connection to connection, so that those who come back are not all there at once. Who has not left
    soon after it is disconnected.
    """

    reconnectInMs: int


class Announcement(TypedDict):
    """The operators have something to say to everybody who is connected. It comes in every namespace a client is in,
    and may come twice, with the same `id`; who is not connected never hears of it.
    """

    id: str
    title: str
    body: str


class TicketCancelled(TypedDict):
    """The server took the ticket out of the pools: none of its games can be played in its mode any more."""

    ticketId: str
    reason: Literal["mode_disabled"]


class TicketExpired(TypedDict):
    """The ticket waited too long and was taken out of the pools."""

    ticketId: str


class MatchProposed(TypedDict):
    """A match was found: accept it until `acceptBy`."""

    match: Match
    acceptBy: str


class MatchAccepted(TypedDict):
    """A player of the match accepted it: `accepted` of `needed` have."""

    matchId: str
    userId: str
    accepted: int
    needed: int


class MatchConfirmed(TypedDict):
    """Everyone accepted, and the lobby stands."""

    match: Match
    lobbyId: str


class MatchCancelled(TypedDict):
    """The match is off. `requeued` says whether this player's ticket waits again, with its old waiting time.
    cooldownUntil: for who declined, did not answer or was gone, until when they cannot search again; missing when
    it costs nothing yet.
    """

    matchId: str
    reason: Literal["declined", "timeout", "disconnected", "withdrawn"]
    requeued: bool
    cooldownUntil: NotRequired[str]


class PartyInvited(TypedDict):
    """`fromUserId` invites the player, who may join until `expiresAt`."""

    party: Party
    fromUserId: str
    expiresAt: str


class PartyLeft(TypedDict):
    """The player is in the party no more."""

    partyId: str
    reason: Literal["left", "kicked", "grace_expired"]


class Rating(TypedDict):
    """How strong a player is in one game, in rating points. mu: the estimate. sigma: its standard deviation.
    ordinal: the strength the player has very likely reached, what leaderboards sort by: mu - 3 sigma (the
    TrueSkill rank of Herbrich et al., 2006).
    """

    mu: float
    sigma: float
    ordinal: float


class RatingStep(TypedDict):
    """A player's rating in the game and mode of a match, before and after it."""

    before: Rating
    after: Rating


class MatchReported(TypedDict):
    """The match has a result, or its players did not agree on one (`match.disputed`). `ratings` is the player's own,
    missing where the mode is not rated or there is no result.
    """

    match: Match
    ratings: NotRequired[RatingStep]


class MemberJoined(TypedDict):
    """A player has come: put it at the end of `members`. The player itself gets `lobby_updated`."""

    lobbyId: str
    version: int
    member: Member


class MemberLeft(TypedDict):
    """A member is gone: take it out of `members`."""

    lobbyId: str
    version: int
    userId: str
    reason: Literal["left", "kicked", "not_ready", "grace_expired", "banned"]


class SpectatorJoined(TypedDict):
    """Somebody watches now: put them at the end of `spectators`. They themselves get `lobby_updated`."""

    lobbyId: str
    version: int
    userId: str


class SpectatorLeft(TypedDict):
    """Somebody watches no longer: take them out of `spectators`."""

    lobbyId: str
    version: int
    userId: str
    reason: Literal["left", "kicked", "joined", "not_allowed", "grace_expired", "banned"]


class MemberReady(TypedDict):
    """A member is ready or no longer ready."""

    lobbyId: str
    version: int
    userId: str
    ready: bool


class MemberConnection(TypedDict):
    """A member lost its last connection (grace), or came back."""

    lobbyId: str
    version: int
    userId: str
    connection: Literal["connected", "grace"]


class HostChanged(TypedDict):
    """Another member is the host now."""

    lobbyId: str
    version: int
    hostId: str


class LobbyReady(TypedDict):
    """Everyone is ready: the status is `ready`, and a ready check (`readyBy`) is over."""

    lobbyId: str
    version: int
    readyAt: str


class LobbyUnready(TypedDict):
    """Not everyone is ready any more: the status is `forming` again, `readyAt` and `startsAt` are gone."""

    lobbyId: str
    version: int


class CountdownStarted(TypedDict):
    """The lobby starts at `startsAt`: the status is `countdown`."""

    lobbyId: str
    version: int
    startsAt: str


class CountdownCancelled(TypedDict):
    """The countdown ended early: the status is `forming`, `readyAt` and `startsAt` are gone, `allocating` is false.
    reason: somebody is not ready any more or is gone; or no server was to be had for the game; or its host has
    asked for too many (`rate_limited`).
    """

    lobbyId: str
    version: int
    reason: Literal["not_ready", "allocation_failed", "rate_limited"]


class LobbyStarted(TypedDict):
    """The game begins: the status is `active`, `allocating` is false. connection: where, if a server was found."""

    lobbyId: str
    version: int
    activeAt: str
    connection: NotRequired[GameConnection]


class LobbyClosed(TypedDict):
    """The lobby is over: the status is `closed`, `readyBy` is gone, `allocating` is false."""

    lobbyId: str
    version: int
    reason: Literal["empty", "idle", "expired", "finished", "moderated"]
    closedAt: str


class MessageDeleted(TypedDict):
    """A message was deleted, by its sender or by a moderator of the channel. Its content is gone."""

    channelId: str
    messageId: str
    seq: int
    byUserId: str
    deletedAt: str


class ReactionChanged(TypedDict):
    """Somebody reacted to a message (`on`), or took that back. seq: the message's."""

    channelId: str
    messageId: str
    seq: int
    userId: str
    emoji: str
    on: bool


class ChannelUpdated(TypedDict):
    """A channel was opened, changed or closed. slowModeMs, silenced: missing where they stay as they were."""

    id: str
    kind: Literal["lobby", "direct", "group"]
    name: NotRequired[str]
    memberIds: list[str]
    ownerId: NotRequired[str]
    adminIds: list[str]
    lobbyId: NotRequired[str]
    slowModeMs: NotRequired[int]
    silenced: NotRequired[dict[str, str]]
    closedAt: NotRequired[str]


class Typing(TypedDict):
    """A member types, or has stopped. Without another such event it is over after `expiresInMs`."""

    channelId: str
    userId: str
    isTyping: bool
    expiresInMs: int


class MediaReviewed(TypedDict):
    """A moderator has said whether an image may be seen."""

    channelId: str
    mediaId: str
    review: Literal["pending", "approved", "rejected"]


class ChannelHidden(TypedDict):
    """The player has put a direct channel away, on some device: it is not to be shown until a message behind `seq`."""

    channelId: str
    seq: int


class MessageWaits(TypedDict):
    """A message waits for a moderator of the channel."""

    channelId: str
    messageId: str


class FriendRemoved(TypedDict):
    """The two are not friends any more, or there is no request any more: take the other player off both lists."""

    userId: str


class NotificationsMarked(TypedDict):
    """One of the player's devices has marked these notifications as read, or as unread."""

    ids: list[str]
    read: bool


class NotificationRemoved(TypedDict):
    """One of the player's devices has deleted a notification."""

    id: str


class UnreadCount(TypedDict):
    """How many notifications are unread now."""

    count: int


class Register(TypedDict):
    """Opens an account."""

    email: str
    username: str
    displayName: NotRequired[str]
    password: str
    device: NotRequired[str]


class PreferredGame(TypedDict):
    """A game a player likes; `weight` 1 to 10 says how much."""

    gameId: str
    weight: int


class PlayTime(TypedDict):
    """Hours of a day of the week in which a player likes to play, in UTC."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    fromHour: int
    toHour: int


class Preferences(TypedDict):
    """What a player likes to play, where, when and with whom. research: whether searches may be recorded, without
    any name, to be replayed under other rules.
    """

    competitiveness: Literal["casual", "balanced", "competitive"]
    games: list[PreferredGame]
    regions: list[str]
    languages: list[str]
    playTimes: list[PlayTime]
    research: bool


class GameProfile(TypedDict):
    """What a player is in one game, with their rating in the mode they played last."""

    gameId: str
    inGameName: NotRequired[str]
    rank: NotRequired[str]
    skillLevel: NotRequired[int]
    updatedAt: str
    rating: Rating


class NotificationSettings(TypedDict):
    """Which kinds of notifications the player wants."""

    friendRequest: bool
    friendAccepted: bool
    matchFound: bool
    lobbyInvite: bool
    mention: bool
    reportOutcome: bool
    system: bool


class Me(TypedDict):
    """A user as they see themselves. phone, gender, birthYear: nobody else sees them."""

    id: str
    username: str
    displayName: str
    avatarUrl: NotRequired[str]
    bio: NotRequired[str]
    karma: int
    createdAt: str
    email: NotRequired[str]
    emailVerified: bool
    guest: bool
    roles: list[Literal["user", "moderator", "admin"]]
    identities: list[str]
    status: Literal["active", "suspended", "banned", "deleted"]
    preferences: Preferences
    gameProfiles: list[GameProfile]
    privacy: Privacy
    notificationSettings: NotificationSettings
    phone: NotRequired[str]
    gender: NotRequired[str]
    birthYear: NotRequired[int]


class Session(TypedDict):
    """What a login answers."""

    accessToken: str
    refreshToken: str
    expiresInMs: int
    user: Me


class Login(TypedDict):
    """Logs in by email address or username."""

    credential: str
    password: str
    device: NotRequired[str]


class EnterAsGuest(TypedDict):
    """Enters without an account."""

    displayName: NotRequired[str]
    device: NotRequired[str]


class Upgrade(TypedDict):
    """Gives a guest a name and a password."""

    email: str
    username: str
    displayName: NotRequired[str]
    password: str


class Refresh(TypedDict):
    """Trades a refresh token for the next one."""

    refreshToken: str


class Logout(TypedDict):
    """Ends the session of the access token, and that of `refreshToken` if another one of the caller's is given."""

    refreshToken: NotRequired[str]


class SessionInfo(TypedDict):
    """A login as its owner sees it in a list. last_used_at: when it was last refreshed, which takes some minutes."""

    id: str
    device: NotRequired[str]
    address: NotRequired[str]
    userAgent: NotRequired[str]
    createdAt: str
    lastUsedAt: str
    current: bool


class ChangePassword(TypedDict):
    """Chooses another password. password: the present one."""

    password: str
    newPassword: str


class ChangeEmail(TypedDict):
    """Chooses another address. password: the present one."""

    email: str
    password: str


class Accepted(TypedDict):
    """What was asked for will be done; there is nothing to say of it yet."""


class VerifyEmail(TypedDict):
    """Proves that an address is the caller's, with what was mailed there."""

    token: str


class RequestReset(TypedDict):
    """Asks for a mail with which another password can be chosen."""

    email: str


class ResetPassword(TypedDict):
    """Chooses another password with what was mailed."""

    token: str
    newPassword: str


class ExternalLogin(TypedDict):
    """Logs in by an identity. provider: by the name the server's settings give it."""

    token: str
    nonce: NotRequired[str]
    provider: str
    device: NotRequired[str]


class LinkIdentity(TypedDict):
    """Links an identity. password: the account's; not needed by who has just logged in, or is a guest."""

    token: str
    nonce: NotRequired[str]
    password: NotRequired[str]


class UpdateProfile(TypedDict):
    """What changes; the rest stays. null takes a field away. phone, gender, birthYear are shown to nobody else."""

    username: NotRequired[str]
    displayName: NotRequired[str]
    bio: NotRequired[str]
    phone: NotRequired[str]
    gender: NotRequired[str]
    birthYear: NotRequired[int]


class GameLiked(TypedDict):
    """A game the player likes; `weight` 1 to 10 says how much."""

    gameId: str
    weight: NotRequired[int]


class TimeLiked(TypedDict):
    """Hours of a day of the week, in UTC."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    fromHour: int
    toHour: int


class UpdatePreferences(TypedDict):
    """What changes; the rest stays. research: searches may be recorded, without any name, for a simulation."""

    competitiveness: NotRequired[Literal["casual", "balanced", "competitive"]]
    games: NotRequired[list[GameLiked]]
    regions: NotRequired[list[str]]
    languages: NotRequired[list[str]]
    playTimes: NotRequired[list[TimeLiked]]
    research: NotRequired[bool]


class SetGameProfile(TypedDict):
    """What the player is in a game, in their own words. skillLevel: 0 to 100."""

    inGameName: NotRequired[str]
    rank: NotRequired[str]
    skillLevel: NotRequired[int]


class AvatarQuery(TypedDict):
    """How large a picture is to be: no side is longer than so many pixels."""

    size: NotRequired[Literal["64", "256"]]


class Device(TypedDict):
    """A device as its user sees it. seenAt: when it was last named."""

    id: str
    platform: Literal["ios", "android", "web"]
    name: NotRequired[str]
    seenAt: str


class AddDevice(TypedDict):
    """Names a device that notifications can be pushed to. token: the one its push service gave it."""

    token: str
    platform: Literal["ios", "android", "web"]
    name: NotRequired[str]


class PublicUser(TypedDict):
    """A user as others see them. avatarUrl, bio: missing where there is none, or the user shows it to others only."""

    id: str
    username: str
    displayName: str
    avatarUrl: NotRequired[str]
    bio: NotRequired[str]
    karma: int
    createdAt: str


class UserSearch(TypedDict):
    """Whom to look for: how a username, a display name or a word of it begins, whatever its case."""

    limit: NotRequired[int]
    cursor: NotRequired[str]
    query: str


class GameQuery(TypedDict):
    """Which games: those that have all of this. query: words of the name or another name, the last as far as typed."""

    limit: NotRequired[int]
    cursor: NotRequired[str]
    query: NotRequired[str]
    genre: NotRequired[str]
    platform: NotRequired[str]
    mode: NotRequired[Literal["casual", "competitive", "ranked", "custom"]]
    sort: NotRequired[Literal["popularity", "name"]]


class Step(TypedDict):
    """From `afterS` seconds of waiting on the bound is `limit`; none means that it binds no more."""

    afterS: float
    limit: NotRequired[float]


class Distance(TypedDict):
    """Two numbers are at most `limit` apart."""

    name: str
    attribute: str
    required: bool
    type: Literal["distance"]
    limit: float
    expand: list[Step]


class Equality(TypedDict):
    """Two values are the same, for `untilS` seconds of waiting or, without it, always."""

    name: str
    attribute: str
    required: bool
    type: Literal["equality"]
    untilS: NotRequired[float]


class Overlap(TypedDict):
    """Two sets of texts share at least `limit` members."""

    name: str
    attribute: str
    required: bool
    type: Literal["overlap"]
    limit: int
    expand: list[Step]


class MaxLatency(TypedDict):
    """The match is played in a region to which every player who measured latencies has at most `limit` ms."""

    name: str
    type: Literal["max_latency"]
    limit: float
    expand: list[Step]


class Share(TypedDict):
    """How many players of a kind there must and may be."""

    min: int
    max: int


class Composition(TypedDict):
    """Of each listed value of a text attribute so many players, in each team or in the whole match. untilS: for how
    long of the longest waiting in the match; always, without it.
    """

    name: str
    attribute: str
    required: bool
    type: Literal["composition"]
    counts: dict[str, Share]
    per: Literal["team", "match"]
    untilS: NotRequired[float]


class RuleSet(TypedDict):
    """How a mode's tickets are matched. skill: most rating points between two tickets of which one wants similar
    skill. nearS: for how long a preferred region or language is held to. fullS: for how long only groups of the
    largest size are formed. partyPremium: rating points that each further member adds to a party's mean, for
    players who know one another play better. slowest: a busy pool, in which better is about to come, takes all
    steps up to so many times slower; a quiet one never slower. holdS: a busy pool puts off groups that are far
    apart, at most two and a half times so long; 0 never does.
    """

    skill: list[Step]
    nearS: float
    fullS: float
    partyPremium: float
    slowest: float
    holdS: float
    rules: list[Distance | Equality | Overlap | MaxLatency | Composition]


class Season(TypedDict):
    """From `startsAt` on, until the next season. `softReset` is how far its start moves each rating towards a new
    one. 0 leaves a rating as it is, 1 makes it that of a new player; in between the order of the players stays.
    """

    name: str
    startsAt: str
    softReset: float


class Decay(TypedDict):
    """Who does not play becomes uncertain: after `afterDays` sigma grows by `sigmaPerDay` a day, up to `sigmaMax`."""

    afterDays: float
    sigmaPerDay: float
    sigmaMax: float


class RatingRules(TypedDict):
    """The rules of a mode's ratings. seasons: in the order of their starts; without any, ratings go on for ever.
    listedFrom: how many rated matches of the season put a player on the leaderboard.
    """

    seasons: list[Season]
    decay: NotRequired[Decay]
    listedFrom: int


class Mode(TypedDict):
    """A way to play a game: in teams, or else as one group. matching: how its players are found. enabled: whether
    new games of it may begin. What has begun goes on; who waits for one is told, and waits no more. rated:
    whether results change ratings; by default in competitive and ranked, where teams play against one another. A
    group without teams may be a squad that plays together: only the catalogue knows that it is each for
    themselves. reported_by: whose word of a match's end counts. rating: how ratings live on. replace_leavers:
    whether the lobby of a match asks for another player by itself when it loses one.
    """

    mode: Literal["casual", "competitive", "ranked", "custom"]
    enabled: bool
    groupSize: NotRequired[GroupSize]
    teams: NotRequired[Teams]
    matching: RuleSet
    rated: bool
    reportedBy: Literal["anyone", "server"]
    replaceLeavers: bool
    rating: RatingRules


class Game(TypedDict):
    """A game of the catalogue as everybody sees it, with the modes it can be played in now."""

    id: str
    name: str
    aliases: list[str]
    summary: NotRequired[str]
    coverUrl: NotRequired[str]
    genres: list[str]
    platforms: list[str]
    releaseDate: NotRequired[str]
    rating: NotRequired[float]
    popularity: float
    modes: list[Mode]
    externalIds: NotRequired[dict[str, str]]


class TrendingQuery(TypedDict):
    """How many of the games that are played most now."""

    limit: NotRequired[int]


class TrendingGame(TypedDict):
    """A game and how much it is played now. waiting: tickets in its pools. lobbies: those that are open or play."""

    id: str
    name: str
    aliases: list[str]
    summary: NotRequired[str]
    coverUrl: NotRequired[str]
    genres: list[str]
    platforms: list[str]
    releaseDate: NotRequired[str]
    rating: NotRequired[float]
    popularity: float
    modes: list[Mode]
    externalIds: NotRequired[dict[str, str]]
    waiting: int
    lobbies: int


class FetchGames(TypedDict):
    """Asks for games that the catalogue may not have yet."""

    query: str


class LeaderboardQuery(TypedDict):
    """Which part of a mode's leaderboard: from the top, from `cursor`, or `around` a player (`me`, or their id)."""

    limit: NotRequired[int]
    cursor: NotRequired[str]
    mode: Literal["casual", "competitive", "ranked", "custom"]
    around: NotRequired[str]


class LeaderboardEntry(TypedDict):
    """A player on a leaderboard. `rank` counts from 1; `matches` are the rated ones of the season."""

    rank: int
    userId: str
    username: str
    displayName: str
    rating: Rating
    matches: int
    wins: int


class GiveKarma(TypedDict):
    """Rates another player of the match: 1 for good, -1 for bad company."""

    userId: str
    value: Literal[1, -1]


class Karma(TypedDict):
    """What the player gave."""

    matchId: str
    userId: str
    value: Literal[1, -1]
    createdAt: str


class WithCode(TypedDict):
    """The code of a lobby that is named elsewhere, where it takes one."""

    joinCode: NotRequired[str]


class Verdict(TypedDict):
    """Whether a request is accepted."""

    accept: bool


class ReadState(TypedDict):
    """Whether a notification has been read."""

    read: bool


class SetNotifications(TypedDict):
    """Which kinds of notifications the player wants; the kinds that are not named are wanted."""

    friendRequest: NotRequired[bool]
    friendAccepted: NotRequired[bool]
    matchFound: NotRequired[bool]
    lobbyInvite: NotRequired[bool]
    mention: NotRequired[bool]
    reportOutcome: NotRequired[bool]
    system: NotRequired[bool]


class HistoryQuery(TypedDict):
    """Which page of a channel's messages: the newest, or those before or after a `seq`."""

    before: NotRequired[int]
    after: NotRequired[int]
    limit: NotRequired[int]


class Saying(TypedDict):
    """What is said. A retry with the same `clientMessageId` gets the first message back. content: of a gif its
    address, of an image what is said about it, which may be nothing. mediaId: of the image.
    """

    clientMessageId: str
    contentType: NotRequired[Literal["text", "emoji", "gif", "image"]]
    content: NotRequired[str]
    mediaId: NotRequired[str]
    replyToId: NotRequired[str]


class EvidenceRef(TypedDict):
    """One thing to look at: a message, an image of the chat, a lobby or a match the reporter was part of."""

    messageId: NotRequired[str]
    mediaId: NotRequired[str]
    lobbyId: NotRequired[str]
    matchId: NotRequired[str]


class SubmitReport(TypedDict):
    """Tells the moderators of a player. What is pointed at is copied now, as it is."""

    userId: str
    reason: Literal[
        "threats", "hate_speech", "harassment", "cheating", "inappropriate_content", "griefing", "spam", "other"
    ]
    description: NotRequired[str]
    evidence: NotRequired[list[EvidenceRef]]


class MyReport(TypedDict):
    """A report as its reporter sees it. outcome: whether anything was done, once it is resolved. Once the reported
    account is erased, so is what was said of it: userId, description and outcome are missing then.
    """

    id: str
    userId: NotRequired[str]
    reason: Literal[
        "threats", "hate_speech", "harassment", "cheating", "inappropriate_content", "griefing", "spam", "other"
    ]
    description: NotRequired[str]
    evidence: int
    status: Literal["open", "resolved"]
    outcome: NotRequired[Literal["action", "no_action"]]
    createdAt: str
    resolvedAt: NotRequired[str]


class On(Protocol):
    """Takes a callback for the events of a name."""

    @overload
    def __call__(self, name: Literal["hello"], callback: Callback[Hello]) -> None: ...

    @overload
    def __call__(self, name: Literal["session_expiring"], callback: Callback[SessionExpiring]) -> None: ...

    @overload
    def __call__(self, name: Literal["rate_limited"], callback: Callback[RateLimitWarning]) -> None: ...

    @overload
    def __call__(self, name: Literal["kicked"], callback: Callback[Kicked]) -> None: ...

    @overload
    def __call__(self, name: Literal["server_draining"], callback: Callback[ServerDraining]) -> None: ...

    @overload
    def __call__(self, name: Literal["announcement"], callback: Callback[Announcement]) -> None: ...

    @overload
    def __call__(self, name: Literal["ticket_updated"], callback: Callback[Ticket]) -> None: ...

    @overload
    def __call__(self, name: Literal["ticket_cancelled"], callback: Callback[TicketCancelled]) -> None: ...

    @overload
    def __call__(self, name: Literal["ticket_expired"], callback: Callback[TicketExpired]) -> None: ...

    @overload
    def __call__(self, name: Literal["match_proposed"], callback: Callback[MatchProposed]) -> None: ...

    @overload
    def __call__(self, name: Literal["match_accepted"], callback: Callback[MatchAccepted]) -> None: ...

    @overload
    def __call__(self, name: Literal["match_confirmed"], callback: Callback[MatchConfirmed]) -> None: ...

    @overload
    def __call__(self, name: Literal["match_cancelled"], callback: Callback[MatchCancelled]) -> None: ...

    @overload
    def __call__(self, name: Literal["party_updated"], callback: Callback[Party]) -> None: ...

    @overload
    def __call__(self, name: Literal["party_invited"], callback: Callback[PartyInvited]) -> None: ...

    @overload
    def __call__(self, name: Literal["party_left"], callback: Callback[PartyLeft]) -> None: ...

    @overload
    def __call__(self, name: Literal["match_result"], callback: Callback[MatchReported]) -> None: ...

    @overload
    def __call__(self, name: Literal["lobby_updated"], callback: Callback[Lobby]) -> None: ...

    @overload
    def __call__(self, name: Literal["member_joined"], callback: Callback[MemberJoined]) -> None: ...

    @overload
    def __call__(self, name: Literal["member_left"], callback: Callback[MemberLeft]) -> None: ...

    @overload
    def __call__(self, name: Literal["spectator_joined"], callback: Callback[SpectatorJoined]) -> None: ...

    @overload
    def __call__(self, name: Literal["spectator_left"], callback: Callback[SpectatorLeft]) -> None: ...

    @overload
    def __call__(self, name: Literal["member_ready"], callback: Callback[MemberReady]) -> None: ...

    @overload
    def __call__(self, name: Literal["member_connection"], callback: Callback[MemberConnection]) -> None: ...

    @overload
    def __call__(self, name: Literal["host_changed"], callback: Callback[HostChanged]) -> None: ...

    @overload
    def __call__(self, name: Literal["lobby_ready"], callback: Callback[LobbyReady]) -> None: ...

    @overload
    def __call__(self, name: Literal["lobby_unready"], callback: Callback[LobbyUnready]) -> None: ...

    @overload
    def __call__(self, name: Literal["countdown_started"], callback: Callback[CountdownStarted]) -> None: ...

    @overload
    def __call__(self, name: Literal["countdown_cancelled"], callback: Callback[CountdownCancelled]) -> None: ...

    @overload
    def __call__(self, name: Literal["lobby_started"], callback: Callback[LobbyStarted]) -> None: ...

    @overload
    def __call__(self, name: Literal["lobby_closed"], callback: Callback[LobbyClosed]) -> None: ...

    @overload
    def __call__(self, name: Literal["lobby_invited"], callback: Callback[Invitation]) -> None: ...

    @overload
    def __call__(self, name: Literal["message"], callback: Callback[Message]) -> None: ...

    @overload
    def __call__(self, name: Literal["message_edited"], callback: Callback[Message]) -> None: ...

    @overload
    def __call__(self, name: Literal["message_deleted"], callback: Callback[MessageDeleted]) -> None: ...

    @overload
    def __call__(self, name: Literal["reaction_changed"], callback: Callback[ReactionChanged]) -> None: ...

    @overload
    def __call__(self, name: Literal["read"], callback: Callback[ReadMoved]) -> None: ...

    @overload
    def __call__(self, name: Literal["channel_updated"], callback: Callback[ChannelUpdated]) -> None: ...

    @overload
    def __call__(self, name: Literal["typing"], callback: Callback[Typing]) -> None: ...

    @overload
    def __call__(self, name: Literal["media_reviewed"], callback: Callback[MediaReviewed]) -> None: ...

    @overload
    def __call__(self, name: Literal["channel_muted"], callback: Callback[ChannelMuted]) -> None: ...

    @overload
    def __call__(self, name: Literal["channel_hidden"], callback: Callback[ChannelHidden]) -> None: ...

    @overload
    def __call__(self, name: Literal["message_held"], callback: Callback[MessageWaits]) -> None: ...

    @overload
    def __call__(self, name: Literal["friend_requested"], callback: Callback[Friend]) -> None: ...

    @overload
    def __call__(self, name: Literal["friend_added"], callback: Callback[Friend]) -> None: ...

    @overload
    def __call__(self, name: Literal["friend_removed"], callback: Callback[FriendRemoved]) -> None: ...

    @overload
    def __call__(self, name: Literal["notification"], callback: Callback[Notification]) -> None: ...

    @overload
    def __call__(self, name: Literal["notifications_marked"], callback: Callback[NotificationsMarked]) -> None: ...

    @overload
    def __call__(self, name: Literal["notification_removed"], callback: Callback[NotificationRemoved]) -> None: ...

    @overload
    def __call__(self, name: Literal["unread_count"], callback: Callback[UnreadCount]) -> None: ...

    @overload
    def __call__(self, name: Literal["presence_changed"], callback: Callback[Presence]) -> None: ...

    @overload
    def __call__(self, name: str, callback: Callback[Any]) -> None: ...


class WaitFor(Protocol):
    """Waits for an event of a name."""

    @overload
    async def __call__(
        self, name: Literal["hello"], predicate: Predicate[Hello] | None = None, timeout: float = ...
    ) -> Event[Hello]: ...

    @overload
    async def __call__(
        self,
        name: Literal["session_expiring"],
        predicate: Predicate[SessionExpiring] | None = None,
        timeout: float = ...,
    ) -> Event[SessionExpiring]: ...

    @overload
    async def __call__(
        self, name: Literal["rate_limited"], predicate: Predicate[RateLimitWarning] | None = None, timeout: float = ...
    ) -> Event[RateLimitWarning]: ...

    @overload
    async def __call__(
        self, name: Literal["kicked"], predicate: Predicate[Kicked] | None = None, timeout: float = ...
    ) -> Event[Kicked]: ...

    @overload
    async def __call__(
        self, name: Literal["server_draining"], predicate: Predicate[ServerDraining] | None = None, timeout: float = ...
    ) -> Event[ServerDraining]: ...

    @overload
    async def __call__(
        self, name: Literal["announcement"], predicate: Predicate[Announcement] | None = None, timeout: float = ...
    ) -> Event[Announcement]: ...

    @overload
    async def __call__(
        self, name: Literal["ticket_updated"], predicate: Predicate[Ticket] | None = None, timeout: float = ...
    ) -> Event[Ticket]: ...

    @overload
    async def __call__(
        self,
        name: Literal["ticket_cancelled"],
        predicate: Predicate[TicketCancelled] | None = None,
        timeout: float = ...,
    ) -> Event[TicketCancelled]: ...

    @overload
    async def __call__(
        self, name: Literal["ticket_expired"], predicate: Predicate[TicketExpired] | None = None, timeout: float = ...
    ) -> Event[TicketExpired]: ...

    @overload
    async def __call__(
        self, name: Literal["match_proposed"], predicate: Predicate[MatchProposed] | None = None, timeout: float = ...
    ) -> Event[MatchProposed]: ...

    @overload
    async def __call__(
        self, name: Literal["match_accepted"], predicate: Predicate[MatchAccepted] | None = None, timeout: float = ...
    ) -> Event[MatchAccepted]: ...

    @overload
    async def __call__(
        self, name: Literal["match_confirmed"], predicate: Predicate[MatchConfirmed] | None = None, timeout: float = ...
    ) -> Event[MatchConfirmed]: ...

    @overload
    async def __call__(
        self, name: Literal["match_cancelled"], predicate: Predicate[MatchCancelled] | None = None, timeout: float = ...
    ) -> Event[MatchCancelled]: ...

    @overload
    async def __call__(
        self, name: Literal["party_updated"], predicate: Predicate[Party] | None = None, timeout: float = ...
    ) -> Event[Party]: ...

    @overload
    async def __call__(
        self, name: Literal["party_invited"], predicate: Predicate[PartyInvited] | None = None, timeout: float = ...
    ) -> Event[PartyInvited]: ...

    @overload
    async def __call__(
        self, name: Literal["party_left"], predicate: Predicate[PartyLeft] | None = None, timeout: float = ...
    ) -> Event[PartyLeft]: ...

    @overload
    async def __call__(
        self, name: Literal["match_result"], predicate: Predicate[MatchReported] | None = None, timeout: float = ...
    ) -> Event[MatchReported]: ...

    @overload
    async def __call__(
        self, name: Literal["lobby_updated"], predicate: Predicate[Lobby] | None = None, timeout: float = ...
    ) -> Event[Lobby]: ...

    @overload
    async def __call__(
        self, name: Literal["member_joined"], predicate: Predicate[MemberJoined] | None = None, timeout: float = ...
    ) -> Event[MemberJoined]: ...

    @overload
    async def __call__(
        self, name: Literal["member_left"], predicate: Predicate[MemberLeft] | None = None, timeout: float = ...
    ) -> Event[MemberLeft]: ...

    @overload
    async def __call__(
        self,
        name: Literal["spectator_joined"],
        predicate: Predicate[SpectatorJoined] | None = None,
        timeout: float = ...,
    ) -> Event[SpectatorJoined]: ...

    @overload
    async def __call__(
        self, name: Literal["spectator_left"], predicate: Predicate[SpectatorLeft] | None = None, timeout: float = ...
    ) -> Event[SpectatorLeft]: ...

    @overload
    async def __call__(
        self, name: Literal["member_ready"], predicate: Predicate[MemberReady] | None = None, timeout: float = ...
    ) -> Event[MemberReady]: ...

    @overload
    async def __call__(
        self,
        name: Literal["member_connection"],
        predicate: Predicate[MemberConnection] | None = None,
        timeout: float = ...,
    ) -> Event[MemberConnection]: ...

    @overload
    async def __call__(
        self, name: Literal["host_changed"], predicate: Predicate[HostChanged] | None = None, timeout: float = ...
    ) -> Event[HostChanged]: ...

    @overload
    async def __call__(
        self, name: Literal["lobby_ready"], predicate: Predicate[LobbyReady] | None = None, timeout: float = ...
    ) -> Event[LobbyReady]: ...

    @overload
    async def __call__(
        self, name: Literal["lobby_unready"], predicate: Predicate[LobbyUnready] | None = None, timeout: float = ...
    ) -> Event[LobbyUnready]: ...

    @overload
    async def __call__(
        self,
        name: Literal["countdown_started"],
        predicate: Predicate[CountdownStarted] | None = None,
        timeout: float = ...,
    ) -> Event[CountdownStarted]: ...

    @overload
    async def __call__(
        self,
        name: Literal["countdown_cancelled"],
        predicate: Predicate[CountdownCancelled] | None = None,
        timeout: float = ...,
    ) -> Event[CountdownCancelled]: ...

    @overload
    async def __call__(
        self, name: Literal["lobby_started"], predicate: Predicate[LobbyStarted] | None = None, timeout: float = ...
    ) -> Event[LobbyStarted]: ...

    @overload
    async def __call__(
        self, name: Literal["lobby_closed"], predicate: Predicate[LobbyClosed] | None = None, timeout: float = ...
    ) -> Event[LobbyClosed]: ...

    @overload
    async def __call__(
        self, name: Literal["lobby_invited"], predicate: Predicate[Invitation] | None = None, timeout: float = ...
    ) -> Event[Invitation]: ...

    @overload
    async def __call__(
        self, name: Literal["message"], predicate: Predicate[Message] | None = None, timeout: float = ...
    ) -> Event[Message]: ...

    @overload
    async def __call__(
        self, name: Literal["message_edited"], predicate: Predicate[Message] | None = None, timeout: float = ...
    ) -> Event[Message]: ...

    @overload
    async def __call__(
        self, name: Literal["message_deleted"], predicate: Predicate[MessageDeleted] | None = None, timeout: float = ...
    ) -> Event[MessageDeleted]: ...

    @overload
    async def __call__(
        self,
        name: Literal["reaction_changed"],
        predicate: Predicate[ReactionChanged] | None = None,
        timeout: float = ...,
    ) -> Event[ReactionChanged]: ...

    @overload
    async def __call__(
        self, name: Literal["read"], predicate: Predicate[ReadMoved] | None = None, timeout: float = ...
    ) -> Event[ReadMoved]: ...

    @overload
    async def __call__(
        self, name: Literal["channel_updated"], predicate: Predicate[ChannelUpdated] | None = None, timeout: float = ...
    ) -> Event[ChannelUpdated]: ...

    @overload
    async def __call__(
        self, name: Literal["typing"], predicate: Predicate[Typing] | None = None, timeout: float = ...
    ) -> Event[Typing]: ...

    @overload
    async def __call__(
        self, name: Literal["media_reviewed"], predicate: Predicate[MediaReviewed] | None = None, timeout: float = ...
    ) -> Event[MediaReviewed]: ...

    @overload
    async def __call__(
        self, name: Literal["channel_muted"], predicate: Predicate[ChannelMuted] | None = None, timeout: float = ...
    ) -> Event[ChannelMuted]: ...

    @overload
    async def __call__(
        self, name: Literal["channel_hidden"], predicate: Predicate[ChannelHidden] | None = None, timeout: float = ...
    ) -> Event[ChannelHidden]: ...

    @overload
    async def __call__(
        self, name: Literal["message_held"], predicate: Predicate[MessageWaits] | None = None, timeout: float = ...
    ) -> Event[MessageWaits]: ...

    @overload
    async def __call__(
        self, name: Literal["friend_requested"], predicate: Predicate[Friend] | None = None, timeout: float = ...
    ) -> Event[Friend]: ...

    @overload
    async def __call__(
        self, name: Literal["friend_added"], predicate: Predicate[Friend] | None = None, timeout: float = ...
    ) -> Event[Friend]: ...

    @overload
    async def __call__(
        self, name: Literal["friend_removed"], predicate: Predicate[FriendRemoved] | None = None, timeout: float = ...
    ) -> Event[FriendRemoved]: ...

    @overload
    async def __call__(
        self, name: Literal["notification"], predicate: Predicate[Notification] | None = None, timeout: float = ...
    ) -> Event[Notification]: ...

    @overload
    async def __call__(
        self,
        name: Literal["notifications_marked"],
        predicate: Predicate[NotificationsMarked] | None = None,
        timeout: float = ...,
    ) -> Event[NotificationsMarked]: ...

    @overload
    async def __call__(
        self,
        name: Literal["notification_removed"],
        predicate: Predicate[NotificationRemoved] | None = None,
        timeout: float = ...,
    ) -> Event[NotificationRemoved]: ...

    @overload
    async def __call__(
        self, name: Literal["unread_count"], predicate: Predicate[UnreadCount] | None = None, timeout: float = ...
    ) -> Event[UnreadCount]: ...

    @overload
    async def __call__(
        self, name: Literal["presence_changed"], predicate: Predicate[Presence] | None = None, timeout: float = ...
    ) -> Event[Presence]: ...

    @overload
    async def __call__(
        self, name: str, predicate: Predicate[Any] | None = None, timeout: float = ...
    ) -> Event[Any]: ...


Namespace = Literal["matchmaking", "lobby", "chat", "social"]


class Call(Protocol):
    """Emits an event and returns the data of its ack."""

    @overload
    async def __call__(
        self,
        namespace: Namespace,
        event: Literal["ping"],
        payload: Empty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Pong: ...

    @overload
    async def __call__(
        self, namespace: Namespace, event: Literal["renew"], payload: Renew, *, timeout: float = ..., repeat: bool = ...
    ) -> Renewed: ...

    @overload
    async def __call__(
        self,
        namespace: Namespace,
        event: Literal["resume"],
        payload: Resume,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> dict[str, Recovery]: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["enqueue"],
        payload: Criteria,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Ticket: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["cancel"],
        payload: CancelTicket,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Ticket: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["backfill"],
        payload: BackfillLobby,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Ticket: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["status"],
        payload: Empty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Ticket | None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["accept"],
        payload: AnswerMatch,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Match: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["decline"],
        payload: AnswerMatch,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Match: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["party_create"],
        payload: Empty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Party: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["party_sync"],
        payload: Empty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Party | None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["party_invite"],
        payload: PartyMemberCommand,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Party: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["party_join"],
        payload: JoinParty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Party: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["party_decline"],
        payload: DeclineParty,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["party_leave"],
        payload: Empty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Party: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["party_kick"],
        payload: PartyMemberCommand,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Party: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["party_promote"],
        payload: PartyMemberCommand,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Party: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["matchmaking"],
        event: Literal["report_result"],
        payload: ReportResult,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Match: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["sync"],
        payload: LobbyRef | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["browse"],
        payload: Browse | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> LobbyPage: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["create"],
        payload: CreateLobby,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["join"],
        payload: JoinLobby | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["leave"],
        payload: LobbyRef | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["spectate"],
        payload: Spectate,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["set_ready"],
        payload: SetReady,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["ready_check"],
        payload: Empty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["start"],
        payload: Empty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["kick"],
        payload: AboutPlayer,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["transfer_host"],
        payload: AboutPlayer,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["set_team"],
        payload: SetTeam,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["set_role"],
        payload: SetRole,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["update_settings"],
        payload: UpdateSettings | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["invite"],
        payload: AboutPlayer,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Lobby: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["decline_invite"],
        payload: DeclineInvite,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["lobby"],
        event: Literal["invites"],
        payload: Empty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> list[Invitation]: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["send"],
        payload: Send,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Message: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["edit"],
        payload: Edit,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Message: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["delete"],
        payload: ToMessage,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Message: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["react"],
        payload: React,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Message: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["typing"],
        payload: SetTyping,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["mark_read"],
        payload: MarkRead,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> ReadMoved: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["history"],
        payload: History,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> HistoryPage: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["search"],
        payload: Search,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> HistoryPage: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["channels"],
        payload: Empty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> list[Channel]: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["open_direct"],
        payload: OpenDirect,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Channel: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["create_group"],
        payload: CreateGroup,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Channel: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["add_member"],
        payload: ToMember,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Channel: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["remove_member"],
        payload: ToMember,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Channel: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["set_channel_role"],
        payload: SetChannelRole,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Channel: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["transfer_channel"],
        payload: ToMember,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Channel: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["update_channel"],
        payload: UpdateChannel,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Channel: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["leave_channel"],
        payload: ToChannel,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["mute"],
        payload: Mute,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> ChannelMuted: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["moderate"],
        payload: Moderate,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Channel: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["review_media"],
        payload: ReviewMedia,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Media: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["held"],
        payload: ToChannel,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> list[Held]: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["chat"],
        event: Literal["review_message"],
        payload: ReviewMessage,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["watch_presence"],
        payload: WatchPresence,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> list[Presence]: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["unwatch_presence"],
        payload: UnwatchPresence | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["set_status"],
        payload: SetStatus,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Presence: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["friends"],
        payload: PageQuery | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> FriendList: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["friend_requests"],
        payload: RequestQuery | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> FriendList: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["friend_request"],
        payload: AskFriend | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Friend: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["friend_answer"],
        payload: AnswerFriend,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Friend | None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["friend_remove"],
        payload: ToFriend,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["blocks"],
        payload: PageQuery | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> BlockList: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["block"],
        payload: ToBlock,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Block: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["unblock"],
        payload: ToBlock,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> None: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["recent_players"],
        payload: PageQuery | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> RecentPlayerList: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["privacy"],
        payload: Empty | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Privacy: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["set_privacy"],
        payload: SetPrivacy | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Privacy: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["notifications"],
        payload: NotificationQuery | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> NotificationList: ...

    @overload
    async def __call__(
        self,
        namespace: Literal["social"],
        event: Literal["notifications_read"],
        payload: MarkNotifications | None = None,
        *,
        timeout: float = ...,
        repeat: bool = ...,
    ) -> Unread: ...
