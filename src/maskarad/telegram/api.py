"""One call to the Bot API, and the one place where its errors become ours."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from telegram import InputFile
from telegram import error as ptb
from telegram.request import BaseRequest, RequestData
from telegram.request._requestparameter import RequestParameter

from maskarad.errors import (
    ChatGone,
    ChatMoved,
    Conflict,
    Flooded,
    MarkupRefused,
    NothingSent,
    TelegramError,
    TelegramRefused,
    TelegramUnreachable,
    TokenInvalid,
    Unchanged,
    WebhookActive,
)
from maskarad.telegram.transport import NoConnection
from maskarad.values import Token

DETAIL_CHARACTERS = 200
"""How much of Telegram's own words an error of ours keeps."""

_TOKEN_SHAPE = re.compile(r"\d{1,19}:[A-Za-z0-9_-]{10,}")

LONGEST_PAUSE_SECONDS = 86_400.0
"""What is believed of a `retry_after`."""

_BAD_ANSWER = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What python-telegram-bot raises on an answer that is JSON but not Telegram's."""

_NO_PARAMETERS: Mapping[str, object] = {}


class Upload(NamedTuple):
    """A parameter that is a file: it makes the call a multipart form."""

    name: str
    content: bytes


class BotApi:
    """Calls with any bot's token; nothing is kept between two calls.

    `request` carries everything but long polls, `polls` carries those.
    """

    def __init__(self, request: BaseRequest, polls: BaseRequest, base_url: str) -> None:
        self._request = request
        self._polls = polls
        self._prefix = f"{base_url}/bot"

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
        data = RequestData([_parameter(name, value) for name, value in params.items()])
        request = self._polls if long_poll else self._request
        try:
            return await request.post(
                f"{self._prefix}{token.reveal()}/{method}", data, read_timeout=timeout or BaseRequest.DEFAULT_NONE
            )
        except ptb.TelegramError as error:
            failure = translate(error, token)
        except _BAD_ANSWER as error:
            failure = TelegramUnreachable(f"the answer is not Telegram's ({type(error).__name__})")
        # Raised out here so that the original, whose text may hold the address, is not this error's context.
        raise failure


def _parameter(name: str, value: object) -> RequestParameter:
    if isinstance(value, Upload):
        return RequestParameter(name, None, [InputFile(value.content, value.name)])
    return RequestParameter(name, value, None)


def translate(error: ptb.TelegramError, token: Token) -> TelegramError:
    """What python-telegram-bot raises as an error of ours, without the token. Class first, words second: Telegram tells
    its 400s apart by their text only."""
    # The library changes the case of what Telegram said.
    spoken = re.sub(re.escape(token.reveal()), "…", error.message, flags=re.IGNORECASE)
    detail = _TOKEN_SHAPE.sub("…", spoken)[:DETAIL_CHARACTERS]
    words = detail.lower()
    match error:
        case ptb.RetryAfter():
            return Flooded(_seconds(error.retry_after))
        case ptb.ChatMigrated(new_chat_id=int(new_chat_id)):
            return ChatMoved(new_chat_id)
        case ptb.Forbidden():
            return ChatGone(detail)
        case ptb.InvalidToken():
            return TelegramRefused(detail) if "method not found" in words else TokenInvalid(detail)
        case ptb.Conflict():
            return WebhookActive(detail) if "webhook is active" in words else Conflict(detail)
        case ptb.BadRequest():
            return _bad_request(words, detail)
        case NoConnection():
            return NothingSent(detail)
        case ptb.NetworkError() if "request entity too large" in words:
            return TelegramRefused(detail)
    return TelegramUnreachable(detail)


def _bad_request(words: str, detail: str) -> TelegramError:
    if "message is not modified" in words:
        return Unchanged(detail)
    if "can't parse entities" in words:
        return MarkupRefused(detail)
    if "chat not found" in words:
        return ChatGone(detail)
    return TelegramRefused(detail)


def _seconds(retry_after: object) -> float:
    match retry_after:
        case timedelta():
            return min(retry_after.total_seconds(), LONGEST_PAUSE_SECONDS)
        case int() | float():
            return float(min(retry_after, LONGEST_PAUSE_SECONDS))
    return 1.0
