import { $, announce, disable, onClick, write } from "../dom.js";
import { count, seconds, upper } from "../words.js";

/** A match was found: take it or leave it, while the time runs. */
export function createProposalView(player, catalogue) {
  onClick($("accept"), () => player().accept());
  onClick($("decline"), () => player().decline());
  return {
    title: "Match found!",
    render({ proposal }) {
      write($("proposal-what"), whatText(proposal.match, catalogue));
      write($("proposal-state"), stateText(proposal));
      disable($("accept"), Boolean(proposal.answer));
      disable($("decline"), Boolean(proposal.answer));
      write($("accept"), proposal.answer === "accept" ? "Accepted" : "Accept");
    },
    tick(current) {
      const { acceptBy, match } = current.proposal;
      const left = Date.parse(acceptBy) - current.now();
      const whole = Date.parse(acceptBy) - Date.parse(match.formedAt);
      write($("proposal-clock"), seconds(left));
      const share = Math.max(0, Math.min(1, left / whole));
      $("proposal-ring").style.strokeDasharray = `${share * 100} 100`;
    },
    opened(current) {
      const { acceptBy, match } = current.proposal;
      const time = seconds(Date.parse(acceptBy) - current.now());
      announce(`Match found: ${whatText(match, catalogue)}. You have ${time} to accept.`);
    },
  };
}

function whatText({ gameId, mode, region, players }, catalogue) {
  const parts = [catalogue.nameOf(gameId), upper(mode), region, players.length && count(players.length, "player")];
  return parts.filter(Boolean).join(" · ");
}

function stateText({ answer, accepted, needed }) {
  if (answer === "decline") return "You declined.";
  if (answer === "accept") return `You are in. ${accepted} of ${needed} accepted, waiting for the others…`;
  return accepted ? `${accepted} of ${needed} accepted already.` : "Nobody has accepted yet.";
}
