/** Telegram's message entities as elements. Offsets are UTF-16 units, which is how JavaScript counts too. */

import { el } from "./dom.js";

const SAFE_LINK = /^(https?|tg|mailto|tel):/i;

/** Fill a fragment with `text`; `on.command(text)` and `on.mention(username)` are called when one is pressed. */
export function richText(text, entities = [], on = {}) {
  const ordered = entities
    .filter((entity) => entity.length > 0 && entity.offset >= 0 && entity.offset < text.length)
    .sort((a, b) => a.offset - b.offset || b.length - a.length);
  const fragment = document.createDocumentFragment();
  fragment.append(...spans(text, ordered, 0, text.length, on));
  return fragment;
}

function spans(text, entities, start, end, on) {
  const nodes = [];
  let at = start;
  for (let index = 0; index < entities.length;) {
    const entity = entities[index];
    const stop = Math.min(entity.offset + entity.length, end);
    let next = index + 1;
    while (next < entities.length && entities[next].offset < stop) next += 1;
    if (entity.offset > at) nodes.push(text.slice(at, entity.offset));
    const inside = spans(text, entities.slice(index + 1, next), entity.offset, stop, on);
    nodes.push(wrap(entity, text.slice(entity.offset, stop), inside, on));
    at = stop;
    index = next;
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}

const PLAIN = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code" };

function wrap(entity, text, inside, on) {
  switch (entity.type) {
    case "pre":
      return el("pre", { data: entity.language ? { language: entity.language } : {} }, el("code", {}, inside));
    case "blockquote":
    case "expandable_blockquote":
      return el("blockquote", {}, inside);
    case "spoiler":
      return spoiler(inside);
    case "url":
      return link(SAFE_LINK.test(text) ? text : `https://${text}`, inside);
    case "text_link":
      return link(entity.url, inside);
    case "email":
      return link(`mailto:${text}`, inside);
    case "phone_number":
      return link(`tel:${text}`, inside);
    case "bot_command":
      return pressable(inside, () => on.command?.(text));
    case "mention":
      return pressable(inside, () => on.mention?.(text.slice(1)));
    case "text_mention":
      return el("span", { class: "mention" }, inside);
    default:
      return el(PLAIN[entity.type] ?? "span", {}, inside);
  }
}

function link(address, inside) {
  if (!SAFE_LINK.test(address ?? "")) return el("span", {}, inside);
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, inside);
}

function pressable(inside, onclick) {
  return el("button", { type: "button", class: "inline-link", onclick }, inside);
}

function spoiler(inside) {
  const node = el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Spoiler, press to show" });
  const hidden = el("span", { "aria-hidden": "true" }, inside);
  const show = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    node.replaceWith(el("span", { class: "spoiler-open" }, hidden.childNodes.length ? [...hidden.childNodes] : []));
  };
  node.addEventListener("click", show);
  node.addEventListener("keydown", show);
  node.append(hidden);
  return node;
}
