/** One message as an element: author, quote, text or placeholder, keyboard, reactions, time. */

import { sandbox } from "./api.js";
import { el } from "./dom.js";
import { face, faceOf, nameOf, toneOf } from "./faces.js";
import { icon, iconButton } from "./icons.js";
import { richText } from "./richtext.js";
import { mediaKind, serviceLine, summary } from "./summary.js";
import { clockTime } from "./times.js";

const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}|\p{Emoji_Component}){1,12}$/u;
const ANY_PICTURE = /\p{Extended_Pictographic}/u;

/**
 * `view` is `{message, me, group, first, last}`: whose eyes, whether authors are shown, and the message's place among
 * those its author sent in a row. `on` holds the page's answers to what is pressed.
 */
export function bubble(view, on) {
  const { message, me } = view;
  const service = serviceLine(message);
  if (service) return el("div", { class: "service", role: "note" }, el("bdi", {}, service));
  const mine = message.from?.id === me;
  const node = el(
    "article",
    {
      class: `line ${mine ? "mine" : "theirs"} ${view.first ? "first" : ""} ${view.last ? "last" : ""}`,
      "aria-label": `${mine ? "You" : nameOf(message.from)}, ${clockTime(message.date)}`,
      data: { id: message.message_id },
    },
    view.group &&
      !mine &&
      el("span", { class: "line-face" }, view.last && message.from && faceOf(message.from, "small")),
    el("div", { class: "stack" }, body(view, mine, on), keyboard(message, on), reactions(message, me, on)),
    iconButton("more", "Message actions", (event) => on.menu(message, event.currentTarget), {
      class: "line-menu",
      "aria-haspopup": "menu",
      data: { spot: "menu" },
    }),
  );
  node.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a")) return;
    event.preventDefault();
    on.menu(message, node.querySelector(".line-menu"));
  });
  return node;
}

function body({ message, group, first }, mine, on) {
  const bare = !message.text && message.sticker;
  const text = message.text ?? message.caption;
  const entities = message.entities ?? message.caption_entities ?? [];
  const loud = message.text && ANY_PICTURE.test(text) && ONLY_EMOJI.test(text.replace(/\s/g, ""));
  return el(
    "div",
    { class: `bubble ${bare ? "bare" : ""} ${loud ? "loud" : ""}` },
    group && !mine && first && author(message.from),
    forwarded(message),
    message.reply_to_message && quote(message.reply_to_message, on),
    !message.text && placeholder(message),
    text ? el("div", { class: "text", dir: "auto" }, richText(text, entities, on), stamp(message)) : stamp(message),
  );
}

function stamp(message) {
  return el(
    "span",
    { class: "stamp" },
    message.silent && el("span", { title: "Sent without a sound" }, "silent "),
    message.edited && el("span", { class: "edited" }, "edited "),
    el("time", { dir: "ltr", datetime: new Date(message.date * 1000).toISOString() }, clockTime(message.date)),
  );
}

function author(from) {
  return el(
    "div",
    { class: `author tone-${toneOf(from?.id)}` },
    el("bdi", {}, nameOf(from)),
    from?.is_bot && el("span", { class: "tag" }, "bot"),
  );
}

function forwarded(message) {
  const origin = message.forward_origin;
  if (!origin) return null;
  const name = origin.sender_user ? nameOf(origin.sender_user) : (origin.sender_user_name ?? "someone");
  return el("div", { class: "forwarded" }, "Forwarded from ", el("bdi", {}, name));
}

function quote(message, on) {
  return el(
    "button",
    {
      type: "button",
      class: `quote tone-${toneOf(message.from?.id)}`,
      "aria-label": `Go to the message of ${nameOf(message.from)}`,
      onclick: () => on.jump(message.message_id),
      data: { spot: "quote" },
    },
    el("bdi", { class: "quote-name" }, nameOf(message.from)),
    el("bdi", { class: "quote-text" }, summary(message)),
  );
}

function placeholder(message) {
  switch (mediaKind(message)) {
    case "photo":
      return photo(message.photo.at(-1));
    case "sticker":
      return el("div", { class: "sticker", role: "img", "aria-label": "Sticker" }, message.sticker.emoji ?? "🎭");
    case "voice":
    case "audio":
      return voice(message.voice ?? message.audio, message.message_id);
    case undefined:
      return el("div", { class: "unknown" }, "A kind of message this page does not draw.");
    default:
      return attachment(message);
  }
}

/** A stand-in takes the place of what is no picture. */
function photo(file) {
  const address = sandbox.fileAddress(file.file_id);
  const standIn = () => el("div", { class: "photo", role: "img", "aria-label": "Photo" }, icon("photo"));
  const picture = el("img", { src: address, alt: "Photo", onerror: () => link.replaceWith(standIn()) });
  const link = el("a", { class: "picture", href: address, target: "_blank", rel: "noopener noreferrer" }, picture);
  return link;
}

function voice(sound, seed) {
  const bars = Array.from({ length: 28 }, (_, at) => el("i", { class: `h${(seed * 7 + at * at * 3 + at * 5) % 6}` }));
  const seconds = sound.duration ?? 0;
  const length = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return el(
    "div",
    { class: "voice", role: "img", "aria-label": `Voice message, ${length}` },
    el("span", { class: "voice-dot" }, icon("voice")),
    el("span", { class: "wave", "aria-hidden": "true" }, bars),
    el("span", {}, length),
  );
}

function attachment(message) {
  const file = message.document ?? message.video ?? message.animation;
  const size = file.file_size ? `${Math.max(1, Math.round(file.file_size / 1024))} KB` : "";
  const saved = { href: sandbox.fileAddress(file.file_id), download: file.file_name ?? "file", title: "Save the file" };
  return el(
    "a",
    { class: "attachment", ...saved },
    el("span", { class: "voice-dot" }, icon("document")),
    el("span", {}, el("bdi", {}, file.file_name ?? "File"), el("small", {}, size)),
  );
}

function keyboard(message, on) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return el(
    "div",
    { class: "keyboard", role: "group", "aria-label": "Buttons" },
    rows.map((row, y) =>
      el(
        "div",
        { class: "keyboard-row" },
        row.map((button, x) => key(message, button, `${y}:${x}`, on)),
      ),
    ),
  );
}

function key(message, button, spot, on) {
  if (button.url) {
    const safe = /^(https?|tg):/i.test(button.url) ? button.url : null;
    return el(
      "a",
      { class: "key", href: safe, target: "_blank", rel: "noopener noreferrer" },
      label(button),
      icon("link"),
    );
  }
  const usable = button.callback_data !== undefined;
  return el(
    "button",
    {
      type: "button",
      class: "key",
      disabled: !usable,
      title: usable ? null : "This kind of button does nothing in the sandbox",
      onclick: (event) => on.press(message, button, event.currentTarget),
      data: { spot },
    },
    label(button),
  );
}

const label = (button) => el("bdi", {}, button.text);

function reactions(message, me, on) {
  const given = Object.entries(message.reactions ?? {}).filter(([, ids]) => ids.length);
  if (!given.length) return null;
  return el(
    "div",
    { class: "reactions" },
    given.map(([emoji, ids]) =>
      el(
        "button",
        {
          type: "button",
          class: "reaction",
          "aria-pressed": String(ids.includes(me)),
          "aria-label": `${emoji} ${ids.length}`,
          onclick: () => on.react(message, ids.includes(me) ? null : emoji),
          data: { spot: emoji },
        },
        `${emoji} ${ids.length}`,
      ),
    ),
  );
}

export function typingLine(typists, group) {
  return el(
    "div",
    { class: "line theirs first last typing" },
    group &&
      el(
        "span",
        { class: "line-face" },
        face(typists[0].is_bot ? "bot" : "person", typists[0].id, nameOf(typists[0]), "small"),
      ),
    el(
      "div",
      { class: "bubble", role: "status" },
      el("span", { class: "unseen" }, `${typists.map(nameOf).join(", ")} typing`),
      el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
    ),
  );
}
