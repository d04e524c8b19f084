/** The player's party: who is in it, by which code friends join it, and who invites the player to theirs. */
export class Party {
  /** @type {import("../clients/types.d.ts").Party|null} */
  current = null;
  #maoga;
  #me;
  #screen;
  #invites = new Map();

  /**
   * @param {import("../clients/maoga.js").Maoga} maoga
   * @param {string} me the user's id
   * @param {(event: string, act: (data: any) => unknown) => void} on hears an event of `/matchmaking`
   * @param {import("./player.js").Screen} screen
   */
  constructor(maoga, me, on, screen) {
    this.#maoga = maoga;
    this.#me = me;
    this.#screen = screen;
    on("party_updated", (party) => this.#take(party));
    on("party_invited", (invite) => this.#invited(invite));
    on("party_left", (event) => this.#left(event));
  }

  get isLeader() {
    return this.current?.leaderId === this.#me;
  }

  /** The ids of the other members. */
  get others() {
    return (this.current?.members ?? []).map(({ userId }) => userId).filter((id) => id !== this.#me);
  }

  /** Open invitations: `{party, from, expiresAt}`, with the name of who invites. @param {number} now */
  invites(now) {
    return [...this.#invites.values()].filter(({ expiresAt }) => Date.parse(expiresAt) > now);
  }

  async fetch() {
    this.current = await this.#call("sync");
  }

  async create() {
    this.#take(await this.#call("create"));
  }

  async join(joinCode) {
    this.#take(await this.#call("join", { joinCode }));
  }

  async acceptInvite(partyId) {
    this.#take(await this.#call("join", { partyId }));
  }

  async declineInvite(partyId) {
    await this.#call("decline", { partyId });
    this.#invites.delete(partyId);
    this.#screen.changed();
  }

  async leave() {
    await this.#call("leave");
    this.current = null;
    this.#screen.changed();
  }

  #call(what, payload) {
    return this.#maoga.call("matchmaking", `party_${what}`, payload);
  }

  #take(party) {
    this.#invites.delete(party.id);
    if (party.id === this.current?.id && party.version < this.current.version) return;
    this.current = party;
    this.#screen.changed();
  }

  #invited({ party, fromUserId, expiresAt }) {
    const from = party.members.find(({ userId }) => userId === fromUserId)?.displayName ?? "Somebody";
    this.#invites.set(party.id, { party, from, expiresAt });
    this.#screen.announce(`${from} invites you to a party.`);
  }

  #left({ partyId, reason }) {
    this.#maoga.refresh("matchmaking"); // the party's ticket is the player's no more
    if (this.current?.id !== partyId) return;
    this.current = null;
    if (reason === "kicked") this.#screen.note("You were removed from the party.");
    if (reason === "grace_expired") this.#screen.note("You were away too long, and are not in the party any more.");
  }
}
