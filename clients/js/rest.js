import { MaogaError, unwrapped } from "./errors.js";

const TIMEOUT_MS = 10_000;

/** @typedef {import("./types.d.ts").Session} SessionData what a login answers */

/** The REST calls a player needs. Every one throws `MaogaError`. */
export class Rest {
  #base;

  /** @param {string} origin of the server, as in `location.origin` */
  constructor(origin) {
    this.#base = `${origin}/api/v1`;
  }

  /** @param {string} [displayName] @returns {Promise<SessionData>} */
  guest(displayName) {
    return this.#data("POST", "/auth/guest", { body: displayName ? { displayName } : {} });
  }

  /** @param {{email: string, username: string, password: string}} account @returns {Promise<SessionData>} */
  register(account) {
    return this.#data("POST", "/auth/register", { body: account });
  }

  /** @param {string} credential address or username @param {string} password @returns {Promise<SessionData>} */
  login(credential, password) {
    return this.#data("POST", "/auth/login", { body: { credential, password } });
  }

  /** Spends the refresh token. @param {string} refreshToken @returns {Promise<SessionData>} */
  refresh(refreshToken) {
    return this.#data("POST", "/auth/refresh", { body: { refreshToken } });
  }

  /** @param {string} accessToken */
  async logout(accessToken) {
    await this.#data("POST", "/auth/logout", { token: accessToken, body: {} });
  }

  /** The caller's account. @param {string} accessToken @returns {Promise<import("./types.d.ts").Me>} */
  me(accessToken) {
    return this.#data("GET", "/users/me", { token: accessToken });
  }

  /** Somebody as everybody sees them. @param {string} accessToken @param {string} userId @returns {Promise<import("./types.d.ts").PublicUser>} */
  user(accessToken, userId) {
    return this.#data("GET", `/users/${encodeURIComponent(userId)}`, { token: accessToken });
  }

  /**
   * The first games that a text finds, without one of all, the most popular first. more: whether there are others.
   *
   * @param {string} text words of a name @param {number} limit up to 100
   * @returns {Promise<{games: import("./types.d.ts").Game[], more: boolean}>}
   */
  async findGames(text, limit) {
    const query = new URLSearchParams({ limit, ...(text && { query: text }) });
    const answer = await this.#answer("GET", `/games?${query}`);
    return { games: unwrapped(answer), more: Boolean(answer.meta?.pagination?.nextCursor) };
  }

  /** One game of the catalogue. @param {string} gameId @returns {Promise<import("./types.d.ts").Game>} */
  game(gameId) {
    return this.#data("GET", `/games/${encodeURIComponent(gameId)}`);
  }

  /** Uploads an image for a message. @param {string} accessToken @param {string} channelId @param {Blob} file */
  upload(accessToken, channelId, file) {
    const form = new FormData();
    form.append("file", file);
    return this.#data("POST", `/chats/${encodeURIComponent(channelId)}/media`, { token: accessToken, body: form });
  }

  /** The thumbnail of an image in a message. @param {string} accessToken @param {string} mediaId @returns {Promise<Blob>} */
  async thumbnail(accessToken, mediaId) {
    const headers = { Authorization: `Bearer ${accessToken}` };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${this.#base}/media/${encodeURIComponent(mediaId)}/thumbnail`, { headers, signal });
    if (!response.ok) throw new MaogaError("NOT_FOUND", "The image cannot be had.");
    return response.blob();
  }

  async #data(method, path, options) {
    return unwrapped(await this.#answer(method, path, options));
  }

  async #answer(method, path, { body, token } = {}) {
    const headers = {};
    if (token) headers.Authorization = `Bearer ${token}`;
    const isForm = body instanceof FormData;
    if (body && !isForm) headers["Content-Type"] = "application/json";
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    let response;
    try {
      response = await fetch(this.#base + path, { method, headers, signal, body: isForm ? body : body && JSON.stringify(body) });
    } catch {
      throw new MaogaError(signal.aborted ? "TIMEOUT" : "UNREACHABLE", "The server does not answer.");
    }
    if (response.status === 204) return { status: "success" };
    return response.json().catch(() => {
      throw new MaogaError("INTERNAL", "The server's answer cannot be read.");
    });
  }
}
