// What the pages do beyond HTML. Everything essential works without this file.

const here = (selector, root = document) => [...root.querySelectorAll(selector)];
const typing = (element) => element?.closest?.("input, textarea, select, [contenteditable]");
const htmlData = document.documentElement.dataset;

// localStorage may be blocked or full: then groups simply open as the server says.
const memory = {
  read(key) { try { return localStorage.getItem(key); } catch { return null; } },
  write(key, value) { try { localStorage.setItem(key, value); } catch { /* nothing is lost but comfort */ } },
};

// Search: "/" outside a field (html[data-shortcuts="off"] switches it off), Ctrl-K or Cmd-K anywhere.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return closeMenus(document.activeElement);
  const slash = event.key === "/" && !typing(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey;
  const combination = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k";
  if (htmlData.shortcuts === "off" || !(slash || combination)) return undefined;
  const field = here("[data-search]").find((input) => input.offsetParent !== null);
  if (!field) return undefined;
  event.preventDefault();
  field.focus();
  return field.select();
});

// Menus are <details>: only one is open, Escape or a click elsewhere closes it and gives the focus back.
function closeMenus(focused, except = null) {
  for (const menu of here("details.menu[open]")) {
    if (menu === except) continue;
    menu.open = false;
    if (focused && menu.contains(focused)) menu.querySelector("summary").focus();
  }
}
document.addEventListener("click", (event) => closeMenus(null, event.target.closest("details.menu")));

// Groups of the side bar remember whether they are open; the one that holds this page always is.
function rememberGroups() {
  for (const group of here("details[data-group]")) {
    const key = `muster.group.${group.dataset.group}`;
    const known = memory.read(key);
    if (known !== null && !group.querySelector("[aria-current]")) group.open = known === "1";
    group.addEventListener("toggle", () => memory.write(key, group.open ? "1" : "0"));
  }
}

// Forms marked data-guard warn before changed entries are lost.
const dirty = new Set();
const guarded = (event) => event.target.closest?.("form[data-guard]");
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => { const form = guarded(event); if (form) dirty.add(form); });
}
document.addEventListener("submit", (event) => { if (!event.defaultPrevented) dirty.delete(event.target); });
document.addEventListener("reset", (event) => dirty.delete(event.target));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.requestConfig?.verb !== "get") dirty.delete(event.detail.elt.closest("form"));
});
window.addEventListener("beforeunload", (event) => {
  if ([...dirty].some((form) => form.isConnected)) event.preventDefault();
});

// Filters that say nothing stay out of the address: the link one copies is short.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-tidy]")) return;
  const empty = here("input, select", event.target).filter((field) => field.value === "");
  for (const field of empty) field.disabled = true;
  setTimeout(() => { for (const field of empty) field.disabled = false; });
});

// <input data-select-all="pk"> in the head selects every box with that name; [data-selected] shows while any is,
// [data-selected-count] tells how many, [data-clear-selection="pk"] clears them.
function reflectSelection(name) {
  const boxes = here(`input[type=checkbox][name="${CSS.escape(name)}"]`);
  const count = boxes.filter((box) => box.checked).length;
  for (const box of boxes) box.closest("tr")?.classList.toggle("on", box.checked);
  for (const all of here(`[data-select-all="${CSS.escape(name)}"]`)) {
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  }
  for (const bar of here(`[data-selected="${CSS.escape(name)}"]`)) bar.hidden = count === 0;
  for (const place of here(`[data-selected-count="${CSS.escape(name)}"]`)) place.textContent = String(count);
}
const setAll = (name, value) => {
  for (const box of here(`input[type=checkbox][name="${CSS.escape(name)}"]`)) box.checked = value;
  reflectSelection(name);
};
document.addEventListener("change", (event) => {
  if (event.target.dataset.selectAll) setAll(event.target.dataset.selectAll, event.target.checked);
  else if (event.target.matches("input[type=checkbox][name]") && here(`[data-select-all="${CSS.escape(event.target.name)}"]`).length) reflectSelection(event.target.name);
});
document.addEventListener("click", (event) => {
  const clear = event.target.closest("[data-clear-selection]");
  if (clear) setAll(clear.dataset.clearSelection, false);
});

// Instants arrive in UTC; the reader sees the own zone, with UTC in the title. Days (no "T") stay as they are.
const language = document.documentElement.lang || "en";
const parts = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const UNITS = [["year", 31_557_600], ["month", 2_629_800], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];

function ago(moment) {
  const seconds = (moment - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
}
function localTimes(root) {
  for (const element of here("time[datetime*='T']:not([data-done])", root)) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const word = Object.fromEntries(parts.formatToParts(moment).map(({ type, value }) => [type, value]));
    const local = `${word.day} ${word.month} ${word.year}, ${word.hour}:${word.minute}`;
    element.title ||= element.textContent;
    element.textContent = "relative" in element.dataset ? ago(moment) : local;
    element.dataset.done = "";
  }
}

// htmx: the focus survives a swap, by id; a request that failed is said aloud and shown.
let focusedId = "";
let caret = null;
document.addEventListener("htmx:beforeSwap", () => {
  const active = document.activeElement;
  focusedId = active?.id ?? "";
  caret = typeof active?.selectionStart === "number" ? [active.selectionStart, active.selectionEnd] : null;
});
document.addEventListener("htmx:afterSettle", (event) => {
  settle(event.detail.elt ?? document);
  const lost = document.activeElement === document.body || !document.activeElement;
  const again = focusedId && document.getElementById(focusedId);
  if (!lost || !again) return;
  again.focus({ preventScroll: true });
  if (caret && again.setSelectionRange) { try { again.setSelectionRange(...caret); } catch { /* not a text field */ } }
});
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, () => {
    const notice = document.getElementById("failed");
    if (notice) notice.hidden = false;
  });
}
document.addEventListener("htmx:beforeRequest", () => {
  const notice = document.getElementById("failed");
  if (notice) notice.hidden = true;
});

// After 300 ms what is being replaced dims; nothing flashes when the answer is quick.
const busy = new WeakMap();
document.addEventListener("htmx:beforeSend", ({ detail }) => {
  busy.set(detail.xhr, setTimeout(() => detail.target?.setAttribute("aria-busy", "true"), 300));
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  clearTimeout(busy.get(detail.xhr));
  detail.target?.removeAttribute("aria-busy");
});

function settle(root) {
  localTimes(root);
  for (const all of here("[data-select-all]", root)) reflectSelection(all.dataset.selectAll);
}
rememberGroups();
settle(document);
for (const button of here("[data-print]")) button.addEventListener("click", () => window.print());
document.querySelector(".errors")?.focus();
