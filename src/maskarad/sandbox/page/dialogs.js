/** The questions that open over the page: who you are, a new bot, a new group. */

import { sandbox } from "./api.js";
import { copyText } from "./clipboard.js";
import { el } from "./dom.js";
import { faceOf, nameOf } from "./faces.js";
import { icon, iconButton } from "./icons.js";
import { attempt, toast } from "./notices.js";

export const STAGE_NAMES = ["Columbina", "Pierrot", "Pantalone", "Isabella", "Scaramouche", "Zerbinetta", "Pulcinella"];

/** A modal with a title and a close button; it is removed when it closes. */
export function openDialog(title, ...content) {
  const dialog = el(
    "dialog",
    { class: "sheet", "aria-label": title, onclose: () => dialog.remove() },
    el(
      "header",
      { class: "sheet-head" },
      el("h2", {}, title),
      iconButton("close", "Close", () => dialog.close()),
    ),
    el("div", { class: "sheet-body" }, content),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function field(label, input, hint) {
  return el("label", { class: "field" }, el("span", {}, label), input, hint && el("small", {}, hint));
}

export function tick(label, input, hint) {
  return el("label", { class: "tick" }, input, el("span", {}, el("bdi", {}, label), hint && el("small", {}, hint)));
}

/** A form that asks the sandbox for something; `done(answer)` only when the sandbox agreed. */
export function asking(button, fields, ask, done) {
  return el(
    "form",
    {
      class: "asking",
      onsubmit: async (event) => {
        event.preventDefault();
        const press = event.currentTarget.querySelector("button.primary");
        press.disabled = true;
        const answer = await attempt(() => ask(new FormData(event.target)));
        press.disabled = false;
        if (answer !== undefined) done(answer);
      },
    },
    fields,
    el("button", { class: "primary" }, button),
  );
}

export function openPeople(stage, become) {
  const choose = (person) => {
    dialog.close();
    become(person);
  };
  const rows = [...stage.people.values()].map((person) =>
    el(
      "button",
      {
        type: "button",
        class: "person-row",
        "aria-pressed": String(person.id === stage.me?.id),
        onclick: () => choose(person),
      },
      faceOf(person, "small"),
      el(
        "span",
        { class: "person-name" },
        el("bdi", {}, nameOf(person)),
        person.username && el("small", {}, `@${person.username}`),
      ),
      person.id === stage.me?.id && icon("check"),
    ),
  );
  const form = asking(
    "Make this person",
    [
      el("h3", {}, "Someone new"),
      el(
        "div",
        { class: "pair" },
        field("First name", el("input", { name: "first_name", required: true, maxlength: "64", autocomplete: "off" })),
        field("Last name", el("input", { name: "last_name", maxlength: "64", autocomplete: "off" })),
      ),
      el(
        "div",
        { class: "pair" },
        field(
          "Username",
          el("input", { name: "username", maxlength: "32", autocomplete: "off", placeholder: "optional" }),
        ),
        field("Language", languages()),
      ),
    ],
    (data) => sandbox.makeUser(filled(data)),
    choose,
  );
  const dialog = openDialog("Who are you?", el("div", { class: "person-rows" }, rows), form);
}

function languages() {
  const names = { en: "English", uk: "Українська", ru: "Русский" };
  return el(
    "select",
    { name: "language_code" },
    Object.entries(names).map(([code, name]) => el("option", { value: code }, name)),
  );
}

const filled = (data) =>
  Object.fromEntries([...data].map(([key, value]) => [key, value.trim()]).filter(([, value]) => value));

export function openNewBot(stage, visit) {
  const form = asking(
    "Make the bot",
    [
      field("Name", el("input", { name: "name", required: true, maxlength: "64", autocomplete: "off" })),
      field(
        "Username",
        el("input", {
          name: "username",
          required: true,
          pattern: "@?[A-Za-z][A-Za-z0-9_]{1,28}[Bb][Oo][Tt]",
          title: "Latin letters, digits and underscores, ending in “bot”",
          autocomplete: "off",
          autocapitalize: "none",
          placeholder: "harlequin_bot",
        }),
        "Latin letters, digits and underscores, ending in “bot”.",
      ),
      tick(
        "Privacy mode",
        el("input", { type: "checkbox", name: "privacy", checked: true }),
        "In groups the bot sees only commands and replies to it.",
      ),
    ],
    (data) =>
      sandbox.makeBot({
        name: data.get("name").trim(),
        username: data.get("username").trim().replace(/^@/, ""),
        privacy: data.has("privacy"),
      }),
    async (bot) => {
      await attempt(() => stage.load());
      dialog.querySelector(".sheet-body").replaceChildren(...made(stage, bot, visit, () => dialog.close()));
      dialog.querySelector(".token button").focus();
    },
  );
  const dialog = openDialog("New bot", form);
}

function made(stage, bot, visit, close) {
  const manager = stage.manager();
  const other = manager && manager.id !== bot.id ? manager : null;
  const where = other ? `the chat with ${nameOf(other)}` : "your program's settings";
  const go = () => {
    close();
    visit(other.id);
  };
  return [
    el(
      "p",
      { class: "made" },
      faceOf({ ...bot, is_bot: true, first_name: bot.name }, "large"),
      el("b", {}, el("bdi", {}, bot.name)),
      ` @${bot.username}`,
    ),
    tokenField(bot.token),
    el("p", {}, `Copy this token and paste it into ${where}: whoever has it speaks as this bot.`),
    other && el("button", { type: "button", class: "primary", onclick: go }, `Open ${nameOf(other)}`),
  ].filter(Boolean);
}

export function tokenField(token) {
  const input = el("input", {
    readonly: true,
    value: token,
    "aria-label": "Token",
    class: "mono",
    spellcheck: "false",
  });
  const copy = async () => {
    input.select();
    toast((await copyText(token)) ? "Token copied." : "Press Ctrl+C to copy the marked token.");
  };
  return el("div", { class: "token" }, input, el("button", { type: "button", class: "quiet", onclick: copy }, "Copy"));
}

export function openNewGroup(stage, visit) {
  const others = [...stage.people.values(), ...stage.bots.values()].filter((each) => each.id !== stage.me.id);
  const picks = others.map((each) =>
    tick(
      nameOf(each),
      el("input", { type: "checkbox", name: "member", value: each.id }),
      each.is_bot ? "bot" : "person",
    ),
  );
  const form = asking(
    "Make the group",
    [
      field("Title", el("input", { name: "title", required: true, maxlength: "128", autocomplete: "off" })),
      el(
        "fieldset",
        { class: "picks" },
        el("legend", {}, "Who is in it, besides you"),
        picks.length ? picks : "Nobody else is here yet.",
      ),
    ],
    async (data) => {
      const group = await sandbox.makeGroup({ title: data.get("title").trim(), creator: stage.me.id });
      const key = String(group.key ?? group.id);
      for (const member of data.getAll("member")) await sandbox.join(key, Number(member), stage.me.id);
      return key;
    },
    (key) => {
      dialog.close();
      visit(key);
    },
  );
  const dialog = openDialog("New group", form);
}
