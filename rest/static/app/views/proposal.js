import { $, announce, disable, el, fill, onClick, write } from "../dom.js";
import { count, seconds, upper } from "../words.js";

/** A match was found: take it or leave it, while the time runs. */
export function createProposalView(player, catalogue) {
  onClick($("accept"), () => player().accept());
  onClick($("decline"), () => player().decline());
  return {
    title: "Match found!",
    render({ proposal, me }) {
      write($("proposal-what"), whatText(proposal.match, catalogue));
      write($("proposal-part"), partText(proposal.match, me.id));
      write($("proposal-state"), stateText(proposal));
      fill($("proposal-dots"), dots(proposal), ({ key }) => key, ({ taken }) => el("span", taken ? { class: "taken" } : {}));
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

/** What the player would play, where there is more than one thing to be. */
function partText({ teams = [], players }, me) {
  const role = players.find(({ userId }) => userId === me)?.role;
  const team = teams.length > 1 && teams.findIndex((members) => members.includes(me)) + 1;
  const parts = [role && `as ${role}`, team && `in team ${team} of ${teams.length}`].filter(Boolean);
  return parts.length ? `You play ${parts.join(" ")}.` : "";
}

/** One for each player, as long as one can count them at a glance. */
function dots({ accepted, needed }) {
  return Array.from({ length: needed > 20 ? 0 : needed }, (_, n) => ({ key: String(n), taken: n < accepted }));
}

function stateText({ answer, accepted, needed }) {
  if (answer === "decline") return "You declined.";
  if (answer === "accept") return `You are in. ${accepted} of ${needed} accepted, waiting for the others…`;
  return accepted ? `${accepted} of ${needed} accepted already.` : "Nobody has accepted yet.";
}
