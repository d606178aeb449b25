"""The composition root: settings become a running platform. Here, and only here, the parts meet."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from random import Random
from typing import Any

import structlog

from maskarad.analytics.orders import Orders
from maskarad.analytics.painter import Painter
from maskarad.assembly.controls import build_commands
from maskarad.assembly.ground import Ground
from maskarad.assembly.intake import build_intake
from maskarad.assembly.memory import Memory
from maskarad.assembly.speech import build_conversations, build_spontaneity
from maskarad.controls.commands import described_commands
from maskarad.controls.exporting import Exporting
from maskarad.controls.membership import Memberships
from maskarad.controls.reactions import Reactions
from maskarad.db import schema, users
from maskarad.db import turns as turn_rows
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable, SettingsError
from maskarad.intake.refusal import Refusals
from maskarad.jobs import tasks
from maskarad.jobs.changes import Changes
from maskarad.jobs.cleanup import memory_cleanup_task
from maskarad.jobs.initialization import database_initialization_task
from maskarad.jobs.periodic import Sleep, every, once
from maskarad.jobs.wakeup import Wakeups
from maskarad.life.spontaneity import spontaneous_activity_loop
from maskarad.manager.bot import Manager
from maskarad.manager.commands import command_menus
from maskarad.manager.desk import Desk
from maskarad.manager.errands import Errands
from maskarad.manager.exports import Exports
from maskarad.ops.notices import Notices
from maskarad.route import Router
from maskarad.settings import Settings
from maskarad.telegram.background import BackgroundSender
from maskarad.telegram.edge import Edge
from maskarad.telegram.handling import bounded
from maskarad.telegram.introduction import introduce
from maskarad.texts import language_for
from maskarad.values import MANAGER_BOT_ID, Bot, Incoming, Token, WebhookIdentity
from maskarad.web.app import build_app
from maskarad.web.server import HttpServer

log = structlog.get_logger()

FILES_OF_IMPORTS = "imports"
"""Folder in DATA_DIR in which imports keep the files that they are reading."""

STOP_PATIENCE = 14.0
"""Seconds that turns under way may take to finish once the platform is told to stop; all of it takes 20 at most."""

ANSWER_PATIENCE = 2.0
"""Seconds for answers to commands and buttons that still wait for Telegram then."""
WORK_AT_ONCE = 1000
"""Links worked on at once; most of them wait, for the model (bounded by itself) or in a pause between two parts."""


class Platform:
    """One running platform. `start` returns when it receives; `stop` when nothing is left to lose. `chances`
    makes a source of numbers from 0 to 1 for each purpose; periodic tasks `sleep` between two runs."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Sleep = asyncio.sleep,
        chances: Callable[[], Callable[[], float]] = lambda: Random().random,
    ) -> None:
        """Raises SettingsError."""
        if settings.telegram_bot_token is None:
            raise SettingsError("TELEGRAM_BOT_TOKEN: is not set; @BotFather gives one, `maskarad run` has a sandbox")
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()
        self._receiving = False
        self._ground = Ground(settings, clock=clock, chances=chances)
        self._texts, self._snapshots = self._ground.texts, self._ground.snapshots
        self._build_edge()
        self._memory = Memory(self._ground, find_bot=self._find_bot)
        self._build_work()
        self._build_receivers()

    def _build_edge(self) -> None:
        settings, ground = self._settings, self._ground
        self._edge = Edge(
            settings,
            on_invalid=lambda bot_id: self._notices.token_refused(bot_id),
            on_conflict=lambda bot_id: self._notices.conflict(bot_id),
            clock=self._clock,
        )
        self._registry, self._sender = self._edge.registry, self._edge.sender
        self._background = BackgroundSender(self._sender)
        self._errands = Errands(self._sender)
        self._painter = Painter(settings.data_dir / "matplotlib")
        self._pictures = Orders(
            self._painter.draw, self._background, noted=ground.metrics.picture, clock=time.monotonic
        )
        self._notices = Notices(
            ground.database,
            self._background,
            self._texts,
            clock=self._clock,
            default_language=settings.default_language,
            operators=settings.admin_user_ids,
        )

    def _build_work(self) -> None:
        ground = self._ground
        self._memberships = Memberships(
            ground.database, self._snapshots.links, bot_removed=self._notices.bot_removed, clock=self._clock
        )
        self._conversations = build_conversations(
            ground,
            self._memory,
            self._sender,
            find_bot=self._find_bot,
            moved=self._memberships.moved,
            model_failed=self._notices.model_failed,
        )
        self._wakeups = Wakeups(self._conversations.work, most=WORK_AT_ONCE)
        self._spontaneity = build_spontaneity(
            ground, self._memory, self._conversations, find_bot=self._find_bot, ring=self._wakeups.ring
        )

    def _build_receivers(self) -> None:
        settings, ground = self._settings, self._ground
        refusals = Refusals(self._background.send_text, self._refusal, clock=self._clock)
        self._exporting = Exporting(self._memory.dossiers.of, self._background)
        router = Router(
            manager=self._build_manager(),
            intake=build_intake(
                ground, self._memory.personalization, turn_away=refusals.turn_away, ring=self._wakeups.ring
            ),
            commands=build_commands(
                ground,
                self._memory,
                self._background,
                self._pictures,
                self._exporting,
                turn_away=refusals.turn_away,
            ),
            memberships=self._memberships,
            reactions=Reactions(ground.database, self._snapshots.links, clock=self._clock),
            find_bot=self._find_bot,
        )
        self._handle = bounded(router.handle, settings.telegram_concurrent_updates)
        app = build_app(
            self._registry,
            self._handle,
            checks={"database": self._check_database, "manager": self._registry.check_manager},
            metrics=ground.metrics,
            metrics_token=settings.metrics_token.get_secret_value() if settings.metrics_token else None,
        )
        self._server = HttpServer(app, settings.host, settings.port)
        self._changes = Changes(
            ground.database,
            open_token=ground.vault.open,
            on_bot=self._serve,
            on_bot_gone=self._bot_gone,
            on_persona=self._snapshots.persona_changed,
            clock=self._clock,
            shared=ground.shared,
        )

    def _build_manager(self) -> Manager:
        settings, ground = self._settings, self._ground
        desk = Desk(
            db=ground.database,
            sender=self._background,
            accounts=self._snapshots.accounts,
            metrics=ground.metrics,
            texts=self._texts,
            vault=ground.vault,
            pictures=self._pictures,
            errands=self._errands,
            exports=Exports(
                self._edge.files.fetch,
                settings.data_dir / FILES_OF_IMPORTS,
                new_name=lambda: secrets.token_hex(16),
            ),
            time_zone=settings.time_zone,
            clock=self._clock,
            new_secret=lambda: secrets.token_urlsafe(24),
            own_telegram_id=_bot_id_of(self._registry.token(MANAGER_BOT_ID)),
            most_personas=settings.max_personas_per_user,
            default_language=settings.default_language,
            bot_health=self._registry.health,
            on_persona_changed=self._persona_edited,
            on_bot_changed=lambda _bot_id: self._changes.announce(),
        )
        return Manager(desk)

    @property
    def port(self) -> int:
        """Where the platform's own HTTP server listens."""
        return self._server.port

    @property
    def database(self) -> Database:
        return self._ground.database

    async def start(self, *, alone: bool) -> None:
        """Begin to receive. `alone`: no other process works on this database, so claims left by a dead one are void.
        Raises SchemaOutdated, DatabaseUnavailable, WrongSecretKey."""
        ground = self._ground
        meter = ground.metrics.task(tasks.DATABASE_INITIALIZATION)
        await once(lambda: database_initialization_task(ground.store), meter=meter, clock=self._clock)
        if ground.shared is not None:
            self._in_background(ground.shared.run(await self.database.read(schema.identity)), "shared cache")
        await self._edge.open()
        if alone:
            await self.database.write(turn_rows.release_all)
        count = await self._changes.load()
        await self._server.start()
        self._edge.receive(self._handle)
        self._receiving = True
        self._start_jobs()
        log.info("platform_started", bots=count, mode=self._settings.run_mode, port=self.port)

    def _start_jobs(self) -> None:
        self._every(tasks.SWEEP, lambda: self._conversations.sweep(self._wakeups.ring))
        self._every(tasks.RENEW, self._conversations.renew)
        self._every(tasks.CHANGES, self._changes.follow)
        self._every(tasks.FOLD, self._memory.folder.fold_due)
        self._every(tasks.LEARN, self._memory.learning.round)
        self._every(tasks.ANALYSES, self._ground.analyzer.flush)
        self._every(tasks.MEMORY_CLEANUP, self._clean_up)
        spontaneous = tasks.SPONTANEOUS_ACTIVITY.name
        meter = self._ground.metrics.task(spontaneous)
        self._in_background(
            spontaneous_activity_loop(self._spontaneity, meter=meter, clock=self._clock, sleep=self._sleep), spontaneous
        )
        menus = command_menus(self._texts, self._settings.default_language)
        self._in_background(introduce(self._sender, MANAGER_BOT_ID, menus), "commands of the manager bot")

    def _every(self, task: tasks.Task, job: Callable[[], Awaitable[object]]) -> None:
        meter = self._ground.metrics.task(task.name)
        self._in_background(every(task, job, meter=meter, clock=self._clock, sleep=self._sleep), task.name)

    def _in_background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background_failed", task=task.get_name(), error=str(error), exc_info=error)

    async def stop(self) -> None:
        """Receive no more, let turns finish or give them back, then close everything."""
        await asyncio.gather(
            self._edge.stop_receiving(), self._server.stop(), self._wakeups.close(STOP_PATIENCE), return_exceptions=True
        )
        await asyncio.gather(self._pictures.close(), self._exporting.close(), self._errands.close())
        await self._background.close(ANSWER_PATIENCE)
        await self._painter.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(DatabaseUnavailable):
            await self._ground.analyzer.flush()
        await self._edge.close()
        await self._ground.close()
        if self._receiving:
            log.info("platform_stopped")

    def _find_bot(self, bot_id: int) -> Bot | None:
        served = self._registry.find(bot_id)
        return served.bot if served is not None and served.receives else None

    def _serve(self, bot: Bot, token: Token, webhook: WebhookIdentity) -> None:
        new = self._registry.find(bot.id) is None
        self._registry.put(bot, token, webhook)
        if self._receiving:
            self._snapshots.accounts.drop(bot.owner_id)
            # What came while the bot was at rest, or was being put to rest, need not wait for the next sweep.
            self._in_background(self._conversations.sweep(self._wakeups.ring), f"sweep for bot {bot.id}")
        if new and self._receiving:
            commands = described_commands(self._texts)
            self._in_background(introduce(self._sender, bot.id, commands), f"commands of bot {bot.id}")

    def _bot_gone(self, bot_id: int, owner_id: int) -> None:
        self._registry.remove(bot_id)
        self._snapshots.accounts.drop(owner_id)
        self._memory.personalization.clear()

    def _persona_edited(self, persona_id: int) -> None:
        self._snapshots.personas.drop(persona_id)
        self._changes.announce()

    async def _clean_up(self) -> None:
        files = self._settings.data_dir / FILES_OF_IMPORTS
        await memory_cleanup_task(self.database, prune=self._memory.retention.prune, files=files, clock=self._clock)

    async def _check_database(self) -> None:
        await self.database.read(lambda connection: users.language_of(connection, 0))

    async def _refusal(self, bot: Bot, message: Incoming) -> str:
        persona = await self._snapshots.personas.persona(bot.persona_id)
        language = language_for(message.sender.language, persona.content.language)
        return self._texts.html(language, "persona.invited_only")


def _bot_id_of(token: Token) -> int:
    """A token is the bot's id, a colon and a secret (Bot API, "Authorizing your bot")."""
    number, _, _ = token.reveal().partition(":")
    if not number.isdecimal():
        raise SettingsError("TELEGRAM_BOT_TOKEN: is not a bot's token; it looks like 123456:ABC-DEF…")
    return int(number)
