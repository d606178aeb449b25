"""Exports made for a test, as Telegram Desktop writes them."""

import json
import random
import string
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from maskarad.memory.exports.export import open_export
from maskarad.memory.exports.values import ExportedMessage, FoundChat

SAMPLES = Path(__file__).parent.parent / "data" / "exports"
GROUP_ID = 1_234_567_890
BEGIN = 1_700_000_000


def message(number: int, text: object = "hello", **fields: object) -> dict[str, Any]:
    return {
        "id": number,
        "type": "message",
        "date_unixtime": str(BEGIN + 60 * number),
        "from": "Боб",
        "from_id": "user1002",
        "text": text,
        **fields,
    }


def result(messages: Iterable[object], **head: object) -> bytes:
    chat = {"name": "Kitchen", "type": "private_supergroup", "id": GROUP_ID, **head}
    return json.dumps({**chat, "messages": list(messages)}, ensure_ascii=False, indent=1).encode()


def zipped(path: Path, files: Mapping[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change is not None:
                change(info)
            archive.writestr(info, content)
    return path


def read(path: Path) -> list[tuple[FoundChat, list[ExportedMessage | None]]]:
    """Everything in an export, by both readings of it."""
    with open_export(path) as export:
        return [(found, list(export.messages(found))) for found in export.chats(lambda _: None)]


def said(path: Path) -> list[ExportedMessage]:
    """The messages of an export's only chat."""
    [(_, messages)] = read(path)
    return [each for each in messages if each is not None]


def mutated(content: bytes, seed: int, count: int) -> bytes:
    """A valid export that something went over: bytes changed, left out, doubled, or replaced by another part of it."""
    chance = random.Random(seed)
    changed = bytearray(content)
    for _ in range(count):
        at = chance.randrange(len(changed))
        until = min(len(changed), at + chance.choice((1, 1, 2, 8, 200)))
        start = chance.randrange(len(content))
        filling: bytes = chance.choice(
            (
                b"",
                bytes([chance.randrange(256)]),
                chance.choice((b"null", b"NaN", b"-1", b"[[", b"{}", b'"', b"\\", b"<", b">", b"1e99", b"\xf0\x9f")),
                chance.choice(string.printable).encode(),
                content[start : start + chance.choice((1, 10, 300))],
            )
        )
        changed[at:until] = filling
    return bytes(changed)
