"""What a person does in a chat: writes, edits, deletes, presses, reacts."""

import asyncio
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from maskarad.sandbox import files, membership, talk
from maskarad.sandbox.human.ask import Ask, alive
from maskarad.sandbox.keyboard import MAX_CALLBACK_DATA_BYTES, button_data
from maskarad.sandbox.markup import checked_entities
from maskarad.sandbox.methods.messages import MAX_CAPTION_UNITS, MAX_TEXT_UNITS
from maskarad.sandbox.params import Upload
from maskarad.sandbox.reactions import legal_reaction
from maskarad.sandbox.refusal import HumanError, Refused
from maskarad.sandbox.telegram import Press
from maskarad.sandbox.text import Entity, merged_entities, trimmed, utf16_length
from maskarad.sandbox.world import Body, Chat, Message, Person

MAX_WAIT_SECONDS = 120.0
_STAND_IN = b"a file that a person sent in the sandbox\n"


class NewMessage(Struct, frozen=True):
    sender: int = field(name="from")
    text: str | None = None
    reply_to: int | None = None
    entities: list[dict[str, Any]] | None = None
    forward_from: int | str | None = None
    media: Literal["photo", "voice", "sticker", "document"] | None = None
    caption: str | None = None
    emoji: str | None = None


class Edit(Struct, frozen=True):
    sender: int = field(name="from")
    text: str = ""
    entities: list[dict[str, Any]] | None = None


class Pressing(Struct, frozen=True):
    sender: int = field(name="from")
    label: str | None = None
    data: str | None = None
    wait: Annotated[float, Meta(ge=0, le=MAX_WAIT_SECONDS)] = 10.0


class Reaction(Struct, frozen=True):
    sender: int = field(name="from")
    emoji: str | None = None


def say(ask: Ask) -> Any:
    wanted = ask.body(NewMessage)
    chat, person = room(ask, wanted.sender)
    return put(ask, chat, person, {**_forwarded(ask, wanted), **_content(ask, wanted)}, wanted.reply_to)


def put(ask: Ask, chat: Chat, person: Person, content: Body, reply_to: int | None) -> Body:
    """Puts what a person says into the chat and answers the Message as people see it."""
    if reply_to is not None and reply_to not in chat.messages:
        raise HumanError(404, f"there is no message {reply_to} in this chat to reply to")
    talk.say(ask.telegram, chat, person, content, reply_to=reply_to)
    return next(reversed(chat.messages.values())).view()


def edit(ask: Ask) -> Any:
    wanted = ask.body(Edit)
    chat, message = _own(ask, wanted.sender)
    name = "text" if "text" in message.body else "caption"
    most = MAX_TEXT_UNITS if name == "text" else MAX_CAPTION_UNITS
    text, entities = _written(wanted.text, wanted.entities, most)
    entities_name = "entities" if name == "text" else "caption_entities"
    talk.edit(ask.telegram, chat, message, {name: text, entities_name: entities or None})
    return message.view()


def delete(ask: Ask) -> Any:
    """Anyone may, as a person may clear their own side; here it is gone for all."""
    chat = ask.chat()
    ask.message(chat)
    talk.delete(ask.telegram, chat, ask.number("message_id"))
    return {}


def react(ask: Ask) -> Any:
    wanted, chat = ask.body(Reaction), ask.chat()
    person = ask.present(chat, wanted.sender)
    message = ask.message(chat)
    emoji = None if wanted.emoji is None else legal_reaction(wanted.emoji)
    if wanted.emoji is not None and emoji is None:
        raise HumanError(400, "Telegram has no such reaction")
    talk.react(ask.telegram, chat, ask.number("message_id"), person, [emoji] if emoji else [])
    return message.view()


async def press(ask: Ask) -> Any:
    """Presses a button and waits for the bot's answer, up to `wait` seconds."""
    wanted, chat = ask.body(Pressing), ask.chat()
    person, message = ask.present(chat, wanted.sender), ask.message(chat)
    bot = ask.telegram.world.bots.get(message.author)
    if bot is None:
        raise HumanError(400, "a person's message has no buttons")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()
    started, message_id = loop.time(), ask.number("message_id")
    data = _pressed_data(wanted, message)
    pressed = Press(bot.id, person.id, chat.key, message_id, ask.telegram.clock(), answer)
    query_id = ask.telegram.open_press(pressed)
    query: Body = {"id": query_id, "from": person.body(), "message": message.body}
    query |= {"chat_instance": chat.instance, "data": data}
    ask.telegram.update(bot, "callback_query", chat.id, query)
    await asyncio.wait({answer}, timeout=wanted.wait)
    given = answer.result() if answer.done() and not answer.cancelled() else None
    return {
        "answered": given is not None,
        "text": given.text if given else None,
        "show_alert": given.show_alert if given else False,
        "seconds": loop.time() - started,
    }


def _pressed_data(wanted: Pressing, message: Message) -> str:
    if wanted.data is not None:
        if len(wanted.data.encode()) > MAX_CALLBACK_DATA_BYTES:
            raise HumanError(400, "callback data is at most 64 bytes")
        return wanted.data
    if wanted.label is None:
        raise HumanError(400, "give the button's label, or data")
    data = button_data(message.body.get("reply_markup"), wanted.label)
    if data is None:
        raise HumanError(404, f"there is no button [{wanted.label}] that calls back on this message")
    return data


def room(ask: Ask, person_id: int) -> tuple[Chat, Person]:
    """The chat to write to, a private one being opened by that."""
    first, colon, second = ask.path["key"].partition(":")
    if colon and first.isascii() and first.isdigit() and second.isascii() and second.isdigit():
        person, bot = ask.person(int(first)), ask.bot(int(second))
        if person.id != person_id:
            raise HumanError(403, f"user {person_id} is not in this chat")
        return membership.open_private(ask.telegram, person, bot), person
    chat = alive(ask.chat())
    return chat, ask.present(chat, person_id)


def _own(ask: Ask, person_id: int) -> tuple[Chat, Message]:
    chat = alive(ask.chat())
    message = ask.message(chat)
    if message.author != person_id:
        raise HumanError(403, "only the author edits a message")
    return chat, message


def _content(ask: Ask, wanted: NewMessage) -> Body:
    if wanted.media is None:
        text, entities = _written(wanted.text or "", wanted.entities)
        return {"text": text, "entities": entities} if entities else {"text": text}
    ending = {"photo": "photo.jpg", "voice": "voice.oga", "sticker": "sticker.webp", "document": "notes.txt"}
    mime_type = "text/plain" if wanted.media == "document" else None
    file_id = files.store(ask.telegram, wanted.media, Upload(ending[wanted.media], _STAND_IN, mime_type))
    content = files.media_content(ask.telegram, wanted.media, file_id, wanted.emoji)
    return content if wanted.media == "sticker" else {**content, **captioned(wanted.caption, wanted.entities)}


def captioned(caption: str | None, entities: list[dict[str, Any]] | None = None) -> Body:
    """The part of a message that stands under its file."""
    if not caption:
        return {}
    text, found = _written(caption, entities, MAX_CAPTION_UNITS)
    return {"caption": text, "caption_entities": found} if found else {"caption": text}


def _written(text: str, entities: list[dict[str, Any]] | None, most: int = MAX_TEXT_UNITS) -> tuple[str, list[Entity]]:
    """Text as a Telegram client would send it. Raises `HumanError` when it would not."""
    text = text.encode("utf-8", "ignore").decode()
    try:
        given = checked_entities(entities, utf16_length(text))
    except Refused as refusal:
        raise HumanError(400, refusal.description) from None
    plain, given = trimmed(text, given)
    if not plain:
        raise HumanError(400, "the message has no text")
    if utf16_length(plain) > most:
        what = "caption" if most == MAX_CAPTION_UNITS else "message"
        raise HumanError(400, f"a {what} has at most {most} UTF-16 units")
    return plain, given if entities is not None else merged_entities(plain, given)


def _forwarded(ask: Ask, wanted: NewMessage) -> Body:
    """`forward_from` is the id of the author, or a bare name for one who hides the account."""
    origin = wanted.forward_from
    if origin is None:
        return {}
    at = ask.telegram.now()
    if isinstance(origin, str):
        return {"forward_origin": {"type": "hidden_user", "sender_user_name": origin, "date": at}}
    return {"forward_origin": {"type": "user", "sender_user": ask.account(origin).body(), "date": at}}
