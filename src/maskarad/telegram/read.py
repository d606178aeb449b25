"""From a raw update to one of our events. Whatever stands in the update, nothing but MalformedUpdate comes out."""

from collections.abc import Callable, Mapping

import msgspec

from maskarad.errors import MalformedUpdate
from maskarad.telegram import clean, objects
from maskarad.telegram.content import read_content, read_document
from maskarad.telegram.objects import Message
from maskarad.values import (
    Chat,
    ChatType,
    Event,
    Incoming,
    JsonObject,
    Membership,
    Migration,
    Press,
    ReactionChange,
    Sender,
)

CALLBACK_DATA_BYTES = 64
HIDDEN_USER_ID = 0
"""Of people who do not let their forwarded messages be linked to them, Telegram gives only a name."""

_HOSTILE = (msgspec.ValidationError, TypeError, ValueError, LookupError, RecursionError)
"""What comes of objects that are not what the Bot API documents."""


class _NotForUs(Exception):
    """The update is fine, only not of our concern."""


def read_update(data: JsonObject, bot_id: int) -> Event | None:
    """Read one update that came for `bot_id`; None when it is of no use to us: another kind, a channel, somebody
    joined. Raises MalformedUpdate when it is not what Telegram documents."""
    if not isinstance(data, dict):
        raise MalformedUpdate("an update is not an object")
    kind = next((each for each in _READERS if data.get(each) is not None), None)
    if kind is None:
        return None
    try:
        return _READERS[kind](data[kind], bot_id, clean.identifier(data["update_id"]))
    except _NotForUs:
        return None
    except _HOSTILE as error:
        reason = type(error).__name__
    raise MalformedUpdate(f"{kind} is not what Telegram documents ({reason})")


def update_kind(data: object) -> str:
    """Which of the kinds read here an update is, "other" for all else."""
    if not isinstance(data, dict):
        return "other"
    return next((each for each in _READERS if data.get(each) is not None), "other")


def _read_message(data: JsonObject, bot_id: int, update_id: int) -> Event | None:
    return _event_of(msgspec.convert(data, Message), bot_id, update_id, edited=False)


def _read_edited(data: JsonObject, bot_id: int, update_id: int) -> Event | None:
    return _event_of(msgspec.convert(data, Message), bot_id, update_id, edited=True)


def _event_of(message: Message, bot_id: int, update_id: int, *, edited: bool) -> Event | None:
    if message.migrate_to_chat_id is not None:
        return _migration(bot_id, update_id, message.chat.id, message.migrate_to_chat_id)
    if message.migrate_from_chat_id is not None:
        return _migration(bot_id, update_id, message.migrate_from_chat_id, message.chat.id)
    chat = _chat(message.chat)
    content = read_content(message)
    if content is None:
        return None
    answered = _answered(message)
    return Incoming(
        bot_id=bot_id,
        update_id=update_id,
        chat=chat,
        message_id=clean.identifier(message.message_id),
        sender=_author(message),
        text=content.text,
        sent_at=float(clean.identifier(message.date)),
        edited_at=_edited_at(message) if edited else None,
        reply_to_user_id=_author(answered).id if answered else None,
        reply_to_message_id=clean.identifier(answered.message_id) if answered else None,
        mentions=content.mentions,
        mentioned_ids=content.mentioned_ids,
        command=content.command.name,
        command_for=content.command.bot,
        forwarded_from=_origin(message.forward_origin),
        has_text=content.has_text,
        document=read_document(message),
    )


def _edited_at(message: Message) -> float:
    """The Bot API calls it optional; nothing else says when then."""
    return float(clean.identifier(message.date if message.edit_date is None else message.edit_date))


def _migration(bot_id: int, update_id: int, old: object, new: object) -> Migration:
    """Telegram tells it twice, in the old chat and in the new one."""
    return Migration(
        bot_id=bot_id, update_id=update_id, old_chat_id=clean.identifier(old), new_chat_id=clean.identifier(new)
    )


def _answered(message: Message) -> Message | None:
    """The message this one replies to. In a forum every message "replies" to the start of its topic: that is none."""
    answered = message.reply_to_message
    return None if answered is None or answered.forum_topic_created is not None else answered


def _read_press(data: JsonObject, bot_id: int, update_id: int) -> Press | None:
    press = msgspec.convert(data, objects.CallbackQuery)
    if press.message is None or press.data is None:
        return None
    if len(press.data.encode()) > CALLBACK_DATA_BYTES:
        raise MalformedUpdate("callback data is too long")
    return Press(
        bot_id=bot_id,
        update_id=update_id,
        callback_query_id=clean.line(press.id),
        sender=_person(press.from_user),
        chat=_chat(press.message.chat),
        message_id=clean.identifier(press.message.message_id),
        data=clean.line(press.data),
    )


def _read_membership(data: JsonObject, bot_id: int, update_id: int) -> Membership:
    member = data["new_chat_member"]
    status = member["status"]
    restricted = status == "restricted"
    is_member = member["is_member"] is True if restricted else status in ("creator", "administrator", "member")
    return Membership(
        bot_id=bot_id,
        update_id=update_id,
        chat=_chat(msgspec.convert(data["chat"], objects.Chat)),
        is_member=is_member,
        may_write=is_member and (not restricted or member["can_send_messages"] is True),
    )


def _read_reaction(data: JsonObject, bot_id: int, update_id: int) -> ReactionChange:
    change = msgspec.convert(data, objects.MessageReactionUpdated)
    emoji = (each.emoji for each in change.new_reaction if each.type == "emoji")
    return ReactionChange(
        bot_id=bot_id,
        update_id=update_id,
        chat=_chat(change.chat),
        message_id=clean.identifier(change.message_id),
        sender=_chat_as_sender(change.actor_chat) if change.actor_chat is not None else _person(change.user),
        emoji=tuple(clean.line(each, 16) for each in emoji),
    )


_READERS: Mapping[str, Callable[[JsonObject, int, int], Event | None]] = {
    "message": _read_message,
    "edited_message": _read_edited,
    "callback_query": _read_press,
    "my_chat_member": _read_membership,
    "message_reaction": _read_reaction,
}

ALLOWED_UPDATES = tuple(_READERS)
"""The kinds of update to ask Telegram for: exactly those read here."""


def _author(message: Message) -> Sender:
    """An anonymous administrator or a channel stands in `sender_chat`; `from` is then one of Telegram's dummies."""
    return _chat_as_sender(message.sender_chat) if message.sender_chat is not None else _person(message.from_user)


def _origin(origin: objects.MessageOrigin | None) -> Sender | None:
    match origin:
        case objects.MessageOrigin(type="user"):
            return _person(origin.sender_user)
        case objects.MessageOrigin(type="hidden_user"):
            return Sender(id=HIDDEN_USER_ID, name=clean.line(origin.sender_user_name))
        case objects.MessageOrigin(type="chat"):
            return _chat_as_sender(origin.sender_chat)
        case objects.MessageOrigin(type="channel"):
            return _chat_as_sender(origin.chat)
    return None


def _person(user: objects.User | None) -> Sender:
    if user is None:
        raise MalformedUpdate("nobody did it")
    user_id = clean.identifier(user.id)
    username = clean.optional_line(user.username)
    name = clean.line(f"{clean.line(user.first_name)} {clean.optional_line(user.last_name) or ''}")
    return Sender(
        id=user_id,
        name=name or username or str(user_id),
        username=username,
        is_bot=user.is_bot,
        language=clean.optional_line(user.language_code, 16),
    )


def _chat_as_sender(chat: objects.Chat | None) -> Sender:
    if chat is None:
        raise MalformedUpdate("no chat did it")
    chat_id = clean.identifier(chat.id)
    username = clean.optional_line(chat.username)
    return Sender(id=chat_id, name=clean.optional_line(chat.title) or username or str(chat_id), username=username)


def _chat(chat: objects.Chat) -> Chat:
    if chat.type == "channel":
        raise _NotForUs
    names = (chat.title, chat.first_name, chat.last_name)
    title = " ".join(filter(None, (clean.optional_line(each) for each in names)))
    return Chat(id=clean.identifier(chat.id), type=ChatType(chat.type), title=clean.line(title))
