"""What a process does that updates come into: the manager bot, persona bots' commands, and the door for messages."""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from maskarad.analytics.orders import Orders
from maskarad.assembly.controls import build_commands
from maskarad.assembly.ground import Ground
from maskarad.assembly.intake import build_intake
from maskarad.assembly.memory import Memory
from maskarad.assembly.telegram import Telegram
from maskarad.backup import orders as backups
from maskarad.controls.commands import described_commands
from maskarad.controls.exporting import Exporting
from maskarad.controls.reactions import Reactions
from maskarad.db import backlog
from maskarad.errors import SettingsError
from maskarad.intake.flood import Floods
from maskarad.intake.pressure import Pressure
from maskarad.intake.refusal import Refusals
from maskarad.intake.shared_flood import RedisFloods
from maskarad.intake.weighing import WEIGHING
from maskarad.jobs.bells import RingQueue
from maskarad.jobs.quarantine import Quarantine
from maskarad.jobs.requeued import Requeued
from maskarad.manager.bot import Manager
from maskarad.manager.commands import command_menus
from maskarad.manager.desk import Desk
from maskarad.manager.operating import Operating
from maskarad.memory.analysis import Analysis
from maskarad.ops.report import ProcessReport
from maskarad.purse.limits import Limits
from maskarad.route import Router
from maskarad.telegram.edge import Polling
from maskarad.telegram.handling import bounded, counted
from maskarad.telegram.introduction import introduce
from maskarad.telegram.webhooks import Registrations
from maskarad.texts import language_for
from maskarad.values import MANAGER_BOT_ID, Bot, Incoming, Queue, Token


class Reception:
    """`ring` wakes whoever works on a link; `analyse` is the local analyser's, None where there is none; `reports`
    tells how all processes are doing."""

    def __init__(
        self,
        ground: Ground,
        telegram: Telegram,
        memory: Memory,
        *,
        ring: RingQueue,
        analyse: Callable[[str], Analysis] | None,
        reports: Callable[[], Awaitable[Sequence[ProcessReport]]],
    ) -> None:
        self._ground = ground
        self._telegram = telegram
        self._memory = memory
        self._reports = reports
        settings = ground.settings
        self._pictures = Orders(ground.database, ring=self._ring_errand, clock=ground.clock)
        exporting = Exporting(ground.database, ring=self._ring_errand, clock=ground.clock)
        floods = Floods(
            most=settings.flood_messages,
            seconds=settings.flood_seconds,
            clock=ground.clock,
            shared=RedisFloods(ground.scripts) if ground.scripts else None,
        )
        refusals = Refusals(telegram.background.send_text, self._refusal, clock=ground.clock)
        router = Router(
            manager=self._build_manager(),
            intake=build_intake(
                ground,
                memory.personalization,
                floods,
                analyse,
                turn_away=refusals.turn_away,
                ring=ring,
                ring_to_weigh=partial(ground.bells.ring, WEIGHING),
            ),
            commands=build_commands(
                ground,
                memory,
                telegram.background,
                self._pictures,
                exporting,
                floods,
                turn_away=refusals.turn_away,
            ),
            memberships=telegram.memberships,
            reactions=Reactions(ground.database, ground.snapshots.links, clock=ground.clock),
            find_bot=telegram.find_bot,
            stopped_users=lambda: telegram.changes.stopped_users,
            metrics=ground.metrics,
        )
        self.pressure = Pressure(
            self._waiting,
            most=settings.queue_most,
            most_per_bot=settings.queue_most_per_bot,
            metrics=ground.metrics,
            clock=time.monotonic,
        )
        # Whoever is slowed waits before the places, not in one.
        quarantine = Quarantine(router.handle, ground.database, clock=ground.clock, metrics=ground.metrics)
        in_turn = bounded(quarantine.handle, settings.telegram_concurrent_updates)
        self.handle = counted(self.pressure.slowed(in_turn), ground.metrics)
        self.requeued = Requeued(ground.database, quarantine, router.act_on, clock=ground.clock)

    def _build_manager(self) -> Manager:
        ground, telegram = self._ground, self._telegram
        settings = ground.settings
        desk = Desk(
            db=ground.database,
            sender=telegram.background,
            accounts=ground.snapshots.accounts,
            metrics=ground.metrics,
            texts=ground.texts,
            vault=ground.vault,
            pictures=self._pictures,
            ring=self._ring_errand,
            time_zone=settings.time_zone,
            clock=ground.clock,
            new_secret=lambda: secrets.token_urlsafe(24),
            own_telegram_id=_bot_id_of(telegram.registry.token(MANAGER_BOT_ID)),
            most_personas=settings.max_personas_per_user,
            default_language=settings.default_language,
            bot_health=telegram.registry.health,
            operating=Operating(
                operators=frozenset(settings.admin_user_ids),
                limits=Limits.of(settings),
                reports=self._reports,
                order_backup=lambda connection, asker_id, language, now: backups.order(
                    connection, asker_id, language, now=now
                ),
                stopped_users=lambda: telegram.changes.stopped_users,
                on_stops_changed=telegram.changes.announce,
            ),
            on_persona_changed=self._persona_edited,
            on_bot_changed=lambda _bot_id: telegram.changes.announce(),
        )
        return Manager(desk)

    def receive(self, polling: Polling | None, registrations: Registrations | None) -> None:
        """Begin to poll, or to have webhooks called; as `Edge.receive`."""
        self._telegram.edge.receive(self.handle, polling=polling, registrations=registrations)

    async def introduce_manager(self) -> None:
        """Show the manager bot's commands in Telegram's menu."""
        menus = command_menus(self._ground.texts, self._ground.settings.default_language)
        await introduce(self._telegram.sender, MANAGER_BOT_ID, menus)
        menus = command_menus(self._ground.texts, self._ground.settings.default_language, for_operators=True)
        for operator in self._ground.settings.admin_user_ids:
            # Refused where the operator has never written to the manager bot: then /admin works unseen.
            await introduce(self._telegram.sender, MANAGER_BOT_ID, menus, chat_id=operator)

    async def introduce_bot(self, bot_id: int) -> None:
        await introduce(self._telegram.sender, bot_id, described_commands(self._ground.texts))

    async def _waiting(self, most: int) -> Mapping[int, int]:
        return await self._ground.database.read(partial(backlog.waiting, now=self._ground.clock(), most=most))

    def _ring_errand(self, errand_id: int) -> None:
        self._ground.bells.ring(Queue.SLOW, errand_id, 0)

    def _persona_edited(self, persona_id: int) -> None:
        self._ground.snapshots.personas.drop(persona_id)
        self._telegram.changes.announce()

    async def _refusal(self, bot: Bot, message: Incoming) -> str:
        persona = await self._ground.snapshots.personas.persona(bot.persona_id)
        language = language_for(message.sender.language, persona.content.language)
        return self._ground.texts.html(language, "persona.invited_only")


def _bot_id_of(token: Token) -> int:
    """A token is the bot's id, a colon and a secret (Bot API, "Authorizing your bot")."""
    number, _, _ = token.reveal().partition(":")
    if not number.isdecimal():
        raise SettingsError("TELEGRAM_BOT_TOKEN: is not a bot's token; it looks like 123456:ABC-DEF…")
    return int(number)
