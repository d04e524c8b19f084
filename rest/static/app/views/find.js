import { $, complain, disable, el, fill, onClick, onSubmit, paint, write } from "../dom.js";
import { createOpenLobbies } from "./open_lobbies.js";
import { initials, modeText, seconds, upper } from "../words.js";

const TYPED_MS = 250;
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** The form of a ticket: what to look for. */
export function createFindView(player, catalogue) {
  const { games } = catalogue;
  const chosen = (name) => $("form-find").querySelector(`input[name=${name}]:checked`)?.value;

  const openLobbies = createOpenLobbies(player, catalogue, () => ({ gameId: chosen("game"), mode: chosen("mode") }));

  function render(current) {
    renderPlanned(current);
    $("find-go").hidden = !games.size;
    $("games-again").hidden = !catalogue.failed;
    if (!games.size) return;
    $("game-search-field").hidden = !catalogue.isLong;
    write($("games-none"), catalogue.offered.length ? "" : "No game goes by that name.");
    fill($("games"), offered(), ({ id }) => id, gameTile);
    if (!chosen("game")) $("games").querySelector("input").checked = true;
    renderModes();
  }

  /** What was looked for, and the game that is chosen. */
  function offered() {
    const game = games.get(chosen("game"));
    return game && !catalogue.offered.includes(game) ? [game, ...catalogue.offered] : catalogue.offered;
  }

  function renderModes() {
    const modes = games.get(chosen("game")).modes;
    const before = chosen("mode");
    fill($("modes"), modes, (mode) => mode.mode + modeText(mode), modeOption);
    const again = modes.find(({ mode }) => mode === before) ?? modes[0];
    $("modes").querySelector(`input[value=${again.mode}]`).checked = true;
    renderSizes(again);
    const roles = Object.keys(again.teams?.roles ?? {});
    $("roles-field").hidden = !roles.length;
    fill($("roles"), roles, (role) => role, roleOption);
    openLobbies.follow();
  }

  function renderPlanned({ planned }) {
    $("planned").hidden = !planned;
    if (!planned) return;
    const { games: wishes, mode, scheduledAt } = planned.criteria;
    const names = wishes.map(({ gameId }) => catalogue.nameOf(gameId)).join(" or ");
    write($("planned-text"), `You search for ${names} (${mode}) from ${DAY_AND_TIME.format(new Date(scheduledAt))} on.`);
  }

  /** Why no search can begin now. */
  function tick(current) {
    const { party, pausedUntil } = current;
    const pause = pausedUntil - current.now();
    const follows = party.others.length > 0 && !party.isLeader;
    const leader = party.current?.members.find(({ userId }) => userId === party.current.leaderId);
    const paused = pause > 0 && `You refused a match: you can search again in ${seconds(pause)}.`;
    write($("find-hint"), (follows && `${leader?.displayName} leads your party, and starts its search.`) || paused || "");
    disable($("find-go").querySelector("button"), follows || pause > 0);
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

  let typed;
  $("game-search").addEventListener("input", ({ target }) => {
    clearTimeout(typed);
    typed = setTimeout(() => catalogue.look(target.value.trim()).catch(complain), TYPED_MS);
  });
  $("game-search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // the search goes on by itself, and the form is another one
  });
  onClick($("games-again"), () => catalogue.look());
  onClick($("planned-cancel"), () => player().cancelPlanned());
  $("games").addEventListener("change", renderModes);
  $("modes").addEventListener("change", renderModes);
  onSubmit($("form-find"), async ({ game, mode, size, region }) => {
    await player().enqueue({
      games: [{ gameId: game }],
      mode,
      ...(size && { groupSize: { min: Number(size), max: Number(size) } }),
      ...(region && { regions: [region] }),
      skillPreference: $("similar").checked ? "similar" : "any",
      roles: [...$("roles").querySelectorAll(":checked")].map(({ value }) => value),
      party: player().party.others,
    });
  });
  return { title: "Pick a game", render, tick, opened: openLobbies.opened };
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

function roleOption(role) {
  return el("label", { class: "check" }, el("input", { type: "checkbox", value: role }), upper(role));
}
