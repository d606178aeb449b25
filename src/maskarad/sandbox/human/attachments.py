"""Files of people: sent from the machine they sit at, and looked at."""

from typing import Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Struct, field
from starlette.responses import Response

from maskarad.sandbox import files
from maskarad.sandbox.human.ask import Ask
from maskarad.sandbox.human.speech import captioned, put, room
from maskarad.sandbox.params import Upload
from maskarad.sandbox.refusal import HumanError

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Of a file that a person sends; at Telegram it may have 2 GB, which the sandbox would hold in memory."""


class NewFile(Struct, frozen=True):
    """The query string; the file itself is the body."""

    sender: int = field(name="from")
    name: str = "file"
    media: Literal["document", "photo"] = "document"
    mime_type: str | None = None
    caption: str | None = None
    reply_to: int | None = None


def send_file(ask: Ask) -> Any:
    try:
        wanted = msgspec.convert(ask.query, NewFile, strict=False)
    except msgspec.ValidationError as wrong:
        raise HumanError(400, str(wrong)) from None
    if not ask.raw:
        raise HumanError(400, "the file is empty")
    if wanted.media == "photo" and len(ask.raw) > files.MAX_PHOTO_BYTES:
        raise HumanError(413, "a photo has at most 10 MB")
    chat, person = room(ask, wanted.sender)
    caption = captioned(wanted.caption)
    file_id = files.store(ask.telegram, wanted.media, Upload(wanted.name, ask.raw, wanted.mime_type))
    content = files.media_content(ask.telegram, wanted.media, file_id)
    return put(ask, chat, person, {**content, **caption}, wanted.reply_to)


def show_file(ask: Ask) -> Response:
    """Pictures to be looked at, everything else to be saved: it is never a page of ours."""
    stored = ask.telegram.world.files.get(ask.path["file_id"])
    if stored is None:
        raise HumanError(404, "there is no such file")
    picture = (stored.mime_type or "").startswith("image/") and not stored.path.startswith("documents/")
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=86400, immutable"}
    if not picture:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(stored.name or 'file', safe='')}"
    return Response(stored.content, headers=headers, media_type=stored.mime_type if picture else _BYTES)


_BYTES = "application/octet-stream"
