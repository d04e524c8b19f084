import { $, el, fill, onClick, onSubmit, paint, write } from "../dom.js";
import { initials } from "../words.js";

/** The party, beside whatever shows where the player stands. */
export function createPartyPanel(player) {
  onClick($("party-create"), () => player().party.create());
  onClick($("party-leave"), () => player().party.leave());
  onSubmit($("form-party"), async ({ joinCode }) => {
    await player().party.join(joinCode.trim());
    $("form-party").reset();
  });

  function render(current) {
    const { party } = current;
    const { members = [], joinCode, leaderId } = party.current ?? {};
    $("party-none").hidden = Boolean(party.current);
    $("party-some").hidden = !party.current;
    write($("party-code"), joinCode ?? "");
    fill($("party-members"), members, ({ userId }) => userId, (member) => memberItem(member, leaderId, current.me.id));
    fill($("party-invites"), party.invites(current.now()), (invite) => invite.party.id, inviteItem);
  }

  function inviteItem({ party, from }) {
    const join = el("button", { type: "button", class: "primary" }, "Join");
    const decline = el("button", { type: "button", class: "quiet" }, "Decline");
    onClick(join, () => player().party.acceptInvite(party.id));
    onClick(decline, () => player().party.declineInvite(party.id));
    return el("li", {}, el("span", { dir: "auto" }, `${from} invites you to their party.`), join, decline);
  }

  return { render };
}

function memberItem({ userId, displayName, connection }, leaderId, me) {
  const away = connection === "grace";
  return el(
    "li",
    { class: `mate${away ? " is-away" : ""}` },
    paint(el("span", { class: "face", "aria-hidden": "true" }), userId, initials(displayName)),
    el("span", { class: "name", dir: "auto" }, displayName),
    userId === me && el("span", { class: "tag" }, "You"),
    userId === leaderId && el("span", { class: "tag host" }, "Leader"),
    away && el("span", { class: "small" }, "Reconnecting…"),
  );
}
