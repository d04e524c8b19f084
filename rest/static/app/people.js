/** Who is who: names as they were told, and asked for when they were not. */
export class People {
  #names = new Map();
  #asked = new Set();
  #ask;
  #changed;

  /**
   * @param {(userId: string) => Promise<{displayName: string}>} ask
   * @param {() => void} changed called when a name that was asked for is there
   */
  constructor(ask, changed) {
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Takes the name of whoever has one: `{userId, displayName}`. */
  note(...people) {
    for (const { userId, displayName } of people) this.#names.set(userId, displayName);
  }

  /** The display name; while it is unknown it is asked for, and a stand-in is returned. */
  nameOf(userId) {
    if (!this.#names.has(userId) && userId && !this.#asked.has(userId)) this.#find(userId);
    return this.#names.get(userId) ?? "Somebody";
  }

  async #find(userId) {
    this.#asked.add(userId);
    try {
      this.note({ userId, displayName: (await this.#ask(userId)).displayName });
      this.#changed();
    } catch {
      // a name is not worth a complaint
    }
  }
}
