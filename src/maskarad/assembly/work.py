"""What a process with queues does: turns and their delivery, and all that goes on in the background."""

import asyncio
from collections.abc import Callable
from functools import partial

from maskarad.analytics.painter import Painter
from maskarad.assembly.errands import FILES_OF_IMPORTS, build_errands
from maskarad.assembly.ground import Ground
from maskarad.assembly.intake import build_weighing
from maskarad.assembly.memory import Memory
from maskarad.assembly.mind import Mind, Remembering
from maskarad.assembly.speech import build_conversations, build_spontaneity
from maskarad.assembly.telegram import Telegram
from maskarad.backup.schedule import Schedule
from maskarad.db.backups import Backup
from maskarad.intake.weighing import WEIGHING
from maskarad.jobs import tasks
from maskarad.jobs.cleanup import forget_left_files, memory_cleanup_task
from maskarad.jobs.holding import Holding
from maskarad.jobs.periodic import Sleep
from maskarad.jobs.slots import Job
from maskarad.jobs.sweep import Sweep
from maskarad.jobs.wakeup import Wakeups
from maskarad.life.spontaneity import spontaneous_activity_loop
from maskarad.values import Queue, Role

WORK_AT_ONCE = 1000
"""Links worked on at once; most of them wait, for the model (bounded by itself) or in a pause between two parts."""

WEIGHED_AT_ONCE = 50
"""Links in which messages are weighed at once; each has its transaction."""


class Work:
    """One a process that has queues."""

    def __init__(self, ground: Ground, telegram: Telegram, mind: Mind, memory: Memory, role: Role) -> None:
        self._ground = ground
        self._mind = mind
        self._role = role
        self._remembering = Remembering(ground, mind, memory, find_bot=telegram.find_bot)
        self._holding = Holding(ground.database, clock=ground.clock)
        self._conversations = build_conversations(
            ground,
            mind,
            self._remembering,
            telegram.sender,
            self._holding,
            queues=role.queues,
            find_bot=telegram.find_bot,
            moved=telegram.memberships.moved,
            model_failed=telegram.notices.model_failed,
            purse_empty=telegram.notices.purse_empty,
        )
        dropped = ground.metrics.rings.labels("full").inc
        works = {Queue.TURNS: self._conversations.think, Queue.DELIVERY: self._conversations.send}
        self._wakeups = {
            queue: Wakeups(
                work,
                most=WORK_AT_ONCE,
                dropped=dropped,
                failed=ground.metrics.error,
                elsewhere=partial(ground.bells.tell, queue),
            )
            for queue, work in works.items()
            if queue in role.queues
        }
        for queue, wakeups in self._wakeups.items():
            ground.bells.answer(queue, wakeups.ring, partial(wakeups.fewer_than, WORK_AT_ONCE))
        self._weighing = build_weighing(
            ground, memory.personalization, mind.analyzer.now, find_bot=telegram.find_bot, ring=ground.bells.ring
        )
        self._weighings = Wakeups(
            self._weighing.weigh,
            most=WEIGHED_AT_ONCE,
            dropped=dropped,
            failed=ground.metrics.error,
            elsewhere=partial(ground.bells.tell, WEIGHING),
        )
        if Queue.TURNS in role.queues:
            ground.bells.answer(WEIGHING, self._weighings.ring, partial(self._weighings.fewer_than, WEIGHED_AT_ONCE))
        self._sweep = Sweep(ground.database, self._wakeups, holding=self._holding, clock=ground.clock)
        self._painter = Painter(ground.settings.data_dir / "matplotlib")
        self._errands = build_errands(ground, telegram, memory, self._painter)
        self._backups = Schedule(
            ground.database,
            hour=ground.settings.backup_hour,
            ring=self._errands.ring,
            made=self._show_backup,
            clock=ground.clock,
        )
        if Queue.SLOW in role.queues:
            ground.bells.answer(Queue.SLOW, lambda errand_id, _bot_id, _delay=0.0: self._errands.ring(errand_id))
        self._spontaneity = build_spontaneity(
            ground,
            mind,
            memory,
            self._holding,
            find_bot=telegram.find_bot,
            ring=partial(ground.bells.ring, Queue.DELIVERY),
        )

    async def sweep(self) -> None:
        """Look for work that nobody is at."""
        if self._wakeups:
            await self._sweep.look()

    def start(self, every: Callable[[tasks.Task, Job], None]) -> None:
        """Begin what is done at intervals, besides the sweep; `every` runs a job at its task's."""
        if Queue.TURNS in self._role.queues:
            every(tasks.WEIGH, lambda: self._weighing.sweep(self._weighings))
        every(tasks.RENEW, self._holding.renew)
        every(tasks.ANALYSES, self._mind.analyzer.flush)
        every(tasks.PRICES, self._mind.pricing.read)
        if Queue.SLOW in self._role.queues:
            every(tasks.ERRANDS, self._errands.sweep)
            every(tasks.RENEW_ERRANDS, self._errands.renew)
            every(tasks.FOLD, self._remembering.folder.fold_due)
            every(tasks.LEARN, self._mind.learning.round)
            every(tasks.REFRESH_PRICES, self._mind.pricing.refresh)
            every(tasks.MEMORY_CLEANUP, self._clean_up)
            every(tasks.LEFT_FILES, self._forget_left_files)
            every(tasks.BACKUP, self._backups.look)

    async def speak_unasked(self, once_a_slot: Callable[[tasks.Task, Job], Job], sleep: Sleep) -> None:
        """Runs until it is cancelled."""
        task = tasks.SPONTANEOUS_ACTIVITY
        await spontaneous_activity_loop(
            once_a_slot(task, self._spontaneity.look),
            meter=self._ground.metrics.task(task.name),
            clock=self._ground.clock,
            sleep=sleep,
        )

    async def stop(self, patience: float) -> None:
        """Let turns finish for `patience` seconds, give back the others."""
        self._sweep.close()
        self._conversations.begin_no_more()
        turns = (wakeups.close(patience) for wakeups in (*self._wakeups.values(), self._weighings))
        await asyncio.gather(*turns, self._close_errands())

    async def _close_errands(self) -> None:
        await self._errands.close()
        await self._painter.close()

    async def _clean_up(self) -> None:
        await memory_cleanup_task(
            self._ground.database,
            prune=self._remembering.retention.prune,
            clock=self._ground.clock,
        )

    async def _forget_left_files(self) -> None:
        await forget_left_files(self._ground.settings.data_dir / FILES_OF_IMPORTS, clock=self._ground.clock)

    def _show_backup(self, backup: Backup) -> None:
        self._ground.metrics.backup_at.set(backup.made_at)
        self._ground.metrics.backup_bytes.set(backup.bytes)
