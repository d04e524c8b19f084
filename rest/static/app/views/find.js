import { $, el, fill, onClick, onSubmit, paint } from "../dom.js";
import { initials, modeText, upper } from "../words.js";

/** The form of a ticket: what to look for. */
export function createFindView(player, catalogue) {
  const { games } = catalogue;
  const chosen = (name) => $("form-find").querySelector(`input[name=${name}]:checked`)?.value;

  function render() {
    $("find-go").hidden = !games.size;
    $("games-again").hidden = !catalogue.failed;
    if (!games.size) return;
    fill($("games"), [...games.values()], ({ id }) => id, gameTile);
    if (!chosen("game")) $("games").querySelector("input").checked = true;
    renderModes();
  }

  function renderModes() {
    const modes = games.get(chosen("game")).modes;
    const before = chosen("mode");
    fill($("modes"), modes, (mode) => mode.mode + modeText(mode), modeOption);
    const again = modes.find(({ mode }) => mode === before) ?? modes[0];
    $("modes").querySelector(`input[value=${again.mode}]`).checked = true;
    renderSizes(again);
  }

  /** A mode with teams has a fixed number of players; a group may be of any size within the mode's. */
  function renderSizes({ groupSize, teams }) {
    const free = !teams && groupSize && groupSize.min < groupSize.max;
    $("size-field").hidden = !free;
    if (!free) return $("size").replaceChildren();
    const { min, max } = groupSize;
    const sizes = Array.from({ length: max - min + 1 }, (_, step) => min + step);
    const options = [{ value: "", text: `Any number, ${min} to ${max}` }, ...sizes.map((n) => ({ value: n, text: `Just ${n}` }))];
    fill($("size"), options, ({ value }) => String(value), ({ value, text }) => el("option", { value }, text));
  }

  onClick($("games-again"), () => catalogue.load());
  $("games").addEventListener("change", renderModes);
  $("modes").addEventListener("change", renderModes);
  onSubmit($("form-find"), async ({ game, mode, size, region }) => {
    await player().enqueue({
      games: [{ gameId: game }],
      mode,
      ...(size && { groupSize: { min: Number(size), max: Number(size) } }),
      ...(region && { regions: [region] }),
      skillPreference: $("similar").checked ? "similar" : "any",
    });
  });
  return { title: "Pick a game", render };
}

function gameTile({ id, name, genres }) {
  return el(
    "label",
    { class: "game" },
    el("input", { type: "radio", name: "game", value: id }),
    paint(el("span", { class: "art", "aria-hidden": "true" }), id, initials(name)),
    el("span", { class: "name" }, name),
    el("span", { class: "small" }, genres.map((genre) => genre.replace("-", " ")).join(", ")),
  );
}

function modeOption(mode) {
  return el(
    "label",
    { class: "mode" },
    el("input", { type: "radio", name: "mode", value: mode.mode }),
    el("span", { class: "name" }, upper(mode.mode)),
    el("span", { class: "small" }, modeText(mode)),
  );
}
