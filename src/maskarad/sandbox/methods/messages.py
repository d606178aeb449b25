"""Text messages: sent, edited, deleted, copied."""

from maskarad.sandbox import talk
from maskarad.sandbox.keyboard import inline_keyboard
from maskarad.sandbox.markup import formatted
from maskarad.sandbox.methods.call import Call
from maskarad.sandbox.params import Params
from maskarad.sandbox.reach import chat_to_read, chat_to_write
from maskarad.sandbox.refusal import bad_request
from maskarad.sandbox.text import utf16_length
from maskarad.sandbox.world import Body, Chat, Message

MAX_TEXT_UNITS = 4096
MAX_CAPTION_UNITS = 1024
_MAX_SOURCE = 16 * MAX_TEXT_UNITS
_DELETABLE_SECONDS = 48 * 3600
_CONTENT = ("text", "entities", "photo", "voice", "document", "sticker", "caption", "caption_entities")


def send_message(call: Call) -> Body:
    chat = chat_to_write(call.telegram, call.bot, call.params)
    content = text_content(call.params)
    return send(call, chat, content)


def send(call: Call, chat: Chat, content: Body) -> Body:
    """The last steps that all sending methods share."""
    markup = inline_keyboard(call.params)
    reply_to = replied_message(call.params, chat)
    silent = call.params.flag("disable_notification")
    return talk.say(call.telegram, chat, call.bot, content, reply_to=reply_to, markup=markup, silent=silent)


def text_content(params: Params) -> Body:
    """`text` and `entities` of a call. Raises `Refused` when empty or too long."""
    text = params.text("text")
    if len(text) > _MAX_SOURCE:
        raise bad_request("message is too long")
    plain, entities = formatted(text, params.text("parse_mode"), params.json("entities", "entities"))
    if not plain:
        raise bad_request("message text is empty")
    if utf16_length(plain) > MAX_TEXT_UNITS:
        raise bad_request("message is too long")
    return {"text": plain, "entities": entities} if entities else {"text": plain}


def caption_content(params: Params) -> Body:
    """`caption` and its entities, or nothing when there is no caption."""
    caption = params.text("caption")
    if len(caption) > _MAX_SOURCE:
        raise bad_request("message caption is too long")
    given = params.json("caption_entities", "entities")
    plain, entities = formatted(caption, params.text("parse_mode"), given)
    if utf16_length(plain) > MAX_CAPTION_UNITS:
        raise bad_request("message caption is too long")
    if not plain:
        return {}
    return {"caption": plain, "caption_entities": entities} if entities else {"caption": plain}


def replied_message(params: Params, chat: Chat) -> int | None:
    """The message to reply to, if it is still there; else a refusal, unless the call allows sending without."""
    described = params.object("reply_parameters", "reply parameters")
    source = Params(described) if described is not None else params
    name = "message_id" if described is not None else "reply_to_message_id"
    message_id = source.integer(name)
    if described is not None and message_id <= 0:
        raise bad_request("message identifier is not specified")
    if message_id <= 0:
        return None
    if message_id in chat.messages:
        return message_id
    if source.flag("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def edit_message_text(call: Call) -> Body:
    chat, message = _own_message(call)
    content = text_content(call.params)
    if "text" not in message.body:
        raise bad_request("there is no text in the message to edit")
    markup = inline_keyboard(call.params)
    changes: Body = {"text": content["text"], "entities": content.get("entities"), "reply_markup": markup}
    _refuse_same(message, changes)
    return talk.edit(call.telegram, chat, message, changes)


def edit_message_reply_markup(call: Call) -> Body:
    chat, message = _own_message(call)
    changes: Body = {"reply_markup": inline_keyboard(call.params)}
    _refuse_same(message, changes)
    return talk.edit(call.telegram, chat, message, changes)


def _refuse_same(message: Message, changes: Body) -> None:
    if all(message.body.get(name) == value for name, value in changes.items()):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same as a "
            "current content and reply markup of the message"
        )


def _own_message(call: Call) -> tuple[Chat, Message]:
    if call.params.has("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    chat = chat_to_write(call.telegram, call.bot, call.params)
    message = chat.messages.get(required_message_id(call.params))
    if message is None:
        raise bad_request("message to edit not found")
    if message.author != call.bot.id or "forward_origin" in message.body:
        raise bad_request("message can't be edited")
    return chat, message


def required_message_id(params: Params, name: str = "message_id") -> int:
    message_id = params.integer(name)
    if message_id <= 0:
        raise bad_request("message identifier is not specified")
    return message_id


def delete_message(call: Call) -> bool:
    chat = chat_to_write(call.telegram, call.bot, call.params)
    message_id = required_message_id(call.params)
    message = chat.messages.get(message_id)
    if message is None:
        raise bad_request("message to delete not found")
    own = message.author == call.bot.id or chat.is_private
    fresh = call.telegram.now() - message.body["date"] < _DELETABLE_SECONDS
    if not (chat.administrates(call.bot.id) or (own and fresh)):
        raise bad_request("message can't be deleted")
    talk.delete(call.telegram, chat, message_id)
    return True


def copy_message(call: Call) -> Body:
    chat = chat_to_write(call.telegram, call.bot, call.params)
    source = chat_to_read(call.telegram, call.bot, call.params, "from_chat_id")
    message = source.messages.get(required_message_id(call.params))
    if message is None:
        raise bad_request("message to copy not found")
    content = {name: message.body[name] for name in _CONTENT if name in message.body}
    if not content:
        raise bad_request("message can't be copied")
    if "text" not in content and call.params.has("caption"):
        kept = {name: value for name, value in content.items() if not name.startswith("caption")}
        content = {**kept, **caption_content(call.params)}
    return {"message_id": send(call, chat, content)["message_id"]}
