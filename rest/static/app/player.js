import { apply, LOBBY_EVENTS } from "../clients/lobby_state.js";
import { Maoga } from "../clients/maoga.js";
import { Party } from "./party.js";
import { People } from "./people.js";
import { Social } from "./social.js";
import { Talks } from "./talks.js";
import { lobbyNews, matchOffText } from "./words.js";

const LIVE = ["scheduled", "queued", "proposed"];
const PROPOSAL = "maoga.proposal";

/** Why one is not in the lobby any more, if not by one's own wish. */
const PARTINGS = {
  kicked: "The host has removed you from the lobby.",
  not_ready: "You were not ready in time, and your seat was given up.",
  grace_expired: "You were away too long, and your seat was given up.",
  not_allowed: "The lobby is not to be watched any more.",
};

/**
 * @typedef {object} Screen what a player tells the page
 * @property {() => void} changed something is to be shown anew
 * @property {(text: string) => void} note a short text for everybody
 * @property {(text: string) => void} announce a short text for screen readers; sighted people see it anyway
 * @property {(error: Error) => void} complain
 * @property {(error: Error) => void} ended the session is over
 */

/** A logged-in player: where they stand on the way from the queue to the lobby, and what they can do there. */
export class Player {
  online = false;
  ticket = null;
  /** The ticket of a search that begins later. */
  planned = null;
  /** Until when the player cannot search, for having refused matches; in milliseconds. */
  pausedUntil = 0;
  proposal = null;
  lobby = null;
  #session;
  #screen;
  #maoga;
  #unknown = new Set(["ticket", "lobby"]);
  #images = new Map();
  #over = new Set();

  /** @param {import("../clients/session.js").Session} session @param {Function} Manager @param {Screen} screen */
  constructor(session, Manager, screen) {
    this.#session = session;
    this.#screen = screen;
    this.me = session.user;
    this.#maoga = new Maoga({
      Manager,
      url: location.origin,
      session,
      name: "maoga-page",
      load: {
        matchmaking: () => this.#loaded(Promise.all([this.#fetchTicket(), this.party.fetch()])),
        lobby: () => this.#loaded(this.#fetchLobby()),
        chat: () => this.#loaded(this.talks.fetch()),
        social: () => this.#loaded(this.social.fetch()),
      },
      onState: (online) => {
        this.online = online;
        screen.changed();
      },
      onEnd: screen.ended,
    });
    const on = (namespace) => (event, act) => this.#on(namespace, event, act);
    this.people = new People((userId) => this.#session.publicUser(userId), screen.changed);
    this.people.note({ userId: this.me.id, displayName: this.me.displayName });
    this.party = new Party(this.#maoga, this.me.id, on("matchmaking"), screen);
    this.social = new Social(this.#maoga, this.people, on("social"), screen);
    this.talks = new Talks(this.#maoga, this.me.id, this.people, on("chat"), screen);
    this.#listen();
  }

  /** Whether it is still unknown where the player stands. */
  get loading() {
    return this.#unknown.size > 0;
  }

  /** The server's clock, in milliseconds. */
  now() {
    return this.#maoga.now();
  }

  /** The talk in the lobby. */
  get talk() {
    return this.lobby && this.talks.of(this.lobby.chatId);
  }

  /** Whether the player is one of the lobby's players, and not only watching. */
  get plays() {
    return this.lobby.members.some(({ userId }) => userId === this.me.id);
  }

  /** Somebody's display name. */
  nameOf(userId) {
    return this.people.nameOf(userId);
  }

  // What the player does. Each throws MaogaError.

  async enqueue(criteria) {
    try {
      this.#takeTicket(await this.#maoga.call("matchmaking", "enqueue", criteria));
    } catch (error) {
      if (error.code === "COOLDOWN") this.pausedUntil = this.now() + error.details.retryInMs;
      throw error;
    }
  }

  async cancel() {
    this.#takeTicket(await this.#maoga.call("matchmaking", "cancel", { ticketId: this.ticket.id }));
  }

  async cancelPlanned() {
    this.#takeTicket(await this.#maoga.call("matchmaking", "cancel", { ticketId: this.planned.id }));
  }

  async accept() {
    await this.#answer("accept");
  }

  async decline() {
    await this.#answer("decline");
  }

  async setReady(ready) {
    await this.#maoga.call("lobby", "set_ready", { ready });
  }

  async start() {
    await this.#maoga.call("lobby", "start");
  }

  async leave() {
    const { id } = await this.#maoga.call("lobby", "leave");
    this.#leaveLobby(id);
  }

  async browse(query) {
    return this.#maoga.call("lobby", "browse", query);
  }

  async createLobby(lobby) {
    this.#comeIn(await this.#maoga.call("lobby", "create", lobby));
  }

  /** @param {{lobbyId: string}|{joinCode: string}} which */
  async joinLobby(which) {
    this.#comeIn(await this.#maoga.call("lobby", "join", which));
  }

  async watch(lobbyId) {
    this.#comeIn(await this.#maoga.call("lobby", "spectate", { lobbyId }));
  }

  async invite(userId) {
    await this.#maoga.call("lobby", "invite", { userId });
    this.#screen.note(`${this.nameOf(userId)} is invited.`);
  }

  /** What the host does: `kick`, `transfer_host`, `set_team`, `update_settings`. */
  async direct(event, payload) {
    await this.#maoga.call("lobby", event, payload);
  }

  /** @param {Talk} talk @param {{content: string, replyToId?: string, mediaId?: string}} message */
  async say(talk, message) {
    await this.sayAgain(talk, talk.draft(message));
  }

  /** @param {Talk} talk @param {File} file */
  async show(talk, file) {
    const { id } = await this.#session.upload(talk.channelId, file);
    await this.say(talk, { content: "", mediaId: id });
  }

  /** The address of an image's thumbnail; null while it is fetched. @param {string} mediaId */
  imageOf(mediaId) {
    if (!this.#images.has(mediaId)) this.#fetchImage(mediaId);
    return this.#images.get(mediaId);
  }

  async sayAgain(talk, draft) {
    const sent = talk.send(draft);
    this.#screen.changed();
    await sent.finally(this.#screen.changed);
  }

  async earlier(talk) {
    await talk.earlier();
    this.#screen.changed();
  }

  /** Gives up the place, parts from the server and ends the session. */
  async logOut() {
    const parting = this.online && (this.lobby ? this.leave() : this.ticket && this.cancel());
    if (parting) await parting.catch(() => {}); // else the grace ends it
    if (this.online && this.party.current) await this.party.leave().catch(() => {});
    this.close();
    await this.#session.logout();
  }

  /** Parts from the server. */
  close() {
    this.#maoga.close();
    this.#setProposal(null);
    for (const address of this.#images.values()) if (address) URL.revokeObjectURL(address);
    this.#images.clear();
  }

  // What the server tells.

  #listen() {
    this.#on("matchmaking", "hello", () => this.#maoga.refresh("matchmaking")); // no replay brings ticket_updated
    this.#on("social", "hello", () => this.#maoga.refresh("social")); // nor presence_changed
    this.#on("matchmaking", "ticket_updated", (ticket) => this.#takeTicket(ticket));
    this.#on("matchmaking", "ticket_expired", ({ ticketId }) => this.#expired(ticketId));
    this.#on("matchmaking", "ticket_cancelled", ({ ticketId }) => this.#takenOut(ticketId));
    this.#on("matchmaking", "match_proposed", (proposal) => this.#proposed(proposal));
    this.#on("matchmaking", "match_accepted", (progress) => this.#accepted(progress));
    this.#on("matchmaking", "match_confirmed", () => this.#maoga.refresh("lobby"));
    this.#on("matchmaking", "match_cancelled", (event) => this.#cancelled(event));
    for (const name of LOBBY_EVENTS) this.#on("lobby", name, (event) => this.#heardInLobby(name, event));
  }

  #on(namespace, event, act) {
    this.#maoga.on(namespace, event, async (data) => {
      try {
        await act(data);
        this.#screen.changed();
      } catch (error) {
        if (error.code === "DISCONNECTED") this.#maoga.refresh(namespace); // on the next connection
        else this.#screen.complain(error);
      }
    });
  }

  async #loaded(loading) {
    await loading;
    this.#screen.changed();
  }

  async #fetchImage(mediaId) {
    this.#images.set(mediaId, null);
    try {
      this.#images.set(mediaId, URL.createObjectURL(await this.#session.thumbnail(mediaId)));
      this.#screen.changed();
    } catch {
      // its place stays empty
    }
  }

  async #fetchTicket() {
    const ticket = await this.#maoga.call("matchmaking", "status");
    if (ticket?.status !== "proposed") this.#setProposal(null);
    else if (this.proposal?.match.id !== ticket.matchId) this.#setProposal(keptProposal(ticket));
    this.ticket = this.planned = null;
    if (ticket) this.#takeTicket(ticket);
    this.#unknown.delete("ticket");
  }

  async #fetchLobby() {
    const lobby = await this.#maoga.call("lobby", "sync").catch(noLobby);
    if (lobby) this.#takeLobby(lobby);
    else if (this.lobby) {
      this.#leaveLobby(this.lobby.id);
      this.#screen.note("Your seat in the lobby was given up while you were away.");
    }
    this.#unknown.delete("lobby");
    if (lobby) await this.talk.catchUp();
  }

  #takeTicket(ticket) {
    if (!LIVE.includes(ticket.status)) this.#over.add(ticket.id); // a straggler must not bring it back
    if (this.planned?.id === ticket.id) this.planned = null;
    if (this.#over.has(ticket.id)) {
      if (this.ticket?.id === ticket.id) this.ticket = null;
    } else if (ticket.status === "scheduled") this.planned = ticket;
    else this.ticket = { ...ticket, since: this.now() - ticket.waitedMs };
  }

  #expired(ticketId) {
    this.#over.add(ticketId);
    if (this.ticket?.id !== ticketId) return;
    this.ticket = null;
    this.#screen.note("Nobody was found in all that time. Try another mode, or wider criteria.");
  }

  #takenOut(ticketId) {
    this.#over.add(ticketId);
    if (this.ticket?.id !== ticketId) return;
    this.ticket = null;
    this.#screen.note("This game cannot be played in that mode any more. Choose another one.");
  }

  #proposed({ match, acceptBy }) {
    if (this.#over.has(match.id) || this.proposal?.match.id === match.id) return;
    this.#setProposal({ match, acceptBy, accepted: 0, needed: match.players.length, answer: null });
  }

  #accepted({ matchId, accepted, needed }) {
    if (this.proposal?.match.id !== matchId) return;
    this.#setProposal({ ...this.proposal, accepted: Math.max(accepted, this.proposal.accepted), needed });
  }

  #cancelled(event) {
    this.#over.add(event.matchId);
    if (this.proposal?.match.id !== event.matchId) return;
    this.#setProposal(null);
    if (!event.requeued) this.ticket = null;
    if (event.cooldownUntil) this.pausedUntil = Date.parse(event.cooldownUntil);
    this.#screen.note(matchOffText(event, this.now()));
  }

  async #answer(answer) {
    const matchId = this.proposal.match.id;
    this.#setProposal({ ...this.proposal, answer });
    try {
      await this.#maoga.call("matchmaking", answer, { matchId });
    } catch (error) {
      if (this.proposal?.match.id === matchId) this.#setProposal({ ...this.proposal, answer: null });
      throw error;
    }
  }

  #setProposal(proposal) {
    this.proposal = proposal;
    if (proposal) sessionStorage.setItem(PROPOSAL, JSON.stringify(proposal));
    else sessionStorage.removeItem(PROPOSAL);
    this.#screen.changed();
  }

  #heardInLobby(name, event) {
    const before = this.lobby;
    const after = apply(before, name, event);
    if (after === before || this.#over.has(after.id)) return;
    if (["member_left", "spectator_left"].includes(name) && event.userId === this.me.id && event.reason !== "joined") {
      this.#leaveLobby(before.id);
      if (event.reason in PARTINGS) this.#screen.note(PARTINGS[event.reason]);
    } else if (after.status === "closed") {
      this.#leaveLobby(before.id);
      this.#screen.note(event.reason === "finished" ? "The match is over." : "The lobby was closed.");
    } else {
      this.#takeLobby(after);
      const news = lobbyNews(name, event, after, (userId) => this.nameOf(userId), this.now());
      if (news) this.#screen.announce(news);
      if (name === "lobby_updated") return this.talk.catchUp();
    }
  }

  #takeLobby(lobby) {
    if (this.#over.has(lobby.id) || (lobby.id === this.lobby?.id && lobby.version < this.lobby.version)) return;
    this.people.note(...lobby.members);
    this.lobby = lobby;
    this.ticket = null;
    this.#setProposal(null);
  }

  /** Into a lobby by the player's own doing, maybe not for the first time. */
  #comeIn(lobby) {
    this.#over.delete(lobby.id);
    this.#takeLobby(lobby);
    this.#screen.changed();
    this.talk.catchUp().then(this.#screen.changed, this.#screen.complain);
  }

  #leaveLobby(id) {
    this.#over.add(id);
    if (this.lobby?.id !== id) return;
    this.talks.forget(this.lobby.chatId);
    this.lobby = null;
    this.#screen.changed();
  }
}

/** What `sync` answers to somebody who is in no lobby. */
function noLobby(error) {
  if (error.code === "NOT_IN_LOBBY") return null;
  throw error;
}

/** A proposal from before the page was loaded. */
function keptProposal({ matchId, acceptBy, criteria }) {
  const kept = JSON.parse(sessionStorage.getItem(PROPOSAL) ?? "null");
  if (kept?.match.id === matchId) return kept;
  const { gameId } = criteria.games[0];
  const match = { id: matchId, gameId, mode: criteria.mode, players: [], formedAt: new Date().toISOString() };
  return { match, acceptBy, accepted: 0, needed: 0, answer: null };
}
