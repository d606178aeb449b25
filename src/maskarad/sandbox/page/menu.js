/**
 * A small menu beside what was pressed: arrow keys move, Escape and a press elsewhere close it. It stands inside the
 * dialog that it was opened from, because everything outside an open dialog is out of reach.
 */

import { el } from "./dom.js";
import { icon } from "./icons.js";

const MARGIN = 8;

/** `items` are `{icon, label, act, danger?}`; `quick` is a row of `{label, act}` above them (reactions). */
export function openMenu(anchor, items, quick = []) {
  const choose = (act) => () => {
    menu.hidePopover();
    act();
  };
  const menu = el(
    "div",
    { class: "menu", role: "menu", popover: "auto" },
    quick.length > 0 &&
      el(
        "div",
        { class: "menu-quick" },
        quick.map(({ label, act }) => el("button", { type: "button", role: "menuitem", onclick: choose(act) }, label)),
      ),
    items.map((item) =>
      el(
        "button",
        { type: "button", role: "menuitem", class: item.danger ? "danger" : null, onclick: choose(item.act) },
        item.icon && icon(item.icon),
        el("span", {}, item.label),
      ),
    ),
  );
  menu.addEventListener("keydown", (event) => walk(menu, event));
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    if (document.activeElement === document.body || menu.contains(document.activeElement)) anchor.focus();
    menu.remove();
  });
  (anchor.closest("dialog") ?? document.body).append(menu);
  menu.showPopover();
  place(menu, anchor.getBoundingClientRect());
  menu.querySelector("button")?.focus();
}

function place(menu, beside) {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = beside.bottom + height + MARGIN < window.innerHeight;
  const top = below ? beside.bottom + 4 : beside.top - height - 4;
  const left = Math.min(beside.left, window.innerWidth - width - MARGIN);
  menu.style.top = `${Math.max(MARGIN, top)}px`;
  menu.style.left = `${Math.max(MARGIN, left)}px`;
}

function walk(menu, event) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...menu.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  buttons[(at + step + buttons.length) % buttons.length].focus();
}
