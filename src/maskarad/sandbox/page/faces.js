/** Faces: bots wear a mask drawn from their id, people show an initial, groups a harlequin's lozenge. */

import { el, svg } from "./dom.js";

const TONES = 8;

const EYES = [
  "M13 27q6-8 12 0q-6-3-12 0zM39 27q6-8 12 0q-6-3-12 0z",
  "M13 25q6 7 12 0q-6 12-12 0zM39 25q6 7 12 0q-6 12-12 0z",
  "M19 22a4.5 4.5 0 1 0 .01 0zM45 22a4.5 4.5 0 1 0 .01 0z",
  "M12 24l13 4q-7 5-13-4zM52 24l-13 4q7 5 13-4z",
];
const MOUTHS = [
  "M20 41q12 14 24 0q-3 14-12 14t-12-14z",
  "M21 49q11-13 22 0q-11-6-22 0z",
  "M32 41a5.5 6.5 0 1 0 .01 0z",
  "M22 45q10 6 20-4q-4 12-14 10q-5-1-6-6z",
];
const MARKS = [
  "M44 33q4 6 0 9q-4-3 0-9z",
  "M32 8l4 7-4 7-4-7z",
  "M16 34l3 4-3 4-3-4z",
  "M32 9l2 4 4 .5-3 3 .8 4.5-3.8-2-3.8 2 .8-4.5-3-3 4-.5z",
];

/** One of eight tones, always the same for the same id or key. */
export function toneOf(id) {
  let sum = 7;
  for (const character of String(id)) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  return sum % TONES;
}

export function nameOf(someone) {
  if (!someone) return "Someone";
  const name = [someone.first_name ?? someone.name ?? someone.title, someone.last_name]
    .filter(Boolean)
    .join(" ")
    .trim();
  return name || (someone.username ? `@${someone.username}` : `No name (${someone.id})`);
}

/** `kind` is "bot", "person" or "group"; `size` is "", "small" or "large". */
export function face(kind, id, name, size = "") {
  const node = el("span", { class: `face ${kind} tone-${toneOf(id)} ${size}`.trim(), "aria-hidden": "true" });
  node.append(kind === "bot" ? mask(Math.abs(Number(id)) || 0) : initial(name));
  return node;
}

export const faceOf = (someone, size) => face(someone.is_bot ? "bot" : "person", someone.id, nameOf(someone), size);

function initial(name) {
  const letters = name.match(/\p{L}|\p{N}/u) ?? [...name];
  return el("span", { class: "initial" }, (letters[0] ?? "?").toLocaleUpperCase());
}

function mask(id) {
  const mixed = Number((BigInt(id) * 2654435761n) % 4294967291n);
  const pick = (list, step) => list[Math.floor(mixed / step) % list.length];
  return svg(
    "svg",
    { viewBox: "0 0 64 64" },
    svg("path", { class: "mask-face", d: "M32 61C18 57 7 46 7 29V9c8 5 16 6 25 6s17-1 25-6v20c0 17-11 28-25 32z" }),
    svg("path", { class: "mask-half", d: "M32 61c14-4 25-15 25-32V9c-8 5-16 6-25 6z" }),
    svg("path", { class: "mask-cut", d: pick(EYES, 1) }),
    svg("path", { class: "mask-cut", d: pick(MOUTHS, 3) }),
    svg("path", { class: "mask-mark", d: pick(MARKS, 7) }),
  );
}
