import { MaogaError } from "./errors.js";
import { Space } from "./space.js";

export { MaogaError };

/** @typedef {import("./types.d.ts").Namespace} Namespace */
/** @typedef {import("./types.d.ts").ServerEvents} ServerEvents */
/** @typedef {import("./types.d.ts").ClientEvents} ClientEvents */
/**
 * @template {Namespace} N
 * @template {keyof ClientEvents[N]} E
 * @typedef {import("./types.d.ts").Payload<N, E>} Payload
 */
/**
 * @template {Namespace} N
 * @template {keyof ClientEvents[N]} E
 * @typedef {import("./types.d.ts").Answer<N, E>} Answer
 */

export const NAMESPACES = /** @type {Namespace[]} */ (["matchmaking", "lobby", "chat", "social"]);

const RETRY_MS = 2_000;
const SETTLE_MS = 1_000;

/**
 * A player's connection: the four namespaces on one WebSocket, made again whenever it breaks, on whatever server answers.
 *
 * Every durable event is told once and in order, also those that come while there is no connection. What cannot be had
 * one by one any more is fetched by the functions in `load`. The token is renewed by itself.
 */
export class Maoga {
  #manager;
  #sockets = {};
  /** @type {Record<Namespace, Space>} */
  #spaces = {};
  #settled = new Set();
  #session;
  #onState;
  #onEnd;
  #skewMs = 0;
  #drain = null;
  #closed = false;

  /**
   * @param {object} options
   * @param {new (url: string, options: object) => any} options.Manager of socket.io-client 4
   * @param {string} options.url of the server
   * @param {import("./session.js").Session} options.session
   * @param {string} options.name of this client, for the server's logs
   * @param {Partial<Record<Namespace, () => Promise<void>>>} [options.load] what fetches the state of a namespace: at first,
   *   and when events were missed for good. Live events wait until it is done; when it throws it is called again.
   * @param {(online: boolean) => void} [options.onState] told when there is a connection and nothing is missing, and when
   *   it is lost
   * @param {(error: MaogaError) => void} [options.onEnd] told when the session is over: log in again
   */
  constructor({ Manager, url, session, name, load = {}, onState = () => {}, onEnd = () => {} }) {
    this.#session = session;
    this.#onState = onState;
    this.#onEnd = onEnd;
    this.#manager = new Manager(url, { transports: ["websocket"], reconnectionDelay: 500, reconnectionDelayMax: 5_000 });
    for (const namespace of NAMESPACES) this.#open(namespace, { name, protocol: 1 }, load[namespace]);
  }

  /** The server's clock, in milliseconds since 1970. */
  now() {
    return Date.now() + this.#skewMs;
  }

  /**
   * Calls `listener` with data and meta of every such event.
   *
   * @template {Namespace} N
   * @template {keyof ServerEvents[N] & string} E
   * @param {N} namespace
   * @param {E} event
   * @param {ServerEvents[N][E]} listener
   */
  on(namespace, event, listener) {
    this.#spaces[namespace].on(event, listener);
  }

  /**
   * Emits an event and returns the data of its ack. Without a connection it waits for one.
   *
   * @template {Namespace} N
   * @template {keyof ClientEvents[N] & string} E
   * @param {N} namespace
   * @param {E} event
   * @param {Payload<N, E>} [payload]
   * @returns {Promise<Answer<N, E>>}
   * @throws {MaogaError} with the server's code; TIMEOUT or DISCONNECTED when nobody knows what became of it
   */
  call(namespace, event, payload = {}) {
    return this.#spaces[namespace].call(event, payload);
  }

  /** Has the state of a namespace fetched anew. @param {Namespace} namespace */
  refresh(namespace) {
    this.#spaces[namespace].refresh();
  }

  /** Closes the connection for good. */
  close() {
    this.#closed = true;
    clearTimeout(this.#drain);
    for (const socket of Object.values(this.#sockets)) socket.disconnect();
  }

  #open(namespace, client, load = async () => {}) {
    let attempts = 0;
    const auth = async (answer) => {
      const attempt = ++attempts;
      const token = await this.#asked(() => this.#session.token());
      if (token && attempt === attempts) answer({ token, client }); // else the connection was made anew meanwhile
    };
    const socket = this.#sockets[namespace] = this.#manager.socket(`/${namespace}`, { auth });
    const space = this.#spaces[namespace] = new Space(socket, load, () => this.#found(namespace));
    space.on("hello", ({ serverTime }) => { this.#skewMs = Date.parse(serverTime) - Date.now(); });
    space.on("server_draining", ({ reconnectInMs }) => this.#leave(reconnectInMs));
    if (namespace === "social") space.on("session_expiring", () => this.#renew());
    socket.on("connect_error", ({ data }) => data && this.#refused(socket, data)); // without data: nobody was reached
    socket.on("disconnect", (reason) => {
      this.#lost(namespace);
      if (reason === "io server disconnect") this.#reconnect(socket);
    });
  }

  #found(namespace) {
    const wasOnline = this.#online;
    this.#settled.add(namespace);
    if (this.#online && !wasOnline) this.#onState(true);
  }

  #lost(namespace) {
    clearTimeout(this.#drain);
    this.#drain = null;
    if (this.#online && !this.#closed) this.#onState(false);
    this.#settled.delete(namespace);
  }

  get #online() {
    return this.#settled.size === NAMESPACES.length;
  }

  /** Makes the connection anew in a while, wherever the balancer takes it: this server is about to stop. */
  #leave(inMs) {
    this.#drain ??= setTimeout(async () => { // every namespace is told
      const { engine } = this.#manager;
      const answers = Object.values(this.#spaces).map((space) => space.answered());
      await Promise.race([Promise.all(answers), pause(SETTLE_MS)]);
      engine.close();
    }, inMs);
  }

  async #refused(socket, { code, ...details }) {
    const error = new MaogaError(code, "The connection was refused.", details);
    if (code === "TOKEN_EXPIRED") await this.#asked(() => this.#session.refresh());
    else if (error.final) this.#end(error);
    await this.#reconnect(socket);
  }

  async #reconnect(socket) {
    await pause(RETRY_MS * (0.5 + Math.random() / 2));
    if (!this.#closed) socket.connect();
  }

  /** Puts a fresh token in the place of the one that expires. All namespaces live on with it. */
  async #renew() {
    const token = await this.#asked(() => this.#session.refresh());
    if (token) await this.call("social", "renew", { token }).catch(() => {}); // a new connection brings it, too
  }

  /** What the session answers, asked again until it can; null when the session is over. */
  async #asked(question) {
    while (!this.#closed) {
      try {
        return await question();
      } catch (error) {
        if (error.final) this.#end(error);
        else await pause(RETRY_MS);
      }
    }
    return null;
  }

  #end(error) {
    if (this.#closed) return;
    this.close();
    this.#onEnd(error);
  }
}

function pause(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
