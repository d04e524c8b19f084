/** Why somebody waits, in words. */

import { count } from "./words.js";

const REFUSED = {
  skill: "are too far from your strength",
  region: "play in other regions",
  language: "speak other languages",
  size: "want another number of players",
  block: "are on a block list",
};

const HELD = {
  skill: (limit) => (limit === undefined ? "any strength" : `a strength within ${limit} points of yours`),
  region: (limit) => (limit === undefined ? "any region" : "your region"),
  language: (limit) => (limit === undefined ? "any language" : "your language"),
  size: (limit) => `groups of ${limit} or more`,
};

const CUSTOM = {
  distance: (name, limit) => `${name} at most ${limit} apart`,
  equality: (name) => `the same ${name}`,
  overlap: (name, limit) => `${limit} of ${name} in common`,
  max_latency: (name, limit) => `at most ${limit} ms to the server`,
  composition: (name) => `the right mix of ${name}`,
};

/** What keeps a ticket apart from others: the shares of these that its rules refuse. */
export function blockersText({ poolSize, blockers = [] }) {
  if (poolSize <= 1) return "Nobody else is looking here right now.";
  if (!blockers.length) return "Waiting for enough players who fit together.";
  const parts = blockers.slice(0, 3).map(({ rule, rejected }) => `${percent(rejected)} ${REFUSED[rule] ?? `do not fit by ${rule}`}`);
  return `Of the others here, ${list(parts)}.`;
}

/** What a ticket holds to now. @param {{name: string, type: string}[]} rules those of the mode */
export function heldText({ relaxed = [] }, rules) {
  const parts = relaxed.map(({ rule, limit }) => {
    if (HELD[rule]) return HELD[rule](limit);
    return limit === undefined ? `any ${rule}` : CUSTOM[rules.find(({ name }) => name === rule)?.type]?.(rule, limit) ?? rule;
  });
  return parts.length ? `You are looking for ${list(parts)}.` : "";
}

/** How long the whole wait will be: the middle, and where eight of ten lie. */
export function estimateText({ estimatedWaitMs, estimatedWaitRange: range }) {
  if (estimatedWaitMs === undefined) return { text: "not known yet", spread: "" };
  const spread = range ? `mostly ${duration(range.fromMs)} to ${duration(range.toMs)}` : "";
  return { text: `about ${duration(estimatedWaitMs)}`, spread };
}

/** A length of time, as exactly as one can wait for it. */
function duration(ms) {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 100 ? `${seconds} s` : count(Math.round(seconds / 60), "minute");
}

function percent(share) {
  if (share === 1) return "all";
  return share < 0.01 ? "under 1 %" : `${Math.round(share * 100)} %`;
}

const list = (parts) => (parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts.join(""));
