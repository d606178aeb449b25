/** The open chat: its head, its messages and the place to write. */

import { sandbox } from "./api.js";
import { bubble, typingLine } from "./bubble.js";
import { Composer } from "./composer.js";
import { el, reconcile } from "./dom.js";
import { face, nameOf } from "./faces.js";
import { iconButton, icon } from "./icons.js";
import { openMenu } from "./menu.js";
import { alertBox, attempt, toast } from "./notices.js";
import { serviceLine } from "./summary.js";
import { dayName, dayOf } from "./times.js";

const SHOWN_AT_FIRST = 150;
const NEAR_BOTTOM_PX = 90;
const SAME_BREATH_S = 300;
const QUICK_REACTIONS = ["👍", "❤", "🔥", "😁", "🤔", "😢", "👏", "🎉"];

export class Room {
  #stage;
  #parent;
  #showInfo;
  #goBack;
  #key = null;
  #mode = null;
  #composer = null;
  #drafts = new Map();
  #shown = SHOWN_AT_FIRST;
  #newest = 0;
  #missed = 0;
  #head;
  #log;
  #foot;
  #down;

  constructor(parent, stage, { showInfo, goBack }) {
    this.#parent = parent;
    this.#stage = stage;
    this.#showInfo = showInfo;
    this.#goBack = goBack;
  }

  draw() {
    const room = this.#stage.room;
    if (!room) return this.#drawNothing();
    if (room.key !== this.#key) this.#enter(room.key);
    this.#drawHead(room);
    this.#drawLog(room);
    this.#drawFoot(room);
    return undefined;
  }

  focus() {
    (this.#foot?.querySelector("textarea, button") ?? this.#parent).focus();
  }

  #drawNothing() {
    this.#leave();
    const text = this.#stage.bots.size
      ? "Choose a chat on the left. Every bot here answers as it would on Telegram."
      : "There is no bot yet. Make one with “New bot”, then connect a program to it with its token.";
    this.#parent.replaceChildren(
      el(
        "div",
        { class: "empty-room" },
        el("img", { src: "/page/logo.svg", alt: "", width: "96", height: "96" }),
        el("p", {}, text),
      ),
    );
  }

  #leave() {
    if (this.#composer) this.#drafts.set(`${this.#stage.me?.id}/${this.#key}`, this.#composer.draft);
    this.#key = null;
    this.#composer = null;
    this.#mode = null;
  }

  #enter(key) {
    this.#leave();
    this.#key = key;
    this.#shown = SHOWN_AT_FIRST;
    this.#newest = 0;
    this.#missed = 0;
    this.#head = el("header", { class: "room-head" });
    this.#log = el("div", { class: "log", role: "log", "aria-label": "Messages", tabindex: "0" });
    this.#down = el(
      "button",
      { type: "button", class: "down", hidden: true, "aria-label": "To the newest message", onclick: () => this.#toBottom() },
      icon("down"),
      el("span", { class: "badge" }),
    );
    this.#log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#foot = el("footer", { class: "room-foot" });
    this.#parent.replaceChildren(this.#head, el("div", { class: "log-frame" }, this.#log, this.#down), this.#foot);
  }

  #drawHead(room) {
    const bot = this.#stage.botOf(room.key);
    const title = bot ? nameOf(bot) : (room.chat?.title ?? room.key);
    const typists = this.#stage.typists(room.key);
    const view = { title, line: this.#headLine(room, bot), typists: typists.map(({ from }) => nameOf(from)) };
    const build = () =>
      el(
        "div",
        { class: "room-title" },
        iconButton("back", "Back to the chats", this.#goBack, { class: "back", data: { spot: "back" } }),
        el(
          "button",
          {
            type: "button",
            class: "room-name",
            "aria-haspopup": "dialog",
            "aria-label": `About ${title}`,
            onclick: this.#showInfo,
            data: { spot: "name" },
          },
          bot ? face("bot", bot.id, title) : face("group", room.key, title),
          el(
            "span",
            { class: "chat-lines" },
            el("bdi", { class: "chat-title" }, title),
            typists.length
              ? el("span", { class: "chat-last typing-now" }, bot ? "typing…" : `${view.typists.join(", ")} typing…`)
              : el("span", { class: "chat-last" }, view.line),
          ),
        ),
        iconButton(bot ? "more" : "people", bot ? "About this bot" : "Members", this.#showInfo, { data: { spot: "info" } }),
      );
    reconcile(this.#head, [{ key: "head", signature: JSON.stringify(view), build }]);
  }

  #headLine(room, bot) {
    if (bot) return `@${bot.username}`;
    const present = room.members.filter(({ status }) => !["left", "kicked"].includes(status));
    const bots = present.filter(({ user }) => user.is_bot).length;
    const people = present.length - bots;
    const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;
    return `${count(people, "person", "people")}, ${count(bots, "bot", "bots")}`;
  }

  #drawLog(room) {
    const atBottom = this.#isAtBottom();
    const firstDraw = this.#newest === 0;
    const fresh = room.messages.filter((message) => message.message_id > this.#newest);
    const mineIsNew = fresh.some((message) => message.from?.id === this.#stage.me.id);
    reconcile(this.#log, this.#entries(room));
    this.#newest = room.messages.at(-1)?.message_id ?? this.#newest;
    if (firstDraw || atBottom || mineIsNew) this.#toBottom();
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
        build: () => bubble(view, this.#reactions()),
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
      const before = this.#log.scrollHeight;
      this.#shown += SHOWN_AT_FIRST;
      this.draw();
      this.#log.scrollTop += this.#log.scrollHeight - before;
    };
    const build = () => el("button", { type: "button", class: "quiet earlier", onclick: more }, "Show earlier messages");
    return { key: "earlier", signature: "", build };
  }

  #drawFoot(room) {
    const bot = this.#stage.botOf(room.key);
    const status = this.#stage.statusIn(room, this.#stage.me.id);
    const outside = !bot && (!status || ["left", "kicked"].includes(status));
    const mode = outside ? "outside" : bot && !room.messages.length ? "start" : "write";
    if (mode !== this.#mode) {
      const hadFocus = this.#foot.contains(document.activeElement);
      this.#mode = mode;
      this.#foot.replaceChildren(this.#footFor(mode, room.key));
      if (hadFocus) this.focus();
    }
    this.#composer?.refresh();
  }

  #footFor(mode, key) {
    this.#composer = null;
    if (mode === "start") return this.#wide("Start", () => sandbox.say(key, { from: this.#stage.me.id, text: "/start" }));
    if (mode === "outside") return this.#wide("Join this group", () => sandbox.join(key, this.#stage.me.id));
    this.#composer = new Composer(this.#stage, key, this.#drafts.get(`${this.#stage.me.id}/${key}`) ?? "");
    return this.#composer.node;
  }

  #wide(label, act) {
    const onclick = async (event) => {
      const button = event.currentTarget;
      button.disabled = true;
      if (await attempt(act)) await attempt(() => this.#stage.load());
      button.disabled = false;
    };
    return el("button", { type: "button", class: "primary wide", onclick }, label);
  }

  #reactions() {
    const key = this.#key;
    return {
      menu: (message, anchor) => this.#menu(message, anchor),
      press: (message, button, node) => this.#press(message, button, node),
      react: (message, emoji) => attempt(() => sandbox.react(key, message.message_id, this.#stage.me.id, emoji)),
      jump: (messageId) => this.#jump(messageId),
      command: (text) => this.#composer?.send({ text }),
      mention: (username) => this.#visit(username),
    };
  }

  #menu(message, anchor) {
    const key = this.#key;
    const me = this.#stage.me.id;
    const items = [{ icon: "reply", label: "Reply", act: () => this.#composer?.reply(message) }];
    const copy = () => navigator.clipboard?.writeText(message.text ?? message.caption);
    if (message.text ?? message.caption) items.push({ icon: "document", label: "Copy text", act: copy });
    if (message.from?.id === me) {
      if (message.text) items.push({ icon: "edit", label: "Edit", act: () => this.#composer?.edit(message) });
      const remove = () => attempt(() => sandbox.remove(key, message.message_id));
      items.push({ icon: "close", label: "Delete", danger: true, act: remove });
    }
    const quick = QUICK_REACTIONS.map((emoji) => ({
      label: emoji,
      act: () => {
        const taken = message.reactions?.[emoji]?.includes(me);
        attempt(() => sandbox.react(key, message.message_id, me, taken ? null : emoji));
      },
    }));
    openMenu(anchor, items, quick);
  }

  async #press(message, button, node) {
    if (node.getAttribute("aria-busy")) return;
    node.setAttribute("aria-busy", "true");
    const answer = await attempt(() =>
      sandbox.press(this.#key, message.message_id, this.#stage.me.id, button.callback_data),
    );
    node.removeAttribute("aria-busy");
    if (!answer) return;
    if (!answer.answered) toast("The bot has not answered this press.", "error");
    else if (answer.text && answer.show_alert) alertBox("The bot answers", answer.text);
    else if (answer.text) toast(answer.text);
  }

  #jump(messageId) {
    let node = this.#log.querySelector(`[data-id="${messageId}"]`);
    if (!node && this.#stage.room.messages.some((message) => message.message_id === messageId)) {
      this.#shown = this.#stage.room.messages.length;
      this.draw();
      node = this.#log.querySelector(`[data-id="${messageId}"]`);
    }
    if (!node) return toast("That message is no longer here.", "error");
    node.scrollIntoView({ block: "center", behavior: "smooth" });
    node.classList.add("pointed");
    node.addEventListener("animationend", () => node.classList.remove("pointed"), { once: true });
    return undefined;
  }

  #visit(username) {
    const found = this.#stage.byUsername(username);
    if (found?.is_bot && found.token) location.hash = `#/chat/${encodeURIComponent(this.#stage.privateKey(found.id))}`;
    else toast(found ? `${nameOf(found)} is a person; people here talk in groups.` : `There is no @${username} here.`);
  }

  #isAtBottom() {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR_BOTTOM_PX;
  }

  #toBottom() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#missed = 0;
  }

  #scrolled() {
    const atBottom = this.#isAtBottom();
    if (atBottom) this.#missed = 0;
    this.#down.hidden = atBottom;
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
