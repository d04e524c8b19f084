import { MESSAGE_CHANGES } from "../clients/message_log.js";
import { Talk } from "./talk.js";

/** All conversations of the player: those of lobbies, with one other, and in groups. */
export class Talks {
  /** Channels as the server tells them, by id. */
  channels = new Map();
  #talks = new Map();
  #maoga;
  #me;
  #screen;
  #people;

  /**
   * @param {import("../clients/maoga.js").Maoga} maoga
   * @param {string} me the user's id
   * @param {import("./people.js").People} people
   * @param {(event: string, act: (data: any) => unknown) => void} on hears an event of `/chat`
   * @param {import("./player.js").Screen} screen
   */
  constructor(maoga, me, people, on, screen) {
    this.#maoga = maoga;
    this.#me = me;
    this.#people = people;
    this.#screen = screen;
    on("message", (message) => this.#heard(message));
    for (const name of MESSAGE_CHANGES) on(name, (event) => this.#talk(event)?.changed(name, event));
    on("typing", (event) => this.#talk(event)?.heardTyping(event, maoga.now()));
    on("read", (event) => this.#read(event));
    on("channel_updated", (event) => this.#updated(event));
    on("channel_hidden", ({ channelId, seq }) => this.#hidden(channelId, seq));
  }

  /** Direct and group channels, those with the newest messages first. */
  get list() {
    const newest = ({ lastMessage, createdAt }) => lastMessage?.createdAt ?? createdAt;
    const isHidden = ({ hiddenSeq, lastSeq }) => hiddenSeq !== undefined && lastSeq <= hiddenSeq;
    const shown = [...this.channels.values()].filter(
      (channel) => channel.kind !== "lobby" && !channel.closedAt && !isHidden(channel),
    );
    return shown.sort((a, b) => (newest(a) < newest(b) ? 1 : -1));
  }

  /** How many of them have something unread. */
  get unread() {
    return this.list.filter(({ unread }) => unread > 0).length;
  }

  /** What a channel is called: a group by its name, a direct one by the other's. */
  titleOf({ kind, name, memberIds }) {
    if (kind === "group") return name;
    return this.#people.nameOf(memberIds.find((id) => id !== this.#me));
  }

  /** The talk of a channel; begun when there is none yet. */
  of(channelId) {
    if (!this.#talks.has(channelId)) this.#talks.set(channelId, new Talk(this.#maoga, channelId, this.#me));
    return this.#talks.get(channelId);
  }

  forget(channelId) {
    this.#talks.delete(channelId);
    this.channels.delete(channelId);
  }

  async fetch() {
    const channels = await this.#maoga.call("chat", "channels");
    this.channels = new Map(channels.map((channel) => [channel.id, channel]));
    await Promise.all([...this.#talks].map(([id, talk]) => (this.channels.has(id) ? talk.catchUp() : this.forget(id))));
  }

  /** Opens the channel with somebody. @returns {Promise<string>} its id */
  async openDirect(userId) {
    return this.#opened(await this.#maoga.call("chat", "open_direct", { userId }));
  }

  /** @param {string} name @param {string[]} userIds @returns {Promise<string>} the channel's id */
  async createGroup(name, userIds) {
    return this.#opened(await this.#maoga.call("chat", "create_group", { name, userIds }));
  }

  async leave(channelId) {
    await this.#maoga.call("chat", "leave_channel", { channelId });
    this.forget(channelId);
    this.#screen.changed();
  }

  #talk({ channelId }) {
    return this.#talks.get(channelId);
  }

  #opened(channel) {
    this.channels.set(channel.id, channel);
    return channel.id;
  }

  async #heard(message) {
    const channel = this.channels.get(message.channelId);
    if (channel) {
      const foreign = message.senderId && message.senderId !== this.#me;
      const unread = channel.unread + (foreign ? 1 : 0);
      this.channels.set(channel.id, { ...channel, lastMessage: message, lastSeq: message.seq, unread });
    }
    await this.#talk(message)?.heard(message);
  }

  #read({ channelId, userId, seq }) {
    const channel = this.channels.get(channelId);
    if (!channel || userId !== this.#me || seq < channel.readSeq) return;
    const unread = seq >= channel.lastSeq ? 0 : channel.unread;
    this.channels.set(channelId, { ...channel, readSeq: seq, unread });
  }

  #hidden(channelId, hiddenSeq) {
    const channel = this.channels.get(channelId);
    if (channel) this.channels.set(channelId, { ...channel, hiddenSeq });
  }

  #updated(event) {
    const known = this.channels.get(event.id);
    if (!event.memberIds.includes(this.#me)) return this.forget(event.id);
    if (!known) return this.#maoga.refresh("chat"); // with what was said in it
    this.channels.set(event.id, { ...known, ...event });
  }
}
