"""Where an event goes. Every update of every bot passes here, whichever way it came."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog

from maskarad.controls.commands import COMMANDS, Commands
from maskarad.controls.membership import Memberships
from maskarad.errors import AlreadySeen, NotFound, TelegramError
from maskarad.intake.accept import Intake
from maskarad.values import MANAGER_BOT_ID, Bot, Event, Incoming, Membership, Migration, Press, ReactionChange

log = structlog.get_logger()


PATIENCE = 3.0
"""Seconds that Telegram waits for our "received" on account of an answer that is slow to be sent."""


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
        find_bot: Callable[[int], Bot | None],
    ) -> None:
        self._manager = manager
        self._intake = intake
        self._commands = commands
        self._memberships = memberships
        self._find_bot = find_bot
        self._answering: set[asyncio.Task[None]] = set()

    async def handle(self, event: Event) -> None:
        """Returns when the event is stored or answered: Telegram may forget it then. Raises DatabaseUnavailable."""
        if event.bot_id == MANAGER_BOT_ID:
            await self._promptly(self._for_manager(event))
        elif (bot := self._find_bot(event.bot_id)) is None:
            log.info("update_for_unknown_bot", bot_id=event.bot_id)
        elif isinstance(event, Press) or (isinstance(event, Incoming) and _is_command(event, bot)):
            await self._promptly(self._for_controls(bot, event))
        else:
            await self._for_persona(bot, event)

    async def _promptly(self, answering: Coroutine[Any, Any, None]) -> None:
        """Answers wait for Telegram, and a poller waits for its whole batch: one that takes long (a flood limit, a slow
        line) goes on by itself, so that it cannot make the bot deaf to everybody else."""
        task = asyncio.create_task(self._quietly(answering))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        await asyncio.wait({task}, timeout=PATIENCE)
        if task.done():
            task.result()

    async def _quietly(self, answering: Coroutine[Any, Any, None]) -> None:
        try:
            await answering
        except AlreadySeen:
            log.debug("update_seen_before")
        except NotFound:
            log.info("update_for_something_removed")
        except TelegramError as error:
            log.warning("answer_not_shown", error=str(error))

    async def finish_answers(self, patience: float) -> None:
        """Wait for the answers that took long, at most `patience` seconds."""
        if self._answering:
            _, late = await asyncio.wait(self._answering, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _for_manager(self, event: Event) -> None:
        match event:
            case Incoming():
                await self._manager.on_message(event)
            case Press():
                await self._manager.on_press(event)
            case _:
                log.debug("manager_update_unused", kind=type(event).__name__)

    async def _for_controls(self, bot: Bot, event: Incoming | Press) -> None:
        if isinstance(event, Press):
            await self._commands.on_press(bot, event)
        else:
            await self._commands.on_command(bot, event)

    async def _for_persona(self, bot: Bot, event: Incoming | Membership | Migration | ReactionChange) -> None:
        match event:
            case Incoming():
                await self._intake.accept(bot, event)
            case Membership():
                await self._memberships.on_membership(bot, event)
            case Migration():
                await self._memberships.on_migration(bot, event)
            case ReactionChange():
                log.debug("reaction_unused", bot_id=bot.id)


def _is_command(message: Incoming, bot: Bot) -> bool:
    if message.edited or message.command not in COMMANDS:
        return False
    return message.command_for is None or message.command_for == bot.username.lower()
