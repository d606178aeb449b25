"""What the stub's model answers: the bodies of `/chat/completions`, as a stream and whole."""

import re
from collections.abc import Mapping

import orjson

from benchmarks.http import LAST_CHUNK, chunk

REPLY = (
    "Я саме повернулася з лісу, назбирала чебрецю й трохи звіробою; сідай, розкажеш усе по порядку, а я поки що "
    "заварю чай і відчиню вікно, бо вечір теплий"
)
"""What the model says, a stream event a word: a reply of the usual length."""

USAGE = {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940}

_STREAMED = re.compile(rb'"stream": ?true')
"""In a request's body. Within a text of somebody's the quotes would be escaped."""


def is_streamed(body: bytes) -> bool:
    return _STREAMED.search(body) is not None


def streamed(number: int) -> bytes:
    """The numbered answer, framed in chunks."""
    return _BEFORE + chunk(_event(f"(reply {number})")) + _AFTER


def whole(number: int) -> bytes:
    content = orjson.dumps({"response": [f"{REPLY} (reply {number})"]}).decode()
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return orjson.dumps({**_head("chat.completion"), "choices": [choice], "usage": USAGE})


def _event(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return _data({"choices": [choice]})


def _data(fields: Mapping[str, object]) -> bytes:
    return b"data: " + orjson.dumps({**_head("chat.completion.chunk"), **fields}) + b"\n\n"


def _head(kind: str) -> dict[str, object]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_800_000_000, "model": "stub"}


_BEFORE = b"".join(map(chunk, [_event('{"response": ["'), *(_event(f"{word} ") for word in REPLY.split())]))
_AFTER = b"".join(
    [
        *map(chunk, [_event('"]}'), _event("", finish="stop"), _data({"choices": [], "usage": USAGE})]),
        chunk(b"data: [DONE]\n\n"),
        LAST_CHUNK,
    ]
)
