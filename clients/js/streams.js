/** @typedef {import("./types.d.ts").StreamPosition} Position */

/**
 * An event as it came.
 *
 * @typedef {object} Event
 * @property {string} name
 * @property {any} data
 * @property {{stream?: string, seq?: number, epoch?: string, at: string}} meta
 */

const MOST_ASKED = 200; // a `resume` names no more streams

/**
 * Where a client stands in the streams of one namespace, over any number of connections. No input or output.
 *
 * Events are `put` in as they come and `pop`ped as they may be told: each durable one once, in the order of its stream.
 * When some were missed, the others wait until `settled`. Until then, again and again: emit `resume` with what `ask` says
 * and give the ack to `answer`; when `ask` says nothing, fetch the state between `beginLoad` and `endLoad`.
 */
export class Streams {
  /** @type {Map<string, Position>} */
  #told = new Map();
  /** What the application will know once the state is fetched. @type {Map<string, Position>} */
  #loaded = new Map();
  /** With a place that was missed. @type {Map<string, Position>} */
  #behind = new Map();
  /** @type {Map<string, Position>} */
  #asked = new Map();
  /** @type {Record<string, Position>} */
  #askedFrom = {};
  /** @type {Event[]} */
  #ready = [];
  /** @type {Event[]} */
  #waiting = [];
  #greeted = false;
  #stale = false;
  #loading = false;

  /** Whether something is missing, and there is a connection to ask for it. */
  get lacking() {
    return this.#greeted && !this.settled;
  }

  /** Whether nothing is missing, as far as can be known. */
  get settled() {
    return this.#greeted && !(this.#stale || this.#loading || this.#behind.size || this.#asked.size);
  }

  /** Up to where each stream was told. @returns {Record<string, Position>} */
  get positions() {
    return Object.fromEntries(this.#told);
  }

  /** The connection is gone, and with it what was still under way. */
  lose() {
    this.#stale ||= this.#loading;
    this.#greeted = this.#loading = false;
    this.#loaded.clear();
    this.#behind.clear();
    this.#asked.clear();
    this.#waiting = [];
  }

  /**
   * `hello` came: these are the streams from here on. One that stands elsewhere than here was missed.
   *
   * @param {Record<string, Position>} heads
   */
  greet(heads) {
    this.#greeted = true;
    for (const stream of [...this.#told.keys(), ...this.#loaded.keys()]) {
      if (!Object.hasOwn(heads, stream)) this.#loadFrom(stream, null);
    }
    for (const { meta } of this.#waiting) this.#dropOtherLogs(meta.stream, heads[meta.stream]);
    for (const [stream, head] of Object.entries(heads)) {
      const told = this.#told.get(stream);
      if (!told) this.#loadFrom(stream, head);
      else if (told.epoch !== head.epoch || told.seq !== head.seq || told.at !== head.at) this.#behind.set(stream, head);
    }
  }

  /** The state that was fetched is not, or no longer, right: it is to be fetched anew. */
  doubt() {
    this.#stale = true;
  }

  /** The streams to be resumed, and from where; null for none. @returns {Record<string, Position>|null} */
  ask() {
    this.#behind = new Map([...this.#asked, ...this.#behind]);
    this.#asked = new Map();
    for (const stream of [...this.#behind.keys()].sort().slice(0, MOST_ASKED)) {
      this.#asked.set(stream, this.#behind.get(stream));
      this.#behind.delete(stream);
    }
    this.#askedFrom = Object.fromEntries([...this.#asked.keys()].map((stream) => [stream, this.#told.get(stream)]));
    return this.#asked.size ? this.#askedFrom : null;
  }

  /**
   * The ack of that `resume`; empty from a server that cannot resume. Its replay came before it.
   *
   * @param {Record<string, {recovered: boolean, epoch?: string, seq?: number, at?: string}>} answer
   */
  answer(answer) {
    const asked = this.#asked;
    this.#asked = new Map();
    for (const [stream, missed] of asked) {
      const end = answer[stream];
      const told = this.#told.get(stream);
      const place = end?.seq === undefined ? missed : position(end);
      if (end?.recovered) this.#tellUpTo(stream, place);
      else {
        const moved = told !== this.#askedFrom[stream]; // so it was told by this server
        this.#loadFrom(stream, moved && this.#reached(stream, place) ? told : place);
      }
    }
  }

  /** The state is fetched from here on. What was told in passing before is in it. */
  beginLoad() {
    this.#stale = false;
    this.#loading = true;
    this.#waiting = this.#waiting.filter(isDurable);
  }

  /** The state was fetched; what comes later counts. */
  endLoad() {
    this.#loading = false;
    if (this.#stale) return;
    for (const [stream, place] of this.#loaded) this.#told.set(stream, place);
    this.#loaded.clear();
  }

  /** An event came. What is about the connection, and what was asked for, is not kept waiting. @param {Event} event */
  put(event) {
    const { stream } = event.meta;
    if (stream === undefined) this.#ready.push(event);
    else if (this.#asked.has(stream) && this.#isNext(event)) {
      this.#told.set(stream, position(event.meta));
      this.#ready.push(event);
    } else this.#waiting.push(event);
  }

  /** The next event to tell, null for none at the moment. @returns {Event|null} */
  pop() {
    if (this.#ready.length) return this.#ready.shift();
    while (this.#waiting.length && this.settled) {
      const event = this.#waiting.shift();
      if (!isDurable(event) || this.#take(event)) return event;
    }
    return null;
  }

  /** Whether a durable event is to be told now. One that shows a gap comes again in the replay. */
  #take(event) {
    const { stream } = event.meta;
    if (this.#told.has(stream) && !this.#isNext(event)) {
      if (!this.#reached(stream, event.meta)) this.#behind.set(stream, position(event.meta));
      return false;
    }
    this.#told.set(stream, position(event.meta)); // of an unknown stream, it is the one that made the client follow it
    return true;
  }

  #isNext(event) {
    const told = this.#told.get(event.meta.stream);
    return isDurable(event) && told?.epoch === event.meta.epoch && told.seq + 1 === event.meta.seq;
  }

  #reached(stream, place) {
    const told = this.#told.get(stream);
    return told.epoch === place.epoch && told.seq >= place.seq;
  }

  /** Nothing more will come of a stream up to there: what is left out is not for this client. */
  #tellUpTo(stream, place) {
    if (this.#reached(stream, place)) return;
    const { seq: told } = this.#told.get(stream);
    const came = new Map();
    for (const event of this.#waiting) {
      const { meta } = event;
      const due = meta.stream === stream && meta.epoch === place.epoch && told < meta.seq && meta.seq <= place.seq;
      if (due) came.set(meta.seq, event);
    }
    for (const seq of [...came.keys()].sort((a, b) => a - b)) this.#ready.push(came.get(seq));
    this.#told.set(stream, place);
  }

  /** Where the stream will stand once the state is fetched; null when it is followed no longer. */
  #loadFrom(stream, place) {
    this.#stale = true;
    for (const places of [this.#told, this.#loaded, this.#behind, this.#asked]) places.delete(stream);
    if (place) this.#loaded.set(stream, place);
  }

  /** What came of a stream before the server told of this place, in another epoch, is of a log that was lost. */
  #dropOtherLogs(stream, place) {
    this.#waiting = this.#waiting.filter(
      (event) => event.meta.stream !== stream || !isDurable(event) || event.meta.epoch === place?.epoch,
    );
  }
}

function isDurable({ meta }) {
  return meta.seq !== undefined;
}

function position({ epoch, seq, at }) {
  return { epoch, seq, at };
}
