"""One call to the Bot API, and the one place where its refusals become errors of ours."""

import re
from collections.abc import Mapping
from typing import Any

from maskarad.errors import (
    ChatGone,
    ChatMoved,
    Conflict,
    Flooded,
    MarkupRefused,
    TelegramError,
    TelegramRefused,
    TelegramUnreachable,
    TokenInvalid,
    Unchanged,
    WebhookActive,
)
from maskarad.metrics import Metrics
from maskarad.setting_shapes import TOKEN_SHAPE
from maskarad.telegram import wire
from maskarad.telegram.transport import AiohttpRequest, Upload
from maskarad.values import JsonObject, Token

DETAIL_CHARACTERS = 200
"""How much of Telegram's own words an error of ours keeps."""

_TOKEN = re.compile(TOKEN_SHAPE)

LONGEST_PAUSE_SECONDS = 86_400.0
"""What is believed of a `retry_after`."""

_NO_PARAMETERS: Mapping[str, object] = {}


class BotApi:
    """Calls with any bot's token; nothing is kept between two calls.

    `request` carries everything but long polls, `polls` carries those.
    """

    def __init__(self, request: AiohttpRequest, polls: AiohttpRequest, base_url: str, *, metrics: Metrics) -> None:
        self._request = request
        self._polls = polls
        self._prefix = f"{base_url}/bot"
        self._meter = metrics.telegram

    async def call(
        self,
        token: Token,
        method: str,
        params: Mapping[str, object] = _NO_PARAMETERS,
        *,
        timeout: float | None = None,
        long_poll: bool = False,
    ) -> Any:
        """The `result` of one call. Parameters that are None are left out, those that are an `Upload` become files;
        `timeout` is seconds without an answer, the transport's own unless given.

        Raises TelegramError's subclasses only: NothingSent, TelegramUnreachable, Flooded, TokenInvalid, ChatGone,
        ChatMoved, Conflict, WebhookActive, MarkupRefused, Unchanged, TelegramRefused. None of them, nor what they
        refer to, holds the token.
        """
        files = {name: value for name, value in params.items() if isinstance(value, Upload)}
        given = {name: value for name, value in params.items() if value is not None and name not in files}
        request = self._polls if long_poll else self._request
        url = f"{self._prefix}{token.reveal()}/{method}"
        try:
            status, body = await request.post(url, given, files, read_timeout=timeout)
            result = _result(status, _answer(body), token)
        except TelegramError as error:
            self._meter.called(method, type(error).__name__)
            if isinstance(error, Flooded):
                self._meter.flooded(error.retry_after)
            raise
        self._meter.called(method, "ok")
        return result


def _answer(body: bytes) -> JsonObject:
    """What is no JSON object is no answer of Telegram's, and empty here."""
    try:
        answer = wire.decode(body)
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else {}


def _result(status: int, answer: JsonObject, token: Token) -> Any:
    if 200 <= status < 300:
        if "result" not in answer:
            raise TelegramUnreachable("the answer is not Telegram's")
        return answer["result"]
    raise _refusal(status, answer, token)


def _refusal(status: int, answer: JsonObject, token: Token) -> TelegramError:
    """Status first, words second: Telegram tells its 400s apart by their text only (Bot API, "Making requests")."""
    detail = _spoken(answer, token) or f"status {status}"
    words = detail.lower()
    parameters = answer.get("parameters")
    match parameters if isinstance(parameters, dict) else {}:
        case {"migrate_to_chat_id": int(new_chat_id)}:
            return ChatMoved(new_chat_id)
        case {"retry_after": seconds}:
            return Flooded(_seconds(seconds))
    match status:
        case 403:
            return ChatGone(detail)
        case 401 | 404:
            return TelegramRefused(detail) if "method not found" in words else TokenInvalid(detail)
        case 409:
            return WebhookActive(detail) if "webhook is active" in words else Conflict(detail)
        case 400:
            return _bad_request(words, detail)
    return TelegramRefused(detail) if "request entity too large" in words else TelegramUnreachable(detail)


def _spoken(answer: JsonObject, token: Token) -> str:
    """Telegram's own words, without anything that may be a token."""
    description = answer.get("description")
    spoken = description if isinstance(description, str) else ""
    return _TOKEN.sub("…", spoken.replace(token.reveal(), "…"))[:DETAIL_CHARACTERS]


def _bad_request(words: str, detail: str) -> TelegramError:
    if "message is not modified" in words:
        return Unchanged(detail)
    if "can't parse entities" in words:
        return MarkupRefused(detail)
    if "chat not found" in words:
        return ChatGone(detail)
    return TelegramRefused(detail)


def _seconds(retry_after: object) -> float:
    if isinstance(retry_after, int | float):
        return float(min(retry_after, LONGEST_PAUSE_SECONDS))
    return 1.0
