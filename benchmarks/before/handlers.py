"""The handlers of the one Application: the manager's buttons, and what people say to personas."""

import json
import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from telegram import Chat, Message, Update, User
from telegram.constants import MessageLimit, ParseMode
from telegram.ext import CallbackQueryHandler, ContextTypes, MessageHandler, filters

from benchmarks.before import queries, screens
from benchmarks.before.attention import may_talk, should_respond
from benchmarks.before.database import GetDb
from benchmarks.before.dispatch import Application
from benchmarks.before.model import ask_model, parse_response
from benchmarks.before.models import User as StoredUser
from benchmarks.before.prompt import build_messages
from benchmarks.before.screens import Screen
from benchmarks.before.settings import Settings
from maskarad.errors import NotFound
from maskarad.manager.callbacks import Call, decode, number
from maskarad.texts import Texts, Words

log = logging.getLogger(__name__)


class Handlers:
    def __init__(self, settings: Settings, get_db: GetDb, texts: Texts, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._get_db = get_db
        self._texts = texts
        self._clock = clock

    def add_to(self, application: Application) -> None:
        application.add_handler(CallbackQueryHandler(self.on_button))
        application.add_handler(MessageHandler(filters.UpdateType.MESSAGE & filters.TEXT, self.on_message))
        application.add_error_handler(self.on_error)

    async def on_button(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        if query is None or context.bot.token != self._settings.token:
            return
        with self._get_db() as db:
            user = queries.get_user(db, query.from_user, now=self._clock())
            words = self._texts.words(user.language)
            screen = self._screen(db, user, words, query.data or "")
        if screen is None:
            await query.answer(words.get("toast.old_button"))
            return
        await query.answer()
        await query.edit_message_text(screen.html, parse_mode=ParseMode.HTML, reply_markup=screen.keyboard)

    def _screen(self, db: Session, user: StoredUser, words: Words, data: str) -> Screen | None:
        """None for a button that is old, forged or of somebody else's persona."""
        try:
            match decode(data):
                case Call(action="m"):
                    return screens.menu(words)
                case Call(action="ps", arguments=(page,)):
                    return screens.persona_list(words, queries.get_personas(db, user.id), number(page))
                case Call(action="p", arguments=(persona_id,)):
                    persona = queries.get_own_persona(db, user.id, number(persona_id))
                    return screens.card(words, persona, queries.get_bot_of_persona(db, persona.id))
                case Call(action="e", arguments=(persona_id,)):
                    return screens.edit(words, queries.get_own_persona(db, user.id, number(persona_id)))
        except NotFound:
            pass
        return None

    async def on_message(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.effective_message
        if message is None or message.from_user is None:
            return
        if context.bot.token != self._settings.token:
            await self._to_persona(message, message.from_user, context.bot.id)
        elif message.chat.type == Chat.PRIVATE:
            await self._to_manager(message, message.from_user)

    async def _to_manager(self, message: Message, sender: User) -> None:
        with self._get_db() as db:
            user = queries.get_user(db, sender, now=self._clock())
            screen = screens.menu(self._texts.words(user.language))
        await message.chat.send_message(screen.html, parse_mode=ParseMode.HTML, reply_markup=screen.keyboard)

    async def _to_persona(self, message: Message, sender: User, telegram_id: int) -> None:
        with self._get_db() as db:
            bot = queries.get_bot(db, telegram_id)
            if bot is None or not may_talk(bot, sender):
                return
            user = queries.get_user(db, sender, now=self._clock())
            link = queries.get_link(db, bot, message.chat, now=self._clock())
            queries.add_message(db, link, message, user_id=user.id, user_name=user.name)
            if link.muted or not should_respond(bot, message):
                return
            prompt = build_messages(bot, link, queries.get_history(db, link))
            content: dict[str, Any] = json.loads(bot.persona_config.content)
        answer = await ask_model(self._settings, prompt, model=content["model"], temperature=content["temperature"])
        sent = await _say(message, parse_response(answer), most=content["reply_messages"])
        with self._get_db() as db:
            link = queries.get_link(db, bot, message.chat, now=self._clock())
            for each in sent:
                queries.add_message(db, link, each, user_id=bot.telegram_id, user_name=bot.name, from_persona=True)

    async def on_error(self, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        log.error("update failed: %s", update, exc_info=context.error)


async def _say(message: Message, parts: list[str], *, most: int) -> list[Message]:
    """Parts beyond `most` are joined onto the last one."""
    if len(parts) > most:
        parts = [*parts[: most - 1], "\n".join(parts[most - 1 :])]
    quoted = message.chat.type != Chat.PRIVATE
    sent = []
    for place, part in enumerate(parts):
        text = part[: MessageLimit.MAX_TEXT_LENGTH]
        sent.append(await message.reply_text(text, do_quote=quoted and place == 0))
    return sent
