import { $, el, fill, onClick, onSubmit, paint } from "../dom.js";
import { initials, upper } from "../words.js";
import { action } from "./dock.js";

/** The lobbies that are open to the player, and making one. @param {() => {gameId: string, mode: string}} chosen in the form */
export function createOpenLobbies(player, catalogue, chosen) {
  let items = [];
  let nextCursor = null;
  let looking = "";

  async function look(cursor) {
    const wanted = $("open-same").checked ? chosen() : {};
    looking = JSON.stringify(wanted);
    const page = await player().browse({ ...wanted, limit: 24, ...(cursor && { cursor }) });
    items = cursor ? [...items, ...page.items] : page.items;
    nextCursor = page.nextCursor ?? null;
    show();
  }

  function show() {
    fill($("open-list"), items, ({ id }) => id, lobbyItem);
    $("open-empty").hidden = items.length > 0;
    $("open-more").hidden = !nextCursor;
  }

  function lobbyItem({ id, name, gameId, mode, region, players, capacity, hostName, allowSpectators }) {
    const game = catalogue.nameOf(gameId);
    const full = players >= capacity.max;
    return el(
      "li",
      {},
      paint(el("span", { class: "art", "aria-hidden": "true" }), gameId, initials(game)),
      el("span", { class: "name", dir: "auto" }, name),
      el("span", { class: "state" }, [game, upper(mode), region, `${players} of ${capacity.max}`, `by ${hostName}`].filter(Boolean).join(" · ")),
      el(
        "span",
        { class: "do" },
        !full && action("Join", () => player().joinLobby({ lobbyId: id }), "primary"),
        allowSpectators && action("Watch", () => player().watch(id)),
      ),
    );
  }

  onClick($("open-again"), () => look());
  onClick($("open-more"), () => look(nextCursor));
  $("open-same").addEventListener("change", () => look().catch(() => {}));
  onClick($("lobby-create"), () => player().createLobby({ ...chosen(), settings: { visibility: "public", allowSpectators: true } }));
  onSubmit($("form-code"), async ({ joinCode }) => {
    await player().joinLobby({ joinCode: joinCode.trim() });
    $("form-code").reset();
  });
  return {
    opened: () => look().catch(() => {}),
    /** The choice in the form may be another one now. */
    follow: () => looking && $("open-same").checked && looking !== JSON.stringify(chosen()) && look().catch(() => {}),
  };
}
