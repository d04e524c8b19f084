import { $, el, fill, onClick, onSubmit, paint, write } from "../dom.js";
import { count, initials, seconds, statusText, upper } from "../words.js";
import { createChatPanel } from "./chat.js";
import { action, framed, menu, person } from "./dock.js";

const STATUS = {
  forming: ["Waiting for everyone", "wait"],
  ready: ["Everyone is ready", "good"],
  countdown: ["Starting", "good"],
  active: ["Started", "good"],
};

/** The lobby: who is there, who is ready, the talk, and the start. */
export function createLobbyView(player, catalogue) {
  const chat = createChatPanel("lobby-talk", player, () => player()?.talk, "Messages of this lobby");
  onClick($("ready"), () => player().setReady(!self(player()).ready));
  onClick($("start"), () => player().start());
  onClick($("leave"), () => player().leave());
  onClick($("lobby-invite"), () => {
    const opening = $("lobby-friends").hidden;
    $("lobby-friends").hidden = !opening;
    $("lobby-invite").setAttribute("aria-expanded", opening);
    renderFriends(player());
  });
  onSubmit($("form-settings"), ({ name, visibility }) => {
    const checks = { autoStart: $("settings-auto").checked, allowSpectators: $("settings-watch").checked };
    const { version } = player().lobby;
    return player().direct("update_settings", { version, name: name.trim(), visibility, ...checks });
  });

  function renderFriends({ social, lobby }) {
    if ($("lobby-friends").hidden) return;
    const others = social.friends.filter(({ userId }) => !lobby.members.some((member) => member.userId === userId));
    fill($("lobby-friends"), others, ({ userId }) => userId, ({ userId, displayName }) => {
      const status = social.statusOf(userId);
      return person({ userId, displayName, status, state: statusText(status) }, action("Invite", () => player().invite(userId), "primary"));
    });
    if (!others.length) $("lobby-friends").replaceChildren(el("li", { class: "small" }, "No friend to invite yet. Share the code."));
  }

  /** What can be done about another member. */
  function memberActions({ userId, team }) {
    const { lobby, me, social } = player();
    const host = lobby.hostId === me.id;
    const waiting = ["forming", "ready"].includes(lobby.status);
    const other = userId !== me.id;
    const next = lobby.teams && waiting && ((team ?? 0) % lobby.teams.count) + 1;
    return [
      next && (host || !other) && action(`To team ${next}`, () => player().direct("set_team", { userId, team: next })),
      other && !social.isFriend(userId) && !social.hasBlocked(userId) && action("Add friend", () => social.ask({ userId })),
      other && host && action("Make host", () => player().direct("transfer_host", { userId })),
      other && host && waiting && action("Remove", () => player().direct("kick", { userId })),
      other && (social.hasBlocked(userId) ? action("Unblock", () => social.unblock(userId)) : action("Block", () => social.block(userId))),
    ];
  }

  function memberItem(member) {
    const { userId, displayName, isHost, ready, connection, role } = member;
    const { me, social, lobby } = player();
    const away = connection === "grace";
    const state = away ? "Reconnecting…" : lobby.status === "active" ? "Playing" : ready ? "Ready" : "Not ready";
    const actions = memberActions(member).filter(Boolean);
    return el(
      "li",
      { class: `member${ready ? " is-ready" : ""}${away ? " is-away" : ""}` },
      framed(userId, displayName, userId === me.id || !social.isFriend(userId) ? undefined : social.statusOf(userId)),
      el("span", { class: "name", dir: "auto" }, displayName),
      userId === me.id && el("span", { class: "tag" }, "You"),
      isHost && el("span", { class: "tag host" }, "Host"),
      el("span", { class: "state" }, state, role && ` · ${upper(role)}`),
      actions.length > 0 && menu(`What to do about ${displayName}`, ...actions),
    );
  }

  function renderTeams({ lobby }) {
    fill($("teams"), teamsOf(lobby), ({ title }) => title, ({ title, members }) => {
      const list = el("ul", { class: "members", "aria-label": title || "Players" }, ...members.map(memberItem));
      return el("div", { class: "group" }, title && el("h3", {}, title), list);
    });
  }

  return {
    title: "Lobby",
    render(current) {
      const { lobby, me } = current;
      renderHead(lobby, catalogue);
      renderTeams(current);
      renderWatchers(current);
      renderButtons(current);
      renderSettings(lobby, me.id);
      renderFriends(current);
      chat.render(current);
    },
    tick(current) {
      chat.tick();
      const { status, startsAt, readyBy } = current.lobby;
      const checked = readyBy && status === "forming";
      $("lobby-banner").hidden = !checked && !["countdown", "active"].includes(status);
      $("lobby-banner").dataset.status = status;
      if (checked) write($("lobby-banner"), `Ready? ${seconds(Date.parse(readyBy) - current.now())} left`);
      if (status === "active") write($("lobby-banner"), "It's on. Have fun!");
      if (status === "countdown") write($("lobby-banner"), `Starting in ${seconds(Date.parse(startsAt) - current.now())}`);
    },
    opened() {
      $("lobby-friends").hidden = true;
      $("lobby-invite").setAttribute("aria-expanded", false);
      $("lobby-settings").open = false;
      chat.opened();
    },
  };
}

const self = ({ lobby, me }) => lobby.members.find(({ userId }) => userId === me.id);

function renderHead({ gameId, mode, region, status, members, name, matchId, settings }, catalogue) {
  const game = catalogue.nameOf(gameId);
  paint($("lobby-art"), gameId, initials(game));
  write($("lobby-title"), matchId ? game : name);
  write($("lobby-what"), [!matchId && game, upper(mode), region, count(members.length, "player")].filter(Boolean).join(" · "));
  const [text, state] = STATUS[status];
  write($("lobby-status"), text);
  $("lobby-status").dataset.state = state;
  $("lobby-code-line").hidden = !settings.joinCode;
  write($("lobby-join-code"), settings.joinCode ?? "");
  const ready = members.filter((member) => member.ready).length;
  write($("ready-count"), status === "active" ? "" : `${ready} of ${members.length} ready`);
}

function renderWatchers({ lobby, me, nameOf, plays, people }) {
  const names = lobby.spectators.map((userId) => (userId === me.id ? "you" : people.nameOf(userId)));
  $("lobby-watchers").hidden = !names.length;
  write($("lobby-watchers"), names.length ? `Watching: ${names.join(", ")}` : "");
}

function renderButtons({ lobby, me, plays }) {
  const { status, hostId, settings } = lobby;
  const ready = lobby.members.find(({ userId }) => userId === me.id)?.ready;
  $("ready").hidden = !plays || status === "active";
  write($("ready"), ready ? "I'm not ready" : "I'm ready");
  $("ready").classList.toggle("primary", !ready);
  $("start").hidden = status !== "ready" || hostId !== me.id || settings.autoStart;
  $("lobby-invite").hidden = !plays || status === "active" || Boolean(lobby.matchId);
  write($("leave"), plays ? "Leave" : "Stop watching");
}

/** The host's settings, as they are, while nobody is changing them. */
function renderSettings({ hostId, matchId, status, name, settings }, me) {
  const details = $("lobby-settings");
  details.hidden = hostId !== me || Boolean(matchId) || status === "active";
  if (details.open) return;
  $("settings-name").value = name;
  $("settings-visibility").value = settings.visibility;
  $("settings-auto").checked = settings.autoStart;
  $("settings-watch").checked = settings.allowSpectators;
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
