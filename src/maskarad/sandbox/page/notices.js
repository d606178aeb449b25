/** Short words to the person: toasts that go by themselves (also above an open dialog), alerts that wait to be read. */

import { el } from "./dom.js";
import { Refusal } from "./api.js";

const SHOWN_MS = 4500;

export function toast(text, kind = "word") {
  const node = el("div", { class: `toast ${kind}`, role: kind === "error" ? "alert" : "status" }, text);
  const toasts = document.getElementById("toasts");
  toasts.append(node);
  if (toasts.matches(":popover-open")) toasts.hidePopover();
  toasts.showPopover();
  setTimeout(() => node.remove(), SHOWN_MS);
}

export function alertBox(title, text) {
  const dialog = el(
    "dialog",
    { class: "alert-box", "aria-label": title, onclose: () => dialog.remove() },
    el("form", { method: "dialog" }, el("p", { dir: "auto" }, text), el("button", { class: "primary" }, "OK")),
  );
  document.body.append(dialog);
  dialog.showModal();
}

/** Run `work` and show what the sandbox refused; answers undefined then. Any other error is ours and goes on. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    toast(error.message, "error");
    return undefined;
  }
}
