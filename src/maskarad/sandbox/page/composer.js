/** Writing: a text that grows, a reply or an edit under way, files, placeholders for media. */

import { sandbox } from "./api.js";
import { el } from "./dom.js";
import { nameOf } from "./faces.js";
import { icon, iconButton } from "./icons.js";
import { openMenu } from "./menu.js";
import { attempt } from "./notices.js";
import { summary } from "./summary.js";

const TALLEST_PX = 180;
const MEDIA = ["photo", "voice", "sticker", "document"];

export class Composer {
  #stage;
  #key;
  #context = null;
  #bar = el("div", { class: "composing", hidden: true });
  #input;

  constructor(stage, key, draft) {
    this.#stage = stage;
    this.#key = key;
    this.#input = el("textarea", {
      rows: "1",
      dir: "auto",
      placeholder: "Write a message",
      "aria-label": "Message",
      value: draft,
      oninput: () => this.#grow(),
      onkeydown: (event) => this.#typed(event),
    });
    this.node = el(
      "form",
      { class: "composer", onsubmit: (event) => (event.preventDefault(), this.#submit()) },
      this.#bar,
      el(
        "div",
        { class: "composer-row" },
        iconButton("attach", "Send a photo, file, voice message or sticker", (event) =>
          this.#showMedia(event.currentTarget),
        ),
        this.#input,
        el("button", { class: "send", "aria-label": "Send", title: "Send (Enter)" }, icon("send")),
      ),
    );
  }

  get draft() {
    return this.#context?.kind === "edit" ? "" : this.#input.value;
  }

  /** After the room changed: what is being answered or edited may be gone. */
  refresh() {
    const messages = this.#stage.room?.messages ?? [];
    if (this.#context && !messages.some((each) => each.message_id === this.#context.message.message_id)) this.#drop();
  }

  focus() {
    this.#input.focus();
  }

  reply(message) {
    this.#take({ kind: "reply", message }, `Reply to ${nameOf(message.from)}`);
  }

  edit(message) {
    this.#take({ kind: "edit", message }, "Edit message");
    this.#input.value = message.text;
    this.#grow();
  }

  #take(context, title) {
    if (this.#context?.kind === "edit") this.#input.value = "";
    this.#context = context;
    this.#bar.hidden = false;
    this.#bar.replaceChildren(
      icon(context.kind),
      el(
        "span",
        {},
        el("bdi", { class: "quote-name" }, title),
        el("bdi", { class: "quote-text" }, summary(context.message)),
      ),
      iconButton("close", "Cancel", () => this.#drop()),
    );
    this.focus();
  }

  #drop() {
    if (this.#context?.kind === "edit") this.#input.value = "";
    this.#context = null;
    this.#bar.hidden = true;
    this.#grow();
  }

  #grow() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(this.#input.scrollHeight, TALLEST_PX)}px`;
  }

  #typed(event) {
    if (event.key === "Escape" && this.#context) {
      event.stopPropagation();
      this.#drop();
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.#input.value.trim();
    if (text) this.send({ text });
  }

  /** Send `{text}`, `{media, caption?, emoji?}` or that and `{file, name}`; a refusal brings back what was written. */
  async send(content) {
    const written = this.#input.value;
    const context = this.#context;
    this.#input.value = "";
    this.#context = null;
    this.#bar.hidden = true;
    this.#grow();
    const sent = await attempt(() => this.#deliver(content, context));
    if (sent) this.#stage.sent(this.#key, sent);
    else if (!this.#input.value) {
      this.#input.value = written;
      this.#grow();
    }
  }

  #deliver(content, context) {
    const from = this.#stage.me.id;
    const answered = context?.kind === "reply" && { reply_to: context.message.message_id };
    if (content.file) return sandbox.sendFile(this.#key, { from, ...content, ...answered });
    if (context?.kind === "edit") return sandbox.edit(this.#key, context.message.message_id, from, content.text);
    return sandbox.say(this.#key, { from, ...content, ...answered });
  }

  #showMedia(anchor) {
    const items = MEDIA.map((media) => ({
      icon: media,
      label: media[0].toUpperCase() + media.slice(1),
      act: () => this.#sendMedia(media),
    }));
    const own = [
      { icon: "photo", label: "Picture…", act: () => this.#chooseFile("photo", "image/*") },
      { icon: "document", label: "File…", act: () => this.#chooseFile("document", null) },
    ];
    openMenu(anchor, [...own, ...items]);
  }

  #chooseFile(media, accept) {
    const chooser = el("input", { type: "file", accept, onchange: () => this.#sendFile(media, chooser.files[0]) });
    chooser.click();
  }

  #sendFile(media, file) {
    const caption = this.#input.value.trim();
    this.send({ media, file, name: file.name, ...(caption && { caption }) });
  }

  #sendMedia(media) {
    const caption = this.#input.value.trim();
    this.send({ media, ...(media === "sticker" ? { emoji: "🎭" } : caption && { caption }) });
  }
}
