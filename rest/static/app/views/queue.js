import { $, onClick, write } from "../dom.js";
import { blockersText, estimateText, heldText } from "../waiting_words.js";
import { clock, count, seconds, upper } from "../words.js";

/** Waiting for a match. */
export function createQueueView(player, catalogue) {
  onClick($("queue-cancel"), () => player().cancel());
  return {
    title: "Looking for players",
    render({ ticket }) {
      const { games, mode, regions = [], roles = [] } = ticket.criteria;
      const names = games.map(({ gameId }) => catalogue.nameOf(gameId)).join(" or ");
      const friends = ticket.partyIds.length - 1;
      const where = regions.length ? regions.join(", ") : "anywhere";
      const what = [names, upper(mode), where, roles.join(" or "), friends && `with ${count(friends, "friend")}`];
      write($("queue-what"), what.filter(Boolean).join(" · "));
      write($("queue-pool"), count(ticket.poolSize, "search", "searches"));
      write($("queue-level"), levelText(ticket));
      const { text, spread } = estimateText(ticket);
      write($("queue-estimate"), text);
      write($("queue-spread"), spread);
      write($("queue-why"), blockersText(ticket));
      write($("queue-held"), heldText(ticket, catalogue.modeOf(games[0].gameId, mode)?.matching?.rules ?? []));
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
