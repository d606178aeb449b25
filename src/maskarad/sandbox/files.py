"""Files: uploads of bots, stand-ins for what a person sends, and their way back by getFile."""

from typing import Any

from maskarad.sandbox.params import Params, Upload
from maskarad.sandbox.refusal import Refused, bad_request
from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.world import Body, StoredFile

_FOLDERS = {"photo": "photos", "voice": "voice", "document": "documents", "sticker": "stickers"}
_ENDINGS = {"photo": ".jpg", "voice": ".oga", "document": "", "sticker": ".webp"}
_TYPES = {"photo": "image/jpeg", "voice": "audio/ogg", "sticker": "image/webp"}
_SIDE = 512

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
"""What bots may send and get (Bot API, "Sending files" and getFile)."""


def store(telegram: Telegram, kind: str, upload: Upload) -> str:
    """Keeps a file and gives its id."""
    number = telegram.world.number()
    ending = _ENDINGS[kind] or _ending(upload.name)
    path = f"{_FOLDERS[kind]}/file_{number}{ending}"
    mime_type = upload.mime_type if kind == "document" else _TYPES[kind]
    file_id = f"{kind}-{number}"
    telegram.world.keep_file(file_id, StoredFile(path, upload.content, mime_type, upload.name or None))
    return file_id


def sent_file(telegram: Telegram, kind: str, params: Params) -> str:
    """The file of a sendPhoto-like call: an upload under its own name or `attach://name`, or a known file id."""
    given = params.text(kind)
    name = given.removeprefix("attach://") if given.startswith("attach://") else kind
    if name in params.uploads:
        return store(telegram, kind, _allowed(kind, params.uploads[name]))
    if not given:
        raise bad_request(f"there is no {kind} in the request")
    if given.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    if given not in telegram.world.files:
        raise bad_request("wrong remote file identifier specified: Wrong string length")
    if not given.startswith(f"{kind}-"):
        raise bad_request(f"can't use file of type {given.partition('-')[0].title()} as {kind.title()}")
    return given


def _allowed(kind: str, upload: Upload) -> Upload:
    size = len(upload.content)
    if not size:
        raise bad_request("file must be non-empty")
    if size > MAX_UPLOAD_BYTES:
        raise Refused(413, "Request Entity Too Large")
    if kind == "photo" and size > MAX_PHOTO_BYTES:
        raise bad_request(
            f"file of size {size} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes"
        )
    return upload


def media_content(telegram: Telegram, kind: str, file_id: str, emoji: str | None = None) -> Body:
    """The part of a message that shows the file."""
    stored = telegram.world.files[file_id]
    file: Body = {**_identity(file_id), "file_size": len(stored.content)}
    picture = {"width": _SIDE, "height": _SIDE}
    if kind == "photo":
        return {"photo": [{**file, **picture}]}
    if kind == "voice":
        return {"voice": {**file, "duration": 1, "mime_type": stored.mime_type}}
    if kind == "sticker":
        shown = {"type": "regular", "is_animated": False, "is_video": False, "emoji": emoji or "👋"}
        return {"sticker": {**file, **picture, **shown}}
    known: dict[str, Any] = {"file_name": stored.name, "mime_type": stored.mime_type}
    return {"document": {**file, **{name: value for name, value in known.items() if value}}}


def file_body(telegram: Telegram, file_id: str) -> Body:
    """What getFile answers."""
    stored = telegram.world.files.get(file_id)
    if stored is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if len(stored.content) > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {**_identity(file_id), "file_size": len(stored.content), "file_path": stored.path}


def file_at(telegram: Telegram, path: str) -> StoredFile | None:
    number = path.rpartition("/file_")[2].partition(".")[0]
    candidates = (telegram.world.files.get(f"{kind}-{number}") for kind in _FOLDERS)
    return next((file for file in candidates if file is not None and file.path == path), None)


def _identity(file_id: str) -> Body:
    return {"file_id": file_id, "file_unique_id": f"u{file_id}"}


def _ending(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return f".{ending}" if stem and dot and ending.isalnum() and len(ending) <= 8 else ""
