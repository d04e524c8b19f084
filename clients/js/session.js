/** @typedef {import("./rest.js").Rest} Rest */
/** @typedef {import("./rest.js").SessionData} SessionData */

const KEY = "maoga.session";
const LEAST_LEFT = 1 / 10; // of an access token's life

/** A login and its tokens, kept in a `Storage` so that a reload finds them. */
export class Session {
  #rest;
  #storage;
  #data;
  #refreshing = null;

  /** @param {Rest} rest @param {Storage} storage @param {SessionData} data */
  constructor(rest, storage, data) {
    this.#rest = rest;
    this.#storage = storage;
    this.#keep(data);
  }

  /** The session a storage holds, if any. @param {Rest} rest @param {Storage} storage @returns {Session|null} */
  static restore(rest, storage) {
    const kept = storage.getItem(KEY);
    return kept && new Session(rest, storage, JSON.parse(kept));
  }

  /** Who is logged in. */
  get user() {
    return this.#data.user;
  }

  /** An access token that is good for a while; refreshed when it is not. @returns {Promise<string>} */
  async token() {
    const { accessToken, expiresAt, expiresInMs } = this.#data;
    return expiresAt - Date.now() < expiresInMs * LEAST_LEFT ? this.refresh() : accessToken;
  }

  /**
   * Trades the tokens for new ones. A refresh token can be spent once, so all who ask meanwhile share one refresh.
   *
   * @returns {Promise<string>} the access token
   */
  refresh() {
    this.#refreshing ??= this.#rest.refresh(this.#data.refreshToken)
      .then((data) => this.#keep(data))
      .finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  /** Somebody as everybody sees them. @param {string} userId @returns {Promise<import("./types.d.ts").PublicUser>} */
  async publicUser(userId) {
    return this.#rest.user(await this.token(), userId);
  }

  /** Uploads an image for a message in a channel. @param {string} channelId @param {Blob} file @returns {Promise<{id: string}>} */
  async upload(channelId, file) {
    return this.#rest.upload(await this.token(), channelId, file);
  }

  /** The thumbnail of an image in a message. @param {string} mediaId @returns {Promise<Blob>} */
  async thumbnail(mediaId) {
    return this.#rest.thumbnail(await this.token(), mediaId);
  }

  /** Ends the session here and, if it can be reached, on the server. */
  async logout() {
    this.forget();
    await this.#rest.logout(this.#data.accessToken);
  }

  /** Drops the session from the storage. */
  forget() {
    this.#storage.removeItem(KEY);
  }

  #keep(data) {
    this.#data = { ...data, expiresAt: data.expiresAt ?? Date.now() + data.expiresInMs };
    this.#storage.setItem(KEY, JSON.stringify(this.#data));
    return data.accessToken;
  }
}
