"""The composition root: settings become a running platform. Here, and only here, the parts meet."""

import asyncio
import importlib
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from importlib.metadata import version
from random import Random
from typing import TYPE_CHECKING, Any

import structlog

from maskarad.analytics.orders import Orders
from maskarad.analytics.painter import Painter
from maskarad.controls.commands import Commands, described_commands
from maskarad.controls.desk import ControlDesk
from maskarad.controls.manners import GroupManners
from maskarad.controls.membership import Memberships
from maskarad.controls.mood import Moods
from maskarad.controls.personal import Personal
from maskarad.controls.reactions import Reactions
from maskarad.controls.statistics import Statistics
from maskarad.controls.talk import Talk
from maskarad.db import schema, users
from maskarad.db import turns as turn_rows
from maskarad.db.engine import Database
from maskarad.db.opening import open_database
from maskarad.delivery.deliver import Delivery
from maskarad.delivery.pacing import no_pause, pause_before
from maskarad.errors import SettingsError
from maskarad.intake.accept import Intake
from maskarad.intake.flood import Floods
from maskarad.intake.judging import Judging
from maskarad.intake.names import Names
from maskarad.intake.refusal import Refusals
from maskarad.jobs import tasks
from maskarad.jobs.changes import Changes
from maskarad.jobs.cleanup import memory_cleanup_task
from maskarad.jobs.conversation import LEASE, Conversations
from maskarad.jobs.initialization import database_initialization_task
from maskarad.jobs.periodic import Sleep, every, once
from maskarad.jobs.wakeup import Wakeups
from maskarad.life.occasion import Rules
from maskarad.life.reactions import Reactions as OwnReactions
from maskarad.life.spontaneity import Spontaneity, spontaneous_activity_loop
from maskarad.llm.opening import open_model
from maskarad.manager.bot import Manager
from maskarad.manager.commands import command_menus
from maskarad.manager.desk import Desk
from maskarad.manager.errands import Errands
from maskarad.manager.exports import Exports
from maskarad.memory.analyzer import Analyzer, analyze
from maskarad.memory.context import ContextStore
from maskarad.memory.dossier import Dossiers
from maskarad.memory.fold import Folder
from maskarad.memory.forgetting import Forgetting
from maskarad.memory.learning import Learning
from maskarad.memory.personalization import Personalization
from maskarad.memory.recall import Recall
from maskarad.memory.retention import Retention
from maskarad.metrics import Metrics
from maskarad.ops.notices import Notices
from maskarad.route import Router
from maskarad.settings import Settings
from maskarad.snapshots import Snapshots
from maskarad.telegram.background import BackgroundSender
from maskarad.telegram.edge import Edge
from maskarad.telegram.handling import bounded
from maskarad.telegram.introduction import introduce
from maskarad.telegram.typing import Typing
from maskarad.texts import language_for, load_texts
from maskarad.turn.run import Turns
from maskarad.values import MANAGER_BOT_ID, READY_MOODS, Bot, Incoming, Mood, Sender, Token, WebhookIdentity
from maskarad.vault import open_vault
from maskarad.web.app import build_app
from maskarad.web.server import HttpServer

if TYPE_CHECKING:
    from maskarad.redis_cache import RedisCache

log = structlog.get_logger()

GATHER = 1.0
"""Seconds that a persona waits for the rest of what somebody is typing in several messages (REPLY_PACING=natural)."""

FILES_OF_IMPORTS = "imports"
"""Folder in DATA_DIR in which imports keep the files that they are reading."""

LEARNT_AT_ONCE = 2000
"""Lines that somebody who asks for statistics waits for; the rest is learnt in the background."""

STOP_PATIENCE = 14.0
"""Seconds that turns under way may take to finish once the platform is told to stop; all of it takes 20 at most."""

ANSWER_PATIENCE = 2.0
"""Seconds for answers to commands and buttons that still wait for Telegram then."""
WORK_AT_ONCE = 1000
"""Links worked on at once; most of them wait, for the model (bounded by itself) or in a pause between two parts."""


class Platform:
    """One running platform. `start` returns when it receives; `stop` when nothing is left to lose. `chance` gives
    numbers from 0 to 1; periodic tasks `sleep` between two runs."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = Random().random,
    ) -> None:
        """Raises SettingsError."""
        if settings.telegram_bot_token is None:
            raise SettingsError("TELEGRAM_BOT_TOKEN: is not set; @BotFather gives one, `maskarad run` has a sandbox")
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._tasks: set[asyncio.Task[None]] = set()
        self._receiving = False
        self._texts = load_texts()
        self._vault = open_vault(settings.secret_keys, settings.data_dir)
        self._database: Database = open_database(
            settings.database, pool_size=settings.db_pool_size, max_overflow=settings.db_max_overflow
        )
        self._store = ContextStore(self._database, clock=self._clock)
        self._analyzer = Analyzer(self._database, clock=self._clock)
        self._model = open_model(settings)
        self._metrics = Metrics()
        self._shared = self._share(settings.redis_url) if settings.redis_url else None
        self._build_snapshots()
        self._build_edge()
        self._build_memory()
        self._build_stages()
        self._build_receivers()

    def _share(self, url: str) -> "RedisCache":
        """Redis' client is imported only by those who have a Redis: it is 15 MB and half a second."""
        shared: RedisCache = importlib.import_module("maskarad.redis_cache").RedisCache(
            url,
            release=version("maskarad"),
            new_fence=lambda: secrets.token_bytes(8),
            clock=time.monotonic,
            metrics=self._metrics,
        )
        return shared

    def _build_snapshots(self) -> None:
        settings = self._settings
        self._snapshots = Snapshots(
            self._database,
            self._mood_text,
            account_lifetime=settings.cache_ttl_user,
            persona_lifetime=settings.cache_ttl_persona,
            link_lifetime=settings.cache_ttl_menu,
            clock=self._clock,
            metrics=self._metrics,
            shared=self._shared,
        )

    def _build_edge(self) -> None:
        settings = self._settings
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
        self._pictures = Orders(self._painter.draw, self._background, noted=self._metrics.picture, clock=time.monotonic)
        self._notices = Notices(
            self._database,
            self._background,
            self._texts,
            clock=self._clock,
            default_language=settings.default_language,
            operators=settings.admin_user_ids,
        )

    def _build_stages(self) -> None:
        natural = self._settings.reply_pacing == "natural"
        typing = Typing(self._sender).shown
        memberships = Memberships(
            self._database, self._snapshots.links, bot_removed=self._notices.bot_removed, clock=self._clock
        )
        refusals = Refusals(self._background.send_text, self._refusal, clock=self._clock)
        turns = Turns(
            self._database,
            self._model,
            speaker=self._snapshots.personas.speaker,
            typing=typing,
            recall=Recall(self._database, people=self._personalization.people).for_turn,
            apology=lambda language: self._texts.get(language, "persona.apology"),
            model_failed=self._notices.model_failed,
            analyze=self._analyzer.now,
            mood_half_life=self._settings.mood_half_life,
            prompt_tokens=self._settings.prompt_tokens,
            clock=self._clock,
        )
        delivery = Delivery(
            self._database,
            self._sender,
            pause_before=pause_before if natural else no_pause,
            typing=typing,
            moved=memberships.moved,
            clock=self._clock,
        )
        self._conversations = Conversations(self._database, turns, delivery, find_bot=self._find_bot, clock=self._clock)
        self._wakeups = Wakeups(self._conversations.work, most=WORK_AT_ONCE)
        self._spontaneity = self._build_spontaneity()
        desk = ControlDesk(
            self._database,
            self._background,
            persona=self._snapshots.personas.persona,
            links=self._snapshots.links,
            clock=self._clock,
        )
        families = (
            Talk(desk, on_reset=self._personalization.chat_reset),
            Moods(desk, half_life=self._settings.mood_half_life),
            GroupManners(desk, time_zone=self._settings.time_zone),
            self._build_personal(desk),
            Statistics(
                desk,
                self._pictures,
                learn=partial(self._learning.learn, most=LEARNT_AT_ONCE),
                zone=self._settings.time_zone,
            ),
        )
        self._commands = Commands(desk, families, self._texts, turn_away=refusals.turn_away)
        self._router = Router(
            manager=self._build_manager(),
            intake=Intake(
                self._database,
                self._build_judging(),
                links=self._snapshots.links,
                turn_away=refusals.turn_away,
                ring=self._wakeups.ring,
                clock=self._clock,
                gather=GATHER if natural else 0.0,
                default_language=self._settings.default_language,
            ),
            commands=self._commands,
            memberships=memberships,
            reactions=Reactions(self._database, self._snapshots.links, clock=self._clock),
            find_bot=self._find_bot,
        )

    def _build_personal(self, desk: ControlDesk) -> Personal:
        clock = self._clock
        return Personal(
            desk,
            self._personalization,
            self._learning,
            Dossiers(self._database, self._personalization, clock=clock),
            Forgetting(
                self._database,
                self._analyzer,
                self._personalization,
                self._snapshots.links,
                finder=lambda name: Names(name).matches,
                forget_account=self._snapshots.accounts.drop,
                clock=clock,
            ),
            zone=self._settings.time_zone,
        )

    def _build_memory(self) -> None:
        settings = self._settings
        self._personalization = Personalization(
            self._database,
            clock=self._clock,
            lifetime=settings.cache_ttl_user,
            meter=self._metrics.cache("known"),
            shared=self._shared,
        )
        self._learning = Learning(self._database, self._analyzer, clock=self._clock)
        self._folder = Folder(
            self._database,
            self._model,
            find_bot=self._find_bot,
            persona=self._snapshots.personas.persona,
            analyze=self._analyzer.now,
            calls_a_day=settings.summary_calls_per_day if settings.summaries else 0,
            tokens=settings.prompt_tokens,
            clock=self._clock,
        )
        self._retention = Retention(
            self._database,
            self._folder,
            messages=settings.history_keep_messages,
            days=settings.history_keep_days,
            clock=self._clock,
        )

    def _build_judging(self) -> Judging:
        settings = self._settings
        reactions = OwnReactions(
            most_per_hour=settings.reactions_per_hour,
            mood_half_life=settings.mood_half_life,
            declines=self._declines_reactions,
            clock=self._clock,
            chance=self._chance,
        )
        return Judging(
            persona=self._snapshots.personas.persona,
            analyse=analyze,
            floods=Floods(most=settings.flood_messages, seconds=settings.flood_seconds),
            flood_remark=lambda language: self._texts.get(language, "attention.flood"),
            answer_within=settings.answer_within,
            mood_half_life=settings.mood_half_life,
            time_zone=settings.time_zone,
            reactions=reactions,
        )

    async def _declines_reactions(self, bot: Bot, sender: Sender) -> bool:
        return sender.id in (await self._personalization.declined(bot.persona_id)).reactions

    def _build_spontaneity(self) -> Spontaneity:
        settings = self._settings
        quiet_from, quiet_until = settings.quiet_from_until
        return Spontaneity(
            self._database,
            self._model,
            find_bot=self._find_bot,
            speaker=self._snapshots.personas.speaker,
            analyze=self._analyzer.analyze_many,
            known=self._personalization.known,
            holding=self._conversations.holding,
            ring=self._wakeups.ring,
            rules=Rules(
                min_pause=60 * settings.spontaneity_min_pause,
                per_day=settings.spontaneity_per_day,
                zone=settings.time_zone,
                quiet_from=quiet_from,
                quiet_until=quiet_until,
            ),
            calls_per_day=settings.spontaneity_calls_per_day,
            lease=LEASE,
            mood_half_life=settings.mood_half_life,
            metrics=self._metrics,
            clock=self._clock,
            chance=self._chance,
        )

    def _build_manager(self) -> Manager:
        settings = self._settings
        desk = Desk(
            db=self._database,
            sender=self._background,
            accounts=self._snapshots.accounts,
            metrics=self._metrics,
            texts=self._texts,
            vault=self._vault,
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

    def _build_receivers(self) -> None:
        settings = self._settings
        self._handle = bounded(self._router.handle, settings.telegram_concurrent_updates)
        app = build_app(
            self._registry,
            self._handle,
            checks={"database": self._check_database, "manager": self._registry.check_manager},
            metrics=self._metrics,
            metrics_token=settings.metrics_token.get_secret_value() if settings.metrics_token else None,
        )
        self._server = HttpServer(app, settings.host, settings.port)
        self._changes = Changes(
            self._database,
            open_token=self._vault.open,
            on_bot=self._serve,
            on_bot_gone=self._bot_gone,
            on_persona=self._snapshots.persona_changed,
            clock=self._clock,
            shared=self._shared,
        )

    @property
    def port(self) -> int:
        """Where the platform's own HTTP server listens."""
        return self._server.port

    @property
    def database(self) -> Database:
        return self._database

    async def start(self, *, alone: bool) -> None:
        """Begin to receive. `alone`: no other process works on this database, so claims left by a dead one are void.
        Raises SchemaOutdated, DatabaseUnavailable, WrongSecretKey."""
        meter = self._metrics.task(tasks.DATABASE_INITIALIZATION)
        await once(lambda: database_initialization_task(self._store), meter=meter, clock=self._clock)
        if self._shared is not None:
            self._in_background(self._shared.run(await self._database.read(schema.identity)), "shared cache")
        await self._edge.open()
        if alone:
            await self._database.write(turn_rows.release_all)
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
        self._every(tasks.FOLD, self._folder.fold_due)
        self._every(tasks.LEARN, self._learning.round)
        self._every(tasks.ANALYSES, self._analyzer.flush)
        self._every(tasks.MEMORY_CLEANUP, self._clean_up)
        spontaneous = tasks.SPONTANEOUS_ACTIVITY.name
        meter = self._metrics.task(spontaneous)
        self._in_background(
            spontaneous_activity_loop(self._spontaneity, meter=meter, clock=self._clock, sleep=self._sleep), spontaneous
        )
        menus = command_menus(self._texts, self._settings.default_language)
        self._in_background(introduce(self._sender, MANAGER_BOT_ID, menus), "commands of the manager bot")

    def _every(self, task: tasks.Task, job: Callable[[], Awaitable[object]]) -> None:
        meter = self._metrics.task(task.name)
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
        await asyncio.gather(self._pictures.close(), self._errands.close())
        await self._background.close(ANSWER_PATIENCE)
        await self._painter.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._shared is not None:
            await self._shared.close()
        await self._model.close()
        await self._edge.close()
        await self._database.close()
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
        self._personalization.clear()

    def _persona_edited(self, persona_id: int) -> None:
        self._snapshots.personas.drop(persona_id)
        self._changes.announce()

    async def _clean_up(self) -> None:
        files = self._settings.data_dir / FILES_OF_IMPORTS
        await memory_cleanup_task(self._database, prune=self._retention.prune, files=files, clock=self._clock)

    async def _check_database(self) -> None:
        await self._database.read(lambda connection: users.language_of(connection, 0))

    async def _refusal(self, bot: Bot, message: Incoming) -> str:
        persona = await self._snapshots.personas.persona(bot.persona_id)
        language = language_for(message.sender.language, persona.content.language)
        return self._texts.html(language, "persona.invited_only")

    def _mood_text(self, language: str, mood: Mood) -> tuple[str, str]:
        if mood.key not in READY_MOODS:
            return mood.name, mood.text
        return self._texts.get(language, f"mood.{mood.key}.name"), self._texts.get(language, f"mood.{mood.key}.text")


def _bot_id_of(token: Token) -> int:
    """A token is the bot's id, a colon and a secret (Bot API, "Authorizing your bot")."""
    number, _, _ = token.reveal().partition(":")
    if not number.isdecimal():
        raise SettingsError("TELEGRAM_BOT_TOKEN: is not a bot's token; it looks like 123456:ABC-DEF…")
    return int(number)
