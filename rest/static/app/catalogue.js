/** The games: those that are offered, and all that were heard of. */

const OFFERED = 12;

/**
 * @param {import("../clients/rest.js").Rest} rest
 * @param {() => void} changed is told when there is more to show
 */
export function createCatalogue(rest, changed) {
  const games = new Map();
  const asked = new Set();
  let looks = 0;

  /** Asks once for a game that was neither offered nor found, as in a friend's lobby. */
  async function learn(gameId) {
    if (asked.has(gameId)) return;
    asked.add(gameId);
    try {
      games.set(gameId, await rest.game(gameId));
      changed();
    } catch {
      // it goes by its id
    }
  }

  function known(gameId) {
    if (!games.has(gameId)) learn(gameId);
    return games.get(gameId);
  }

  return {
    games,
    offered: [],
    isLong: false,
    failed: false,
    nameOf: (gameId) => known(gameId)?.name ?? gameId,
    modeOf: (gameId, name) => known(gameId)?.modes.find(({ mode }) => mode === name),

    /** Offers the games that a text finds, without one the most popular. The last text that was typed counts. */
    async look(text = "") {
      const turn = ++looks;
      try {
        const found = await rest.findGames(text, OFFERED);
        if (turn !== looks) return;
        for (const game of found.games) games.set(game.id, game);
        this.offered = found.games;
        this.isLong ||= found.more;
      } finally {
        this.failed = !games.size;
        changed();
      }
    },
  };
}
