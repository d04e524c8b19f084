/** The page: who is logged in, and which view shows where they stand. */

import { Rest } from "../clients/rest.js";
import { Session } from "../clients/session.js";
import { Manager } from "../vendor/socket.io.esm.min.js";
import { createCatalogue } from "./catalogue.js";
import { $, announce, complain, onClick, paint, toast, write } from "./dom.js";
import { Player } from "./player.js";
import { initials } from "./words.js";
import { createDock } from "./views/dock.js";
import { createEnterView } from "./views/enter.js";
import { createFindView } from "./views/find.js";
import { createLobbyView } from "./views/lobby.js";
import { createPartyPanel } from "./views/party.js";
import { createProposalView } from "./views/proposal.js";
import { createQueueView } from "./views/queue.js";

const TICK_MS = 200;
const BESIDE_PARTY = ["find", "queue"];

const rest = new Rest(location.origin);
/** @type {Player|null} */
let player = null;
let shown = null;

const catalogue = createCatalogue(rest, render);
const views = {
  loading: { title: "Connecting" },
  enter: createEnterView(rest, (data) => enter(new Session(rest, sessionStorage, data))),
  find: createFindView(() => player, catalogue),
  queue: createQueueView(() => player, catalogue),
  proposal: createProposalView(() => player, catalogue),
  lobby: createLobbyView(() => player, catalogue),
};

const partyPanel = createPartyPanel(() => player);
const dock = createDock(() => player);

function viewNow() {
  if (!player) return "enter";
  if (player.lobby) return "lobby";
  if (player.proposal) return "proposal";
  if (player.ticket) return "queue";
  return player.loading ? "loading" : "find";
}

function render() {
  const name = viewNow();
  const view = views[name];
  renderHeader();
  dock.render();
  $("party").hidden = !BESIDE_PARTY.includes(name);
  if (!$("party").hidden) partyPanel.render(player);
  view.render?.(player);
  tick();
  if (name === shown) return;
  for (const other of Object.keys(views)) $(`view-${other}`).hidden = other !== name;
  document.title = `${view.title} · Maoga`;
  const heading = $(`view-${name}`).querySelector("h1");
  if (shown && shown !== "loading" && heading) heading.focus(); // so that a screen reader tells of the change
  scrollTo(0, 0);
  shown = name;
  view.opened?.(player);
}

function renderHeader() {
  $("account").hidden = $("line").hidden = !player;
  if (!player) return;
  const { displayName, id } = player.me;
  paint($("account-face"), id, initials(displayName));
  write($("account-name"), displayName);
  write($("line"), player.online ? "Online" : "Connecting…");
  $("line").dataset.state = player.online ? "good" : "wait";
}

function tick() {
  if (!player) return;
  views[viewNow()].tick?.(player);
  dock.tick();
}

function enter(session) {
  player = new Player(session, Manager, {
    changed: render,
    note: (text) => toast(text),
    announce,
    complain,
    ended(error) {
      session.forget();
      leave();
      complain(error);
    },
  });
  render();
}

function leave() {
  player?.close();
  player = null;
  render();
}

onClick($("log-out"), async () => {
  const leaving = player;
  await leaving.logOut().finally(leave);
});

/** A menu closes when something is chosen in it, and when the click is elsewhere. */
document.addEventListener("click", ({ target }) => {
  for (const open of document.querySelectorAll("details.menu[open]")) {
    if (!open.querySelector("summary").contains(target)) open.open = false;
  }
});

catalogue.look().catch(complain);
setInterval(tick, TICK_MS);
const session = Session.restore(rest, sessionStorage);
if (session) enter(session);
else render();
