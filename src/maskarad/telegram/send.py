"""Everything the platform says or shows on Telegram: flood limits, the markup's fallback, retries."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

import structlog

from maskarad.errors import (
    DatabaseUnavailable,
    Flooded,
    NothingSent,
    TelegramError,
    TelegramRefused,
    TelegramUnreachable,
    TokenInvalid,
    Unchanged,
)
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry
from maskarad.telegram.limits import FloodLimits, Sleep, Turn
from maskarad.telegram.markup import keyboard_json, with_fallback
from maskarad.telegram.transport import Upload
from maskarad.values import BotProfile, JsonObject, Piece, Screen, Token

log = structlog.get_logger()

RETRY_PAUSES = (0.5, 2.0)
"""Seconds before the second and the third try of what certainly was not sent."""

REPEAT_PAUSES = (*RETRY_PAUSES, 5.0)
"""The same for calls that may be repeated. What a button is to show stands nowhere else: giving it up is losing it."""

UPLOAD_SECONDS = 300.0
"""How long a file may take to leave by a slow line; a text has the transport's own time."""

KEYBOARDS_KEPT = 1_024

_PNG = b"\x89PNG"


class Sender:
    """Speaks with the token of any bot of the registry.

    Every method raises TelegramError's subclasses. A refused token is told to the registry before it is raised.
    A 429 is waited out here, in order; only a pause beyond the limits' patience is raised, as Flooded.

    Calls that may be repeated are repeated here when Telegram cannot be reached. Sending (`send_text`, `send_photo`,
    `send_document`) is one of them only as long as no connection comes about (NothingSent); after any other
    TelegramUnreachable the message may stand in the chat, so its caller decides.
    """

    def __init__(
        self, api: BotApi, limits: FloodLimits, registry: BotRegistry, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._api = api
        self._limits = limits
        self._registry = registry
        self._sleep = sleep
        self._markup = lru_cache(KEYBOARDS_KEPT)(keyboard_json)

    async def send_text(
        self,
        bot_id: int,
        chat_id: int,
        content: Piece | Screen,
        *,
        reply_to: int | None = None,
        silent: bool = False,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> int:
        """Send one message and return its id. It waits for its turn in the chat and for the flood limits, and then,
        right before each try, for `before`, which may still raise.

        A reply whose original is gone becomes a plain message. `silent`: it comes without a sound. ChatMoved and
        ChatGone are the caller's to store; nothing was sent then.
        """
        params = _addressed(chat_id, reply_to, silent=silent)
        return await self._send(bot_id, chat_id, "sendMessage", content, params, before=before)

    async def send_photo(
        self,
        bot_id: int,
        chat_id: int,
        picture: bytes,
        *,
        caption: Screen,
        reply_to: int | None = None,
        silent: bool = False,
    ) -> int:
        """As `send_text`, with a picture (JPEG or PNG) of at most 10 MB; its caption has at most 1024 UTF-16 units as
        people see it. Raises TelegramRefused above either."""
        params = _addressed(chat_id, reply_to, silent=silent) | {"photo": Upload(_picture_name(picture), picture)}
        return await self._send(bot_id, chat_id, "sendPhoto", caption, params, "caption")

    async def send_document(
        self,
        bot_id: int,
        chat_id: int,
        data: bytes,
        name: str,
        *,
        caption: Screen,
        reply_to: int | None = None,
    ) -> int:
        """As `send_photo`, with a file of at most 50 MB that people get under that name."""
        params = _addressed(chat_id, reply_to) | {"document": Upload(name, data)}
        return await self._send(bot_id, chat_id, "sendDocument", caption, params, "caption")

    async def _send(
        self,
        bot_id: int,
        chat_id: int,
        method: str,
        content: Piece | Screen,
        params: JsonObject,
        field: str = "text",
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> int:
        params |= self._keyboard(content)
        async with self._limits.turn(bot_id, chat_id) as turn:
            message = await with_fallback(
                content, lambda text: self._say(bot_id, turn, method, {**params, **text}, before), field
            )
        return _message_id(message)

    async def _say(
        self,
        bot_id: int,
        turn: Turn,
        method: str,
        params: JsonObject,
        before: Callable[[], Awaitable[None]] | None,
    ) -> Any:
        """One message of a turn, again while it certainly did not arrive."""
        pauses = iter(RETRY_PAUSES)
        timeout = None if method == "sendMessage" else UPLOAD_SECONDS
        while True:
            await turn.ready()
            if before is not None:
                await before()
            try:
                return await self._call(bot_id, method, params, timeout)
            except Flooded as flooded:
                log.info("telegram_flooded", bot_id=bot_id, seconds=flooded.retry_after)
                turn.pause(flooded.retry_after)
            except NothingSent as error:
                pause = next(pauses, None)
                if pause is None:
                    raise
                log.info("telegram_retry", error=str(error), seconds=pause)
                await self._sleep(pause)

    async def edit_text(self, bot_id: int, chat_id: int, message_id: int, content: Piece | Screen) -> None:
        """Make a message of ours look so; content without buttons takes its buttons away. TelegramRefused: it cannot
        be edited any more (deleted, too old); send a new one."""
        params = {"chat_id": chat_id, "message_id": message_id, **self._keyboard(content)}

        async def edit(text: JsonObject) -> Any:
            return await self._in_chat(bot_id, chat_id, "editMessageText", {**params, **text})

        try:
            await with_fallback(content, edit)
        except Unchanged:
            log.debug("telegram_unchanged", bot_id=bot_id)

    async def delete_message(self, bot_id: int, chat_id: int, message_id: int) -> bool:
        """True when it is gone by this call; False when Telegram would not (gone before, too old, no right)."""
        params = {"chat_id": chat_id, "message_id": message_id}
        return await self._or_refused(self._in_chat(bot_id, chat_id, "deleteMessage", params))

    async def answer_press(
        self, bot_id: int, callback_query_id: str, text: str | None = None, *, alert: bool = False
    ) -> bool:
        """End the button's waiting circle, with a notice if there is `text` (at most 200 characters). False when
        the press is too old to be answered."""
        params: JsonObject = {"callback_query_id": callback_query_id}
        if text is not None:
            params |= {"text": text, "show_alert": alert}
        return await self._or_refused(self._repeat(bot_id, "answerCallbackQuery", params))

    async def react(self, bot_id: int, chat_id: int, message_id: int, emoji: str | None) -> bool:
        """Put this bot's one reaction on a message, None takes it back. False when the chat or Telegram does not
        allow this emoji or the message is gone."""
        reaction = [] if emoji is None else [{"type": "emoji", "emoji": emoji}]
        params = {"chat_id": chat_id, "message_id": message_id, "reaction": reaction}
        return await self._or_refused(self._in_chat(bot_id, chat_id, "setMessageReaction", params))

    async def typing(self, bot_id: int, chat_id: int) -> None:
        """Show "typing…" for five seconds, if that is possible at this moment: it fails silently, is tried once and
        waits for nothing."""
        try:
            await self._call(bot_id, "sendChatAction", {"chat_id": chat_id, "action": "typing"})
        except TelegramError as error:
            log.debug("telegram_typing_failed", bot_id=bot_id, error=type(error).__name__)

    async def set_commands(
        self, bot_id: int, commands: Mapping[str, Mapping[str, str]], *, chat_id: int | None = None
    ) -> None:
        """The menu of commands, by language ("" is everyone else's): command without slash → description. With a
        `chat_id` that chat has it instead of the menu that all others have."""
        for language, described in commands.items():
            listed = [{"command": name, "description": words} for name, words in described.items()]
            params: JsonObject = {"commands": listed}
            if chat_id is not None:
                params["scope"] = {"type": "chat", "chat_id": chat_id}
            if language:
                params["language_code"] = language
            await self._repeat(bot_id, "setMyCommands", params)

    async def get_member_status(self, bot_id: int, chat_id: int, user_id: int) -> str:
        """Telegram's word: creator, administrator, member, restricted, left or kicked."""
        params = {"chat_id": chat_id, "user_id": user_id}
        member = await self._in_chat(bot_id, chat_id, "getChatMember", params)
        return str(_read(member, "status", str))

    async def get_file_path(self, bot_id: int, file_id: str) -> str:
        """Where a file can be downloaded for the next hour (Bot API, getFile). TelegramRefused: there is no such file,
        or it is too big for bots."""
        file = await self._repeat(bot_id, "getFile", {"file_id": file_id})
        return str(_read(file, "file_path", str))

    async def get_me(self, token: Token) -> BotProfile:
        """Whose token this is; it need not be in the registry. Raises TokenInvalid."""
        me = await self._patiently(lambda: self._api.call(token, "getMe"))
        return BotProfile(
            telegram_id=_read(me, "id", int),
            username=_read(me, "username", str),
            name=_read(me, "first_name", str),
            sees_all_group_messages=bool(me.get("can_read_all_group_messages")),
        )

    async def _call(self, bot_id: int, method: str, params: JsonObject, timeout: float | None = None) -> Any:
        token = self._registry.token(bot_id)
        try:
            return await self._api.call(token, method, params, timeout=timeout)
        except TokenInvalid:
            await self._tell_refused(bot_id, token)
            raise

    async def _tell_refused(self, bot_id: int, token: Token) -> None:
        try:
            await self._registry.token_refused(bot_id, token)
        except DatabaseUnavailable as error:
            log.warning("telegram_refusal_not_kept", bot_id=bot_id, error=str(error))

    async def _in_chat(self, bot_id: int, chat_id: int, method: str, params: JsonObject) -> Any:
        """A repeatable call about a chat: no turn, no rates, but after the chat's pause."""
        while True:
            await self._limits.after_pause(bot_id, chat_id)
            try:
                return await self._reached(lambda: self._call(bot_id, method, params))
            except Flooded as flooded:
                self._limits.pause(bot_id, chat_id, flooded.retry_after)

    async def _repeat(self, bot_id: int, method: str, params: JsonObject) -> Any:
        """A repeatable call about no chat."""
        return await self._patiently(lambda: self._call(bot_id, method, params))

    async def _patiently(self, call: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await self._reached(call)
            except Flooded as flooded:
                if flooded.retry_after > self._limits.patience:
                    raise
                await self._sleep(flooded.retry_after)

    async def _reached(self, call: Callable[[], Awaitable[Any]]) -> Any:
        for pause in REPEAT_PAUSES:
            try:
                return await call()
            except TelegramUnreachable as error:
                log.info("telegram_retry", error=str(error), seconds=pause)
                await self._sleep(pause)
        return await call()

    async def _or_refused(self, call: Awaitable[Any]) -> bool:
        try:
            await call
        except TelegramRefused as error:
            log.debug("telegram_refused", error=str(error))
            return False
        return True

    def _keyboard(self, content: Piece | Screen) -> JsonObject:
        if isinstance(content, Screen) and content.keyboard:
            return {"reply_markup": self._markup(content.keyboard)}
        return {}


def _addressed(chat_id: int, reply_to: int | None, *, silent: bool = False) -> JsonObject:
    params: JsonObject = {"chat_id": chat_id}
    if reply_to is not None:
        params["reply_parameters"] = {"message_id": reply_to, "allow_sending_without_reply": True}
    if silent:
        params["disable_notification"] = True
    return params


def _picture_name(picture: bytes) -> str:
    return "picture.png" if picture.startswith(_PNG) else "picture.jpg"


def _message_id(message: Any) -> int:
    return int(_read(message, "message_id", int))


def _read(answer: Any, name: str, kind: type) -> Any:
    """A field that Telegram always gives; without it whatever answered is not Telegram."""
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, kind):
        raise TelegramRefused(f"the answer has no {name}")
    return value
