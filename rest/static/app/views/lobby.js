import { $, el, fill, onClick, paint, write } from "../dom.js";
import { count, initials, seconds, upper } from "../words.js";
import { createChatPanel } from "./chat.js";

const STATUS = {
  forming: ["Waiting for everyone", "wait"],
  ready: ["Everyone is ready", "good"],
  countdown: ["Starting", "good"],
  active: ["Started", "good"],
};

/** The lobby: who is there, who is ready, the talk, and the start. */
export function createLobbyView(player, catalogue) {
  const chat = createChatPanel(player);
  onClick($("ready"), () => player().setReady(!self(player()).ready));
  onClick($("start"), () => player().start());
  onClick($("leave"), () => player().leave());
  return {
    title: "Lobby",
    render(current) {
      const { lobby } = current;
      renderHead(lobby, catalogue);
      fill($("teams"), teamsOf(lobby), ({ title }) => title, ({ title, members }) => teamList(title, members, current.me.id));
      renderButtons(lobby, self(current), current.me.id);
      chat.render(current);
    },
    tick(current) {
      const { status, startsAt } = current.lobby;
      $("lobby-banner").hidden = !["countdown", "active"].includes(status);
      $("lobby-banner").dataset.status = status;
      if (status === "active") write($("lobby-banner"), "It's on. Have fun!");
      if (status === "countdown") write($("lobby-banner"), `Starting in ${seconds(Date.parse(startsAt) - current.now())}`);
    },
    opened: () => chat.opened(),
  };
}

const self = ({ lobby, me }) => lobby.members.find(({ userId }) => userId === me.id);

function renderHead({ gameId, mode, region, status, members }, catalogue) {
  const name = catalogue.nameOf(gameId);
  paint($("lobby-art"), gameId, initials(name));
  write($("lobby-title"), name);
  write($("lobby-what"), [upper(mode), region, count(members.length, "player")].filter(Boolean).join(" · "));
  const [text, state] = STATUS[status];
  write($("lobby-status"), text);
  $("lobby-status").dataset.state = state;
  write($("ready-count"), `${members.filter(({ ready }) => ready).length} of ${members.length} ready`);
}

function renderButtons({ status, hostId, settings }, { ready }, me) {
  const waiting = status !== "active";
  $("ready").hidden = !waiting;
  write($("ready"), ready ? "I'm not ready" : "I'm ready");
  $("ready").classList.toggle("primary", !ready);
  $("start").hidden = status !== "ready" || hostId !== me || settings.autoStart;
}

/** Players by team; those of a match without teams are one list. */
function teamsOf({ members }) {
  const teams = new Map();
  for (const member of members) {
    const title = member.team ? `Team ${member.team}` : "";
    teams.set(title, [...(teams.get(title) ?? []), member]);
  }
  return [...teams].sort().map(([title, list]) => ({ title, members: list }));
}

function teamList(title, members, me) {
  const list = el("ul", { class: "members", "aria-label": title || "Players" }, ...members.map((m) => memberItem(m, me)));
  return el("div", { class: "group" }, title && el("h3", {}, title), list);
}

function memberItem({ userId, displayName, isHost, ready, connection, role }, me) {
  const away = connection === "grace";
  const state = away ? "Reconnecting…" : ready ? "Ready" : "Not ready";
  return el(
    "li",
    { class: `member${ready ? " is-ready" : ""}${away ? " is-away" : ""}` },
    paint(el("span", { class: "face", "aria-hidden": "true" }), userId, initials(displayName)),
    el("span", { class: "name", dir: "auto" }, displayName),
    userId === me && el("span", { class: "tag" }, "You"),
    isHost && el("span", { class: "tag host" }, "Host"),
    el("span", { class: "state" }, state, role && ` · ${upper(role)}`),
  );
}
