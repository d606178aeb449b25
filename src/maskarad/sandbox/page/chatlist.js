/** The sidebar: my chats, newest first, then the bots I have not met yet. */

import { el, reconcile } from "./dom.js";
import { face, faceOf, nameOf } from "./faces.js";
import { doing, serviceLine, summary } from "./summary.js";
import { listTime } from "./times.js";

const MOST_STRANGERS = 50;

export const roomLink = (key) => `#/chat/${encodeURIComponent(key)}`;

export function drawMe(button, me) {
  button.replaceChildren(faceOf(me, "small"), el("bdi", {}, nameOf(me)));
  button.setAttribute("aria-label", `You are ${nameOf(me)}. Switch person`);
}

export function drawList(parent, stage, wanted) {
  const matches = (...texts) => texts.some((text) => text?.toLowerCase().includes(wanted.toLowerCase()));
  const rows = stage.chats
    .map((chat) => rowOf(stage, chat))
    .filter((row) => matches(row.title, row.username))
    .map((row) => entry(row, chatRow));
  const met = new Set(stage.chats.map((chat) => chat.key));
  const strangers = [...stage.bots.values()]
    .filter((bot) => !met.has(stage.privateKey(bot.id)) && matches(bot.name, bot.username))
    .slice(0, MOST_STRANGERS)
    .map((bot) => entry(strangerRow(stage, bot), chatRow));
  const heading = { key: "strangers", signature: "", build: () => el("h2", { class: "list-heading" }, "Not met yet") };
  const all = strangers.length ? [...rows, heading, ...strangers] : rows;
  reconcile(parent, all.length ? all : [nothing(wanted)]);
}

const entry = (row, build) => ({ key: row.key, signature: JSON.stringify(row), build: () => build(row) });

function nothing(wanted) {
  const text = wanted
    ? "Nothing by that name."
    : "No chats yet. Make a bot or a group with the buttons below, or start the platform so that its bots appear.";
  return { key: "nothing", signature: text, build: () => el("p", { class: "plain-note" }, text) };
}

function rowOf(stage, chat) {
  const bot = stage.botOf(chat.key);
  const message = chat.last_message;
  const typists = stage.typists(chat.key);
  return {
    key: chat.key,
    title: bot ? nameOf(bot) : (chat.title ?? chat.key),
    username: bot?.username,
    face: bot ? ["bot", bot.id] : ["group", chat.key],
    open: stage.room?.key === chat.key,
    unread: stage.unread.get(chat.key) ?? 0,
    time: message ? listTime(message.date) : "",
    author: message && !bot && !serviceLine(message) ? authorOf(stage, message) : "",
    line: typists.length ? doing(typists[0].action) : message ? summary(message).slice(0, 120) : "No messages yet",
    typing: typists.length > 0,
  };
}

function authorOf(stage, message) {
  return message.from?.id === stage.me.id ? "You" : nameOf(message.from);
}

function strangerRow(stage, bot) {
  const key = stage.privateKey(bot.id);
  const username = bot.username;
  return {
    key,
    title: nameOf(bot),
    username,
    face: ["bot", bot.id],
    open: stage.room?.key === key,
    unread: 0,
    time: "",
    author: "",
    line: `@${username}`,
    typing: false,
  };
}

function chatRow(row) {
  return el(
    "a",
    { class: "chat-row", href: roomLink(row.key), "aria-current": row.open && "page" },
    face(...row.face, row.title),
    el(
      "span",
      { class: "chat-lines" },
      el("span", { class: "chat-top" }, el("bdi", { class: "chat-title" }, row.title), el("time", {}, row.time)),
      el(
        "span",
        { class: "chat-bottom" },
        el(
          "span",
          { class: row.typing ? "chat-last typing-now" : "chat-last" },
          row.author && !row.typing && el("span", { class: "chat-author" }, el("bdi", {}, row.author), ": "),
          el("bdi", {}, row.line),
        ),
        row.unread > 0 && el("span", { class: "badge", "aria-label": `${row.unread} unread` }, String(row.unread)),
      ),
    ),
  );
}
