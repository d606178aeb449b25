"""Where an event goes. Every update of every bot passes here, whichever way it came."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import structlog

from maskarad.controls.commands import Commands
from maskarad.controls.membership import Memberships
from maskarad.controls.reactions import Reactions
from maskarad.errors import AlreadySeen, NotFound, NotServed, TelegramError
from maskarad.intake.accept import Intake
from maskarad.intake.access import is_shut_out
from maskarad.logs import about
from maskarad.metrics import Metrics
from maskarad.values import MANAGER_BOT_ID, Bot, Event, Incoming, Membership, Migration, Press, ReactionChange

log = structlog.get_logger()


class ManagerBot(Protocol):
    async def on_message(self, message: Incoming) -> None: ...

    async def on_press(self, press: Press) -> None: ...


class Router:
    """`find_bot` gives a bot that is served here, None for one that was removed meanwhile; `stopped_users` gives whom
    operators have stopped."""

    def __init__(
        self,
        *,
        manager: ManagerBot,
        intake: Intake,
        commands: Commands,
        memberships: Memberships,
        reactions: Reactions,
        find_bot: Callable[[int], Bot | None],
        stopped_users: Callable[[], frozenset[int]],
        metrics: Metrics,
    ) -> None:
        self._manager = manager
        self._intake = intake
        self._commands = commands
        self._memberships = memberships
        self._reactions = reactions
        self._find_bot = find_bot
        self._stopped_users = stopped_users
        self._metrics = metrics

    async def handle(self, event: Event) -> None:
        """Returns when all that the event changes is stored: Telegram may forget it then. Nobody waits here for an
        answer to be shown. Raises DatabaseUnavailable."""
        with _about(event):
            try:
                await self._go(event)
            except NotServed:
                log.info("update_for_unknown_bot")
            except NotFound:
                log.info("update_for_something_removed")
            except TelegramError as error:
                self._metrics.error(error)
                log.warning("update_not_acted_on", error=str(error))

    async def act_on(self, event: Event) -> None:
        """As `handle`, for whoever has to know what came of it: raises also NotServed, NotFound and TelegramError."""
        with _about(event):
            await self._go(event)

    async def _go(self, event: Event) -> None:
        try:
            if event.bot_id == MANAGER_BOT_ID:
                await self._for_manager(event)
            elif (bot := self._find_bot(event.bot_id)) is not None:
                await self._for_persona(bot, event)
            else:
                raise NotServed(f"bot {event.bot_id} is not served here")
        except AlreadySeen:
            log.debug("update_seen_before")

    async def _for_manager(self, event: Event) -> None:
        match event:
            case Incoming():
                await self._manager.on_message(event)
            case Press():
                await self._manager.on_press(event)
            case _:
                log.debug("manager_update_unused", kind=type(event).__name__)

    async def _for_persona(self, bot: Bot, event: Event) -> None:
        if is_shut_out(event, self._stopped_users()) and not self._is_owed(event, bot):
            log.debug("stopped_user_not_heard", bot_id=bot.id)
            return
        match event:
            case Incoming():
                if self._is_command(event, bot):
                    await self._commands.on_command(bot, event)
                else:
                    await self._intake.accept(bot, event)
            case Press():
                await self._commands.on_press(bot, event)
            case Membership():
                await self._memberships.on_membership(bot, event)
            case Migration():
                await self._memberships.on_migration(bot, event)
            case ReactionChange():
                await self._reactions.on_reaction(bot, event)

    def _is_owed(self, event: Event, bot: Bot) -> bool:
        match event:
            case Incoming():
                return self._is_command(event, bot) and self._commands.are_owed(event)
            case Press():
                return self._commands.are_owed(event)
        return False

    def _is_command(self, message: Incoming, bot: Bot) -> bool:
        if message.edited or message.command not in self._commands.names:
            return False
        return message.command_for is None or message.command_for == bot.username.lower()


def _about(event: Event) -> AbstractContextManager[None]:
    chat_id = event.old_chat_id if isinstance(event, Migration) else event.chat.id
    return about(bot_id=event.bot_id, chat_id=chat_id, update_id=event.update_id)
