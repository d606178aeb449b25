"""The manager bot's front door: a message or a press comes in, a screen goes out."""

import asyncio
from collections.abc import Awaitable

import structlog

from maskarad.db import users
from maskarad.errors import AlreadySeen, NotFound, TelegramError, TelegramRefused
from maskarad.manager import commands, forms
from maskarad.manager.actions import answers, tokens
from maskarad.manager.actions.table import ACTIONS, Entry
from maskarad.manager.callbacks import Call, decode
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.forms import Stale
from maskarad.manager.steps import Unfit
from maskarad.texts import language_for
from maskarad.values import MANAGER_BOT_ID, Account, ChatType, Incoming, Press, Screen, Sender

log = structlog.get_logger()


class Manager:
    """Both methods raise DatabaseUnavailable: nothing was changed, and the update should come again. When only
    showing what was done fails, that is logged: another delivery of the update could not do better."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def on_message(self, message: Incoming) -> None:
        """Answers in private chats with people; says nothing anywhere else."""
        if message.chat.type is not ChatType.PRIVATE or message.sender.is_bot:
            return
        if self._desk.is_stopped(message.sender.id):
            await self._tell_stopped(message.sender, message.update_id)
            return
        token = tokens.find_token(message.text)
        if message.edited and token is None:
            return
        visit = await self._visit(message.sender, message.update_id, greet=True)
        try:
            screen = (
                await self._answer(visit, message)
                if token is None
                else await tokens.take(self._desk, visit, message, token)
            )
        except AlreadySeen:
            return
        except (NotFound, Stale):
            screen = await self._gone(visit)
        if screen is not None:
            await _tried(self._desk.sender.send_text(MANAGER_BOT_ID, message.chat.id, screen), message.update_id)

    async def on_press(self, press: Press) -> None:
        """A button that is old, forged or of somebody else's persona answers with a short notice."""
        if self._desk.is_stopped(press.sender.id):
            await self._answer_press(press, Outcome())
            await self._tell_stopped(press.sender, press.update_id)
            return
        visit = await self._visit(press.sender, press.update_id, greet=False)
        call = decode(press.data)
        entry = ACTIONS.get(call.action) if call else None
        if call is None or entry is None or not self._may_press(press, call, entry):
            await self._answer_press(press, Outcome(notice=visit.words.get("toast.old_button")))
            return
        if entry.asks_telegram:
            await self._answer_press(press, Outcome())
            await self._show(press, await self._act(visit, entry, call.arguments))
            return
        outcome = await self._act(visit, entry, call.arguments)
        answering = asyncio.create_task(self._answer_press(press, outcome))
        await self._show(press, outcome)
        await answering

    def _may_press(self, press: Press, call: Call, entry: Entry) -> bool:
        if entry.for_operators and not self._desk.is_operator(press.sender.id):
            return False
        return len(call.arguments) == entry.arguments and press.chat.type is ChatType.PRIVATE

    async def _tell_stopped(self, sender: Sender, update_id: int) -> None:
        """All that somebody whom an operator has stopped hears, once a day; nothing of what they say is kept. It is too
        long for the answer to a press."""
        if await self._desk.may_tell_stopped(sender.id):
            words = self._desk.fixed[language_for(sender.language, self._desk.default_language)].words
            screen = Screen(html=words.html("admin.you_are_stopped"))
            await _tried(self._desk.sender.send_text(MANAGER_BOT_ID, sender.id, screen), update_id)

    async def _act(self, visit: Visit, entry: Entry, arguments: tuple[str, ...]) -> Outcome:
        words = visit.words
        try:
            return await entry.action(self._desk, visit, *arguments)
        except Unfit as problem:
            return Outcome(notice=words.get(problem.key, **problem.values), alert=True)
        except Stale:
            return Outcome(notice=words.get("toast.old_button"))
        except NotFound:
            self._desk.user_changed(visit.user.id)
            return Outcome(notice=words.get("toast.gone"))

    async def _answer(self, visit: Visit, message: Incoming) -> Screen | None:
        if message.command is not None:
            return await commands.run(self._desk, visit, message.command)
        return await answers.take(self._desk, visit, message)

    async def _gone(self, visit: Visit) -> Screen:
        """What was being asked about is not there any more, so it is asked no longer."""
        await self._desk.db.write(lambda c: forms.end(c, visit.user.id, now=self._desk.clock()))
        self._desk.user_changed(visit.user.id)
        return visit.fixed.gone

    async def _show(self, press: Press, outcome: Outcome) -> None:
        if outcome.screen is not None:
            await _tried(self._edit_or_send(press, outcome.screen), press.update_id)

    async def _edit_or_send(self, press: Press, screen: Screen) -> None:
        sender, chat_id = self._desk.sender, press.chat.id
        try:
            await sender.edit_text(MANAGER_BOT_ID, chat_id, press.message_id, screen)
        except TelegramRefused:
            await sender.send_text(MANAGER_BOT_ID, chat_id, screen)

    async def _answer_press(self, press: Press, outcome: Outcome) -> None:
        answer = self._desk.sender.answer_press(
            MANAGER_BOT_ID, press.callback_query_id, outcome.notice, alert=outcome.alert
        )
        await _tried(answer, press.update_id)

    async def _visit(self, sender: Sender, update_id: int, *, greet: bool) -> Visit:
        account = await self._account(sender, refresh=greet)
        return Visit(account=account, fixed=self._desk.fixed[account.user.language], update_id=update_id)

    async def _account(self, sender: Sender, *, refresh: bool) -> Account:
        """The sender's account, made when there is none; with `refresh` the name is brought up to date too."""
        desk = self._desk
        try:
            account = await desk.account(sender.id)
            if not refresh or _is_current(account, sender):
                return account
        except NotFound:
            pass
        language = language_for(sender.language, desk.default_language)
        await desk.db.write(lambda c: users.remember(c, sender, language=language, now=desk.clock()))
        desk.user_changed(sender.id)
        return await desk.account(sender.id)


async def _tried(call: Awaitable[object], update_id: int) -> None:
    try:
        await call
    except TelegramError as error:
        log.warning("manager_not_shown", update_id=update_id, error=str(error))


def _is_current(account: Account, sender: Sender) -> bool:
    username = sender.username.lower() if sender.username else None
    return account.user.name == sender.name and account.user.username == username
