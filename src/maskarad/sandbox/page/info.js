/** What stands behind a chat's title: a bot's token and privacy, a group's members. */

import { sandbox } from "./api.js";
import { openDialog, tick, tokenField } from "./dialogs.js";
import { el } from "./dom.js";
import { faceOf, nameOf } from "./faces.js";
import { iconButton } from "./icons.js";
import { openMenu } from "./menu.js";
import { attempt } from "./notices.js";

const GONE = ["left", "kicked"];

/** Opens for the stage's open room and follows its changes until closed. */
export function openInfo(stage, visit) {
  const { key } = stage.room;
  const bot = stage.botOf(key);
  const body = el("div", {});
  const dialog = openDialog(bot ? "About this bot" : "About this group", body);
  const draw = () => {
    if (stage.room?.key !== key) return dialog.close();
    const here = document.activeElement?.dataset?.spot;
    body.replaceChildren(
      ...(bot ? aboutBot(stage, key, stage.bots.get(bot.id) ?? bot) : aboutGroup(stage, key, visit, dialog)),
    );
    if (here) body.querySelector(`[data-spot="${here}"]`)?.focus();
    return undefined;
  };
  stage.addEventListener("change", draw);
  dialog.addEventListener("close", () => stage.removeEventListener("change", draw));
  draw();
}

function aboutBot(stage, key, bot) {
  const leave = () => attempt(() => sandbox.leave(key, stage.me.id));
  return [
    el("p", { class: "made" }, faceOf(bot, "large"), el("b", {}, el("bdi", {}, nameOf(bot))), ` @${bot.username}`),
    el("h3", {}, "Token"),
    tokenField(bot.token),
    el("h3", {}, "Settings"),
    settingTick(stage, bot, "privacy", "Privacy mode", "In groups the bot sees only commands and replies to it."),
    settingTick(stage, bot, "talks_to_bots", "Bot-to-Bot Communication Mode", "In groups the bot sees other bots."),
    el("h3", {}, "This chat"),
    el("button", { type: "button", class: "quiet danger", onclick: leave, data: { spot: "block" } }, "Block the bot"),
    el("p", { class: "hint" }, "A blocked bot cannot write to you until you write to it again."),
  ];
}

function settingTick(stage, bot, setting, label, hint) {
  const change = async (event) => {
    const chosen = { [setting]: event.currentTarget.checked };
    await attempt(() => sandbox.changeBot(bot.id, chosen));
    await attempt(() => stage.load());
  };
  const input = el("input", {
    type: "checkbox",
    checked: bot[setting],
    onchange: change,
    data: { spot: `${setting}${bot.id}` },
  });
  return tick(label, input, hint);
}

function aboutGroup(stage, key, visit, dialog) {
  const room = stage.room;
  const present = room.members.filter(({ status }) => !GONE.includes(status));
  const inside = new Set(present.map(({ user }) => user.id));
  const outside = [...stage.people.values(), ...stage.bots.values()].filter((each) => !inside.has(each.id));
  const open = (id) => {
    dialog.close();
    visit(id);
  };
  return [
    el(
      "p",
      { class: "made" },
      el("b", {}, el("bdi", {}, room.chat?.title ?? key)),
      el("span", { class: "hint" }, ` ${key}`),
    ),
    el("h3", {}, "Members"),
    el(
      "ul",
      { class: "members" },
      present.map((member) => memberRow(stage, key, member, open)),
    ),
    el("h3", {}, "Add someone"),
    outside.length
      ? addForm(stage, key, outside)
      : el("p", { class: "hint" }, "Everyone there is in this group already."),
  ];
}

function memberRow(stage, key, { user, status }, open) {
  const bot = stage.bots.get(user.id);
  const words = { creator: "owner", administrator: "administrator" }[status];
  const privacy = bot && (bot.privacy ? "privacy mode on" : "reads everything");
  const who = user.id === stage.me.id ? "you" : null;
  return el(
    "li",
    {},
    faceOf({ ...user, is_bot: Boolean(bot) }, "small"),
    el(
      "span",
      { class: "person-name" },
      el("bdi", {}, nameOf(user)),
      el("small", {}, [who, words, bot ? "bot" : null, privacy].filter(Boolean).join(", ")),
    ),
    iconButton(
      "more",
      `Actions for ${nameOf(user)}`,
      (event) => openMenu(event.currentTarget, actions(stage, key, user, status, open)),
      {
        "aria-haspopup": "menu",
        data: { spot: `member${user.id}` },
      },
    ),
  );
}

function actions(stage, key, user, status, open) {
  const me = stage.me.id;
  const bot = stage.bots.get(user.id);
  const then = (work) => async () => {
    await attempt(work);
    await attempt(() => stage.load());
  };
  const role = status === "administrator" ? "member" : "administrator";
  const items = [];
  if (bot) {
    items.push({ icon: "reply", label: "Open private chat", act: () => open(bot.id) });
    const privacy = !bot.privacy;
    items.push({
      icon: "privacy",
      label: `Turn privacy mode ${privacy ? "on" : "off"}`,
      act: then(() => sandbox.changeBot(bot.id, { privacy })),
    });
  }
  if (status !== "creator") {
    const label = role === "administrator" ? "Make administrator" : "Take administrator rights away";
    items.push({ icon: "star", label, act: then(() => sandbox.role(key, user.id, role)) });
  }
  const label = user.id === me ? "Leave the group" : "Remove from the group";
  items.push({ icon: "close", label, danger: true, act: then(() => sandbox.leave(key, user.id, me)) });
  return items;
}

function addForm(stage, key, outside) {
  const select = el(
    "select",
    { "aria-label": "Who to add", data: { spot: "whom" } },
    outside.map((each) => el("option", { value: each.id }, `${nameOf(each)}${each.is_bot ? " (bot)" : ""}`)),
  );
  const add = async (event) => {
    event.preventDefault();
    await attempt(() => sandbox.join(key, Number(select.value), stage.me.id));
    await attempt(() => stage.load());
  };
  return el(
    "form",
    { class: "token", onsubmit: add },
    select,
    el("button", { class: "quiet", data: { spot: "add" } }, "Add"),
  );
}
