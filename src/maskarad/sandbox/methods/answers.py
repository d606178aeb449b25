"""Small answers: typing, a pressed button's answer, a reaction."""

from typing import Any

from maskarad.sandbox import talk
from maskarad.sandbox.methods.call import Call
from maskarad.sandbox.methods.messages import required_message_id
from maskarad.sandbox.reach import chat_to_write
from maskarad.sandbox.reactions import legal_reaction
from maskarad.sandbox.refusal import bad_request
from maskarad.sandbox.telegram import QUERY_SECONDS, Answer
from maskarad.sandbox.text import utf16_length

MAX_ANSWER_UNITS = 200
_ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "record_audio",
        "upload_audio",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
        "cancel",
    ]
)


def send_chat_action(call: Call) -> bool:
    chat = chat_to_write(call.telegram, call.bot, call.params)
    action = call.params.text("action").lower()
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    call.telegram.event("typing", chat, **{"from": call.bot.body(), "action": action})
    return True


def answer_callback_query(call: Call) -> bool:
    """One answer per press, by the bot it was for, within `QUERY_SECONDS`."""
    query_id, text = call.params.text("callback_query_id"), call.params.text("text")
    press = call.telegram.presses.get(query_id)
    too_old = press is not None and call.telegram.clock() - press.at > QUERY_SECONDS
    if press is None or press.bot != call.bot.id or too_old:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if utf16_length(text) > MAX_ANSWER_UNITS:
        raise bad_request("MESSAGE_TOO_LONG")
    del call.telegram.presses[query_id]
    answer = Answer(text or None, call.params.flag("show_alert"), call.params.text("url") or None)
    if not press.answer.done():
        press.answer.set_result(answer)
    chat = call.telegram.world.chats.get(press.chat_key)
    told = {"message_id": press.message_id, "user": press.person, "text": answer.text}
    call.telegram.event("callback_answer", chat, **told, show_alert=answer.show_alert)
    return True


def set_message_reaction(call: Call) -> bool:
    chat = chat_to_write(call.telegram, call.bot, call.params)
    message_id = required_message_id(call.params)
    if message_id not in chat.messages:
        raise bad_request("message to react not found")
    given = call.params.array("reaction", "ReactionType") or []
    emoji = [_emoji(each) for each in given]
    if len(emoji) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    talk.react(call.telegram, chat, message_id, call.bot, emoji)
    return True


def _emoji(reaction: Any) -> str:
    if not isinstance(reaction, dict):
        raise bad_request("can't parse reaction types: expected an Object")
    emoji = legal_reaction(reaction.get("emoji")) if reaction.get("type") == "emoji" else None
    if emoji is None:
        raise bad_request("REACTION_INVALID")
    return emoji
