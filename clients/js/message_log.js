/** @typedef {import("./types.d.ts").Message} Message */

/** The messages of a channel that a client knows: each once, in the order of their `seq`, and as they are now. */
export class MessageLog {
  #bySeq = new Map();

  /** @param {Message[]} messages live ones and pages of the history alike, in any order */
  add(messages) {
    for (const message of messages) this.#bySeq.set(message.seq, message);
  }

  /**
   * Takes in one of `MESSAGE_CHANGES`; one of a message that is not known changes nothing.
   *
   * @param {string} name of the event
   * @param {any} event its data, as it came
   */
  change(name, event) {
    const message = this.#bySeq.get(event.seq);
    if (message) this.#bySeq.set(event.seq, reducers[name](message, event));
  }

  /** @returns {Message[]} */
  get all() {
    return [...this.#bySeq.values()].sort((a, b) => a.seq - b.seq);
  }

  /** The `seq` of the earliest known message; 0 without any. */
  get first() {
    return this.#bySeq.size ? Math.min(...this.#bySeq.keys()) : 0;
  }

  /** The `seq` of the latest known message; 0 without any. */
  get last() {
    return Math.max(0, ...this.#bySeq.keys());
  }
}

/** The names of the events that `change` takes. */
export const MESSAGE_CHANGES = ["message_edited", "message_deleted", "reaction_changed"];

const reducers = {
  message_edited: (_, edited) => edited,
  message_deleted: ({ mediaId, mediaUrl, system, ...message }, { deletedAt }) => ({
    ...message, content: "", mentions: [], reactions: {}, deletedAt,
  }),
  reaction_changed: (message, { userId, emoji, on }) => {
    const { [emoji]: users = [], ...reactions } = message.reactions;
    const others = users.filter((id) => id !== userId);
    const left = on ? [...others, userId] : others;
    return { ...message, reactions: left.length ? { ...reactions, [emoji]: left } : reactions };
  },
};
