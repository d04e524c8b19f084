import { MaogaError } from "../clients/errors.js";
import { errorText, fieldText } from "./words.js";

const TOAST_MS = 8_000;
const TOASTS = 3;

/** The element with that id. */
export const $ = (id) => document.getElementById(id);

/**
 * A new element. Text goes in as text, never as markup.
 *
 * @param {string} tag
 * @param {Record<string, any>} [attributes] a boolean sets or leaves out the attribute
 * @param {...(Node|string|null|false|undefined)} children those that are no node and no string are left out
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child instanceof Node || typeof child === "string"));
  return element;
}

/** Sets an element's text, if it is another one: a screen reader hears every change of a live region. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `list` those of `items`, in their order. An item's element is made anew only when its key or its
 * content has changed: what stays keeps its focus, and a screen reader hears what is new.
 *
 * @template T
 * @param {Element} list
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => Element} make
 */
export function fill(list, items, keyOf, make) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const item of items) {
    const made = make(item);
    made.dataset.key = keyOf(item);
    const known = old.get(made.dataset.key);
    if (known) keepOpen(known, made);
    old.delete(made.dataset.key);
    const same = known?.isEqualNode(made);
    const inPlace = known === place;
    if (inPlace) place = place.nextElementSibling;
    if (!same) list.insertBefore(made, place);
    else if (!inPlace) list.insertBefore(known, place);
    if (!same) known?.remove();
  }
  for (const gone of old.values()) gone.remove();
}

/** What is unfolded stays so. */
function keepOpen(known, made) {
  const before = known.querySelectorAll("details");
  made.querySelectorAll("details").forEach((details, n) => { details.open = before[n]?.open ?? false; });
}

/** A person's or a game's picture: their initials on a colour of their own. */
export function paint(element, id, initials) {
  let hash = 0;
  for (const character of id) hash = Math.imul(hash ^ character.codePointAt(0), 0x9e3779b1) >>> 0;
  element.style.setProperty("--hue", (hash >>> 8) % 360);
  write(element, initials);
  return element;
}

/** Says something to screen readers only. What comes right after it does not cut it off. */
export function announce(text) {
  const said = el("p", {}, text);
  $("announcer").append(said);
  setTimeout(() => said.remove(), TOAST_MS);
}

/** Shows a note for a while; an error is told at once. @param {"note"|"error"} kind */
export function toast(text, kind = "note") {
  const close = el("button", { type: "button", class: "quiet", "aria-label": "Dismiss" }, "✕");
  const shown = el("div", { class: `toast ${kind}`, role: kind === "error" ? "alert" : "status" }, el("p", {}, text), close);
  close.addEventListener("click", () => shown.remove());
  $("toasts").append(shown);
  while ($("toasts").children.length > TOASTS) $("toasts").firstElementChild.remove();
  setTimeout(() => shown.remove(), TOAST_MS);
}

/** Tells what went wrong. What is no refusal is a bug of this page, and belongs on the console. */
export function complain(error) {
  if (!error.code) console.error(error);
  toast(errorText(error), "error");
}

/** Does `work` at a click, once at a time, and tells what goes wrong. */
export function onClick(button, work) {
  button.addEventListener("click", () => busy(button, work, complain));
}

/** Does `work` with the form's values at a submit; wrong fields are marked. */
export function onSubmit(form, work) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(form));
    clearFaults(form);
    busy(form.querySelector("button:not([type])"), () => work(values), (error) => showFaults(form, error));
  });
}

/** Says that a button is of no use now. Unlike `disabled` it lets the button keep the focus. */
export function disable(button, disabled) {
  button.setAttribute("aria-disabled", disabled);
}

async function busy(button, work, onError) {
  if (button.ariaDisabled === "true" || button.ariaBusy === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    onError(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function clearFaults(form) {
  form.querySelectorAll(".fault").forEach((fault) => fault.remove());
  form.querySelectorAll("[aria-invalid]").forEach((input) => {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  });
}

function showFaults(form, error) {
  const faults = Array.isArray(error.details) ? error.details : [];
  const here = faults.filter(({ field }) => form.elements.namedItem(field)?.id);
  for (const { field, message } of here) {
    const input = form.elements.namedItem(field);
    const id = `${input.id}-fault`;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", id);
    input.after(el("p", { class: "fault", id }, fieldText(message)));
  }
  if (here.length) form.querySelector("[aria-invalid]").focus();
  complain(here.length ? new MaogaError(error.code, error.message) : error); // the fields say the rest
}
