import { $, complain, el, fill, onClick, paint } from "../dom.js";
import { errorText, initials, systemText } from "../words.js";

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const NEAR_END_PX = 60;
const REACTIONS = ["👍", "❤️", "😂", "🎉", "😮"];

/**
 * A conversation: what was said, who is typing, and the line to say more.
 *
 * @param {string} root the id of the element it is made in; what is in it has ids that begin with it
 * @param {() => import("../player.js").Player} player
 * @param {() => import("../talk.js").Talk|null} talkOf the talk that is shown
 * @param {string} label what the list of messages is called
 */
export function createChatPanel(root, player, talkOf, label) {
  const parts = makeParts(root, label);
  const { scroll, log, text, about } = parts;
  /** What the next message answers or replaces. */
  let aim = null;
  /** The message whose actions are open, by its `seq`. */
  let open = null;
  /** Messages of blocked players that are shown all the same. */
  const uncovered = new Set();

  function render() {
    const talk = talkOf();
    if (!talk) return;
    const messages = talk.messages;
    const entries = [...messages.map((message, n) => sent(message, messages[n - 1], talk)), ...talk.drafts.map(unsent)];
    fill(log, entries, ({ key }) => key, item);
    parts.earlier.hidden = !talk.hasEarlier;
    parts.empty.hidden = entries.length > 0;
    renderAim();
    toEnd();
    see();
  }

  function toEnd() {
    if (pinned) scroll.scrollTop = scroll.scrollHeight;
  }

  /** What may change while nothing happens: who is typing. */
  function tick() {
    const names = (talkOf()?.typists(player().now()) ?? []).map((id) => player().nameOf(id));
    const who = names.length > 2 ? "Several people are" : names.length === 2 ? `${names.join(" and ")} are` : `${names[0]} is`;
    parts.typing.textContent = names.length ? `${who} typing…` : "";
  }

  /** Whether the end stays in view while the log grows; until somebody scrolls up. */
  let pinned = true;
  let top = 0;

  function scrolled() {
    if (isAtEnd()) pinned = true;
    else if (scroll.scrollTop < top) pinned = false; // not by the growth of an image that was loading
    top = scroll.scrollTop;
    see();
  }

  const isAtEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;

  /** Whoever looks at the end of the talk has read it. */
  function see() {
    if (isAtEnd() && document.visibilityState === "visible" && scroll.checkVisibility()) talkOf()?.markRead().catch(() => {});
  }

  function sent(message, before, talk) {
    const { seq, senderId, createdAt } = message;
    return {
      ...message,
      key: String(seq),
      mine: senderId === talk.me,
      follows: senderId !== null && before?.senderId === senderId && !message.replyToId,
      time: TIME.format(new Date(createdAt)),
      answers: message.replyToId && talk.find(message.replyToId),
      covered: player().social.hasBlocked(senderId) && !uncovered.has(seq),
      opened: open === seq,
    };
  }

  function item(entry) {
    if (entry.contentType === "system") return el("li", { class: "event" }, systemText(entry.system, (id) => player().nameOf(id)));
    const { senderId, mine, follows, time, draft } = entry;
    const name = senderId && player().nameOf(senderId);
    return el(
      "li",
      { class: `message${mine ? " mine" : ""}${follows ? " follows" : ""}` },
      !mine && !follows && paint(el("span", { class: "face", "aria-hidden": "true" }), senderId, initials(name)),
      el("p", { class: mine || follows ? "hush" : "who" }, mine ? "You" : name, el("span", { class: "hush" }, ": ")),
      body(entry),
      el("p", { class: "time" }, entry.editedAt && !entry.deletedAt ? `edited · ${time}` : time, more(entry)),
      reactionRow(entry),
      draft?.error && failure(draft),
    );
  }

  function body(entry) {
    const { content, covered, deletedAt, answers, seq } = entry;
    if (deletedAt) return el("p", { class: "bubble gone" }, "This message was deleted.");
    if (covered) {
      const show = el("button", { type: "button", class: "quiet" }, "Show");
      onClick(show, () => render(uncovered.add(seq)));
      return el("p", { class: "bubble gone" }, "A message of somebody you blocked. ", show);
    }
    if (entry.contentType === "image") return picture(entry);
    const quoted = answers && !answers.deletedAt && !player().social.hasBlocked(answers.senderId);
    const quote = quoted && el("span", { class: "quote" }, `${player().nameOf(answers.senderId)}: ${answers.content}`);
    return el("p", { class: "bubble", dir: "auto" }, quote, content);
  }

  function picture({ mediaId, content, senderId }) {
    const address = player().imageOf(mediaId);
    const image = address
      ? el("img", { src: address, alt: content || `An image of ${player().nameOf(senderId)}` })
      : el("span", { class: "small" }, "Image…");
    return el("p", { class: "bubble picture", dir: "auto" }, image, content);
  }

  function reactionRow(entry) {
    if (!canAct(entry)) return null;
    const chips = Object.entries(entry.reactions ?? {}).filter(([, ids]) => ids.length).map(([emoji, ids]) => chip(entry, emoji, ids));
    return (chips.length > 0 || entry.opened) && el("div", { class: "reactions" }, ...chips, entry.opened && actions(entry));
  }

  function chip(entry, emoji, ids) {
    const mine = ids.includes(talkOf().me);
    const who = ids.map((id) => player().nameOf(id)).join(", ");
    const button = el("button", { type: "button", class: "chip", "aria-pressed": String(mine), title: who }, `${emoji} ${ids.length}`);
    onClick(button, () => talkOf().react(entry, emoji, !mine));
    return button;
  }

  function more(entry) {
    if (!canAct(entry)) return null;
    const button = el("button", { type: "button", class: "more", "aria-expanded": String(entry.opened), "aria-label": "Actions" }, "⋯");
    onClick(button, () => {
      open = entry.opened ? null : entry.seq;
      render();
    });
    return button;
  }

  function actions(entry) {
    const act = (name, work) => {
      const button = el("button", { type: "button", class: "quiet" }, name);
      onClick(button, async () => {
        open = null;
        await work();
        render();
      });
      return button;
    };
    return el(
      "span",
      { class: "actions", role: "group", "aria-label": "Actions" },
      ...REACTIONS.map((emoji) => act(emoji, () => talkOf().react(entry, emoji, true))),
      act("Reply", () => take({ replyTo: entry })),
      entry.mine && act("Edit", () => take({ edit: entry })),
      entry.mine && act("Delete", () => talkOf().remove(entry)),
    );
  }

  function failure(draft) {
    const again = el("button", { type: "button", class: "quiet" }, "Send again");
    onClick(again, () => player().sayAgain(talkOf(), draft));
    return el("p", { class: "fault" }, `Not sent. ${errorText(draft.error)} `, again);
  }

  function take(next) {
    aim = next;
    text.value = next?.edit?.content ?? text.value;
    text.focus();
  }

  function renderAim() {
    about.hidden = !aim;
    if (!aim) return;
    const { edit, replyTo } = aim;
    about.firstElementChild.textContent = edit ? "You change your message" : `You answer ${player().nameOf(replyTo.senderId)}`;
  }

  function dropAim() {
    if (aim?.edit) text.value = "";
    aim = null;
    renderAim();
  }

  parts.form.addEventListener("submit", (event) => {
    event.preventDefault();
    const content = text.value.trim();
    const { edit, replyTo } = aim ?? {};
    text.value = "";
    aim = null;
    if (!content) return renderAim();
    const done = edit ? talkOf().edit(edit, content) : player().say(talkOf(), { content, replyToId: replyTo?.id });
    done.then(render).catch(complain); // nobody waits for the ack before saying more
    render();
  });
  text.addEventListener("input", () => text.value && talkOf()?.type().catch(() => {}));
  text.addEventListener("keydown", (event) => event.key === "Escape" && dropAim());
  onClick(about.lastElementChild, dropAim);
  onClick(parts.earlier, async () => {
    pinned = false;
    const fromEnd = scroll.scrollHeight - scroll.scrollTop;
    await player().earlier(talkOf());
    scroll.scrollTop = scroll.scrollHeight - fromEnd; // what was being read stays where it was
  });
  parts.file.addEventListener("change", () => {
    const [file] = parts.file.files;
    parts.file.value = "";
    if (file) player().show(talkOf(), file).then(render).catch(complain);
  });
  new ResizeObserver(toEnd).observe(log); // an image gets its height when it is loaded
  scroll.addEventListener("scroll", scrolled, { passive: true });
  document.addEventListener("visibilitychange", see);
  return {
    render,
    tick,
    opened() {
      aim = open = null;
      uncovered.clear(); // another talk has messages with these numbers, too
      text.value = "";
      render();
      pinned = true;
      toEnd();
      see();
    },
  };
}

/** Whether one can react to it, answer it and so on. */
const canAct = ({ draft, deletedAt, covered }) => !draft && !deletedAt && !covered;

/** The frame of a conversation, within its root. */
function makeParts(root, label) {
  const earlier = el("button", { type: "button", class: "quiet", hidden: true }, "Show earlier messages");
  const empty = el("p", { class: "empty" }, "Nobody has said anything yet. Say hello!");
  const log = el("ol", { role: "log", "aria-live": "polite", "aria-label": label });
  const scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Messages" }, earlier, empty, log);
  const typing = el("p", { class: "typing", "aria-live": "off" });
  const about = el("p", { class: "about", hidden: true }, el("span"), el("button", { type: "button", class: "quiet" }, "Cancel"));
  const text = el("input", {
    id: `${root}-text`, name: "content", autocomplete: "off", maxlength: "2000", placeholder: "Say something", enterkeyhint: "send",
  });
  const file = el("input", { id: `${root}-file`, type: "file", accept: "image/png,image/jpeg,image/webp,image/gif", class: "hush" });
  const form = el(
    "form",
    { class: "say", novalidate: true },
    el("label", { class: "hush", for: `${root}-text` }, "Message"),
    text,
    file,
    el("label", { class: "attach", for: `${root}-file`, title: "Send an image" }, el("span", { class: "hush" }, "Send an image"), "+"),
    el("button", { class: "primary" }, "Send"),
  );
  $(root).append(scroll, typing, about, form);
  return { earlier, empty, log, scroll, typing, about, text, file, form };
}

function unsent(draft) {
  const { clientMessageId, content, error } = draft;
  return { key: clientMessageId, content, mine: true, follows: true, draft, time: error ? "" : "sending…" };
}
