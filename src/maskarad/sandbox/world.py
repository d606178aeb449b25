"""Everything that stands in the sandbox's Telegram: people, bots, chats, messages, files, undelivered updates.

These are the only mutable values, changed by `talk`, `membership`, `updates` and the Bot API methods, and saved as a
whole by `state`. A message's `body` is the Bot API object itself; it is replaced on a change, never altered in place,
because answers, updates and events share it.
"""

from typing import Any

import msgspec

MAX_MESSAGES_PER_CHAT = 10_000
MAX_FILE_BYTES_KEPT = 256 * 1024 * 1024

EVERY_BOT = 0
"""`Message.meant_for` when privacy mode hides the message from no bot of the group."""

Body = dict[str, Any]


class Person(msgspec.Struct):
    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str = "en"

    def body(self) -> Body:
        names = {"last_name": self.last_name, "username": self.username}
        return {
            "id": self.id,
            "is_bot": False,
            "first_name": self.first_name,
            **{name: value for name, value in names.items() if value},
            "language_code": self.language_code,
        }


class Webhook(msgspec.Struct):
    url: str
    secret_token: str | None = None
    max_connections: int = 40
    last_error_at: int | None = None
    last_error: str | None = None


class Update(msgspec.Struct):
    """An update on its way. `lane` is the chat (or person) whose updates keep their order on a webhook; `at` is when
    it happened, Unix seconds."""

    id: int
    at: float
    lane: int
    body: Body


class Bot(msgspec.Struct):
    id: int
    name: str
    username: str
    token: str
    privacy: bool = True
    can_join_groups: bool = True
    talks_to_bots: bool = False
    last_update_id: int = 0
    last_message_id: int = 0
    allowed_updates: list[str] | None = None
    webhook: Webhook | None = None
    pending: list[Update] = msgspec.field(default_factory=list)
    commands: dict[str, list[dict[str, str]]] = msgspec.field(default_factory=dict)

    def body(self) -> Body:
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def desk(self) -> Body:
        """What BotFather shows its owner, the token included."""
        shown = ("id", "name", "username", "token", "privacy", "can_join_groups", "talks_to_bots")
        return {name: getattr(self, name) for name in shown}


class Message(msgspec.Struct):
    """`reactions` maps an emoji to the ids of those who chose it, first come first. `silent`: it came without a sound,
    which bots are not told."""

    body: Body
    author: int
    meant_for: int | None = None
    reactions: dict[str, list[int]] = msgspec.field(default_factory=dict)
    silent: bool = False

    def view(self) -> Body:
        """As people see it: the Bot API object, reactions, the edited mark and whether it made a sound."""
        seen = {"reactions": self.reactions, "edited": "edit_date" in self.body, "silent": self.silent}
        return {**self.body, **seen}


PRESENT = frozenset({"creator", "administrator", "member"})


class Chat(msgspec.Struct):
    """`members` maps a person or bot to its status; those who left or were kicked stay listed with that status.
    In a private chat `person` and `bot` are set and `blocked` tells that the person stopped the bot."""

    key: str
    id: int
    type: str
    title: str | None = None
    instance: str = ""
    members: dict[int, str] = msgspec.field(default_factory=dict)
    messages: dict[int, Message] = msgspec.field(default_factory=dict)
    last_message_id: int = 0
    last_bot_speaker: int | None = None
    migrated_to: int | None = None
    person: int | None = None
    bot: int | None = None
    blocked: bool = False

    @property
    def is_private(self) -> bool:
        return self.type == "private"

    def present(self) -> list[int]:
        return [member for member, status in self.members.items() if status in PRESENT]

    def has(self, member: int) -> bool:
        return self.members.get(member) in PRESENT

    def administrates(self, member: int) -> bool:
        return self.members.get(member) in {"creator", "administrator"}

    def keep(self, message_id: int, message: Message) -> None:
        self.messages[message_id] = message
        while len(self.messages) > MAX_MESSAGES_PER_CHAT:
            del self.messages[next(iter(self.messages))]


class StoredFile(msgspec.Struct):
    path: str
    content: bytes
    mime_type: str | None = None
    name: str | None = None


class World(msgspec.Struct):
    people: dict[int, Person] = msgspec.field(default_factory=dict)
    bots: dict[int, Bot] = msgspec.field(default_factory=dict)
    chats: dict[str, Chat] = msgspec.field(default_factory=dict)
    files: dict[str, StoredFile] = msgspec.field(default_factory=dict)
    file_bytes: int = 0
    next_number: int = 1
    event_seq: int = 0

    def number(self) -> int:
        """A number never given before in this world."""
        self.next_number += 1
        return self.next_number - 1

    def account(self, account_id: int) -> Person | Bot | None:
        return self.people.get(account_id) or self.bots.get(account_id)

    def bots_of(self, chat: Chat) -> list[Bot]:
        """Bots that are in the chat now."""
        if chat.is_private:
            return [self.bots[chat.bot]] if chat.bot in self.bots and not chat.blocked else []
        return [self.bots[member] for member in chat.present() if member in self.bots]

    def has_username(self, username: str) -> bool:
        wanted = username.lower()
        people = (person.username or "" for person in self.people.values())
        bots = (bot.username for bot in self.bots.values())
        return any(each.lower() == wanted for each in (*people, *bots))

    def next_message_id(self, chat: Chat) -> int:
        """Supergroups count for themselves. Private chats and basic groups draw on the bot's own counter, as at
        Telegram, where those ids are numbered per account; here all bots of a basic group see the same id."""
        if chat.type == "supergroup":
            chat.last_message_id += 1
            return chat.last_message_id
        counted = self.bots_of(chat) if not chat.is_private else [self.bots[chat.bot or 0]]
        chat.last_message_id = max(chat.last_message_id, *(bot.last_message_id for bot in counted), 0) + 1
        for bot in counted:
            bot.last_message_id = chat.last_message_id
        return chat.last_message_id

    def keep_file(self, file_id: str, file: StoredFile) -> None:
        self.files[file_id] = file
        self.file_bytes += len(file.content)
        while self.file_bytes > MAX_FILE_BYTES_KEPT and len(self.files) > 1:
            self.file_bytes -= len(self.files.pop(next(iter(self.files))).content)


def private_key(person: int, bot: int) -> str:
    return f"{person}:{bot}"


def private_body(person: Person) -> Body:
    """A private chat as its bot sees it: the person."""
    names = {"username": person.username, "first_name": person.first_name, "last_name": person.last_name}
    return {"id": person.id, **{name: value for name, value in names.items() if value}, "type": "private"}
