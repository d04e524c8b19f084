import { MaogaError, unwrapped } from "./errors.js";
import { Streams } from "./streams.js";

const CALL_TIMEOUT_MS = 10_000;
const RESUME_TIMEOUT_MS = 60_000; // a long replay comes before its ack
const RETRY_MS = 2_000;

/** One namespace: its calls, and its events, each durable one once and in order whatever becomes of the connection. */
export class Space {
  #socket;
  #load;
  #onSettled;
  #streams = new Streams();
  #listeners = new Map();
  #connection = 0;
  #calls = new Set();
  #settling = -1;

  /**
   * @param {object} socket of socket.io-client
   * @param {() => Promise<void>} load fetches the state of what the streams tell
   * @param {() => void} onSettled told when nothing is missing any more
   */
  constructor(socket, load, onSettled) {
    this.#socket = socket;
    this.#load = load;
    this.#onSettled = onSettled;
    socket.onAny((name, data, meta) => this.#receive({ name, data, meta: meta ?? {} }));
    socket.on("disconnect", () => {
      this.#connection += 1;
      this.#streams.lose();
    });
  }

  /** Calls `listener` with data and meta of every such event. @param {string} event @param {Function} listener */
  on(event, listener) {
    const listeners = this.#listeners.get(event) ?? [];
    this.#listeners.set(event, [...listeners, listener]);
  }

  /** Fetches the state anew. */
  refresh() {
    this.#streams.doubt();
    this.#settle();
  }

  /** The data of an event's ack. @param {string} event @param {object} payload @throws {MaogaError} */
  async call(event, payload, timeoutMs = CALL_TIMEOUT_MS) {
    let ack;
    const answer = this.#socket.timeout(timeoutMs).emitWithAck(event, payload);
    this.#calls.add(answer);
    try {
      ack = await answer;
    } catch {
      if (this.#socket.connected) throw new MaogaError("TIMEOUT", "The server did not answer in time.");
      throw new MaogaError("DISCONNECTED", "The connection was lost.");
    } finally {
      this.#calls.delete(answer);
    }
    return unwrapped(ack);
  }

  /** Resolves when nothing waits for an answer that was asked by now. */
  async answered() {
    await Promise.allSettled(this.#calls);
  }

  #receive(event) {
    if (event.name === "hello") this.#streams.greet(event.data.streams);
    this.#streams.put(event);
    this.#tell();
    if (event.name === "hello" || this.#streams.lacking) this.#settle();
  }

  #tell() {
    for (let event = this.#streams.pop(); event; event = this.#streams.pop()) {
      for (const listener of this.#listeners.get(event.name) ?? []) guarded(() => listener(event.data, event.meta));
    }
  }

  /** Asks for what is missing until nothing is, or the connection is gone. */
  async #settle() {
    const connection = this.#connection;
    if (this.#settling === connection) return;
    this.#settling = connection;
    while (connection === this.#connection && this.#streams.lacking) {
      try {
        const finish = await this.#step();
        if (connection !== this.#connection) return;
        finish();
        this.#tell();
      } catch (error) {
        if (!(error instanceof MaogaError)) report(error);
        await pause(error.details?.retryInMs ?? RETRY_MS);
      }
    }
    if (connection !== this.#connection) return;
    this.#settling = -1;
    if (this.#streams.settled) this.#onSettled();
  }

  /** Asks for what was missed, or for all; what is to be done with the answer. */
  async #step() {
    const places = this.#streams.ask();
    if (places) {
      const ends = await this.#resume(places);
      return () => this.#streams.answer(ends);
    }
    this.#streams.beginLoad();
    await this.#load();
    return () => this.#streams.endLoad();
  }

  /** Where each stream stands after the replay; empty from a server that cannot resume. */
  async #resume(streams) {
    try {
      return await this.call("resume", { streams }, RESUME_TIMEOUT_MS);
    } catch (error) {
      if (error.code === "UNKNOWN_EVENT") return {};
      throw error;
    }
  }
}

/** A listener that fails must not keep the others from hearing. */
function guarded(act) {
  try {
    act();
  } catch (error) {
    report(error);
  }
}

/** Where uncaught errors go. */
function report(error) {
  setTimeout(() => { throw error; });
}

function pause(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
