/**
 * What the page knows: who I am, the people and bots there are, my chats, and the open chat ("room").
 * Changes come from the sandbox only; each ends in one "change" event, after which everything is drawn anew.
 */

import { sandbox } from "./api.js";
import { attempt } from "./notices.js";
import { markRead, readUpTo } from "./memory.js";

const TYPING_MS = 5500;
const LIST_PAUSE_MS = 100;

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
  #listWanted = false;

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
    const chats = await sandbox.chats(me);
    const counts = await Promise.all(chats.map((chat) => this.#countUnread(me, chat)));
    if (this.me?.id !== me) return;
    this.chats = chats.sort((a, b) => (b.last_message?.date ?? 0) - (a.last_message?.date ?? 0));
    this.unread = new Map(chats.map((chat, index) => [chat.key, counts[index]]));
    this.changed();
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
    const bot = this.botOf(key);
    const known = this.chats.some((chat) => chat.key === key);
    const answer = known || !bot ? await sandbox.chat(key) : { chat: null, members: [], messages: [] };
    if (this.#wantedRoom !== key) return null;
    this.room = { key, ...answer };
    this.#read();
    this.changed();
    return this.room;
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

  apply(kind, event) {
    const act = {
      message: () => this.#message(event.chat, event.message),
      edited: () => this.#upsert(event.chat, event.edited),
      deleted: () => this.#deleted(event.chat, event.message_id),
      reaction: () => this.#reaction(event),
      typing: () => this.#typing(event),
      membership: () => this.#refreshRoom(event.chat),
      chat: () => this.#refreshRoom(event.chat),
      bot: () => this.#refresh(),
      user: () => this.#refresh(),
    }[kind];
    act?.();
  }

  /** A message I sent, known from the answer before its event arrives. */
  sent(key, message) {
    this.#upsert(key, message);
  }

  #message(key, message) {
    this.typing.get(key)?.delete(message.from?.id);
    if (key !== this.room?.key || !this.isReading(key)) {
      const mine = message.from?.id === this.me?.id;
      if (!mine && this.chats.some((chat) => chat.key === key)) {
        this.unread.set(key, (this.unread.get(key) ?? 0) + 1);
      }
    }
    this.#upsert(key, message);
  }

  #upsert(key, message) {
    if (this.room?.key === key) {
      const messages = this.room.messages;
      const at = messages.findIndex((each) => each.message_id === message.message_id);
      const reactions = message.reactions ?? messages[at]?.reactions ?? {};
      if (at >= 0) messages[at] = { ...message, reactions };
      else messages.push({ ...message, reactions });
      messages.sort((a, b) => a.message_id - b.message_id);
      if (this.isReading(key)) this.#read();
    }
    this.#lastLine(key, message);
  }

  #lastLine(key, message) {
    const chat = this.chats.find((each) => each.key === key);
    if (!chat) return this.#isMine(key) ? this.#wantList() : undefined;
    if ((chat.last_message?.message_id ?? 0) <= message.message_id) chat.last_message = message;
    this.chats.sort((a, b) => (b.last_message?.date ?? 0) - (a.last_message?.date ?? 0));
    return this.changed();
  }

  #isMine(key) {
    return key === this.room?.key || key.startsWith(`${this.me?.id}:`);
  }

  #deleted(key, messageId) {
    if (this.room?.key === key) {
      this.room.messages = this.room.messages.filter((message) => message.message_id !== messageId);
    }
    this.#wantList();
    this.changed();
  }

  #reaction(event) {
    const message =
      this.room?.key === event.chat && this.room.messages.find((each) => each.message_id === event.message_id);
    if (!message) return;
    this.#upsert(event.chat, { ...message, reactions: event.reactions });
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
    this.#wantList();
    if (this.room?.key === key) attempt(() => this.open(key));
  }

  #refresh() {
    attempt(() => this.load());
  }

  /** Read the list of chats again, once for all events of one moment. */
  #wantList() {
    if (this.#listWanted) return;
    this.#listWanted = true;
    setTimeout(() => {
      this.#listWanted = false;
      attempt(() => this.loadChats());
    }, LIST_PAUSE_MS);
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
