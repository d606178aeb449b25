"""Text and buttons as the Bot API takes them."""

import html
import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import orjson
import structlog

from maskarad.errors import MarkupRefused
from maskarad.values import JsonObject, Keyboard, Piece, Screen

log = structlog.get_logger()

_TAG = re.compile(r"<[^<>]*>")


async def with_fallback(
    content: Piece | Screen, call: Callable[[JsonObject], Awaitable[Any]], field: str = "text"
) -> Any:
    """Call with Telegram HTML in `field` where there is any; without markup when Telegram cannot read it."""
    plain = {field: content.text if isinstance(content, Piece) else _without_markup(content.html)}
    if content.html is None:
        return await call(plain)
    try:
        return await call({field: content.html, "parse_mode": "HTML"})
    except MarkupRefused as error:
        log.warning("telegram_markup_refused", error=str(error))
    return await call(plain)


def _without_markup(text: str) -> str:
    return html.unescape(_TAG.sub("", text))


def keyboard_json(keyboard: Keyboard) -> orjson.Fragment:
    rows = [[{"text": each.label, "callback_data": each.data} for each in row] for row in keyboard]
    return orjson.Fragment(msgspec.json.encode({"inline_keyboard": rows}))
