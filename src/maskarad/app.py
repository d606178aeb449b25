"""The composition root: settings and a role become a running process of the platform. Here, and only here, the parts
meet; `assembly/` puts each together."""

import asyncio
import importlib
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import structlog

from maskarad.assembly.ground import Ground
from maskarad.assembly.memory import Memory, learn_later, nothing_in_memory
from maskarad.assembly.oversight import Oversight
from maskarad.assembly.readiness import build_readiness
from maskarad.assembly.telegram import Telegram
from maskarad.clock import PlatformClock
from maskarad.db import errands as errand_rows
from maskarad.db import processes, schema
from maskarad.db import secrets as key_rows
from maskarad.db import turns as turn_rows
from maskarad.db.engine import Database
from maskarad.errors import DatabaseUnavailable, SettingsError, WrongSecretKey
from maskarad.jobs import tasks
from maskarad.jobs.background import Background
from maskarad.jobs.ending import ended_by
from maskarad.jobs.initialization import database_initialization_task
from maskarad.jobs.periodic import Sleep, once, whenever
from maskarad.jobs.polling import Polling
from maskarad.jobs.presence import Presence
from maskarad.jobs.registrations import StoredRegistrations
from maskarad.ops.lost_key import why_not
from maskarad.settings import Settings
from maskarad.values import ALL_IN_ONE, Bot, Queue, Role, Token
from maskarad.web.app import build_app
from maskarad.web.server import HttpServer

if TYPE_CHECKING:
    from maskarad.assembly.mind import Mind
    from maskarad.assembly.reception import Reception
    from maskarad.assembly.work import Work

log = structlog.get_logger()

STOP_PATIENCE = 14.0
"""Seconds that turns under way may take to finish once the platform is told to stop."""

WORK_ENDS_WITHIN = 15.0
"""Seconds for those that were late to be given back, too, and for updates that still come."""

ANSWER_PATIENCE = 2.0
"""Seconds for answers to commands and buttons that still wait for Telegram then."""

STOPS_WITHIN = 19.5
"""Seconds that all of it takes at most; who started the process allows 20 and some (deploy/)."""


class Platform:
    """One running process. `start` returns when it does what its role says; `stop` when nothing is left to lose.
    `chances` makes a source of numbers from 0 to 1 for each purpose; periodic tasks `sleep` between two runs. Without a
    `clock` it is the machine's on SQLite, the database's on PostgreSQL."""

    def __init__(
        self,
        settings: Settings,
        role: Role = ALL_IN_ONE,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Sleep = asyncio.sleep,
        chances: Callable[[], Callable[[], float]] = lambda: Random().random,
    ) -> None:
        """Raises SettingsError."""
        if settings.telegram_bot_token is None:
            raise SettingsError("TELEGRAM_BOT_TOKEN: is not set; @BotFather gives one, `maskarad run` has a sandbox")
        self._settings = settings
        self._role = role
        self._shared_clock = PlatformClock() if clock is None and settings.database_file is None else None
        self._clock = clock or self._shared_clock or time.time
        self._presence: Presence | None = None
        self._polling: Polling | None = None
        self._registrations: StoredRegistrations | None = None
        self._running = self._stopping = False
        self._look_now = asyncio.Event()
        self._ground = Ground(settings, clock=self._clock, chances=chances)
        self._background = Background(self._ground.database, self._ground.metrics, clock=self._clock, sleep=sleep)
        self._telegram = Telegram(self._ground, on_bot=self._on_bot, on_bot_gone=self._on_bot_gone)
        self._oversight = Oversight(self._ground, self._telegram, role)
        self._mind = _mind(self._ground) if role.queues else None
        self._memory = Memory(
            self._ground,
            learn=self._mind.learning.learn if self._mind else learn_later,
            forget_analyses=self._mind.analyzer.forget if self._mind else nothing_in_memory,
        )
        self._work = _work(self._ground, self._telegram, self._mind, self._memory, role) if self._mind else None
        self._reception = self._build_reception() if role.receives else None
        self._server = self._build_server()

    def _build_reception(self) -> "Reception":
        reception: Reception = importlib.import_module("maskarad.assembly.reception").Reception(
            self._ground,
            self._telegram,
            self._memory,
            ring=self._ground.bells.ring,
            analyse=self._mind.analyzer.now if self._mind else None,
            reports=self._oversight.reports,
        )
        return reception

    def _build_server(self) -> HttpServer:
        settings, ground = self._settings, self._ground
        app = build_app(
            self._telegram.registry,
            self._reception.handle if self._reception else None,
            looks=build_readiness(
                ground,
                self._telegram.registry,
                receives=self._reception is not None,
                has_begun=lambda: self._running,
                stopping=lambda: self._stopping,
            ),
            metrics=ground.metrics,
            metrics_token=settings.metrics_token.get_secret_value() if settings.metrics_token else None,
            behind_proxy=settings.run_mode == "webhook",
        )
        return HttpServer(app, settings.host, settings.port)

    @property
    def port(self) -> int:
        """Where the process' own HTTP server listens."""
        return self._server.port

    @property
    def database(self) -> Database:
        return self._ground.database

    async def start(self, *, alone: bool) -> None:
        """Begin. `alone`: no other process works on this database, so claims left by a dead one are void. Raises
        SchemaOutdated, DatabaseUnavailable, WrongSecretKey."""
        ground, self._background.is_alone = self._ground, alone
        meter = ground.metrics.task(tasks.DATABASE_INITIALIZATION)
        warm_up = self._mind.warm_up if self._mind else None
        await once(lambda: database_initialization_task(self.database, warm_up), meter=meter, clock=self._clock)
        if self._shared_clock is not None:
            await self._shared_clock.begin(self.database)
        identity = await self.database.read(schema.identity)
        await self._check_key(identity)
        if ground.shared is not None:
            self._background.begin(ground.shared.run(identity), "shared cache")
        if ground.scripts is not None:
            ground.scripts.begin(identity)
        await self._telegram.edge.open()
        if alone:
            await self.database.write(turn_rows.release_all)
            await self.database.write(errand_rows.release_all)
        count = await self._telegram.changes.load()
        self._background.begin(ground.bells.run(identity), "bells")
        await self._server.start()
        if not alone:
            await self._join()
        if self._reception:
            self._reception.receive(self._polling, self._registrations)
        self._running = True
        self._start_jobs()
        log.info("platform_started", role=self._role.name, bots=count, mode=self._settings.run_mode, port=self.port)

    async def _check_key(self, identity: str) -> None:
        """A process with another key could open no bot's token, and would be deaf and dumb without a word."""
        vault = self._ground.vault
        sealed = vault.seal(Token(identity))
        stored = await self.database.write(lambda connection: schema.key_check(connection, sealed))
        try:
            vault.open(stored)
        except WrongSecretKey:
            if wrong := await why_not(self.database, self._settings, vault):
                raise WrongSecretKey(f"{wrong.state}: {wrong.todo}") from None
            # Nothing else is sealed with the key that is gone. Of several who find that, one is the first.
            await self.database.write(partial(key_rows.reseal_key_check, old=stored, new=sealed))
            vault.open(stored := await self.database.write(lambda connection: schema.key_check(connection, sealed)))
            log.warning("key_check_replaced")
        if self._background.is_alone and not vault.is_newest(stored):
            # It says with which key the one process seals that there is: `ops/rotation.py` asks for that.
            await self.database.write(partial(key_rows.reseal_key_check, old=stored, new=sealed))

    async def _join(self) -> None:
        """Become one of several processes."""
        receives, polls = self._role.receives, self._role.receives and self._telegram.edge.polls
        self._presence = Presence(
            self.database,
            role=processes.as_text(self._role),
            polls=polls,
            clock=self._clock,
            keys=self._ground.vault.fingerprints,
            report=self._oversight.report,
        )
        await self._presence.beat()
        if receives and await self.database.read(partial(processes.receives_otherwise, polls=polls)):
            await self._presence.end()
            raise SettingsError(
                "RUN_MODE: another process of this platform receives the other way, and Telegram gives a bot's updates "
                "by one way only: set the same RUN_MODE everywhere, or stop the others first"
            )
        if polls:
            self._polling = Polling(self.database, self._presence, shared=self._ground.shared)
        elif receives:
            self._registrations = StoredRegistrations(self.database, clock=self._clock)

    def _start_jobs(self) -> None:
        self._oversight.start(self._background, self._presence)
        if self._presence:
            self._background.every(tasks.PRESENCE, self._presence.beat)
        if self._polling:
            self._background.every(tasks.POLLING, self._polling.follow)
        self._background.every(tasks.CHANGES, self._telegram.changes.follow)
        if self._shared_clock is not None:
            clock = self._shared_clock
            self._background.every(tasks.CLOCK, lambda: clock.ask(self.database))
        if self._work:
            self._work.start(self._background.every)
            self._background.every(tasks.SWEEP, self._work.sweep)
            self._background.begin(whenever(self._look_now, self._work.sweep, tasks.SWEEP.name), "sweep at once")
        if self._work and Queue.SLOW in self._role.queues:
            name = tasks.SPONTANEOUS_ACTIVITY.name
            self._background.begin(self._work.speak_unasked(self._background.once_a_slot, self._background.sleep), name)
        if self._reception:
            self._background.every(tasks.PRESSURE, self._reception.pressure.look)
            self._background.every(tasks.REQUEUED, self._reception.requeued.look)
            self._background.begin(self._reception.introduce_manager(), "commands of the manager bot")

    async def stop(self) -> None:
        """Receive no more, let turns finish or give them back, then close everything. What hangs is left behind."""
        self._stopping = True
        began = asyncio.get_running_loop().time()
        work = {"working": self._work.stop(STOP_PATIENCE)} if self._work else {}
        await ended_by(
            began + WORK_ENDS_WITHIN,
            hearing=self._ground.bells.stop_listening(),
            receiving=self._stop_receiving(),
            **work,
        )
        await ended_by(
            began + STOPS_WITHIN,
            answering=self._telegram.background.close(ANSWER_PATIENCE),
            ringing=self._ground.bells.close(),
        )
        await ended_by(began + STOPS_WITHIN, closing=self._close())
        if self._running:
            log.info("platform_stopped")

    async def _close(self) -> None:
        await self._background.close()
        if self._mind:
            with suppress(DatabaseUnavailable):
                await self._mind.analyzer.flush()
            await self._mind.close()
        if self._presence:
            await self._presence.end()
        await self._telegram.edge.close()
        await self._ground.close()

    async def _stop_receiving(self) -> None:
        if self._registrations:
            # A proxy sends here until it has asked how this process is; a request that finds nobody is lost time.
            await asyncio.sleep(self._settings.drain_seconds)
        await asyncio.gather(self._telegram.edge.stop_receiving(), self._server.stop(), return_exceptions=True)

    def _on_bot(self, bot: Bot, new: bool) -> None:
        if not self._running:
            return
        self._ground.snapshots.accounts.drop(bot.owner_id)
        if self._work:
            # What came while the bot was at rest, or was being put to rest, need not wait for the next sweep.
            self._look_now.set()
        if self._reception and new:
            self._background.begin(self._reception.introduce_bot(bot.id), f"commands of bot {bot.id}")

    def _on_bot_gone(self, _bot_id: int, owner_id: int) -> None:
        self._ground.snapshots.accounts.drop(owner_id)
        self._memory.personalization.clear()


def _mind(ground: Ground) -> "Mind":
    """Imported only by processes that work: a gateway need not hold the analyser's lexicons."""
    mind: Mind = importlib.import_module("maskarad.assembly.mind").Mind(ground)
    return mind


def _work(ground: Ground, telegram: Telegram, mind: "Mind", memory: Memory, role: Role) -> "Work":
    work: Work = importlib.import_module("maskarad.assembly.work").Work(ground, telegram, mind, memory, role)
    return work
