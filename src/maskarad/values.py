"""Frozen values that cross stages. Nothing here knows Telegram's library, a database or a clock.

Times are Unix seconds (`*_at`), ids named `chat_id`, `message_id`, `update_id` and `user_id` are Telegram's own,
`persona_id`, `bot_id` and `link_id` are rows of ours.
"""

import math
from enum import StrEnum
from typing import Any

import msgspec

MANAGER_BOT_ID = 0
"""The manager bot has no row: its token is a setting. Everywhere else a `bot_id` is a row of `bot_instances`."""


ADMINISTRATORS = frozenset({"creator", "administrator"})
"""Telegram's words for who is in charge of a group (`ChatMember.status`)."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every value: immutable, compared by content, cheap to make, ready for msgpack."""


class Token:
    """A secret that prints as dots, so that no log line, error text or repr can carry it."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def reveal(self) -> str:
        return self._secret

    def __repr__(self) -> str:
        return "Token(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other._secret == self._secret

    def __hash__(self) -> int:
        return hash(self._secret)


class Queue(StrEnum):
    """Where work waits for a worker."""

    TURNS = "turns"
    DELIVERY = "delivery"
    SLOW = "slow"
    """Imports, pictures, files, summaries, and what is done at intervals."""


class Role(Value, frozen=True):
    """What a process does: whether updates come in here and people's commands and buttons are answered, and from which
    queues it works."""

    name: str
    receives: bool
    queues: frozenset[Queue]


ALL_IN_ONE = Role(name="run", receives=True, queues=frozenset(Queue))
GATEWAY = Role(name="gateway", receives=True, queues=frozenset())


class Style(StrEnum):
    NEUTRAL = "neutral"
    FRIENDLY = "friendly"
    SARCASTIC = "sarcastic"
    FORMAL = "formal"
    BRIEF = "brief"


class Verbosity(StrEnum):
    CONCISE = "concise"
    NORMAL = "normal"
    TALKATIVE = "talkative"


class GroupReply(StrEnum):
    ALWAYS = "always"
    MENTIONED_ONLY = "mentioned_only"
    MENTIONED_OR_CONTEXTUAL = "mentioned_or_contextual"
    NEVER = "never"


class Spontaneity(StrEnum):
    NEVER = "never"
    RARELY = "rarely"
    SOMETIMES = "sometimes"
    OFTEN = "often"


class Access(StrEnum):
    PUBLIC = "public"
    WHITELIST = "whitelist"
    OWNER_ONLY = "owner_only"


class BotState(StrEnum):
    WORKING = "working"
    INVALID = "invalid"


class ChatType(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"


NEUTRAL_MOOD = "neutral"
READY_MOODS = ("joy", "sadness", "irritation", "playfulness", NEUTRAL_MOOD)
"""Moods every persona may have; their names and texts are in the catalogue under `mood.<key>`."""


class Mood(Value, frozen=True):
    """A state the persona can be in. Ready moods have their key in `READY_MOODS` and an empty `name` and `text`
    (the catalogue has both); own ones carry the owner's words."""

    key: str
    name: str = ""
    text: str = ""


CHARACTER_FIELDS = ("biography", "traits", "speech", "likes", "dislikes", "goals", "taboos")


class Character(Value, frozen=True):
    """What the character wizard asks, each answer free text and possibly empty."""

    biography: str = ""
    traits: str = ""
    speech: str = ""
    likes: str = ""
    dislikes: str = ""
    goals: str = ""
    taboos: str = ""


class PersonaDraft(Value, frozen=True):
    """A persona's editable content: what the wizard collects and the command line takes."""

    name: str
    description: str
    language: str
    style: Style = Style.NEUTRAL
    verbosity: Verbosity = Verbosity.NORMAL
    group_reply: GroupReply = GroupReply.MENTIONED_OR_CONTEXTUAL
    reply_messages: int = 3
    spontaneity: Spontaneity = Spontaneity.NEVER
    moods: tuple[Mood, ...] = tuple(Mood(key=key) for key in READY_MOODS)
    model: str | None = None
    temperature: float = 0.8
    character: Character = Character()


class Persona(Value, frozen=True):
    """A stored persona. `version` grows with every change, so a prompt compiled for it can be kept by (id, version)."""

    id: int
    owner_id: int
    version: int
    content: PersonaDraft

    @property
    def name(self) -> str:
        return self.content.name


class Bot(Value, frozen=True):
    """A Telegram bot bound to one persona. Nothing in it is secret: it goes into caches and pages."""

    id: int
    persona_id: int
    owner_id: int
    telegram_id: int
    username: str
    name: str
    access: Access
    enabled: bool
    state: BotState
    sees_all_group_messages: bool
    whitelist: frozenset[int] = frozenset()
    version: int = 1
    is_stopped: bool = False
    """By an operator, alone or with its owner."""

    @property
    def is_at_work(self) -> bool:
        """Its updates are wanted, and it speaks; as `db.served` says it of rows."""
        return self.enabled and self.state is BotState.WORKING and not self.is_stopped


class BotProfile(Value, frozen=True):
    """What Telegram says of a token (`getMe`)."""

    telegram_id: int
    name: str
    username: str
    sees_all_group_messages: bool


class WebhookIdentity(Value, frozen=True):
    """`public_id` is the unguessable part of a webhook's path, `secret` what Telegram repeats in
    `X-Telegram-Bot-Api-Secret-Token`."""

    public_id: str
    secret: str


class StoredBot(Value, frozen=True):
    """A bot with its token as it is stored: ciphertext."""

    bot: Bot
    token: str
    webhook: WebhookIdentity


class WhitelistEntry(Value, frozen=True):
    user_id: int
    name: str


class User(Value, frozen=True):
    """A Telegram account that has used the manager bot or the command line."""

    id: int
    name: str
    username: str | None
    language: str


class OwnedPersona(Value, frozen=True):
    persona: Persona
    bot: Bot | None


class Account(Value, frozen=True):
    """Everything the manager's navigation shows of one user, read in one statement."""

    user: User
    owned: tuple[OwnedPersona, ...]

    def find(self, persona_id: int) -> OwnedPersona | None:
        return next((each for each in self.owned if each.persona.id == persona_id), None)


class Sender(Value, frozen=True):
    """Who wrote a message: a person, another bot, or a chat speaking as itself (anonymous administrator, channel)."""

    id: int
    name: str
    username: str | None = None
    is_bot: bool = False
    language: str | None = None


class Chat(Value, frozen=True):
    id: int
    type: ChatType
    title: str = ""


class Document(Value, frozen=True):
    """A file in a message. `name` is as its sender's device gave it (empty when it gave none): to be shown, never a
    path. `size` is bytes, as Telegram says."""

    file_id: str
    name: str
    size: int | None


class Incoming(Value, frozen=True):
    """A message (or its edited form) as the platform needs it; `text` is never empty: media without words become
    a bracketed word such as `[photo]`."""

    bot_id: int
    update_id: int
    chat: Chat
    message_id: int
    sender: Sender
    text: str
    sent_at: float
    edited_at: float | None = None
    """When it was edited last, both by Telegram's clock; None: it is new."""
    reply_to_user_id: int | None = None
    reply_to_message_id: int | None = None
    mentions: frozenset[str] = frozenset()
    """Usernames mentioned, lower case, without @."""
    mentioned_ids: frozenset[int] = frozenset()
    """Users mentioned by link (accounts without a username)."""
    command: str | None = None
    """Lower case, without slash and @botname, when the message starts with a bot command."""
    command_for: str | None = None
    """The @botname of the command, lower case, when one was given."""
    forwarded_from: Sender | None = None
    has_text: bool = True
    document: Document | None = None

    @property
    def edited(self) -> bool:
        return self.edited_at is not None


class Press(Value, frozen=True):
    """A person pressed an inline button."""

    bot_id: int
    update_id: int
    callback_query_id: str
    sender: Sender
    chat: Chat
    message_id: int
    data: str


class Membership(Value, frozen=True):
    """`my_chat_member`: what this bot is in a chat from now on."""

    bot_id: int
    update_id: int
    chat: Chat
    is_member: bool
    may_write: bool


class Migration(Value, frozen=True):
    """A basic group became a supergroup."""

    bot_id: int
    update_id: int
    old_chat_id: int
    new_chat_id: int


class ReactionChange(Value, frozen=True):
    """A person's reaction to a message changed; `emoji` are those it has now."""

    bot_id: int
    update_id: int
    chat: Chat
    message_id: int
    sender: Sender
    emoji: tuple[str, ...]


Event = Incoming | Press | Membership | Migration | ReactionChange


class PartKind(StrEnum):
    TEXT = "text"
    REACTION = "reaction"


class PartDraft(Value, frozen=True):
    """A row of the outbox to be. A reaction has its emoji as `text` and the message it is for as `reply_to`."""

    kind: PartKind
    text: str
    html: str | None = None
    reply_to: int | None = None
    silent: bool = False
    """Sent without a notification sound."""
    not_after: float | None = None
    """Not sent at all later than that."""


class Link(Value, frozen=True):
    """One bot in one chat, as intake needs it."""

    id: int
    bot_id: int
    chat_id: int
    active: bool
    muted: bool


class Chattiness(StrEnum):
    """How much a group's administrators want to hear of the persona."""

    SILENT = "silent"
    QUIET = "quiet"
    NORMAL = "normal"
    CHATTY = "chatty"


class Manners(Value, frozen=True):
    """What a group's administrators chose for the persona in their chat; None: as the persona and the platform are.
    Quiet hours run from one full hour (0-23) to another, in the chat's time zone (an IANA name)."""

    chattiness: Chattiness | None = None
    time_zone: str | None = None
    quiet_from: int | None = None
    quiet_until: int | None = None


class MoodState(Value, frozen=True):
    """The persona's mood in a link as it was at `set_at`; how much of it is left by now is `life/mood.py`'s to say.
    Held by hand it stays as it is until `held_until`. `reason` is JSON that only that module reads."""

    key: str = NEUTRAL_MOOD
    strength: float = 0.0
    set_at: float = 0.0
    held_until: float = 0.0
    reason: str | None = None


class LinkState(Value, frozen=True):
    """What a link knows when a message comes in, that message counted in. `recent_own` has a bit for each of the last
    20 messages, the newest lowest, set where it was the persona's; `recent_considered` one for each of the last 60, set
    where the model was asked to consider it."""

    active: bool
    muted: bool
    recent_own: int
    recent_considered: int
    bot_exchanges: int
    spoke_at: float
    pondered_at: float
    flood_told_at: float
    liking: float
    liking_at: float
    reacted_at: float
    reactions: int
    mood: MoodState
    manners: Manners
    replies_to_asker: bool = False
    """The message replies to one that was plainly for the persona."""
    spoke_to: int = 0
    """Whom the persona last answered; 0: nobody in particular."""


class Verdict(StrEnum):
    ANSWER = "answer"
    """It is for the persona."""
    CONSIDER = "consider"
    """The model is to say whether it is."""
    LISTEN = "listen"
    """It is kept, not answered."""


class Decision(Value, frozen=True):
    """What was decided about a message and from what. `reason` is the key of the sentence that tells it; features that
    were not looked at, because the others had settled it, are missing."""

    verdict: Verdict
    reason: str
    score: float | None = None
    threshold: float | None = None
    features: dict[str, float] = {}
    part: PartDraft | None = None
    """A remark or a reaction that needs no model."""

    @property
    def is_unasked(self) -> bool:
        """The persona takes the message up though it was not called."""
        return self.verdict is not Verdict.LISTEN and "called" not in self.features


class HistoryLine(Value, frozen=True):
    """One entry of a link's history. `message_order` is Telegram's message id."""

    message_order: int
    sender_id: int
    sender_name: str
    from_persona: bool
    text: str
    sent_at: float
    unread: bool = False
    """It is (one of) the messages that this turn is to answer."""
    addressed: bool = False
    """It is plainly for the persona; an unread line that is not lets it choose to stay silent."""
    is_forwarded: bool = False
    """The words are somebody else's, passed on."""


class Claim(Value, frozen=True):
    """The right to work on a link, until the lease runs out. Whoever writes under it checks that it still holds."""

    link_id: int
    token: str
    delivers: bool = True
    """Whoever holds it also sends what its turn says; else it ends with the turn."""


class ClaimedLink(Value, frozen=True):
    """A link under claim and what was read with it; no `history` when parts of an earlier turn wait to be sent."""

    claim: Claim
    bot_id: int
    chat: Chat
    asked: int
    parts: int
    failures: int
    """Turns in a row that the model failed."""
    history: tuple[HistoryLine, ...]
    tries: int = 0
    """Tries in a row after which the work was postponed."""
    due_at: float = 0.0
    """Since when a turn has been due."""
    mood: MoodState = MoodState()
    manners: Manners = Manners()
    messages: int = 0
    """How many the history holds, so that what lies before `history` is asked for only where there is any."""
    liking: float = 0.0
    liking_at: float = 0.0
    reacted_at: float = 0.0
    reactions: int = 0


class PromptMessage(Value, frozen=True):
    role: str
    content: str


class CompletionRequest(Value, frozen=True):
    messages: tuple[PromptMessage, ...]
    model: str | None = None
    """None: the platform's default model."""
    temperature: float = 0.8
    max_tokens: int = 1024


class Taken(Value, frozen=True):
    """What a model took for a try, as its server told: where it told nothing, the prompt's tokens are 0."""

    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    """As in `Completion`."""


class Completion(Value, frozen=True):
    """What a model answered. `latency` is seconds from the first try to the last byte."""

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    latency: float
    cost: float | None = None
    """Dollars, where the provider says what it took."""
    in_vain: tuple[Taken, ...] = ()
    """Tries before it that took something too."""


class Price(Value, frozen=True):
    """Of a model: dollars for a million tokens."""

    prompt: float
    completion: float

    def money(self, prompt_tokens: int, completion_tokens: int) -> int:
        """Millionths of a dollar, rounded up."""
        return math.ceil(self.prompt * prompt_tokens + self.completion * completion_tokens)


class Reply(Value, frozen=True):
    """What the persona wants to do, read from the model's answer. No parts: it stays silent."""

    parts: tuple[str, ...]
    reaction: str | None = None
    mood: str | None = None

    @property
    def is_silent(self) -> bool:
        return not self.parts and self.reaction is None


class Piece(Value, frozen=True):
    """One Telegram message to be: `text` as a person would read it, at most 4096 UTF-16 units, and the same as
    Telegram HTML where it has any markup."""

    text: str
    html: str | None = None


class Part(PartDraft, frozen=True, kw_only=True):
    """A row of the outbox: one thing to be sent in a link, in the order of `id`."""

    id: int


class TurnOutcome(Value, frozen=True):
    """What a turn leaves behind in its link; no mood: it stays as it is."""

    answered: int
    parts: tuple[PartDraft, ...] = ()
    mood: MoodState | None = None
    failures: int = 0
    spoke_to: int | None = None
    """Whom it answers with words; None: nobody, and whoever was answered last still is."""
    reacted_at: float | None = None
    """When it put a reaction that counts; None: it did not."""


class Purpose(StrEnum):
    """What a model is asked for."""

    TURN = "turn"
    SPONTANEOUS = "spontaneous"
    SUMMARY = "summary"


class Scope(StrEnum):
    """Whose purse it is; in this order they are reserved from."""

    USER = "user"
    """A person at Telegram, with all bots together."""
    SPONTANEOUS = "spontaneous"
    """What a bot says unasked."""
    SUMMARY = "summary"
    """A bot's summaries."""
    BOT = "bot"
    OWNER = "owner"


class Usage(Value, frozen=True):
    owner_id: int
    persona_id: int
    bot_id: int
    user_id: int
    completion: Completion
    created_at: float
    purpose: Purpose = Purpose.TURN


class Progress(Value, frozen=True):
    """Where a link's work stands: parts still to be sent, and when its next turn is due (None: nothing waits)."""

    parts: int
    next_due_at: float | None = None
    added: tuple[Part, ...] = ()
    """The rows that this step put into the outbox. When they are all of it, nobody need read them again."""


class SentMessage(Value, frozen=True):
    """A part that became a Telegram message of the bot."""

    message_id: int
    bot_telegram_id: int
    bot_name: str


class Button(Value, frozen=True):
    """One inline button; `data` is at most 64 bytes."""

    label: str
    data: str


Keyboard = tuple[tuple[Button, ...], ...]


class Screen(Value, frozen=True):
    """What a person sees in the manager bot: Telegram HTML and buttons under it."""

    html: str
    keyboard: Keyboard = ()


JsonObject = dict[str, Any]
