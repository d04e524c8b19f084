import { $, onClick, write } from "../dom.js";
import { clock, count, seconds, upper } from "../words.js";

/** Waiting for a match. */
export function createQueueView(player, catalogue) {
  onClick($("queue-cancel"), () => player().cancel());
  return {
    title: "Looking for players",
    render({ ticket }) {
      const { games, mode, regions = [] } = ticket.criteria;
      const where = regions.length ? regions.join(", ") : "anywhere";
      write($("queue-what"), `${catalogue.nameOf(games[0].gameId)} · ${upper(mode)} · ${where}`);
      write($("queue-pool"), count(ticket.poolSize, "player"));
      write($("queue-level"), levelText(ticket));
    },
    tick(current) {
      const { since, nextRelaxationAt } = current.ticket;
      write($("queue-clock"), clock(current.now() - since));
      const left = nextRelaxationAt && Date.parse(nextRelaxationAt) - current.now();
      write($("queue-next"), left ? `wider in ${seconds(left)}` : "as wide as it gets");
    },
  };
}

function levelText({ relaxationLevel }) {
  return relaxationLevel ? `widened ${count(relaxationLevel, "time")}` : "closest fit first";
}
