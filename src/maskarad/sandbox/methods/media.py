"""Photos, voice, documents, stickers, and files back."""

from maskarad.sandbox.files import file_body, media_content, sent_file
from maskarad.sandbox.methods.call import Call
from maskarad.sandbox.methods.messages import caption_content, send
from maskarad.sandbox.reach import chat_to_write
from maskarad.sandbox.refusal import bad_request
from maskarad.sandbox.world import Body


def send_photo(call: Call) -> Body:
    return _send_file(call, "photo")


def send_voice(call: Call) -> Body:
    return _send_file(call, "voice")


def send_document(call: Call) -> Body:
    return _send_file(call, "document")


def send_sticker(call: Call) -> Body:
    return _send_file(call, "sticker")


def get_file(call: Call) -> Body:
    file_id = call.params.text("file_id")
    if not file_id:
        raise bad_request("file_id is not specified")
    return file_body(call.telegram, file_id)


def _send_file(call: Call, kind: str) -> Body:
    chat = chat_to_write(call.telegram, call.bot, call.params)
    caption = {} if kind == "sticker" else caption_content(call.params)
    file_id = sent_file(call.telegram, kind, call.params)
    shown = media_content(call.telegram, kind, file_id, call.params.text("emoji") or None)
    return send(call, chat, {**shown, **caption})
