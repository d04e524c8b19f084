/** @typedef {import("./types.d.ts").Lobby} Lobby */

/**
 * A lobby as a client keeps it, after an event: one at or below the snapshot's version changes nothing, `lobby_updated`
 * replaces all.
 *
 * @param {Lobby|null} lobby
 * @param {string} name of the event
 * @param {any} event its data, as it came
 * @returns {Lobby|null}
 */
export function apply(lobby, name, event) {
  if (name === "lobby_updated") {
    const known = lobby?.id === event.id && lobby.version >= event.version;
    return known ? lobby : event;
  }
  if (lobby?.id !== event.lobbyId || event.version <= lobby.version) return lobby;
  return { ...reducers[name](lobby, event), version: event.version };
}

/** The names of the events that `apply` takes. */
export const LOBBY_EVENTS = [
  "lobby_updated", "member_joined", "member_left", "spectator_joined", "spectator_left", "member_ready", "member_connection",
  "host_changed", "lobby_ready", "lobby_unready", "countdown_started", "countdown_cancelled", "lobby_started", "lobby_closed",
];

const reducers = {
  member_joined: (lobby, { member }) => ({ ...lobby, members: [...lobby.members, member] }),
  member_left: (lobby, { userId }) => ({ ...lobby, members: lobby.members.filter((m) => m.userId !== userId) }),
  spectator_joined: (lobby, { userId }) => ({ ...lobby, spectators: [...lobby.spectators, userId] }),
  spectator_left: (lobby, { userId }) => ({
    ...lobby,
    spectators: lobby.spectators.filter((user) => user !== userId),
  }),
  member_ready: (lobby, { userId, ready }) => withMember(lobby, userId, { ready }),
  member_connection: (lobby, { userId, connection }) => withMember(lobby, userId, { connection }),
  host_changed: (lobby, { hostId }) => ({
    ...lobby,
    hostId,
    members: lobby.members.map((member) => ({ ...member, isHost: member.userId === hostId })),
  }),
  lobby_ready: ({ readyBy, ...lobby }, { readyAt }) => ({ ...lobby, status: "ready", readyAt }),
  lobby_unready: forming,
  countdown_started: (lobby, { startsAt }) => ({ ...lobby, status: "countdown", startsAt }),
  countdown_cancelled: forming,
  lobby_started: started,
  lobby_closed: closed,
};

function withMember(lobby, userId, changes) {
  const members = lobby.members.map((member) => (member.userId === userId ? { ...member, ...changes } : member));
  return { ...lobby, members };
}

function started(lobby, { activeAt, connection }) {
  return { ...lobby, status: "active", allocating: false, activeAt, ...(connection && { connection }) };
}

function closed({ readyBy, ...lobby }, { reason, closedAt }) {
  const { joinCode, ...settings } = lobby.settings;
  return { ...lobby, settings, status: "closed", allocating: false, closedAt, closeReason: reason };
}

function forming({ readyAt, startsAt, ...lobby }) {
  return { ...lobby, status: "forming", allocating: false };
}
