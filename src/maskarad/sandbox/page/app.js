/** The page's start: one stage, drawn by the sidebar and the room, kept live by the feed, steered by the address. */

import { drawList, drawMe, roomLink } from "./chatlist.js";
import { openNewBot, openNewGroup, openPeople } from "./dialogs.js";
import { follow } from "./feed.js";
import { openInfo } from "./info.js";
import { recallWho, rememberWho } from "./memory.js";
import { attempt } from "./notices.js";
import { Room } from "./room.js";
import { Stage } from "./stage.js";
import { drawWelcome } from "./welcome.js";

const at = (id) => document.getElementById(id);
const stage = new Stage();
const room = new Room(at("room"), stage, {
  showInfo: () => openInfo(stage, visitBot),
  goBack: () => (location.hash = "#/"),
});
let welcomed = false;

function draw() {
  if (!stage.me && stage.people.has(recallWho())) return;
  at("welcome").hidden = Boolean(stage.me);
  at("house").hidden = !stage.me;
  if (!stage.me) {
    if (!welcomed) drawWelcome(at("welcome"), stage, arrive);
    welcomed = true;
    return;
  }
  welcomed = false;
  at("house").classList.toggle("in-room", Boolean(stage.room));
  drawMe(at("me"), stage.me);
  drawList(at("chats"), stage, at("search").value.trim());
  room.draw();
  const unread = [...stage.unread.values()].reduce((sum, count) => sum + count, 0);
  document.title = unread ? `(${unread}) Maskarad sandbox` : "Maskarad sandbox";
}

/** Be this person. A group stays open, seen with the other's eyes; a private chat is nobody else's. */
async function become(person) {
  rememberWho(person.id);
  const staysOpen = stage.room && !stage.room.key.includes(":");
  if (!staysOpen) location.hash = "#/";
  await attempt(() => stage.become(person));
  if (staysOpen) await followAddress();
}

/** A newcomer goes straight on to the manager bot. */
async function arrive(person) {
  await become(person);
  const manager = stage.manager();
  if (manager) visitBot(manager.id);
}

const visitBot = (id) => visit(stage.privateKey(id));

function visit(key) {
  location.hash = roomLink(key);
}

/** The address names the open chat, so that Back, reload and a copied link do what they do elsewhere. */
async function followAddress() {
  const key = decodeURIComponent(location.hash.match(/^#\/chat\/(.+)$/)?.[1] ?? "");
  if (!key || !stage.me) return stage.close();
  const opened = await attempt(() => stage.open(key));
  if (opened === undefined) location.hash = "#/";
  else if (opened) room.focus();
  return undefined;
}

/** Read everything anew: at the start, and after every time the feed was cut. */
async function synchronize() {
  await attempt(async () => {
    await stage.load();
    at("offline").hidden = true;
    const known = !stage.me && stage.people.get(recallWho());
    if (!known) return;
    await stage.become(known);
    await followAddress();
  });
}

stage.addEventListener("change", draw);
addEventListener("hashchange", followAddress);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && stage.lookedAt());
at("search").addEventListener("input", () => stage.changed());
at("me").addEventListener("click", () => openPeople(stage, become));
at("new-bot").addEventListener("click", () => openNewBot(stage, visitBot));
at("new-group").addEventListener("click", () => openNewGroup(stage, visit));
follow({
  onopen: synchronize,
  onevent: (kind, event) => stage.apply(kind, event),
  oncut: () => (at("offline").hidden = false),
});
