/**
 * What the page knows: who I am, the people and bots there are, my chats, and the open chat ("room").
 * Changes come from the sandbox only; each ends in one "change" event, after which everything is drawn anew.
 */

import { sandbox } from "./api.js";
import { attempt } from "./notices.js";
import { markRead, readUpTo } from "./memory.js";
import { Refresher } from "./refresher.js";

const TYPING_MS = 5500;
const IN_ROOM = new Set(["message", "edited", "deleted", "reaction"]);
const NOBODY_YET = { chat: null, members: [], messages: [] };

const byId = (one, other) => one.message_id - other.message_id;
const byTime = (one, other) => (other.last_message?.date ?? 0) - (one.last_message?.date ?? 0);
const idOf = (event) => event.message_id ?? (event.message ?? event.edited).message_id;

export class Stage extends EventTarget {
  me = null;
  people = new Map();
  bots = new Map();
  chats = [];
  room = null;
  unread = new Map();
  typing = new Map();
  #announced = false;
  #wantedRoom = null;
  #list = new Refresher(() => this.loadChats());
  #all = new Refresher(() => this.load());
  #listReadings = 0;
  #roomReadings = new Set();

  async load() {
    const [users, bots] = await Promise.all([sandbox.users(), sandbox.bots()]);
    this.people = new Map(users.map((user) => [user.id, user]));
    this.bots = new Map(bots.map((bot) => [bot.id, { ...bot, is_bot: true, first_name: bot.name }]));
    if (this.me) this.me = this.people.get(this.me.id) ?? null;
    await this.loadChats();
    await this.#reopen();
    this.changed();
  }

  /** Read the open room again; it closes when it (or the one I am) is gone. */
  async #reopen() {
    if (!this.#wantedRoom) return;
    if (!this.me || !(await attempt(() => this.open(this.#wantedRoom)))) this.close();
  }

  async loadChats() {
    if (!this.me) return;
    const me = this.me.id;
    this.#listReadings += 1;
    const [chats, counts] = await this.#readList(me).finally(() => (this.#listReadings -= 1));
    if (this.me?.id !== me) return;
    this.chats = chats.sort(byTime);
    this.unread = new Map(chats.map((chat, index) => [chat.key, counts[index]]));
    this.changed();
  }

  async #readList(me) {
    const chats = await sandbox.chats(me);
    return [chats, await Promise.all(chats.map((chat) => this.#countUnread(me, chat)))];
  }

  async #countUnread(me, chat) {
    const read = readUpTo(me, chat.key);
    if (this.isReading(chat.key) || !(chat.last_message?.message_id > read)) return 0;
    const { messages } = await sandbox.chat(chat.key);
    return messages.filter((message) => message.message_id > read && message.from?.id !== me).length;
  }

  become(person) {
    this.me = person;
    this.people.set(person.id, person);
    this.close();
    this.chats = [];
    this.unread = new Map();
    return this.loadChats();
  }

  /** Open a chat and answer the room; a bot never written to has an empty one. Null when another was opened since. */
  async open(key) {
    this.#wantedRoom = key;
    const isKnown = () => this.chats.some((chat) => chat.key === key);
    if (this.botOf(key) && !isKnown()) await this.loadChats();
    const reading = { key, events: [] };
    const answer = this.botOf(key) && !isKnown() ? NOBODY_YET : await this.#readRoom(reading);
    if (this.#wantedRoom !== key) return null;
    this.room = { key, ...answer, messages: [...answer.messages] };
    for (const [kind, event] of reading.events) this.#inRoom(kind, event);
    this.#read();
    this.changed();
    return this.room;
  }

  /** What happens while the answer is under way may be missing in it: `reading.events` keeps that. */
  async #readRoom(reading) {
    this.#roomReadings.add(reading);
    try {
      return await sandbox.chat(reading.key);
    } finally {
      this.#roomReadings.delete(reading);
    }
  }

  close() {
    this.#wantedRoom = null;
    this.room = null;
    this.changed();
  }

  /** The bot at the other end of my private chat `key`, or undefined. */
  botOf(key) {
    const [person, bot] = key.split(":");
    return bot && Number(person) === this.me?.id ? this.bots.get(Number(bot)) : undefined;
  }

  privateKey(botId) {
    return `${this.me.id}:${botId}`;
  }

  /** The bot made first: the manager bot, which the sandbox brings along. */
  manager() {
    return this.bots.values().next().value;
  }

  account(id) {
    return this.people.get(id) ?? this.bots.get(id);
  }

  byUsername(username) {
    const wanted = username.toLowerCase();
    return [...this.bots.values(), ...this.people.values()].find((each) => each.username?.toLowerCase() === wanted);
  }

  statusIn(room, id) {
    return room.members.find((member) => member.user.id === id)?.status;
  }

  isReading(key) {
    return this.room?.key === key && document.visibilityState === "visible";
  }

  typists(key) {
    return [...(this.typing.get(key)?.values() ?? [])].filter((typist) => typist.until > Date.now());
  }

  /** Called when the tab comes back to the front: what is open is read now. */
  lookedAt() {
    if (this.room) this.#read();
    this.changed();
  }

  /** One event of the feed. */
  apply(kind, event) {
    if (this.#listReadings > 0) this.#list.ask();
    if (IN_ROOM.has(kind)) this.#told(kind, event);
    else if (kind === "typing") this.#typing(event);
    else if (kind === "membership" || kind === "chat") this.#refreshRoom(event.chat);
    else if (kind === "bot" || kind === "user") this.#all.ask();
  }

  /** A message I sent or edited, known from the answer before its event arrives. */
  sent(key, message) {
    this.#inRoom("message", { chat: key, message });
    this.#lastLine(key, message);
  }

  #told(kind, event) {
    const key = event.chat;
    for (const reading of this.#roomReadings) if (reading.key === key) reading.events.push([kind, event]);
    if (kind === "message") this.#arrived(key, event.message);
    this.#inRoom(kind, event);
    if (kind === "deleted") this.#list.ask();
    else if (kind !== "reaction") this.#lastLine(key, event.message ?? event.edited);
  }

  #arrived(key, message) {
    this.typing.get(key)?.delete(message.from?.id);
    const mine = message.from?.id === this.me?.id;
    if (!mine && !this.isReading(key) && this.unread.has(key)) this.unread.set(key, this.unread.get(key) + 1);
  }

  /** Put what happened into the open room. The same event twice changes nothing. */
  #inRoom(kind, event) {
    if (this.room?.key !== event.chat) return;
    const others = this.room.messages.filter((each) => each.message_id !== idOf(event));
    const standing = this.room.messages.find((each) => each.message_id === idOf(event));
    const message =
      kind === "reaction" ? standing && { ...standing, reactions: event.reactions } : (event.message ?? event.edited);
    this.room.messages = kind === "deleted" || !message ? others : [...others, message].sort(byId);
    if (this.isReading(event.chat)) this.#read();
    this.changed();
  }

  #lastLine(key, message) {
    const chat = this.chats.find((each) => each.key === key);
    if (!chat) return this.#isMine(key) ? this.#list.ask() : undefined;
    if ((chat.last_message?.message_id ?? 0) <= message.message_id) chat.last_message = message;
    this.chats.sort(byTime);
    return this.changed();
  }

  #isMine(key) {
    return key === this.room?.key || key.startsWith(`${this.me?.id}:`);
  }

  #typing({ chat, from, action }) {
    if (from.id === this.me?.id) return;
    if (!this.typing.has(chat)) this.typing.set(chat, new Map());
    const until = action === "cancel" ? 0 : Date.now() + TYPING_MS;
    this.typing.get(chat).set(from.id, { from, action, until });
    setTimeout(() => this.changed(), TYPING_MS + 50);
    this.changed();
  }

  #read() {
    const last = this.room.messages.at(-1)?.message_id ?? 0;
    this.unread.set(this.room.key, 0);
    if (this.me) markRead(this.me.id, this.room.key, last);
  }

  #refreshRoom(key) {
    this.#list.ask();
    if (this.room?.key === key) attempt(() => this.open(key));
  }

  changed() {
    if (this.#announced) return;
    this.#announced = true;
    queueMicrotask(() => {
      this.#announced = false;
      this.dispatchEvent(new Event("change"));
    });
  }
}
