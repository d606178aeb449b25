"""Where an event goes. Every update of every bot passes here, whichever way it came."""

from collections.abc import Callable
from typing import Protocol

import structlog

from maskarad.controls.commands import Commands
from maskarad.controls.membership import Memberships
from maskarad.controls.reactions import Reactions
from maskarad.errors import AlreadySeen, NotFound, NotServed, TelegramError
from maskarad.intake.accept import Intake
from maskarad.values import MANAGER_BOT_ID, Bot, Event, Incoming, Membership, Migration, Press, ReactionChange

log = structlog.get_logger()


class ManagerBot(Protocol):
    async def on_message(self, message: Incoming) -> None: ...

    async def on_press(self, press: Press) -> None: ...


class Router:
    """`find_bot` gives a bot that is served here, None for one that was removed meanwhile."""

    def __init__(
        self,
        *,
        manager: ManagerBot,
        intake: Intake,
        commands: Commands,
        memberships: Memberships,
        reactions: Reactions,
        find_bot: Callable[[int], Bot | None],
    ) -> None:
        self._manager = manager
        self._intake = intake
        self._commands = commands
        self._memberships = memberships
        self._reactions = reactions
        self._find_bot = find_bot

    async def handle(self, event: Event) -> None:
        """Returns when all that the event changes is stored: Telegram may forget it then. Nobody waits here for an
        answer to be shown. Raises DatabaseUnavailable."""
        try:
            await self.act_on(event)
        except NotServed:
            log.info("update_for_unknown_bot", bot_id=event.bot_id)
        except NotFound:
            log.info("update_for_something_removed", bot_id=event.bot_id)
        except TelegramError as error:
            log.warning("update_not_acted_on", bot_id=event.bot_id, error=str(error))

    async def act_on(self, event: Event) -> None:
        """As `handle`, for whoever has to know what came of it: raises also NotServed, NotFound and TelegramError."""
        try:
            if event.bot_id == MANAGER_BOT_ID:
                await self._for_manager(event)
            elif (bot := self._find_bot(event.bot_id)) is not None:
                await self._for_persona(bot, event)
            else:
                raise NotServed(f"bot {event.bot_id} is not served here")
        except AlreadySeen:
            log.debug("update_seen_before", bot_id=event.bot_id)

    async def _for_manager(self, event: Event) -> None:
        match event:
            case Incoming():
                await self._manager.on_message(event)
            case Press():
                await self._manager.on_press(event)
            case _:
                log.debug("manager_update_unused", kind=type(event).__name__)

    async def _for_persona(self, bot: Bot, event: Event) -> None:
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

    def _is_command(self, message: Incoming, bot: Bot) -> bool:
        if message.edited or message.command not in self._commands.names:
            return False
        return message.command_for is None or message.command_for == bot.username.lower()
