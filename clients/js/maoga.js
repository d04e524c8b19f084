import { MaogaError, unwrapped } from "./errors.js";

export { MaogaError };

/** @typedef {"matchmaking"|"lobby"|"chat"|"social"} Namespace */

export const NAMESPACES = /** @type {Namespace[]} */ (["matchmaking", "lobby", "chat", "social"]);

const CALL_TIMEOUT_MS = 10_000;
const RETRY_MS = 2_000;

/**
 * A player's connection: the four namespaces on one WebSocket, made again whenever it breaks.
 *
 * `hello` is the first event of a namespace after every connect, and comes again when the server has missed events: what
 * a client shows of the namespace it fetches then. The token is renewed by itself.
 */
export class Maoga {
  #sockets = {};
  #greeted = new Set();
  #heard = {};
  #session;
  #onState;
  #onEnd;
  #skewMs = 0;
  #closed = false;

  /**
   * @param {object} options
   * @param {Function} options.Manager of socket.io-client 4
   * @param {string} options.url of the server
   * @param {import("./session.js").Session} options.session
   * @param {string} options.name of this client, for the server's logs
   * @param {(online: boolean) => void} options.onState told when all namespaces are connected, and when they are not
   * @param {(error: MaogaError) => void} options.onEnd told when the session is over: log in again
   */
  constructor({ Manager, url, session, name, onState, onEnd }) {
    this.#session = session;
    this.#onState = onState;
    this.#onEnd = onEnd;
    const manager = new Manager(url, { transports: ["websocket"], reconnectionDelay: 500, reconnectionDelayMax: 5_000 });
    for (const namespace of NAMESPACES) this.#open(manager, namespace, { name, protocol: 1 });
  }

  /** The server's clock, in milliseconds since 1970. */
  now() {
    return Date.now() + this.#skewMs;
  }

  /**
   * Calls `listener` with data and meta of every such event.
   *
   * @param {Namespace} namespace
   * @param {string} event
   * @param {(data: any, meta: {stream?: string, seq?: number, epoch?: string, at: string}) => void} listener
   */
  on(namespace, event, listener) {
    this.#sockets[namespace].on(event, listener);
  }

  /**
   * Emits an event and returns the data of its ack. Without a connection it waits for one.
   *
   * @param {Namespace} namespace
   * @param {string} event
   * @param {object} [payload]
   * @throws {MaogaError} with the server's code; TIMEOUT or DISCONNECTED when nobody knows what became of it
   */
  async call(namespace, event, payload = {}) {
    const socket = this.#sockets[namespace];
    let ack;
    try {
      ack = await socket.timeout(CALL_TIMEOUT_MS).emitWithAck(event, payload);
    } catch {
      if (socket.connected) throw new MaogaError("TIMEOUT", "The server did not answer in time.");
      throw new MaogaError("DISCONNECTED", "The connection was lost.");
    }
    return unwrapped(ack);
  }

  /**
   * `call` for an event that answers a state: no answer that is older than an event heard meanwhile.
   *
   * @param {Namespace} namespace
   * @param {string} event
   */
  async snapshot(namespace, event) {
    for (;;) {
      const heard = this.#heard[namespace];
      const data = await this.call(namespace, event);
      if (heard === this.#heard[namespace]) return data;
    }
  }

  /** Closes the connection for good. */
  close() {
    this.#closed = true;
    for (const socket of Object.values(this.#sockets)) socket.disconnect();
  }

  #open(manager, namespace, client) {
    let attempts = 0;
    const auth = async (answer) => {
      const attempt = ++attempts;
      const token = await this.#asked(() => this.#session.token());
      if (token && attempt === attempts) answer({ token, client }); // else the connection was made anew meanwhile
    };
    const socket = this.#sockets[namespace] = manager.socket(`/${namespace}`, { auth });
    this.#heard[namespace] = 0;
    socket.onAny(() => { this.#heard[namespace] += 1; });
    socket.on("hello", ({ serverTime }) => this.#greeting(namespace, serverTime));
    socket.on("connect_error", ({ data }) => data && this.#refused(socket, data)); // without data: nobody was reached
    socket.on("disconnect", (reason) => {
      this.#lost(namespace);
      if (reason === "io server disconnect") this.#reconnect(socket);
    });
    if (namespace === "social") socket.on("session_expiring", () => this.#renew());
  }

  #greeting(namespace, serverTime) {
    this.#skewMs = Date.parse(serverTime) - Date.now();
    const wasOnline = this.#online;
    this.#greeted.add(namespace);
    if (this.#online && !wasOnline) this.#onState(true);
  }

  #lost(namespace) {
    if (this.#online && !this.#closed) this.#onState(false);
    this.#greeted.delete(namespace);
  }

  get #online() {
    return this.#greeted.size === NAMESPACES.length;
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
