/** The messages of one chat: drawn anew on every change, held at the bottom while the reader is there. */

import { bubble, typingLine } from "./bubble.js";
import { el, reconcile } from "./dom.js";
import { nameOf } from "./faces.js";
import { icon } from "./icons.js";
import { serviceLine } from "./summary.js";
import { dayName, dayOf } from "./times.js";

const SHOWN_AT_FIRST = 150;
const NEAR_BOTTOM_PX = 90;
const SAME_BREATH_S = 300;

export class Log {
  #stage;
  #on;
  #list;
  #down;
  #shown = SHOWN_AT_FIRST;
  #newest = 0;
  #missed = 0;
  #stuck = true;

  /** `on` answers presses inside messages (see `bubble`). */
  constructor(stage, on) {
    this.#stage = stage;
    this.#on = on;
    this.#list = el("div", { class: "log", role: "log", "aria-label": "Messages", tabindex: "0" });
    this.#down = el(
      "button",
      {
        type: "button",
        class: "down",
        hidden: true,
        "aria-label": "To the newest message",
        onclick: () => this.#toBottom(),
      },
      icon("down"),
      el("span", { class: "badge" }),
    );
    this.#list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#list.addEventListener("load", () => this.#stuck && this.#toBottom(), true);
    new ResizeObserver(() => this.#stuck && this.#toBottom()).observe(this.#list);
    this.node = el("div", { class: "log-frame" }, this.#list, this.#down);
  }

  draw(room) {
    const fresh = room.messages.filter((message) => message.message_id > this.#newest);
    const mineIsNew = fresh.some((message) => message.from?.id === this.#stage.me.id);
    reconcile(this.#list, this.#entries(room));
    this.#newest = room.messages.at(-1)?.message_id ?? this.#newest;
    if (this.#stuck || mineIsNew) this.#toBottom();
    else this.#missed += fresh.length;
    this.#scrolled();
  }

  #entries(room) {
    const messages = room.messages.slice(-this.#shown);
    const group = !this.#stage.botOf(room.key);
    const entries = [];
    if (messages.length < room.messages.length) entries.push(this.#earlier());
    messages.forEach((message, at) => {
      if (!at || dayOf(messages[at - 1].date) !== dayOf(message.date)) entries.push(dayEntry(message.date));
      const first = !together(messages[at - 1], message);
      const last = !together(message, messages[at + 1]);
      const view = { message, me: this.#stage.me.id, group, first, last };
      entries.push({
        key: `m${message.message_id}`,
        signature: JSON.stringify(view),
        build: () => bubble(view, this.#on),
      });
    });
    if (!room.messages.length) entries.push(this.#beginning(room, group));
    const typists = this.#stage.typists(room.key).map(({ from }) => this.#stage.account(from.id) ?? from);
    if (typists.length) {
      const names = typists.map(nameOf).join();
      entries.push({ key: "typing", signature: names, build: () => typingLine(typists, group) });
    }
    return entries;
  }

  #beginning(room, group) {
    const bot = this.#stage.botOf(room.key);
    const text = group
      ? "Nothing has been said here yet. Write the first line, or add a bot with the button above."
      : `${nameOf(bot)} is waiting behind the curtain. Press Start to begin.`;
    return { key: "beginning", signature: text, build: () => el("p", { class: "beginning" }, el("bdi", {}, text)) };
  }

  #earlier() {
    const more = () => {
      const before = this.#list.scrollHeight;
      this.#shown += SHOWN_AT_FIRST;
      this.draw(this.#stage.room);
      this.#list.scrollTop += this.#list.scrollHeight - before;
    };
    const build = () =>
      el("button", { type: "button", class: "quiet earlier", onclick: more }, "Show earlier messages");
    return { key: "earlier", signature: "", build };
  }

  /** Show the message and point at it; false when it is no longer there. */
  jump(messageId) {
    let node = this.#list.querySelector(`[data-id="${messageId}"]`);
    if (!node && this.#stage.room.messages.some((message) => message.message_id === messageId)) {
      this.#shown = this.#stage.room.messages.length;
      this.draw(this.#stage.room);
      node = this.#list.querySelector(`[data-id="${messageId}"]`);
    }
    if (!node) return false;
    node.scrollIntoView({ block: "center", behavior: "smooth" });
    node.classList.add("pointed");
    node.addEventListener("animationend", () => node.classList.remove("pointed"), { once: true });
    return true;
  }

  #isAtBottom() {
    return this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < NEAR_BOTTOM_PX;
  }

  #toBottom() {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#missed = 0;
  }

  #scrolled() {
    this.#stuck = this.#isAtBottom();
    if (this.#stuck) this.#missed = 0;
    this.#down.hidden = this.#stuck;
    this.#down.lastElementChild.hidden = this.#missed === 0;
    this.#down.lastElementChild.textContent = String(this.#missed);
  }
}

function together(one, other) {
  if (!one || !other || serviceLine(one) || serviceLine(other)) return false;
  const close = other.date - one.date < SAME_BREATH_S && dayOf(one.date) === dayOf(other.date);
  return close && one.from?.id === other.from?.id;
}

function dayEntry(seconds) {
  const name = dayName(seconds);
  return { key: `d${dayOf(seconds)}`, signature: name, build: () => el("div", { class: "day" }, el("span", {}, name)) };
}
