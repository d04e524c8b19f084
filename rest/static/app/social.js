const PAGE = 100;
const WATCHED = 200;

/** Friends and how they are to be had, blocks, whom the player met, and what there is to know. */
export class Social {
  /** Friends: `{userId, username, displayName, since}`. */
  friends = [];
  /** Open requests to the player. */
  requests = [];
  recent = [];
  /** Notifications, the newest first. */
  news = [];
  unread = 0;
  #maoga;
  #people;
  #screen;
  #blocked = new Set();
  #presence = new Map();

  /**
   * @param {import("../clients/maoga.js").Maoga} maoga
   * @param {import("./people.js").People} people
   * @param {(event: string, act: (data: any) => unknown) => void} on hears an event of `/social`
   * @param {import("./player.js").Screen} screen
   */
  constructor(maoga, people, on, screen) {
    this.#maoga = maoga;
    this.#people = people;
    this.#screen = screen;
    on("friend_requested", (friend) => this.#asked(friend));
    on("friend_added", (friend) => this.#added(friend));
    on("friend_removed", ({ userId }) => this.#removed(userId));
    on("presence_changed", (presence) => this.#presence.set(presence.userId, presence));
    on("notification", (one) => this.#notified(one));
    on("unread_count", ({ count }) => { this.unread = count; });
  }

  /** How somebody is to be had, as far as the player may know. */
  statusOf(userId) {
    return this.#presence.get(userId)?.status ?? "offline";
  }

  /** What somebody says of themselves. */
  customStatusOf(userId) {
    return this.#presence.get(userId)?.customStatus;
  }

  isFriend(userId) {
    return this.friends.some((friend) => friend.userId === userId);
  }

  hasBlocked(userId) {
    return this.#blocked.has(userId);
  }

  async fetch() {
    const [friends, requests, blocks, news] = await Promise.all([
      this.#all("friends"),
      this.#call("friend_requests", { limit: PAGE, direction: "incoming" }),
      this.#all("blocks"),
      this.#call("notifications", { limit: 50 }),
    ]);
    this.friends = friends;
    this.requests = requests.items;
    this.#blocked = new Set(blocks.map(({ userId }) => userId));
    this.news = news.items;
    this.unread = news.unread;
    this.#people.note(...this.friends, ...this.requests);
    await this.#watch();
  }

  /** Whom the player met in matches; of interest only to who looks. */
  async fetchRecent() {
    this.recent = (await this.#call("recent_players", { limit: 10 })).items;
    this.#people.note(...this.recent);
    this.#screen.changed();
  }

  /** Asks somebody to be friends. @param {{userId: string}|{username: string}} whom */
  async ask(whom) {
    const { status, displayName } = await this.#call("friend_request", whom);
    if (status === "outgoing") this.#screen.note(`${displayName} was asked, and hears of it at once.`);
  }

  async answer(userId, accept) {
    await this.#call("friend_answer", { userId, accept });
    this.requests = this.requests.filter((one) => one.userId !== userId);
    this.#screen.changed();
  }

  async unfriend(userId) {
    await this.#call("friend_remove", { userId });
    this.#removed(userId);
    this.#screen.changed();
  }

  async block(userId) {
    await this.#call("block", { userId });
    this.#blocked.add(userId);
    this.#removed(userId);
    this.#screen.changed();
  }

  async unblock(userId) {
    await this.#call("unblock", { userId });
    this.#blocked.delete(userId);
    this.#screen.changed();
  }

  async readAll() {
    await this.#call("notifications_read", { all: true });
    this.news = this.news.map((one) => ({ ...one, read: true }));
    this.unread = 0;
    this.#screen.changed();
  }

  #call(event, payload) {
    return this.#maoga.call("social", event, payload);
  }

  /** All pages of a list. */
  async #all(event) {
    const items = [];
    for (let cursor; cursor !== null;) {
      const page = await this.#call(event, { limit: PAGE, ...(cursor && { cursor }) });
      items.push(...page.items);
      cursor = page.nextCursor ?? null;
    }
    return items;
  }

  async #watch() {
    const userIds = this.friends.map(({ userId }) => userId).slice(0, WATCHED);
    if (!userIds.length) return;
    if (this.friends.length > WATCHED) await this.#call("unwatch_presence", {}); // others are the first now
    for (const presence of await this.#call("watch_presence", { userIds })) this.#presence.set(presence.userId, presence);
  }

  #asked(friend) {
    this.#people.note(friend);
    if (friend.status !== "incoming") return;
    this.requests = [friend, ...this.requests.filter(({ userId }) => userId !== friend.userId)];
  }

  async #added(friend) {
    this.#people.note(friend);
    this.requests = this.requests.filter(({ userId }) => userId !== friend.userId);
    this.friends = [friend, ...this.friends.filter(({ userId }) => userId !== friend.userId)];
    await this.#watch();
  }

  #removed(userId) {
    for (const list of ["friends", "requests"]) this[list] = this[list].filter((one) => one.userId !== userId);
    this.#presence.delete(userId);
  }

  #notified(one) {
    this.news = [one, ...this.news.filter(({ id }) => id !== one.id)].slice(0, 50);
    this.unread += one.read ? 0 : 1;
    this.#screen.announce(`${one.title}. ${one.body}`);
  }
}
