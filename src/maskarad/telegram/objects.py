"""The Bot API's objects as far as we read them, under Telegram's own names; what else they hold is passed over."""

import msgspec


class BotApiObject(msgspec.Struct, frozen=True): ...


class User(BotApiObject, frozen=True):
    id: int
    is_bot: bool
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class Chat(BotApiObject, frozen=True):
    id: int
    type: str
    title: str | None = None
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class MessageEntity(BotApiObject, frozen=True):
    type: str
    offset: int
    length: int
    user: User | None = None


class MessageOrigin(BotApiObject, frozen=True):
    """Telegram has a type for each kind; each fills fields of its own."""

    type: str
    sender_user: User | None = None
    sender_user_name: str | None = None
    sender_chat: Chat | None = None
    chat: Chat | None = None


class Medium(BotApiObject, frozen=True):
    """What we read of any of Telegram's media."""

    emoji: str | None = None
    file_id: str | None = None
    file_name: str | None = None
    file_size: int | None = None


class Message(BotApiObject, frozen=True):
    message_id: int
    date: int
    """Unix seconds."""
    chat: Chat
    edit_date: int | None = None
    """Unix seconds, of the last edit."""
    from_user: User | None = msgspec.field(name="from", default=None)
    sender_chat: Chat | None = None
    forward_origin: MessageOrigin | None = None
    reply_to_message: "Message | None" = None
    forum_topic_created: BotApiObject | None = None
    migrate_to_chat_id: int | None = None
    migrate_from_chat_id: int | None = None
    text: str | None = None
    entities: tuple[MessageEntity, ...] = ()
    caption: str | None = None
    caption_entities: tuple[MessageEntity, ...] = ()
    animation: Medium | None = None
    photo: tuple[Medium, ...] = ()
    video: Medium | None = None
    video_note: Medium | None = None
    voice: Medium | None = None
    audio: Medium | None = None
    sticker: Medium | None = None
    document: Medium | None = None
    venue: Medium | None = None
    location: Medium | None = None
    contact: Medium | None = None
    poll: Medium | None = None
    dice: Medium | None = None
    story: Medium | None = None
    game: Medium | None = None
    paid_media: Medium | None = None
    checklist: Medium | None = None


class PressedMessage(BotApiObject, frozen=True):
    """Also one that Telegram no longer shows."""

    message_id: int
    chat: Chat


class CallbackQuery(BotApiObject, frozen=True):
    id: str
    from_user: User = msgspec.field(name="from")
    message: PressedMessage | None = None
    data: str | None = None


class ReactionType(BotApiObject, frozen=True):
    type: str
    emoji: str | None = None


class MessageReactionUpdated(BotApiObject, frozen=True):
    chat: Chat
    message_id: int
    new_reaction: tuple[ReactionType, ...]
    user: User | None = None
    actor_chat: Chat | None = None
