import { MessageLog } from "../clients/message_log.js";

const PAGE = 50;
const TYPING_EVERY_MS = 3_000;

/**
 * A message on its way: it keeps its `clientMessageId`, so that a second try cannot make it two.
 *
 * @typedef {object} Draft
 * @property {string} clientMessageId
 * @property {string} content
 * @property {string} [replyToId]
 * @property {string} [mediaId] of the image it shows
 * @property {import("../clients/errors.js").MaogaError|null} error
 */

/** The talk in one channel. */
export class Talk {
  /** @type {Draft[]} */
  drafts = [];
  hasEarlier = false;
  #log = new MessageLog();
  #maoga;
  #read = 0;
  #typedAt = 0;
  #typists = new Map();

  /** @param {import("../clients/maoga.js").Maoga} maoga @param {string} channelId @param {string} me the user's id */
  constructor(maoga, channelId, me) {
    this.#maoga = maoga;
    this.channelId = channelId;
    this.me = me;
  }

  /** In the order of the channel. */
  get messages() {
    return this.#log.all;
  }

  /** The known message with that id. */
  find(id) {
    return this.messages.find((message) => message.id === id);
  }

  /** The ids of those who are typing. @param {number} now */
  typists(now) {
    return [...this.#typists].filter(([, until]) => until > now).map(([userId]) => userId);
  }

  /** Fetches the newest messages, as they are now, and those between them and the ones that are known. */
  async catchUp() {
    const known = this.#log.last;
    const { messages, hasMore } = await this.#history({ limit: PAGE });
    if (!known) this.hasEarlier = hasMore;
    let from = known;
    for (let gap = known > 0 && messages.length > 0 && messages[0].seq > known + 1; gap;) {
      const page = await this.#history({ after: from, limit: PAGE });
      this.#take(page.messages);
      from += page.messages.length;
      gap = page.hasMore && page.messages.length > 0 && from + 1 < messages[0].seq;
    }
    this.#take(messages);
  }

  /** Fetches the page before the earliest known message. */
  async earlier() {
    const { messages, hasMore } = await this.#history({ before: this.#log.first, limit: PAGE });
    this.#take(messages);
    this.hasEarlier = hasMore;
  }

  /** Takes a live message; when some before it are missing, fetches them. */
  async heard(message) {
    this.#typists.delete(message.senderId);
    if (message.seq > this.#log.last + 1) await this.catchUp();
    this.#take([message]);
  }

  /** A message was edited, deleted, or reacted to. @param {string} name of the event */
  changed(name, event) {
    this.#log.change(name, event);
  }

  /** Somebody types, or has stopped. @param {number} now */
  heardTyping({ userId, isTyping, expiresInMs }, now) {
    if (userId !== this.me) this.#typists.set(userId, isTyping ? now + expiresInMs : 0);
  }

  /** @param {{content: string, replyToId?: string, mediaId?: string}} message @returns {Draft} to be given to `send` */
  draft(message) {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    const clientMessageId = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const draft = { ...message, clientMessageId, error: null };
    this.drafts.push(draft);
    return draft;
  }

  /** Sends a draft, for the first time or again. @param {Draft} draft */
  async send(draft) {
    const { clientMessageId, content, replyToId, mediaId } = draft;
    draft.error = null;
    this.#typedAt = 0;
    const image = mediaId && { contentType: "image", mediaId };
    const message = { channelId: this.channelId, clientMessageId, content, ...(replyToId && { replyToId }), ...image };
    try {
      this.#take([await this.#maoga.call("chat", "send", message)]);
    } catch (error) {
      draft.error = error;
      throw error;
    }
  }

  async edit({ id }, content) {
    this.#take([await this.#maoga.call("chat", "edit", { messageId: id, content })]);
  }

  async remove({ id }) {
    this.#take([await this.#maoga.call("chat", "delete", { messageId: id })]);
  }

  async react({ id }, emoji, on) {
    this.#take([await this.#maoga.call("chat", "react", { messageId: id, emoji, on })]);
  }

  /** Tells the others, every few seconds at most, that the user is typing. */
  async type() {
    const now = Date.now();
    if (now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    await this.#maoga.call("chat", "typing", { channelId: this.channelId, isTyping: true });
  }

  /** All that is known was read, on every device of the user. */
  async markRead() {
    const seq = this.#log.last;
    if (seq <= this.#read) return;
    const before = this.#read;
    this.#read = seq;
    try {
      await this.#maoga.call("chat", "mark_read", { channelId: this.channelId, seq });
    } catch (error) {
      this.#read = before;
      throw error;
    }
  }

  #history(page) {
    return this.#maoga.call("chat", "history", { channelId: this.channelId, ...page });
  }

  #take(messages) {
    this.#log.add(messages);
    const mine = new Set(messages.filter(({ senderId }) => senderId === this.me).map((m) => m.clientMessageId));
    this.drafts = this.drafts.filter(({ clientMessageId }) => !mine.has(clientMessageId));
  }
}
