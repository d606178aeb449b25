/** The open chat: its head, its messages and the place to write. */

import { sandbox } from "./api.js";
import { roomLink } from "./chatlist.js";
import { copyText } from "./clipboard.js";
import { Composer } from "./composer.js";
import { el, reconcile } from "./dom.js";
import { face, nameOf } from "./faces.js";
import { iconButton } from "./icons.js";
import { Log } from "./log.js";
import { openMenu } from "./menu.js";
import { alertBox, attempt, toast } from "./notices.js";
import { doing } from "./summary.js";

const GONE = ["left", "kicked"];
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
  #head;
  #log;
  #foot;

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
    this.#drawFoot(room);
    this.#log.draw(room);
    return undefined;
  }

  /** Ready to write at once; not on a touch screen, where the keyboard would cover the chat. */
  focus() {
    if (!matchMedia("(hover: hover)").matches) return;
    const place = this.#foot?.querySelector("textarea") ?? this.#foot?.querySelector("button");
    place?.focus();
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
    this.#head = el("header", { class: "room-head" });
    this.#log = new Log(this.#stage, this.#answers());
    this.#foot = el("footer", { class: "room-foot" });
    this.#parent.replaceChildren(this.#head, this.#log.node, this.#foot);
  }

  #drawHead(room) {
    const bot = this.#stage.botOf(room.key);
    const title = bot ? nameOf(bot) : (room.chat?.title ?? room.key);
    const typists = this.#stage.typists(room.key);
    const sayDoing = ({ from, action }) => (bot ? doing(action) : `${nameOf(from)} ${doing(action)}`);
    const view = { title, line: this.#headLine(room, bot), typing: typists.map(sayDoing).join(" ") };
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
            el("span", { class: view.typing ? "chat-last typing-now" : "chat-last" }, view.typing || view.line),
          ),
        ),
        iconButton(bot ? "more" : "people", bot ? "About this bot" : "Members", this.#showInfo, {
          data: { spot: "info" },
        }),
      );
    reconcile(this.#head, [{ key: "head", signature: JSON.stringify(view), build }]);
  }

  #headLine(room, bot) {
    if (bot) return `@${bot.username}`;
    const present = room.members.filter(({ status }) => !GONE.includes(status));
    const bots = present.filter(({ user }) => user.is_bot).length;
    const people = present.length - bots;
    const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;
    return `${count(people, "person", "people")}, ${count(bots, "bot", "bots")}`;
  }

  #drawFoot(room) {
    const mode = this.#modeOf(room);
    if (mode !== this.#mode) {
      const hadFocus = this.#foot.contains(document.activeElement);
      this.#mode = mode;
      this.#foot.replaceChildren(this.#footFor(mode, room.key));
      if (hadFocus) this.focus();
    }
    this.#composer?.refresh();
  }

  #modeOf(room) {
    if (this.#stage.botOf(room.key)) {
      if (room.chat?.blocked) return "blocked";
      return room.messages.length ? "write" : "start";
    }
    if (room.chat?.migrated_to) return "moved";
    const status = this.#stage.statusIn(room, this.#stage.me.id);
    return !status || GONE.includes(status) ? "outside" : "write";
  }

  #footFor(mode, key) {
    this.#composer = null;
    const me = this.#stage.me.id;
    const start = () => sandbox.say(key, { from: me, text: "/start" });
    if (mode === "start") return this.#wide("Start", start);
    if (mode === "blocked") return this.#wide("Unblock and start again", start);
    if (mode === "outside") return this.#wide("Join this group", () => sandbox.join(key, me));
    if (mode === "moved") return this.#wide("Go to the supergroup", () => this.#follow());
    this.#composer = new Composer(this.#stage, key, this.#drafts.get(`${this.#stage.me.id}/${key}`) ?? "");
    return this.#composer.node;
  }

  #wide(label, act) {
    const onclick = async (event) => {
      const button = event.currentTarget;
      button.disabled = true;
      const done = await attempt(act);
      if (done) await attempt(() => this.#stage.load());
      button.disabled = false;
      if (done) this.focus();
    };
    return el("button", { type: "button", class: "primary wide", onclick }, label);
  }

  #follow() {
    location.hash = roomLink(String(this.#stage.room.chat.migrated_to));
    return null;
  }

  /** What pressing things inside a message does. */
  #answers() {
    const key = this.#key;
    return {
      menu: (message, anchor) => this.#menu(message, anchor),
      press: (message, button, node) => this.#press(message, button, node),
      react: (message, emoji) => attempt(() => sandbox.react(key, message.message_id, this.#stage.me.id, emoji)),
      jump: (messageId) => this.#log.jump(messageId) || toast("That message is no longer here.", "error"),
      command: (text) => this.#composer?.send({ text }),
      mention: (username) => this.#visit(username),
    };
  }

  #menu(message, anchor) {
    const key = this.#key;
    const me = this.#stage.me.id;
    const items = [{ icon: "reply", label: "Reply", act: () => this.#composer?.reply(message) }];
    const copy = async () => {
      const copied = await copyText(message.text ?? message.caption);
      toast(copied ? "Text copied." : "This browser does not let the page copy.");
    };
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

  #visit(username) {
    const found = this.#stage.byUsername(username);
    if (found?.is_bot && found.token) location.hash = roomLink(this.#stage.privateKey(found.id));
    else toast(found ? `${nameOf(found)} is a person; people here talk in groups.` : `There is no @${username} here.`);
  }
}
