import { $, complain, el, fill, onClick, paint } from "../dom.js";
import { errorText, initials } from "../words.js";

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const NEAR_END_PX = 60;

/** The talk in the lobby. */
export function createChatPanel(player) {
  const scroll = $("chat-scroll");
  const text = $("chat-text");

  function render({ talk }) {
    const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;
    const messages = talk.messages;
    const entries = [...messages.map((message, n) => sent(message, messages[n - 1], talk.me)), ...talk.drafts.map(unsent)];
    fill($("chat-log"), entries, ({ key }) => key, (entry) => item(entry, player()));
    $("chat-earlier").hidden = !talk.hasEarlier;
    $("chat-empty").hidden = entries.length > 0;
    if (atEnd) scroll.scrollTop = scroll.scrollHeight;
  }

  $("form-chat").addEventListener("submit", (event) => {
    event.preventDefault();
    const content = text.value.trim();
    text.value = "";
    if (content) player().say(content).catch(complain); // nobody waits for the ack before saying more
  });
  onClick($("chat-earlier"), async () => {
    const fromEnd = scroll.scrollHeight - scroll.scrollTop;
    await player().earlier();
    scroll.scrollTop = scroll.scrollHeight - fromEnd; // what was being read stays where it was
  });
  return {
    render,
    opened() {
      scroll.scrollTop = scroll.scrollHeight;
    },
  };
}

function sent({ seq, senderId, content, createdAt }, before, me) {
  const follows = before?.senderId === senderId;
  return { key: String(seq), senderId, content, mine: senderId === me, follows, time: TIME.format(new Date(createdAt)) };
}

function unsent(draft) {
  const { clientMessageId, content, error } = draft;
  return { key: clientMessageId, content, mine: true, follows: true, draft, time: error ? "" : "sending…" };
}

function item({ senderId, content, mine, follows, time, draft }, player) {
  const name = senderId && player.nameOf(senderId);
  const who = mine ? "You" : name;
  return el(
    "li",
    { class: `message${mine ? " mine" : ""}${follows ? " follows" : ""}` },
    !mine && !follows && paint(el("span", { class: "face", "aria-hidden": "true" }), senderId, initials(name)),
    el("p", { class: mine || follows ? "hush" : "who" }, who, el("span", { class: "hush" }, ": ")),
    el("p", { class: "bubble", dir: "auto" }, content),
    el("p", { class: "time" }, time),
    draft?.error && failure(draft, player),
  );
}

function failure(draft, player) {
  const again = el("button", { type: "button", class: "quiet" }, "Send again");
  onClick(again, () => player.sayAgain(draft));
  return el("p", { class: "fault" }, `Not sent. ${errorText(draft.error)} `, again);
}
