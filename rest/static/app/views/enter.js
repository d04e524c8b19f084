import { $, onSubmit } from "../dom.js";

const TABS = ["guest", "login", "register"];

/** The forms to enter with. @param {import("../../clients/rest.js").Rest} rest */
export function createEnterView(rest, onSession) {
  for (const name of TABS) {
    $(`tab-${name}`).addEventListener("click", () => select(name));
    $(`tab-${name}`).addEventListener("keydown", (event) => moveTab(event, name));
  }
  select("guest");
  onSubmit($("form-guest"), async ({ displayName }) => onSession(await rest.guest(displayName.trim())));
  onSubmit($("form-login"), async ({ credential, password }) => onSession(await rest.login(credential, password)));
  onSubmit($("form-register"), async (account) => onSession(await rest.register(account)));
  return { title: "Find your team" };
}

function select(name) {
  for (const other of TABS) {
    $(`tab-${other}`).setAttribute("aria-selected", other === name);
    $(`tab-${other}`).tabIndex = other === name ? 0 : -1;
    $(`form-${other}`).hidden = other !== name;
  }
}

/** Arrow keys move between tabs, as in the ARIA pattern of tabs. */
function moveTab(event, name) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = TABS[(TABS.indexOf(name) + step + TABS.length) % TABS.length];
  select(next);
  $(`tab-${next}`).focus();
}
