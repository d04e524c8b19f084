/** @typedef {import("./types.d.ts").Message} Message */

/** The messages of a channel that a client knows: each once, in the order of their `seq`. */
export class MessageLog {
  #bySeq = new Map();

  /** @param {Message[]} messages live ones and pages of the history alike, in any order */
  add(messages) {
    for (const message of messages) this.#bySeq.set(message.seq, message);
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
