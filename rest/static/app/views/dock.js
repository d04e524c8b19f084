import { $, complain, el, fill, onClick, onSubmit, paint, write } from "../dom.js";
import { count, initials, statusText } from "../words.js";
import { createChatPanel } from "./chat.js";

const TITLES = { friends: "Friends", messages: "Messages", news: "News" };

/** Friends, messages and news, beside whatever shows where the player stands. */
export function createDock(player) {
  /** What is shown: a name of `TITLES`, or `talk`; null while the dock is closed. */
  let shown = null;
  let channelId = null;
  const panel = createChatPanel("dock-conversation", player, () => channelId && player().talks.of(channelId), "Messages of this conversation");

  function show(name) {
    shown = name;
    render();
    if (name) $("dock").focus();
    if (name === "friends") player().social.fetchRecent().catch(complain);
  }

  async function openTalk(id) {
    channelId = id;
    show("talk");
    panel.opened(); // at once: it begins with an empty line, and somebody may be typing when the messages come
    await player().talks.of(id).catchUp();
    render();
  }

  function render() {
    const current = player();
    if (!current) shown = null;
    $("social-nav").hidden = !current;
    $("dock").hidden = !shown;
    for (const name of Object.keys(TITLES)) $(`open-${name}`).setAttribute("aria-expanded", shown === name || (name === "messages" && shown === "talk"));
    if (!current) return;
    const { social, talks } = current;
    badge("friends", social.requests.length);
    badge("messages", talks.unread);
    badge("news", social.unread);
    if (shown === "talk" && !talks.channels.has(channelId)) shown = "messages";
    for (const name of [...Object.keys(TITLES), "talk"]) $(`dock-${name}`).hidden = shown !== name;
    $("dock-back").hidden = shown !== "talk";
    if (!shown) return;
    write($("dock-title"), TITLES[shown] ?? talks.titleOf(talks.channels.get(channelId)));
    ({ friends: renderFriends, messages: renderMessages, talk: panel.render, news: renderNews })[shown](current);
  }

  function renderFriends({ social }) {
    fill($("friend-requests"), social.requests, ({ userId }) => userId, requestItem);
    fill($("friends"), social.friends, ({ userId }) => userId, friendItem);
    $("friends-empty").hidden = social.friends.length + social.requests.length > 0;
    const strangers = social.recent.filter(({ userId }) => !social.isFriend(userId) && !social.hasBlocked(userId));
    $("recent-title").hidden = !strangers.length;
    fill($("recent"), strangers, ({ userId }) => userId, recentItem);
  }

  function friendItem({ userId, displayName }) {
    const { social, talks, lobby } = player();
    const state = statusText(social.statusOf(userId), social.customStatusOf(userId));
    return person(
      { userId, displayName, status: social.statusOf(userId), state },
      action("Write", async () => openTalk(await talks.openDirect(userId))),
      menu(
        `What to do about ${displayName}`,
        lobby && action("Invite to the lobby", () => player().invite(userId)),
        action("Remove", () => social.unfriend(userId)),
        action("Block", () => social.block(userId)),
      ),
    );
  }

  function requestItem({ userId, displayName }) {
    const { social } = player();
    return person(
      { userId, displayName, state: "would like to be friends" },
      action("Accept", () => social.answer(userId, true), "primary"),
      action("Decline", () => social.answer(userId, false)),
    );
  }

  function recentItem({ userId, displayName }) {
    const { social } = player();
    return person(
      { userId, displayName, state: "" },
      action("Add", () => social.ask({ userId })),
      action("Block", () => social.block(userId)),
    );
  }

  function renderMessages({ talks }) {
    fill($("channels"), talks.list, ({ id }) => id, channelItem);
    $("channels-empty").hidden = talks.list.length > 0;
    $("group-new").hidden = !player().social.friends.length;
  }

  function channelItem(channel) {
    const { id, kind, lastMessage, unread, memberIds } = channel;
    const { talks, social, me } = player();
    const title = talks.titleOf(channel);
    const other = kind === "direct" ? memberIds.find((member) => member !== me.id) : id;
    const said = lastMessage && lastWords(lastMessage, social);
    const button = el(
      "button",
      { type: "button", class: "channel" },
      framed(other, title, kind === "direct" ? social.statusOf(other) : undefined),
      el("span", { class: "name", dir: "auto" }, title),
      el("span", { class: "state", dir: "auto" }, said || (kind === "group" ? count(memberIds.length, "member") : "Say hello!")),
      unread > 0 && el("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)),
    );
    onClick(button, () => openTalk(id));
    return el("li", {}, button);
  }

  function renderNews({ social }) {
    fill($("news"), social.news, ({ id }) => id, newsItem);
    $("news-empty").hidden = social.news.length > 0;
    $("news-read").hidden = social.unread === 0;
  }

  function newsItem({ type, title, body, data, read, createdAt }) {
    const { social } = player();
    const when = new Date(createdAt).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
    const open = type === "lobby_invite" && Date.parse(data.expiresAt) > player().now() && !player().lobby;
    const asked = type === "friend_request" && social.requests.some(({ userId }) => userId === data.fromUserId);
    return el(
      "li",
      { class: read ? "" : "unread" },
      el("p", { class: "title" }, title),
      el("p", { dir: "auto" }, body),
      el("p", { class: "small" }, when),
      open && action("Join the lobby", () => player().joinLobby({ lobbyId: data.lobbyId }), "primary"),
      asked && action("Accept", () => social.answer(data.fromUserId, true), "primary"),
    );
  }

  function newGroup() {
    const { social, talks } = player();
    const name = `${player().me.displayName} and friends`.slice(0, 32);
    return talks.createGroup(name, social.friends.map(({ userId }) => userId).slice(0, 99)).then(openTalk);
  }

  for (const name of Object.keys(TITLES)) onClick($(`open-${name}`), () => show(shown === name ? null : name));
  onClick($("dock-close"), () => show(null));
  onClick($("dock-back"), () => show("messages"));
  onClick($("news-read"), () => player().social.readAll());
  onClick($("group-new"), newGroup);
  onSubmit($("form-friend"), async ({ username }) => {
    await player().social.ask({ username: username.trim() });
    $("form-friend").reset();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shown || !$("dock").contains(document.activeElement)) return;
    const name = shown === "talk" ? "messages" : shown;
    show(null);
    $(`open-${name}`).focus();
  });
  return { render, tick: () => shown === "talk" && panel.tick(), openTalk };
}

function badge(name, number) {
  $(`${name}-badge`).hidden = !number;
  write($(`${name}-badge`), String(number));
}

/** A face with a dot that tells how its owner is to be had. */
export function framed(id, name, status) {
  const face = paint(el("span", { class: "face", "aria-hidden": "true" }), id, initials(name));
  return status === undefined ? face : el("span", { class: "face-frame", "data-status": status }, face);
}

/** Somebody in a list, with what can be done about them. */
export function person({ userId, displayName, status, state }, ...actions) {
  return el(
    "li",
    { class: "person" },
    framed(userId, displayName, status),
    el("span", { class: "name", dir: "auto" }, displayName),
    el("span", { class: "state", dir: "auto" }, state),
    el("span", { class: "do" }, ...actions),
  );
}

/** Buttons behind one. What is none is left out. */
export function menu(label, ...actions) {
  return el("details", { class: "menu" }, el("summary", { "aria-label": label }, "⋯"), el("div", { class: "menu-list" }, ...actions));
}

/** A small button that does `work`. */
export function action(name, work, look = "quiet") {
  const button = el("button", { type: "button", class: look }, name);
  onClick(button, work);
  return button;
}

/** What is shown of a channel's last message: nothing of what somebody blocked has said. */
function lastWords({ senderId, deletedAt, content }, social) {
  if (deletedAt) return "Message deleted";
  return social.hasBlocked(senderId) ? "A message of somebody you blocked" : content;
}
