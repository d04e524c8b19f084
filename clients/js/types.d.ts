// Generated from the code by `make docs`: what clients send and are told, as it is on the wire.

/** What a client says of itself. */
export interface ClientInfo {
  name?: string;
  protocol?: number;
}

/** The `auth` of a CONNECT. */
export interface Handshake {
  token: string;
  client?: ClientInfo;
}

/** With every event. Transient ones have no `seq` and `epoch`; those about the connection no `stream` either. */
export interface Meta {
  stream?: string;
  seq?: number;
  epoch?: string;
  at: string;
}

/** A command without fields. */
export interface Empty {
}

/** The server's time. */
export interface Pong {
  at: string;
}

/** Goes on with another access token of the same user, in all namespaces of the connection. */
export interface Renew {
  token: string;
}

/** How long the connection may live now. */
export interface Renewed {
  expiresInMs: number;
}

/** A place in a stream, as `hello` or the `meta` of an event told it. */
export interface Place {
  epoch: string;
  seq: number;
  at: string;
}

/** The last place the client knows of each stream. */
export interface Resume {
  streams: Record<string, Place>;
}

/**
 * How a stream was resumed, and where the client stands in it now. Recovered: every event between was sent before
 * this ack. Otherwise some are gone, and the client fetches the snapshot; without a place it does not follow the
 * stream.
 */
export interface Recovery {
  recovered: boolean;
  epoch?: string;
  seq?: number;
  at?: string;
}

/** One game a player would play; `weight` 1 to 10 says how gladly. */
export interface GameWish {
  gameId: string;
  weight?: number;
}

/** How many players a match may have, the player included. */
export interface GroupSize {
  min: number;
  max: number;
}

/**
 * The criteria of a ticket. Tickets meet if they share the mode and a game, agree on a group size, and break no
 * rule of each other. groupSize: what the mode allows, unless given. regions, languages: compared without regard to
 * case; which ones there are is the studio's choice. A `strict` preference holds for ever, a `preferred` one for
 * some seconds, `any` binds nobody. skillPreference: `similar` bounds the distance of ratings, more widely the
 * longer the ticket waits. party: the user ids of the other members. roles: those each player of the ticket would
 * play, any if empty. scheduledAt: when the search begins, at most 7 days ahead. latencyMs: as the client measured
 * it, by region; a region that is left out was not measured. attributes: what the rules of the game's mode speak
 * of, by name.
 */
export interface Criteria {
  games: Array<GameWish>;
  mode: "casual" | "competitive" | "ranked" | "custom";
  groupSize?: GroupSize;
  regions?: Array<string>;
  regionPreference?: "strict" | "preferred" | "any";
  languages?: Array<string>;
  languagePreference?: "strict" | "preferred" | "any";
  skillPreference?: "similar" | "any";
  party?: Array<string>;
  roles?: Array<string>;
  scheduledAt?: string;
  latencyMs?: Record<string, number>;
  attributes?: Record<string, number | string | Array<string>>;
}

/**
 * What a ticket holds to now by one rule. limit: the bound in force, missing where the rule binds no more. step:
 * how many steps it has softened.
 */
export interface RelaxedRule {
  rule: string;
  step: number;
  limit?: number;
}

/** A rule that keeps a ticket waiting, and the share (0 to 1) of the other tickets that it refuses. */
export interface Blocker {
  rule: string;
  rejected: number;
}

/** Between these eight of ten waits lie, in all. */
export interface WaitRange {
  fromMs: number;
  toMs: number;
}

/**
 * A ticket as its players see it. partyIds: everybody it is for. poolSize: how many tickets wait in the pool of its
 * first game. relaxationLevel: how many steps it has given way. relaxed: what it holds to now. nextRelaxationAt:
 * missing at the last step and once it no longer waits. blockers: the share of at most 256 other tickets that each
 * rule refuses, the largest first; empty in an ack. estimatedWaitMs: the middle of how long tickets like this one
 * waited of late, in all; missing until there were enough of them. matchId, acceptBy: while a match is proposed,
 * which one, and until when it can be accepted.
 */
export interface Ticket {
  id: string;
  userId: string;
  partyIds: Array<string>;
  criteria: Criteria;
  status: "scheduled" | "queued" | "proposed" | "matched" | "cancelled" | "expired";
  relaxationLevel: number;
  waitedMs: number;
  poolSize: number;
  relaxed: Array<RelaxedRule>;
  blockers: Array<Blocker>;
  nextRelaxationAt?: string;
  estimatedWaitMs?: number;
  estimatedWaitRange?: WaitRange;
  matchId?: string;
  acceptBy?: string;
  lobbyId?: string;
  createdAt: string;
}

/** Stops looking. While a match is proposed this declines it. */
export interface CancelTicket {
  ticketId: string;
}

/** Asks for players for the free places of a lobby. */
export interface BackfillLobby {
  lobbyId: string;
}

/** Accepts or declines a proposed match. */
export interface AnswerMatch {
  matchId: string;
}

/** A player of a match and the ticket that brought them there. */
export interface MatchPlayer {
  userId: string;
  ticketId: string;
  role?: string;
}

/** How good a match is, each figure from 0 to 1. */
export interface Quality {
  overall: number;
  skill: number;
  region: number;
  language: number;
  wait: number;
}

/** How a match ended: its players by place, the winners first. by: who said so. */
export interface MatchResult {
  places: Array<Array<string>>;
  by: "server" | "players";
  reportedAt: string;
}

/** A match as its players see it. disputed: they did not agree on its result in time. */
export interface Match {
  id: string;
  gameId: string;
  mode: "casual" | "competitive" | "ranked" | "custom";
  region?: string;
  teams: Array<Array<string>>;
  players: Array<MatchPlayer>;
  quality: Quality;
  status: "proposed" | "confirmed" | "cancelled" | "reported";
  lobbyId?: string;
  formedAt: string;
  disputed: boolean;
  result?: MatchResult;
}

/** A player in a party. The name is that at the time of joining. */
export interface PartyMember {
  userId: string;
  displayName: string;
  connection: "connected" | "grace";
}

/** Somebody may join, for a time. */
export interface Invite {
  userId: string;
  fromUserId: string;
  expiresAt: string;
}

/** A party as its members see it. `version` grows with every change. `joinCode` is missing in an invitation. */
export interface Party {
  id: string;
  version: number;
  leaderId: string;
  members: Array<PartyMember>;
  invites: Array<Invite>;
  joinCode?: string;
  createdAt: string;
}

/** A user whom the command is about. */
export interface PartyMemberCommand {
  userId: string;
}

/** Joins by invitation (`partyId`) or by the party's code (`joinCode`, in any case): one of the two. */
export interface JoinParty {
  partyId?: string;
  joinCode?: string;
}

/** Turns an invitation down. */
export interface DeclineParty {
  partyId: string;
}

/**
 * How a match ended: all its players by place, the winners first. The players of a team share a place, and so do
 * teams or players who drew.
 */
export interface Result {
  places: Array<Array<string>>;
}

/** A player says how a match ended. */
export interface ReportResult {
  matchId: string;
  result: Result;
}

/** The lobby one has a seat in, or else the one that one watches, unless it is named. */
export interface LobbyRef {
  lobbyId?: string;
}

/** A member as clients see it. */
export interface Member {
  userId: string;
  username: string;
  displayName: string;
  ready: boolean;
  team?: number;
  role?: string;
  connection: "connected" | "grace";
  joinedAt: string;
  isHost: boolean;
}

/** How few players can start, how many fit. */
export interface Capacity {
  min: number;
  max: number;
}

/** Teams of a match, of 100 players together at most; `roles` says how many of each a team needs, of its `size`. */
export interface Teams {
  count: number;
  size: number;
  roles?: Record<string, number>;
}

/** The settings as members see them. joinCode: lets in who has it; missing in what others see. */
export interface LobbySettings {
  visibility: "public" | "friends" | "private";
  allowSpectators: boolean;
  spectatorChat: boolean;
  autoStart: boolean;
  removeUnready: boolean;
  custom: Record<string, string | number | number | boolean>;
  joinCode?: string;
}

/**
 * Where a game is played: a `url`, or `host` and `port`. token: what lets the players in, if there is such a thing.
 * Only members of the lobby are told.
 */
export interface GameConnection {
  url?: string;
  host?: string;
  port?: number;
  token?: string;
}

/** A lobby as its members see it. `version` is the lobby's revision. */
export interface Lobby {
  id: string;
  version: number;
  name: string;
  status: "forming" | "ready" | "countdown" | "active" | "closed";
  gameId: string;
  mode: string;
  region?: string;
  hostId: string;
  members: Array<Member>;
  spectators: Array<string>;
  capacity: Capacity;
  teams?: Teams;
  settings: LobbySettings;
  matchId?: string;
  chatId: string;
  createdAt: string;
  readyBy?: string;
  readyAt?: string;
  startsAt?: string;
  allocating: boolean;
  activeAt?: string;
  connection?: GameConnection;
  closedAt?: string;
  closeReason?: "empty" | "idle" | "expired" | "finished" | "moderated";
}

/** Which lobbies to look for. */
export interface Browse {
  limit?: number;
  cursor?: string;
  gameId?: string;
  mode?: "casual" | "competitive" | "ranked" | "custom";
  region?: string;
}

/** A lobby as it is shown in the browser and in invitations. players: how many are in it. */
export interface LobbySummary {
  id: string;
  name: string;
  status: "forming" | "ready" | "countdown" | "active" | "closed";
  gameId: string;
  mode: string;
  region?: string;
  hostId: string;
  hostName: string;
  players: number;
  capacity: Capacity;
  visibility: "public" | "friends" | "private";
  allowSpectators: boolean;
  custom: Record<string, string | number | number | boolean>;
  createdAt: string;
}

/** Some of the lobbies that were asked for; nextCursor: where the others start. */
export interface LobbyPage {
  items: Array<LobbySummary>;
  nextCursor?: string;
}

/** How few players can start, and how many fit; what is left out stays, or is what the mode says. */
export interface SetCapacity {
  min?: number;
  max?: number;
}

/** Settings of a new lobby; what is left out is as in any. */
export interface SetSettings {
  visibility?: "public" | "friends" | "private";
  allowSpectators?: boolean;
  spectatorChat?: boolean;
  autoStart?: boolean;
  removeUnready?: boolean;
  custom?: Record<string, string | boolean | number | number>;
}

/** Opens a lobby for a game of the catalogue. name: the host's, if left out. */
export interface CreateLobby {
  gameId: string;
  mode: "casual" | "competitive" | "ranked" | "custom";
  region?: string;
  name?: string;
  capacity?: SetCapacity;
  settings?: SetSettings;
}

/** Joins a lobby that one can see (`lobbyId`), or one whose code one has (`joinCode`, in any case). */
export interface JoinLobby {
  lobbyId?: string;
  joinCode?: string;
}

/** Watches a lobby. */
export interface Spectate {
  lobbyId: string;
}

/** Says whether the player is ready. */
export interface SetReady {
  ready: boolean;
}

/** The player whom the command is about. */
export interface AboutPlayer {
  userId: string;
}

/** Puts a member on a team, from 1. swapWith: who takes the place that is left, for teams that are full. */
export interface SetTeam {
  userId: string;
  team: number;
  swapWith?: string;
}

/** Gives a member a role of the mode; none without `role`. */
export interface SetRole {
  userId: string;
  role?: string;
}

/** Changes what is given. version: of the lobby as the host saw it; settings changed since then are not lost. */
export interface UpdateSettings {
  version?: number;
  name?: string;
  capacity?: SetCapacity;
  visibility?: "public" | "friends" | "private";
  allowSpectators?: boolean;
  spectatorChat?: boolean;
  autoStart?: boolean;
  removeUnready?: boolean;
  custom?: Record<string, string | boolean | number | number>;
}

/** Turns down the invitation to a lobby. */
export interface DeclineInvite {
  lobbyId: string;
}

/** An invitation to a lobby as the invited player sees it. */
export interface Invitation {
  lobby: LobbySummary;
  fromUserId: string;
  expiresAt: string;
}

/** Says something in a channel. */
export interface Send {
  channelId: string;
  clientMessageId: string;
  contentType?: "text" | "emoji" | "gif" | "image";
  content?: string;
  mediaId?: string;
  replyToId?: string;
}

/**
 * What a system message tells, for clients to put into words. user_id: whom it is about. by_user_id: who did it, if
 * not themselves. name: the channel's new one.
 */
export interface System {
  type: "member_joined" | "member_left" | "member_added" | "member_removed" | "renamed" | "owner_changed";
  userId?: string;
  byUserId?: string;
  name?: string;
}

/** A message as clients see it. reactions: by emoji, who reacted with it, the first first. */
export interface Message {
  id: string;
  channelId: string;
  seq: number;
  senderId?: string;
  clientMessageId?: string;
  contentType: "text" | "emoji" | "gif" | "image" | "system";
  content: string;
  mediaId?: string;
  mediaUrl?: string;
  replyToId?: string;
  mentions: Array<string>;
  reactions: Record<string, Array<string>>;
  system?: System;
  createdAt: string;
  editedAt?: string;
  deletedAt?: string;
}

/** Says something else in place of what one said. */
export interface Edit {
  messageId: string;
  content: string;
}

/** Names a message. */
export interface ToMessage {
  messageId: string;
}

/** Reacts to a message with an emoji, or takes that back. */
export interface React {
  messageId: string;
  emoji: string;
  on: boolean;
}

/** Says whether the player is writing in a channel. */
export interface SetTyping {
  channelId: string;
  isTyping: boolean;
}

/** Has read a channel up to `seq`. */
export interface MarkRead {
  channelId: string;
  seq: number;
}

/** A member has read the channel up to `seq`. */
export interface ReadMoved {
  channelId: string;
  userId: string;
  seq: number;
}

/** A page of a channel: its newest messages, or those before or after a `seq`. */
export interface History {
  channelId: string;
  before?: number;
  after?: number;
  limit?: number;
}

/** Messages in the order of their `seq`; `hasMore` tells of more in the direction that was asked for. */
export interface HistoryPage {
  messages: Array<Message>;
  hasMore: boolean;
}

/** Looks for the messages that have all the words of `query`, of the last one at least the beginning. */
export interface Search {
  channelId: string;
  query: string;
  before?: number;
  limit?: number;
}

/**
 * A channel as one of its members sees it. lastSeq: of `lastMessage`, 0 before the first. readSeq: what the member
 * has read, on any device. unread: messages of others behind that, counted up to 99; none of those whom the member
 * has blocked, as far as the newest are concerned. hiddenSeq: of a direct channel that the member has put away: not
 * to be shown while `lastSeq` is no greater.
 */
export interface Channel {
  id: string;
  kind: "lobby" | "direct" | "group";
  name?: string;
  memberIds: Array<string>;
  ownerId?: string;
  adminIds: Array<string>;
  lobbyId?: string;
  slowModeMs: number;
  silenced: Record<string, string>;
  lastMessage?: Message;
  lastSeq: number;
  readSeq: number;
  unread: number;
  mutedUntil?: string;
  hiddenSeq?: number;
  createdAt: string;
  closedAt?: string;
}

/** Names the player to write to. */
export interface OpenDirect {
  userId: string;
}

/** Makes a group of the player and others. */
export interface CreateGroup {
  name: string;
  userIds?: Array<string>;
}

/** Names a player and the group they are in, or shall be. */
export interface ToMember {
  channelId: string;
  userId: string;
}

/** Makes a member of a group an admin, or an ordinary member again. */
export interface SetChannelRole {
  channelId: string;
  userId: string;
  role: "admin" | "member";
}

/** Renames a group, or sets what its members must wait between two messages of theirs (0: nothing). */
export interface UpdateChannel {
  channelId: string;
  name?: string;
  slowModeMs?: number;
}

/** Names a channel. */
export interface ToChannel {
  channelId: string;
}

/**
 * Wants no notifications from a channel until a moment, in Unix milliseconds; for good without one. A moment that
 * has passed takes the mute back.
 */
export interface Mute {
  channelId: string;
  untilMs?: number;
}

/** The player has muted a channel, on some device; without `mutedUntil`, the opposite. */
export interface ChannelMuted {
  channelId: string;
  mutedUntil?: string;
}

/**
 * Mutes a member of a channel until a moment, in Unix milliseconds; without one, or with one that has passed, the
 * member may talk again.
 */
export interface Moderate {
  channelId: string;
  userId: string;
  mutedUntilMs?: number;
}

/** Says whether an image may be seen. */
export interface ReviewMedia {
  mediaId: string;
  approved: boolean;
}

/** An image as the members of its channel see it. size: bytes. url: with the access token, as for every route. */
export interface Media {
  id: string;
  channelId: string;
  contentType: string;
  size: number;
  width: number;
  height: number;
  review: "pending" | "approved" | "rejected";
  url: string;
  thumbnailUrl: string;
}

/** A message that waits, as moderators see it; its `seq` is 0. */
export interface Held {
  message: Message;
  expiresAt: string;
}

/** Says whether a message that waits may be seen. */
export interface ReviewMessage {
  channelId: string;
  messageId: string;
  approved: boolean;
}

/** Names players whose presence the socket follows. */
export interface WatchPresence {
  userIds: Array<string>;
}

/**
 * What a player is doing, as others see it. Of two about one player the one with the later `since` is right. since:
 * when the status began; missing when that is long ago.
 */
export interface Presence {
  userId: string;
  status: "online" | "away" | "queued" | "in_lobby" | "in_game" | "offline";
  since?: string;
  customStatus?: string;
}

/** Names players whose presence the socket follows no longer; without names all of them. */
export interface UnwatchPresence {
  userIds?: Array<string>;
}

/** Says whether the player is there or away, and what others shall read next to it; without it nothing. */
export interface SetStatus {
  status: "online" | "away";
  customStatus?: string;
}

/** Which page of a list: at most `limit` items, from `cursor` (the last page's `nextCursor`) on. */
export interface PageQuery {
  limit?: number;
  cursor?: string;
}

/**
 * Another player, and what they are to the player: a friend, who has asked (incoming), or who is asked (outgoing).
 * since: when that began.
 */
export interface Friend {
  userId: string;
  username: string;
  displayName: string;
  status: "friends" | "incoming" | "outgoing";
  since: string;
}

/** A page of friends or of requests, the newest first. nextCursor: missing on the last page. */
export interface FriendList {
  items: Array<Friend>;
  nextCursor?: string;
}

/** Which page of the open requests. direction: those to the player (incoming), or those they made (outgoing). */
export interface RequestQuery {
  limit?: number;
  cursor?: string;
  direction?: "incoming" | "outgoing";
}

/** Names the player to ask for friendship, by id or by username. */
export interface AskFriend {
  userId?: string;
  username?: string;
}

/** Accepts or declines the request of that player. */
export interface AnswerFriend {
  accept: boolean;
  userId: string;
}

/** Names the player whose friendship or request ends. */
export interface ToFriend {
  userId: string;
}

/** A block as the player who made it sees it. */
export interface Block {
  userId: string;
  createdAt: string;
}

/** A page of blocks, the newest first. nextCursor: missing on the last page. */
export interface BlockList {
  items: Array<Block>;
  nextCursor?: string;
}

/** Names the player to block, or to unblock. */
export interface ToBlock {
  userId: string;
}

/** Another player, and the last match in which the two were. */
export interface RecentPlayer {
  userId: string;
  username: string;
  displayName: string;
  matchId: string;
  gameId: string;
  mode: "casual" | "competitive" | "ranked" | "custom";
  playedAt: string;
}

/** A page of recent players, those met last first. nextCursor: missing on the last page. */
export interface RecentPlayerList {
  items: Array<RecentPlayer>;
  nextCursor?: string;
}

/** Who may do and see what. */
export interface Privacy {
  presence: "everyone" | "friends" | "nobody";
  profile: "everyone" | "friends" | "nobody";
  directMessages: "everyone" | "friends" | "nobody";
  friendRequests: "everyone" | "nobody";
}

/** What changes; the rest stays. See `PrivacySettings`. */
export interface SetPrivacy {
  presence?: "everyone" | "friends" | "nobody";
  profile?: "everyone" | "friends" | "nobody";
  directMessages?: "everyone" | "friends" | "nobody";
  friendRequests?: "everyone" | "nobody";
}

/** Which page of the notifications. unread: only those not read yet. */
export interface NotificationQuery {
  limit?: number;
  cursor?: string;
  unread?: boolean;
}

/** Somebody would like to be friends. */
export interface FriendRequest {
  type: "friend_request";
  fromUserId: string;
  fromName: string;
}

/** Somebody accepted a friend request. */
export interface FriendAccepted {
  type: "friend_accepted";
  userId: string;
  name: string;
}

/** A match was confirmed, and its lobby waits. */
export interface MatchFound {
  type: "match_found";
  matchId: string;
  lobbyId: string;
  gameId: string;
  mode: string;
}

/** Somebody invites to a lobby, until `expires_at`. */
export interface LobbyInvite {
  type: "lobby_invite";
  lobbyId: string;
  lobbyName: string;
  gameId: string;
  fromUserId: string;
  fromName: string;
  expiresAt: string;
}

/** Somebody named the player in a message. */
export interface Mention {
  type: "mention";
  channelId: string;
  messageId: string;
  fromUserId: string;
  fromName: string;
}

/** What became of a report the player made. */
export interface ReportOutcome {
  type: "report_outcome";
  reportId: string;
  outcome: string;
}

/** The operators have something to say. */
export interface SystemNotice {
  type: "system";
  title: string;
  body: string;
}

/** A notification as its user sees it. title, body: English, for clients that have no words of their own. */
export interface Notification {
  id: string;
  type: "friend_request" | "friend_accepted" | "match_found" | "lobby_invite" | "mention" | "report_outcome" | "system";
  title: string;
  body: string;
  data: FriendRequest | FriendAccepted | MatchFound | LobbyInvite | Mention | ReportOutcome | SystemNotice;
  read: boolean;
  createdAt: string;
}

/** A page of notifications, the newest first. unread: of all. nextCursor: missing on the last page. */
export interface NotificationList {
  items: Array<Notification>;
  nextCursor?: string;
  unread: number;
}

/** Names the notifications that were read: by their ids, or all of them. */
export interface MarkNotifications {
  ids?: Array<string>;
  all?: boolean;
}

/** How many notifications are unread. */
export interface Unread {
  count: number;
}

/** A place in a stream: the client knows everything up to its `seq`-th durable event, of the moment `at`. */
export interface StreamPosition {
  epoch: string;
  seq: number;
  at: string;
}

/**
 * The first event after CONNECT: the streams the client follows from here on, and where each stands. A client that
 * was here before sends `resume` with the places it knows, or fetches the snapshots. `hello` comes again when this
 * server has lost events: a stream whose `seq` or `epoch` is not the client's has moved on unseen, and the client
 * fetches the snapshot anew. pingMs: between two heartbeats.
 */
export interface Hello {
  streams: Record<string, StreamPosition>;
  serverTime: string;
  pingMs: number;
}

/** The access token expires in `inMs`: send `renew` with a new one, or the connection is closed. */
export interface SessionExpiring {
  inMs: number;
}

/** Events are being refused as too many: wait `retryInMs`. Who goes on is kicked with `rate_limited`. */
export interface RateLimitWarning {
  retryInMs: number;
}

/** The server closes the connection. reason: token_expired, logged_out, banned and the like. */
export interface Kicked {
  reason: string;
}

/**
 * The server is about to stop: make the connection anew after `reconnectInMs`, and `resume` there. The time differs
 * from connection to connection, so that those who come back are not all there at once. Who has not left soon after
 * it is disconnected.
 */
export interface ServerDraining {
  reconnectInMs: number;
}

/**
 * The operators have something to say to everybody who is connected. It comes in every namespace a client is in,
 * and may come twice, with the same `id`; who is not connected never hears of it.
 */
export interface Announcement {
  id: string;
  title: string;
  body: string;
}

/** The server took the ticket out of the pools: none of its games can be played in its mode any more. */
export interface TicketCancelled {
  ticketId: string;
  reason: "mode_disabled";
}

/** The ticket waited too long and was taken out of the pools. */
export interface TicketExpired {
  ticketId: string;
}

/** A match was found: accept it until `acceptBy`. */
export interface MatchProposed {
  match: Match;
  acceptBy: string;
}

/** A player of the match accepted it: `accepted` of `needed` have. */
export interface MatchAccepted {
  matchId: string;
  userId: string;
  accepted: number;
  needed: number;
}

/** Everyone accepted, and the lobby stands. */
export interface MatchConfirmed {
  match: Match;
  lobbyId: string;
}

/**
 * The match is off. `requeued` says whether this player's ticket waits again, with its old waiting time.
 * cooldownUntil: for who declined, did not answer or was gone, until when they cannot search again; missing when it
 * costs nothing yet.
 */
export interface MatchCancelled {
  matchId: string;
  reason: "declined" | "timeout" | "disconnected" | "withdrawn";
  requeued: boolean;
  cooldownUntil?: string;
}

/** `fromUserId` invites the player, who may join until `expiresAt`. */
export interface PartyInvited {
  party: Party;
  fromUserId: string;
  expiresAt: string;
}

/** The player is in the party no more. */
export interface PartyLeft {
  partyId: string;
  reason: "left" | "kicked" | "grace_expired";
}

/**
 * How strong a player is in one game, in rating points. mu: the estimate. sigma: its standard deviation. ordinal:
 * the strength the player has very likely reached, what leaderboards sort by: mu - 3 sigma (the TrueSkill rank of
 * Herbrich et al., 2006).
 */
export interface Rating {
  mu: number;
  sigma: number;
  ordinal: number;
}

/** A player's rating in the game and mode of a match, before and after it. */
export interface RatingStep {
  before: Rating;
  after: Rating;
}

/**
 * The match has a result, or its players did not agree on one (`match.disputed`). `ratings` is the player's own,
 * missing where the mode is not rated or there is no result.
 */
export interface MatchReported {
  match: Match;
  ratings?: RatingStep;
}

/** A player has come: put it at the end of `members`. The player itself gets `lobby_updated`. */
export interface MemberJoined {
  lobbyId: string;
  version: number;
  member: Member;
}

/** A member is gone: take it out of `members`. */
export interface MemberLeft {
  lobbyId: string;
  version: number;
  userId: string;
  reason: "left" | "kicked" | "not_ready" | "grace_expired" | "banned";
}

/** Somebody watches now: put them at the end of `spectators`. They themselves get `lobby_updated`. */
export interface SpectatorJoined {
  lobbyId: string;
  version: number;
  userId: string;
}

/** Somebody watches no longer: take them out of `spectators`. */
export interface SpectatorLeft {
  lobbyId: string;
  version: number;
  userId: string;
  reason: "left" | "kicked" | "joined" | "not_allowed" | "grace_expired" | "banned";
}

/** A member is ready or no longer ready. */
export interface MemberReady {
  lobbyId: string;
  version: number;
  userId: string;
  ready: boolean;
}

/** A member lost its last connection (grace), or came back. */
export interface MemberConnection {
  lobbyId: string;
  version: number;
  userId: string;
  connection: "connected" | "grace";
}

/** Another member is the host now. */
export interface HostChanged {
  lobbyId: string;
  version: number;
  hostId: string;
}

/** Everyone is ready: the status is `ready`, and a ready check (`readyBy`) is over. */
export interface LobbyReady {
  lobbyId: string;
  version: number;
  readyAt: string;
}

/** Not everyone is ready any more: the status is `forming` again, `readyAt` and `startsAt` are gone. */
export interface LobbyUnready {
  lobbyId: string;
  version: number;
}

/** The lobby starts at `startsAt`: the status is `countdown`. */
export interface CountdownStarted {
  lobbyId: string;
  version: number;
  startsAt: string;
}

/**
 * The countdown ended early: the status is `forming`, `readyAt` and `startsAt` are gone, `allocating` is false.
 * reason: somebody is not ready any more or is gone; or no server was to be had for the game; or its host has asked
 * for too many (`rate_limited`).
 */
export interface CountdownCancelled {
  lobbyId: string;
  version: number;
  reason: "not_ready" | "allocation_failed" | "rate_limited";
}

/** The game begins: the status is `active`, `allocating` is false. connection: where, if a server was found. */
export interface LobbyStarted {
  lobbyId: string;
  version: number;
  activeAt: string;
  connection?: GameConnection;
}

/** The lobby is over: the status is `closed`, `readyBy` is gone, `allocating` is false. */
export interface LobbyClosed {
  lobbyId: string;
  version: number;
  reason: "empty" | "idle" | "expired" | "finished" | "moderated";
  closedAt: string;
}

/** A message was deleted, by its sender or by a moderator of the channel. Its content is gone. */
export interface MessageDeleted {
  channelId: string;
  messageId: string;
  seq: number;
  byUserId: string;
  deletedAt: string;
}

/** Somebody reacted to a message (`on`), or took that back. seq: the message's. */
export interface ReactionChanged {
  channelId: string;
  messageId: string;
  seq: number;
  userId: string;
  emoji: string;
  on: boolean;
}

/** A channel was opened, changed or closed. slowModeMs, silenced: missing where they stay as they were. */
export interface ChannelUpdated {
  id: string;
  kind: "lobby" | "direct" | "group";
  name?: string;
  memberIds: Array<string>;
  ownerId?: string;
  adminIds: Array<string>;
  lobbyId?: string;
  slowModeMs?: number;
  silenced?: Record<string, string>;
  closedAt?: string;
}

/** A member types, or has stopped. Without another such event it is over after `expiresInMs`. */
export interface Typing {
  channelId: string;
  userId: string;
  isTyping: boolean;
  expiresInMs: number;
}

/** A moderator has said whether an image may be seen. */
export interface MediaReviewed {
  channelId: string;
  mediaId: string;
  review: "pending" | "approved" | "rejected";
}

/** The player has put a direct channel away, on some device: it is not to be shown until a message behind `seq`. */
export interface ChannelHidden {
  channelId: string;
  seq: number;
}

/** A message waits for a moderator of the channel. */
export interface MessageWaits {
  channelId: string;
  messageId: string;
}

/** The two are not friends any more, or there is no request any more: take the other player off both lists. */
export interface FriendRemoved {
  userId: string;
}

/** One of the player's devices has marked these notifications as read, or as unread. */
export interface NotificationsMarked {
  ids: Array<string>;
  read: boolean;
}

/** One of the player's devices has deleted a notification. */
export interface NotificationRemoved {
  id: string;
}

/** How many notifications are unread now. */
export interface UnreadCount {
  count: number;
}

/** Opens an account. */
export interface Register {
  email: string;
  username: string;
  displayName?: string;
  password: string;
  device?: string;
}

/** A game a player likes; `weight` 1 to 10 says how much. */
export interface PreferredGame {
  gameId: string;
  weight: number;
}

/** Hours of a day of the week in which a player likes to play, in UTC. */
export interface PlayTime {
  day: "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
  fromHour: number;
  toHour: number;
}

/**
 * What a player likes to play, where, when and with whom. research: whether searches may be recorded, without any
 * name, to be replayed under other rules.
 */
export interface Preferences {
  competitiveness: "casual" | "balanced" | "competitive";
  games: Array<PreferredGame>;
  regions: Array<string>;
  languages: Array<string>;
  playTimes: Array<PlayTime>;
  research: boolean;
}

/** What a player is in one game, with their rating in the mode they played last. */
export interface GameProfile {
  gameId: string;
  inGameName?: string;
  rank?: string;
  skillLevel?: number;
  updatedAt: string;
  rating: Rating;
}

/** Which kinds of notifications the player wants. */
export interface NotificationSettings {
  friendRequest: boolean;
  friendAccepted: boolean;
  matchFound: boolean;
  lobbyInvite: boolean;
  mention: boolean;
  reportOutcome: boolean;
  system: boolean;
}

/** A user as they see themselves. phone, gender, birthYear: nobody else sees them. */
export interface Me {
  id: string;
  username: string;
  displayName: string;
  avatarUrl?: string;
  bio?: string;
  karma: number;
  createdAt: string;
  email?: string;
  emailVerified: boolean;
  guest: boolean;
  roles: Array<"user" | "moderator" | "admin">;
  identities: Array<string>;
  status: "active" | "suspended" | "banned" | "deleted";
  preferences: Preferences;
  gameProfiles: Array<GameProfile>;
  privacy: Privacy;
  notificationSettings: NotificationSettings;
  phone?: string;
  gender?: string;
  birthYear?: number;
}

/** What a login answers. */
export interface Session {
  accessToken: string;
  refreshToken: string;
  expiresInMs: number;
  user: Me;
}

/** Logs in by email address or username. */
export interface Login {
  credential: string;
  password: string;
  device?: string;
}

/** Enters without an account. */
export interface EnterAsGuest {
  displayName?: string;
  device?: string;
}

/** Gives a guest a name and a password. */
export interface Upgrade {
  email: string;
  username: string;
  displayName?: string;
  password: string;
}

/** Trades a refresh token for the next one. */
export interface Refresh {
  refreshToken: string;
}

/** Ends the session of the access token, and that of `refreshToken` if another one of the caller's is given. */
export interface Logout {
  refreshToken?: string;
}

/** A login as its owner sees it in a list. last_used_at: when it was last refreshed, which takes some minutes. */
export interface SessionInfo {
  id: string;
  device?: string;
  address?: string;
  userAgent?: string;
  createdAt: string;
  lastUsedAt: string;
  current: boolean;
}

/** Chooses another password. password: the present one. */
export interface ChangePassword {
  password: string;
  newPassword: string;
}

/** Chooses another address. password: the present one. */
export interface ChangeEmail {
  email: string;
  password: string;
}

/** What was asked for will be done; there is nothing to say of it yet. */
export interface Accepted {
}

/** Proves that an address is the caller's, with what was mailed there. */
export interface VerifyEmail {
  token: string;
}

/** Asks for a mail with which another password can be chosen. */
export interface RequestReset {
  email: string;
}

/** Chooses another password with what was mailed. */
export interface ResetPassword {
  token: string;
  newPassword: string;
}

/** Logs in by an identity. provider: by the name the server's settings give it. */
export interface ExternalLogin {
  token: string;
  nonce?: string;
  provider: string;
  device?: string;
}

/** Links an identity. password: the account's; not needed by who has just logged in, or is a guest. */
export interface LinkIdentity {
  token: string;
  nonce?: string;
  password?: string;
}

/** What changes; the rest stays. null takes a field away. phone, gender, birthYear are shown to nobody else. */
export interface UpdateProfile {
  username?: string;
  displayName?: string;
  bio?: string;
  phone?: string;
  gender?: string;
  birthYear?: number;
}

/** A game the player likes; `weight` 1 to 10 says how much. */
export interface GameLiked {
  gameId: string;
  weight?: number;
}

/** Hours of a day of the week, in UTC. */
export interface TimeLiked {
  day: "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
  fromHour: number;
  toHour: number;
}

/** What changes; the rest stays. research: searches may be recorded, without any name, for a simulation. */
export interface UpdatePreferences {
  competitiveness?: "casual" | "balanced" | "competitive";
  games?: Array<GameLiked>;
  regions?: Array<string>;
  languages?: Array<string>;
  playTimes?: Array<TimeLiked>;
  research?: boolean;
}

/** What the player is in a game, in their own words. skillLevel: 0 to 100. */
export interface SetGameProfile {
  inGameName?: string;
  rank?: string;
  skillLevel?: number;
}

/** How large a picture is to be: no side is longer than so many pixels. */
export interface AvatarQuery {
  size?: "64" | "256";
}

/** A device as its user sees it. seenAt: when it was last named. */
export interface Device {
  id: string;
  platform: "ios" | "android" | "web";
  name?: string;
  seenAt: string;
}

/** Names a device that notifications can be pushed to. token: the one its push service gave it. */
export interface AddDevice {
  token: string;
  platform: "ios" | "android" | "web";
  name?: string;
}

/** A user as others see them. avatarUrl, bio: missing where there is none, or the user shows it to others only. */
export interface PublicUser {
  id: string;
  username: string;
  displayName: string;
  avatarUrl?: string;
  bio?: string;
  karma: number;
  createdAt: string;
}

/** Whom to look for: how a username, a display name or a word of it begins, whatever its case. */
export interface UserSearch {
  limit?: number;
  cursor?: string;
  query: string;
}

/** Which games: those that have all of this. query: words of the name or another name, the last as far as typed. */
export interface GameQuery {
  limit?: number;
  cursor?: string;
  query?: string;
  genre?: string;
  platform?: string;
  mode?: "casual" | "competitive" | "ranked" | "custom";
  sort?: "popularity" | "name";
}

/** From `afterS` seconds of waiting on the bound is `limit`; none means that it binds no more. */
export interface Step {
  afterS: number;
  limit?: number;
}

/** Two numbers are at most `limit` apart. */
export interface Distance {
  name: string;
  attribute: string;
  required: boolean;
  type: "distance";
  limit: number;
  expand: Array<Step>;
}

/** Two values are the same, for `untilS` seconds of waiting or, without it, always. */
export interface Equality {
  name: string;
  attribute: string;
  required: boolean;
  type: "equality";
  untilS?: number;
}

/** Two sets of texts share at least `limit` members. */
export interface Overlap {
  name: string;
  attribute: string;
  required: boolean;
  type: "overlap";
  limit: number;
  expand: Array<Step>;
}

/** The match is played in a region to which every player who measured latencies has at most `limit` ms. */
export interface MaxLatency {
  name: string;
  type: "max_latency";
  limit: number;
  expand: Array<Step>;
}

/** How many players of a kind there must and may be. */
export interface Share {
  min: number;
  max: number;
}

/**
 * Of each listed value of a text attribute so many players, in each team or in the whole match. untilS: for how
 * long of the longest waiting in the match; always, without it.
 */
export interface Composition {
  name: string;
  attribute: string;
  required: boolean;
  type: "composition";
  counts: Record<string, Share>;
  per: "team" | "match";
  untilS?: number;
}

/**
 * How a mode's tickets are matched. skill: most rating points between two tickets of which one wants similar skill.
 * nearS: for how long a preferred region or language is held to. fullS: for how long only groups of the largest
 * size are formed. partyPremium: rating points that each further member adds to a party's mean, for players who
 * know one another play better. slowest: a busy pool, in which better is about to come, takes all steps up to so
 * many times slower; a quiet one never slower. holdS: a busy pool puts off groups that are far apart, at most two
 * and a half times so long; 0 never does.
 */
export interface RuleSet {
  skill: Array<Step>;
  nearS: number;
  fullS: number;
  partyPremium: number;
  slowest: number;
  holdS: number;
  rules: Array<Distance | Equality | Overlap | MaxLatency | Composition>;
}

/**
 * From `startsAt` on, until the next season. `softReset` is how far its start moves each rating towards a new one.
 * 0 leaves a rating as it is, 1 makes it that of a new player; in between the order of the players stays.
 */
export interface Season {
  name: string;
  startsAt: string;
  softReset: number;
}

/** Who does not play becomes uncertain: after `afterDays` sigma grows by `sigmaPerDay` a day, up to `sigmaMax`. */
export interface Decay {
  afterDays: number;
  sigmaPerDay: number;
  sigmaMax: number;
}

/**
 * The rules of a mode's ratings. seasons: in the order of their starts; without any, ratings go on for ever.
 * listedFrom: how many rated matches of the season put a player on the leaderboard.
 */
export interface RatingRules {
  seasons: Array<Season>;
  decay?: Decay;
  listedFrom: number;
}

/**
 * A way to play a game: in teams, or else as one group. matching: how its players are found. enabled: whether new
 * games of it may begin. What has begun goes on; who waits for one is told, and waits no more. rated: whether
 * results change ratings; by default in competitive and ranked, where teams play against one another. A group
 * without teams may be a squad that plays together: only the catalogue knows that it is each for themselves.
 * reported_by: whose word of a match's end counts. rating: how ratings live on. replace_leavers: whether the lobby
 * of a match asks for another player by itself when it loses one.
 */
export interface Mode {
  mode: "casual" | "competitive" | "ranked" | "custom";
  enabled: boolean;
  groupSize?: GroupSize;
  teams?: Teams;
  matching: RuleSet;
  rated: boolean;
  reportedBy: "anyone" | "server";
  replaceLeavers: boolean;
  rating: RatingRules;
}

/** A game of the catalogue as everybody sees it, with the modes it can be played in now. */
export interface Game {
  id: string;
  name: string;
  aliases: Array<string>;
  summary?: string;
  coverUrl?: string;
  genres: Array<string>;
  platforms: Array<string>;
  releaseDate?: string;
  rating?: number;
  popularity: number;
  modes: Array<Mode>;
  externalIds?: Record<string, string>;
}

/** How many of the games that are played most now. */
export interface TrendingQuery {
  limit?: number;
}

/** A game and how much it is played now. waiting: tickets in its pools. lobbies: those that are open or play. */
export interface TrendingGame {
  id: string;
  name: string;
  aliases: Array<string>;
  summary?: string;
  coverUrl?: string;
  genres: Array<string>;
  platforms: Array<string>;
  releaseDate?: string;
  rating?: number;
  popularity: number;
  modes: Array<Mode>;
  externalIds?: Record<string, string>;
  waiting: number;
  lobbies: number;
}

/** Asks for games that the catalogue may not have yet. */
export interface FetchGames {
  query: string;
}

/** Which part of a mode's leaderboard: from the top, from `cursor`, or `around` a player (`me`, or their id). */
export interface LeaderboardQuery {
  limit?: number;
  cursor?: string;
  mode: "casual" | "competitive" | "ranked" | "custom";
  around?: string;
}

/** A player on a leaderboard. `rank` counts from 1; `matches` are the rated ones of the season. */
export interface LeaderboardEntry {
  rank: number;
  userId: string;
  username: string;
  displayName: string;
  rating: Rating;
  matches: number;
  wins: number;
}

/** Rates another player of the match: 1 for good, -1 for bad company. */
export interface GiveKarma {
  userId: string;
  value: 1 | -1;
}

/** What the player gave. */
export interface Karma {
  matchId: string;
  userId: string;
  value: 1 | -1;
  createdAt: string;
}

/** The code of a lobby that is named elsewhere, where it takes one. */
export interface WithCode {
  joinCode?: string;
}

/** Whether a request is accepted. */
export interface Verdict {
  accept: boolean;
}

/** Whether a notification has been read. */
export interface ReadState {
  read: boolean;
}

/** Which kinds of notifications the player wants; the kinds that are not named are wanted. */
export interface SetNotifications {
  friendRequest?: boolean;
  friendAccepted?: boolean;
  matchFound?: boolean;
  lobbyInvite?: boolean;
  mention?: boolean;
  reportOutcome?: boolean;
  system?: boolean;
}

/** Which page of a channel's messages: the newest, or those before or after a `seq`. */
export interface HistoryQuery {
  before?: number;
  after?: number;
  limit?: number;
}

/**
 * What is said. A retry with the same `clientMessageId` gets the first message back. content: of a gif its address,
 * of an image what is said about it, which may be nothing. mediaId: of the image.
 */
export interface Saying {
  clientMessageId: string;
  contentType?: "text" | "emoji" | "gif" | "image";
  content?: string;
  mediaId?: string;
  replyToId?: string;
}

/** One thing to look at: a message, an image of the chat, a lobby or a match the reporter was part of. */
export interface EvidenceRef {
  messageId?: string;
  mediaId?: string;
  lobbyId?: string;
  matchId?: string;
}

/** Tells the moderators of a player. What is pointed at is copied now, as it is. */
export interface SubmitReport {
  userId: string;
  reason: "threats" | "hate_speech" | "harassment" | "cheating" | "inappropriate_content" | "griefing" | "spam" | "other";
  description?: string;
  evidence?: Array<EvidenceRef>;
}

/**
 * A report as its reporter sees it. outcome: whether anything was done, once it is resolved. Once the reported
 * account is erased, so is what was said of it: userId, description and outcome are missing then.
 */
export interface MyReport {
  id: string;
  userId?: string;
  reason: "threats" | "hate_speech" | "harassment" | "cheating" | "inappropriate_content" | "griefing" | "spam" | "other";
  description?: string;
  evidence: number;
  status: "open" | "resolved";
  outcome?: "action" | "no_action";
  createdAt: string;
  resolvedAt?: string;
}

export type Namespace = "matchmaking" | "lobby" | "chat" | "social";

/** What acknowledges a client's event. */
export type Ack<T> =
  | { status: "success"; data: T; meta?: { streams?: Record<string, StreamPosition> } }
  | { status: "error"; error: { code: string; message: string; details?: unknown } };

export interface CommonEvents {
  /**
   * The first event after CONNECT: the streams the client follows from here on, and where each stands. A client
   * that was here before sends `resume` with the places it knows, or fetches the snapshots. `hello` comes again
   * when this server has lost events: a stream whose `seq` or `epoch` is not the client's has moved on unseen, and
   * the client fetches the snapshot anew. pingMs: between two heartbeats.
   */
  hello: (data: Hello, meta: Meta) => void;
  /** The access token expires in `inMs`: send `renew` with a new one, or the connection is closed. */
  session_expiring: (data: SessionExpiring, meta: Meta) => void;
  /** Events are being refused as too many: wait `retryInMs`. Who goes on is kicked with `rate_limited`. */
  rate_limited: (data: RateLimitWarning, meta: Meta) => void;
  /** The server closes the connection. reason: token_expired, logged_out, banned and the like. */
  kicked: (data: Kicked, meta: Meta) => void;
  /**
   * The server is about to stop: make the connection anew after `reconnectInMs`, and `resume` there. The time
   * differs from connection to connection, so that those who come back are not all there at once. Who has not left
   * soon after it is disconnected.
   */
  server_draining: (data: ServerDraining, meta: Meta) => void;
  /**
   * The operators have something to say to everybody who is connected. It comes in every namespace a client is in,
   * and may come twice, with the same `id`; who is not connected never hears of it.
   */
  announcement: (data: Announcement, meta: Meta) => void;
}

export interface CommonCommands {
  /** Says that the server is there, and its time. */
  ping: (payload: Empty, ack: (answer: Ack<Pong>) => void) => void;
  /** Puts a fresh access token in the place of the one that expires. */
  renew: (payload: Renew, ack: (answer: Ack<Renewed>) => void) => void;
  /**
   * Sends what the client has missed of its streams since the places it knows, in order, before the ack. It may be
   * emitted on any instance. Live events may come before the missed ones: until the ack, a client puts what comes
   * in the order of `seq`. It costs a token more for every 10 streams.
   */
  resume: (payload: Resume, ack: (answer: Ack<Record<string, Recovery>>) => void) => void;
}

export interface MatchmakingEvents extends CommonEvents {
  /** The ticket as it is now; on every change, and at least every 5 s while it waits. */
  ticket_updated: (data: Ticket, meta: Meta) => void;
  /** The server took the ticket out of the pools: none of its games can be played in its mode any more. */
  ticket_cancelled: (data: TicketCancelled, meta: Meta) => void;
  /** The ticket waited too long and was taken out of the pools. */
  ticket_expired: (data: TicketExpired, meta: Meta) => void;
  /** A match was found: accept it until `acceptBy`. */
  match_proposed: (data: MatchProposed, meta: Meta) => void;
  /** A player of the match accepted it: `accepted` of `needed` have. */
  match_accepted: (data: MatchAccepted, meta: Meta) => void;
  /** Everyone accepted, and the lobby stands. */
  match_confirmed: (data: MatchConfirmed, meta: Meta) => void;
  /**
   * The match is off. `requeued` says whether this player's ticket waits again, with its old waiting time.
   * cooldownUntil: for who declined, did not answer or was gone, until when they cannot search again; missing when
   * it costs nothing yet.
   */
  match_cancelled: (data: MatchCancelled, meta: Meta) => void;
  /** The party as it is now: take it whole. */
  party_updated: (data: Party, meta: Meta) => void;
  /** `fromUserId` invites the player, who may join until `expiresAt`. */
  party_invited: (data: PartyInvited, meta: Meta) => void;
  /** The player is in the party no more. */
  party_left: (data: PartyLeft, meta: Meta) => void;
  /**
   * The match has a result, or its players did not agree on one (`match.disputed`). `ratings` is the player's own,
   * missing where the mode is not rated or there is no result.
   */
  match_result: (data: MatchReported, meta: Meta) => void;
}

export interface MatchmakingCommands extends CommonCommands {
  /** Starts looking for a match. */
  enqueue: (payload: Criteria, ack: (answer: Ack<Ticket>) => void) => void;
  /** Stops looking; the ticket's final answer: cancelled or matched. */
  cancel: (payload: CancelTicket, ack: (answer: Ack<Ticket>) => void) => void;
  /** Asks for players for the free places of the host's lobby; its ticket. */
  backfill: (payload: BackfillLobby, ack: (answer: Ack<Ticket>) => void) => void;
  /** The ticket that waits or is proposed a match, else the one that is scheduled, or null. */
  status: (payload: Empty, ack: (answer: Ack<Ticket | null>) => void) => void;
  /** Accepts a proposed match. */
  accept: (payload: AnswerMatch, ack: (answer: Ack<Match>) => void) => void;
  /** Declines a proposed match. */
  decline: (payload: AnswerMatch, ack: (answer: Ack<Match>) => void) => void;
  /** Founds a party, with the player as its leader. */
  party_create: (payload: Empty, ack: (answer: Ack<Party>) => void) => void;
  /** The party as it is now, or null. */
  party_sync: (payload: Empty, ack: (answer: Ack<Party | null>) => void) => void;
  /** Invites a player; any member may. */
  party_invite: (payload: PartyMemberCommand, ack: (answer: Ack<Party>) => void) => void;
  /** Joins a party, and its search if it is searching. This is the consent to what its leader enqueues. */
  party_join: (payload: JoinParty, ack: (answer: Ack<Party>) => void) => void;
  /** Turns an invitation down. */
  party_decline: (payload: DeclineParty, ack: (answer: Ack<null>) => void) => void;
  /** Leaves the party; the party as it is without the player. While a match is proposed this declines it. */
  party_leave: (payload: Empty, ack: (answer: Ack<Party>) => void) => void;
  /** The leader removes a member, or takes an invitation back. */
  party_kick: (payload: PartyMemberCommand, ack: (answer: Ack<Party>) => void) => void;
  /** The leader hands the party over to another member. */
  party_promote: (payload: PartyMemberCommand, ack: (answer: Ack<Party>) => void) => void;
  /**
   * Says how a match ended whose game has begun. The result counts once more than half of its players, some of
   * every team among them, say the same; without that it is disputed some time after the first report.
   */
  report_result: (payload: ReportResult, ack: (answer: Ack<Match>) => void) => void;
}

export interface LobbyEvents extends CommonEvents {
  /** The lobby as it is now: take it whole. It tells of what has no event of its own, and newcomers of all. */
  lobby_updated: (data: Lobby, meta: Meta) => void;
  /** A player has come: put it at the end of `members`. The player itself gets `lobby_updated`. */
  member_joined: (data: MemberJoined, meta: Meta) => void;
  /** A member is gone: take it out of `members`. */
  member_left: (data: MemberLeft, meta: Meta) => void;
  /** Somebody watches now: put them at the end of `spectators`. They themselves get `lobby_updated`. */
  spectator_joined: (data: SpectatorJoined, meta: Meta) => void;
  /** Somebody watches no longer: take them out of `spectators`. */
  spectator_left: (data: SpectatorLeft, meta: Meta) => void;
  /** A member is ready or no longer ready. */
  member_ready: (data: MemberReady, meta: Meta) => void;
  /** A member lost its last connection (grace), or came back. */
  member_connection: (data: MemberConnection, meta: Meta) => void;
  /** Another member is the host now. */
  host_changed: (data: HostChanged, meta: Meta) => void;
  /** Everyone is ready: the status is `ready`, and a ready check (`readyBy`) is over. */
  lobby_ready: (data: LobbyReady, meta: Meta) => void;
  /** Not everyone is ready any more: the status is `forming` again, `readyAt` and `startsAt` are gone. */
  lobby_unready: (data: LobbyUnready, meta: Meta) => void;
  /** The lobby starts at `startsAt`: the status is `countdown`. */
  countdown_started: (data: CountdownStarted, meta: Meta) => void;
  /**
   * The countdown ended early: the status is `forming`, `readyAt` and `startsAt` are gone, `allocating` is false.
   * reason: somebody is not ready any more or is gone; or no server was to be had for the game; or its host has
   * asked for too many (`rate_limited`).
   */
  countdown_cancelled: (data: CountdownCancelled, meta: Meta) => void;
  /** The game begins: the status is `active`, `allocating` is false. connection: where, if a server was found. */
  lobby_started: (data: LobbyStarted, meta: Meta) => void;
  /** The lobby is over: the status is `closed`, `readyBy` is gone, `allocating` is false. */
  lobby_closed: (data: LobbyClosed, meta: Meta) => void;
  /** The lobby as it is now: take it whole. It tells of what has no event of its own, and newcomers of all. */
  lobby_updated: (data: Lobby, meta: Meta) => void;
  /** A player has come: put it at the end of `members`. The player itself gets `lobby_updated`. */
  member_joined: (data: MemberJoined, meta: Meta) => void;
  /** A member is gone: take it out of `members`. */
  member_left: (data: MemberLeft, meta: Meta) => void;
  /** Somebody watches now: put them at the end of `spectators`. They themselves get `lobby_updated`. */
  spectator_joined: (data: SpectatorJoined, meta: Meta) => void;
  /** Somebody watches no longer: take them out of `spectators`. */
  spectator_left: (data: SpectatorLeft, meta: Meta) => void;
  /** A member is ready or no longer ready. */
  member_ready: (data: MemberReady, meta: Meta) => void;
  /** A member lost its last connection (grace), or came back. */
  member_connection: (data: MemberConnection, meta: Meta) => void;
  /** Another member is the host now. */
  host_changed: (data: HostChanged, meta: Meta) => void;
  /** Everyone is ready: the status is `ready`, and a ready check (`readyBy`) is over. */
  lobby_ready: (data: LobbyReady, meta: Meta) => void;
  /** Not everyone is ready any more: the status is `forming` again, `readyAt` and `startsAt` are gone. */
  lobby_unready: (data: LobbyUnready, meta: Meta) => void;
  /** The lobby starts at `startsAt`: the status is `countdown`. */
  countdown_started: (data: CountdownStarted, meta: Meta) => void;
  /**
   * The countdown ended early: the status is `forming`, `readyAt` and `startsAt` are gone, `allocating` is false.
   * reason: somebody is not ready any more or is gone; or no server was to be had for the game; or its host has
   * asked for too many (`rate_limited`).
   */
  countdown_cancelled: (data: CountdownCancelled, meta: Meta) => void;
  /** The game begins: the status is `active`, `allocating` is false. connection: where, if a server was found. */
  lobby_started: (data: LobbyStarted, meta: Meta) => void;
  /** The lobby is over: the status is `closed`, `readyBy` is gone, `allocating` is false. */
  lobby_closed: (data: LobbyClosed, meta: Meta) => void;
  /** Somebody invites the player to a lobby; told on `lobby:user:<userId>`. */
  lobby_invited: (data: Invitation, meta: Meta) => void;
}

export interface LobbyCommands extends CommonCommands {
  /** The lobby the player has a seat in, or else watches, as it is now. */
  sync: (payload: LobbyRef, ack: (answer: Ack<Lobby>) => void) => void;
  /** Lobbies that have room, the newest first: public ones, and those that friends have opened to friends. */
  browse: (payload: Browse, ack: (answer: Ack<LobbyPage>) => void) => void;
  /** Opens a lobby, whose host the player is. */
  create: (payload: CreateLobby, ack: (answer: Ack<Lobby>) => void) => void;
  /** Takes a free place in a lobby, on the smallest team. */
  join: (payload: JoinLobby, ack: (answer: Ack<Lobby>) => void) => void;
  /** Gives up the seat, or else watches no longer; the lobby as it is without the player. */
  leave: (payload: LobbyRef, ack: (answer: Ack<Lobby>) => void) => void;
  /** Watches a lobby that takes spectators, without a seat in it. */
  spectate: (payload: Spectate, ack: (answer: Ack<Lobby>) => void) => void;
  /** Says whether the player is ready; when all are, the countdown begins. */
  set_ready: (payload: SetReady, ack: (answer: Ack<Lobby>) => void) => void;
  /** The host asks everybody to be ready by `readyBy`; if `removeUnready` is set, who is not loses the place. */
  ready_check: (payload: Empty, ack: (answer: Ack<Lobby>) => void) => void;
  /** The host begins the countdown of a lobby that does not start by itself. */
  start: (payload: Empty, ack: (answer: Ack<Lobby>) => void) => void;
  /** The host sends a member or a spectator away, who may not come back. */
  kick: (payload: AboutPlayer, ack: (answer: Ack<Lobby>) => void) => void;
  /** The host hands the lobby over to another member. */
  transfer_host: (payload: AboutPlayer, ack: (answer: Ack<Lobby>) => void) => void;
  /** Moves a member to another team: oneself, or anybody as the host, who may also let two swap. */
  set_team: (payload: SetTeam, ack: (answer: Ack<Lobby>) => void) => void;
  /** Gives a member a role of the mode, or takes it: oneself, or anybody as the host. */
  set_role: (payload: SetRole, ack: (answer: Ack<Lobby>) => void) => void;
  /** The host changes the settings that are given. */
  update_settings: (payload: UpdateSettings, ack: (answer: Ack<Lobby>) => void) => void;
  /** Invites a player for ten minutes, also to a private lobby; any member may. */
  invite: (payload: AboutPlayer, ack: (answer: Ack<Lobby>) => void) => void;
  /** Turns an invitation down. */
  decline_invite: (payload: DeclineInvite, ack: (answer: Ack<null>) => void) => void;
  /** The player's invitations, the newest first, at most 50. */
  invites: (payload: Empty, ack: (answer: Ack<Array<Invitation>>) => void) => void;
}

export interface ChatEvents extends CommonEvents {
  /** Somebody said something, or the system tells what happened in the channel. */
  message: (data: Message, meta: Meta) => void;
  /** A message was edited by its sender. */
  message_edited: (data: Message, meta: Meta) => void;
  /** A message was deleted, by its sender or by a moderator of the channel. Its content is gone. */
  message_deleted: (data: MessageDeleted, meta: Meta) => void;
  /** Somebody reacted to a message (`on`), or took that back. seq: the message's. */
  reaction_changed: (data: ReactionChanged, meta: Meta) => void;
  /** A member has read the channel up to `seq`. */
  read: (data: ReadMoved, meta: Meta) => void;
  /** A channel was opened, changed or closed. slowModeMs, silenced: missing where they stay as they were. */
  channel_updated: (data: ChannelUpdated, meta: Meta) => void;
  /** A member types, or has stopped. Without another such event it is over after `expiresInMs`. */
  typing: (data: Typing, meta: Meta) => void;
  /** A moderator has said whether an image may be seen. */
  media_reviewed: (data: MediaReviewed, meta: Meta) => void;
  /** The player has muted a channel, on some device; without `mutedUntil`, the opposite. */
  channel_muted: (data: ChannelMuted, meta: Meta) => void;
  /** The player has put a direct channel away, on some device: it is not to be shown until a message behind `seq`. */
  channel_hidden: (data: ChannelHidden, meta: Meta) => void;
  /** A message waits for a moderator of the channel. */
  message_held: (data: MessageWaits, meta: Meta) => void;
}

export interface ChatCommands extends CommonCommands {
  /** Says something; acked when it is stored for good. A retry with the same clientMessageId is one message. */
  send: (payload: Send, ack: (answer: Ack<Message>) => void) => void;
  /** Says something else in place of a message of the player's, within 15 minutes. */
  edit: (payload: Edit, ack: (answer: Ack<Message>) => void) => void;
  /** Deletes a message: its sender at any time, or a moderator of the channel. */
  delete: (payload: ToMessage, ack: (answer: Ack<Message>) => void) => void;
  /** Reacts to a message with an emoji, or takes that back. */
  react: (payload: React, ack: (answer: Ack<Message>) => void) => void;
  /** Lets the other members know that the player is writing; to be said again every few seconds. */
  typing: (payload: SetTyping, ack: (answer: Ack<null>) => void) => void;
  /** The player has read a channel up to a seq, on all their devices; how far it is read now. */
  mark_read: (payload: MarkRead, ack: (answer: Ack<ReadMoved>) => void) => void;
  /** A page of a channel's messages: the newest, or those before or after a seq. */
  history: (payload: History, ack: (answer: Ack<HistoryPage>) => void) => void;
  /** The messages of a channel that have all the words of a query, of the last one at least the beginning. */
  search: (payload: Search, ack: (answer: Ack<HistoryPage>) => void) => void;
  /** The channels the player is a member of, with what is new in them. */
  channels: (payload: Empty, ack: (answer: Ack<Array<Channel>>) => void) => void;
  /** The channel with another player, made if need be. */
  open_direct: (payload: OpenDirect, ack: (answer: Ack<Channel>) => void) => void;
  /** Makes a group, with the player as its owner. */
  create_group: (payload: CreateGroup, ack: (answer: Ack<Channel>) => void) => void;
  /** Takes a player into a group. */
  add_member: (payload: ToMember, ack: (answer: Ack<Channel>) => void) => void;
  /** Removes a member from a group. */
  remove_member: (payload: ToMember, ack: (answer: Ack<Channel>) => void) => void;
  /** Makes a member of the player's group an admin, or an ordinary member again. */
  set_channel_role: (payload: SetChannelRole, ack: (answer: Ack<Channel>) => void) => void;
  /** Hands the player's group over to another member. */
  transfer_channel: (payload: ToMember, ack: (answer: Ack<Channel>) => void) => void;
  /** Renames a group, or sets the slow mode of a group or of the lobby the player hosts. */
  update_channel: (payload: UpdateChannel, ack: (answer: Ack<Channel>) => void) => void;
  /** Leaves a group; or puts a direct channel away until something is said in it, with `channel_hidden`. */
  leave_channel: (payload: ToChannel, ack: (answer: Ack<null>) => void) => void;
  /** Wants no notifications from a channel, for some time or for good; or wants them again. */
  mute: (payload: Mute, ack: (answer: Ack<ChannelMuted>) => void) => void;
  /** Mutes a member of a channel that the player moderates, for some time; or lets them talk again. */
  moderate: (payload: Moderate, ack: (answer: Ack<Channel>) => void) => void;
  /** Lets an image in a channel that the player moderates be seen, or takes it away. */
  review_media: (payload: ReviewMedia, ack: (answer: Ack<Media>) => void) => void;
  /** The messages that wait for a moderator of the channel, the oldest first, at most 100. */
  held: (payload: ToChannel, ack: (answer: Ack<Array<Held>>) => void) => void;
  /** Lets a message that waits be seen, as the newest of its channel, or drops it. */
  review_message: (payload: ReviewMessage, ack: (answer: Ack<null>) => void) => void;
}

export interface SocialEvents extends CommonEvents {
  /** There is a request: put the other player on the list of requests. */
  friend_requested: (data: Friend, meta: Meta) => void;
  /** The two are friends now: take the other player off the list of requests, and put them on that of friends. */
  friend_added: (data: Friend, meta: Meta) => void;
  /** The two are not friends any more, or there is no request any more: take the other player off both lists. */
  friend_removed: (data: FriendRemoved, meta: Meta) => void;
  /** There is something new to know. */
  notification: (data: Notification, meta: Meta) => void;
  /** One of the player's devices has marked these notifications as read, or as unread. */
  notifications_marked: (data: NotificationsMarked, meta: Meta) => void;
  /** One of the player's devices has deleted a notification. */
  notification_removed: (data: NotificationRemoved, meta: Meta) => void;
  /** How many notifications are unread now. */
  unread_count: (data: UnreadCount, meta: Meta) => void;
  /**
   * A player whom the socket watches is doing something else now; or may be watched no longer: offline, without
   * `since`.
   */
  presence_changed: (data: Presence, meta: Meta) => void;
}

export interface SocialCommands extends CommonCommands {
  /**
   * Has the socket follow what players are doing, besides those it watches already, and says what that is now. They
   * are friends, or in the same lobby or party; others are left out. It ends with that, with the socket and by
   * `unwatch_presence`: a client asks again after every `hello`.
   */
  watch_presence: (payload: WatchPresence, ack: (answer: Ack<Array<Presence>>) => void) => void;
  /** Has the socket follow no longer what these players are doing; without names, nobody's. Null. */
  unwatch_presence: (payload: UnwatchPresence, ack: (answer: Ack<null>) => void) => void;
  /** Says whether the player is there or away, on all devices and until it is said anew; what others see. */
  set_status: (payload: SetStatus, ack: (answer: Ack<Presence>) => void) => void;
  /** The player's friends, the newest first. */
  friends: (payload: PageQuery, ack: (answer: Ack<FriendList>) => void) => void;
  /** The open requests to the player and of the player, the newest first. */
  friend_requests: (payload: RequestQuery, ack: (answer: Ack<FriendList>) => void) => void;
  /** Asks a player to be friends; who has asked the player is accepted. Asking twice is one request. */
  friend_request: (payload: AskFriend, ack: (answer: Ack<Friend>) => void) => void;
  /** Accepts a player's request, or declines it; null once it is declined. */
  friend_answer: (payload: AnswerFriend, ack: (answer: Ack<Friend | null>) => void) => void;
  /** Ends a friendship, or a request in either direction; null, also when there was none. */
  friend_remove: (payload: ToFriend, ack: (answer: Ack<null>) => void) => void;
  /** Whom the player has blocked, the newest first. */
  blocks: (payload: PageQuery, ack: (answer: Ack<BlockList>) => void) => void;
  /** Blocks a player: the two have nothing to do with each other any more. The other one is not told. */
  block: (payload: ToBlock, ack: (answer: Ack<Block>) => void) => void;
  /** Takes a block back; null, also when there was none. */
  unblock: (payload: ToBlock, ack: (answer: Ack<null>) => void) => void;
  /** Whom the player was in matches with of late, those met last first. */
  recent_players: (payload: PageQuery, ack: (answer: Ack<RecentPlayerList>) => void) => void;
  /** Who may do and see what. */
  privacy: (payload: Empty, ack: (answer: Ack<Privacy>) => void) => void;
  /** Changes who may do and see what; what is not named stays. */
  set_privacy: (payload: SetPrivacy, ack: (answer: Ack<Privacy>) => void) => void;
  /** The player's notifications, the newest first, and how many are unread. */
  notifications: (payload: NotificationQuery, ack: (answer: Ack<NotificationList>) => void) => void;
  /** Marks notifications as read, on all devices of the player; how many are unread then. */
  notifications_read: (payload: MarkNotifications, ack: (answer: Ack<Unread>) => void) => void;
}

export interface ServerEvents {
  matchmaking: MatchmakingEvents;
  lobby: LobbyEvents;
  chat: ChatEvents;
  social: SocialEvents;
}

export interface ClientEvents {
  matchmaking: MatchmakingCommands;
  lobby: LobbyCommands;
  chat: ChatCommands;
  social: SocialCommands;
}

type Listener = (...parts: never[]) => void;

/** What an event of the client takes. */
export type Payload<N extends Namespace, E extends keyof ClientEvents[N]> =
  ClientEvents[N][E] extends Listener ? Parameters<ClientEvents[N][E]>[0] : never;

/** The data of its ack. */
export type Answer<N extends Namespace, E extends keyof ClientEvents[N]> =
  ClientEvents[N][E] extends (payload: never, ack: (answer: Ack<infer T>) => void) => void ? T : never;
