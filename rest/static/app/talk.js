import { MessageLog } from "../clients/message_log.js";

const PAGE = 50;

/**
 * A message on its way: it keeps its `clientMessageId`, so that a second try cannot make it two.
 *
 * @typedef {{clientMessageId: string, content: string, error: import("../clients/errors.js").MaogaError|null}} Draft
 */

/** The talk in one channel. */
export class Talk {
  /** @type {Draft[]} */
  drafts = [];
  hasEarlier = false;
  #log = new MessageLog();
  #maoga;

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

  /** Fetches the newest messages, or those after the ones that are known. */
  async catchUp() {
    if (!this.#log.last) {
      const { messages, hasMore } = await this.#history({ limit: PAGE });
      this.#take(messages);
      this.hasEarlier = hasMore;
      return;
    }
    for (let more = true; more;) {
      const { messages, hasMore } = await this.#history({ after: this.#log.last, limit: PAGE });
      this.#take(messages);
      more = hasMore && messages.length > 0;
    }
  }

  /** Fetches the page before the earliest known message. */
  async earlier() {
    const { messages, hasMore } = await this.#history({ before: this.#log.first, limit: PAGE });
    this.#take(messages);
    this.hasEarlier = hasMore;
  }

  /** Takes a live message; when some before it are missing, fetches them. */
  async heard(message) {
    if (message.seq > this.#log.last + 1) await this.catchUp();
    this.#take([message]);
  }

  /** @param {string} content @returns {Draft} to be given to `send` */
  draft(content) {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    const clientMessageId = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const draft = { clientMessageId, content, error: null };
    this.drafts.push(draft);
    return draft;
  }

  /** Sends a draft, for the first time or again. @param {Draft} draft */
  async send(draft) {
    const { clientMessageId, content } = draft;
    draft.error = null;
    try {
      this.#take([await this.#maoga.call("chat", "send", { channelId: this.channelId, clientMessageId, content })]);
    } catch (error) {
      draft.error = error;
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
