/** What the page says. */

const ERRORS = {
  UNREACHABLE: "The server cannot be reached. Check your connection and try again.",
  DISCONNECTED: "The connection was lost before the server answered. Try again.",
  TIMEOUT: "The server did not answer in time. Try again.",
  VALIDATION_ERROR: "Something in the form is not right.",
  INVALID_CREDENTIALS: "Username or password is wrong.",
  TOKEN_EXPIRED: "Your session is over. Enter again.",
  TOKEN_REVOKED: "Your session was ended. Enter again.",
  TOKEN_INVALID: "Your session is not valid any more. Enter again.",
};

/** Why somebody has no seat any more. */
const LEFT = {
  left: "left", kicked: "was removed", not_ready: "was not ready in time", grace_expired: "was away too long and lost the seat",
};

/** An error in plain words, with its code. */
export function errorText(error) {
  if (!error.code) return "Something went wrong on this page. Reload it.";
  if (error.code === "RATE_LIMITED") {
    return `Too fast: try again in ${seconds(error.details?.retryInMs ?? 1000)}. (RATE_LIMITED)`;
  }
  if (error.code === "COOLDOWN") {
    const who = error.details.userIds ? "Players of your party" : "You";
    return `${who} refused matches: the next search can begin in ${seconds(error.details.retryInMs)}. (COOLDOWN)`;
  }
  const first = Array.isArray(error.details) ? error.details[0] : null;
  const text = ERRORS[error.code] ?? error.message;
  return `${text}${first ? ` ${upper(first.field)}: ${first.message}.` : ""} (${error.code})`;
}

/** A fault of a field as a sentence. */
export const fieldText = (message) => `${upper(message)}.`;

/** Milliseconds as whole seconds, rounded up. */
export const seconds = (ms) => `${Math.max(0, Math.ceil(ms / 1000))} s`;

/** Milliseconds as minutes and seconds. */
export function clock(ms) {
  const whole = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A number of things in words: `1 player`, `2 players`. */
export const count = (number, thing, things = `${thing}s`) => `${number} ${number === 1 ? thing : things}`;

/** With a capital letter. */
export const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The initials of a name: `League of Legends` is `LL`, `Ada` is `A`. */
export function initials(name) {
  const words = name.split(/[\s_-]+/).filter((word) => /^[\p{Lu}\p{N}]/u.test(word));
  const letters = (words.length ? words : [name]).map((word) => [...word][0] ?? "?");
  return letters.slice(0, 2).join("").toUpperCase();
}

/** How many players a mode takes. */
export function modeText({ groupSize, teams }) {
  if (teams) return Array(teams.count).fill(teams.size).join(" v ");
  if (!groupSize) return "any number of players";
  return groupSize.min === groupSize.max ? count(groupSize.min, "player") : `${groupSize.min} to ${groupSize.max} players`;
}

/** Why a match is off, as the player sees it: those who are not at fault wait on. */
export function matchOffText({ reason, requeued, cooldownUntil }, now) {
  const who = reason === "withdrawn" ? "The lobby" : requeued ? "Another player" : "You";
  const what = {
    declined: "declined the match",
    timeout: "did not accept in time",
    disconnected: "lost the connection",
    withdrawn: "needs no more players",
  }[reason];
  const then = requeued ? "You are back in the queue and keep your waiting time." : "You left the queue.";
  const pause = cooldownUntil ? ` You can search again in ${seconds(Date.parse(cooldownUntil) - now)}.` : "";
  return `${who} ${what}. ${then}${pause}`;
}

/** How somebody is to be had. @param {string} [custom] what they say of themselves */
export function statusText(status, custom) {
  const text = {
    online: "Online", away: "Away", queued: "Looking for a match", in_lobby: "In a lobby", in_game: "Playing", offline: "Offline",
  }[status];
  return custom && status !== "offline" ? `${text} · ${custom}` : text;
}

/** What a system message tells. */
export function systemText({ type, userId, byUserId, name }, nameOf) {
  const who = userId && nameOf(userId);
  const by = byUserId && nameOf(byUserId);
  return {
    member_joined: `${who} joined.`,
    member_left: `${who} left.`,
    member_added: `${by} added ${who}.`,
    member_removed: `${by} removed ${who}.`,
    renamed: `${by ?? who} named this “${name}”.`,
    owner_changed: `${who} leads now.`,
  }[type] ?? "Something changed here.";
}

/** What happened in the lobby, for screen readers; null when it goes without saying. */
export function lobbyNews(name, event, lobby, nameOf, now) {
  const who = event.userId && nameOf(event.userId);
  const ready = lobby.members.filter((member) => member.ready).length;
  const news = {
    lobby_updated: () => `You are in the lobby with ${count(lobby.members.length, "player")}.`,
    member_joined: () => `${event.member.displayName} joined.`,
    member_left: () => `${who} ${LEFT[event.reason] ?? "left"}.`,
    member_ready: () => `${who} is ${event.ready ? "" : "not "}ready. ${ready} of ${lobby.members.length} are.`,
    member_connection: () => `${who} ${event.connection === "grace" ? "lost the connection" : "is back"}.`,
    host_changed: () => `${nameOf(event.hostId)} is the host now.`,
    countdown_started: () => `Starting in ${seconds(Date.parse(event.startsAt) - now)}.`,
    countdown_cancelled: () => "The countdown stopped.",
    lobby_started: () => "Everyone is ready: it's on!",
  };
  return news[name]?.() ?? null;
}
