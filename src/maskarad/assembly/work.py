"""What a process with queues does: turns and their delivery, and all that goes on in the background."""

from collections.abc import Awaitable, Callable

from maskarad.assembly.ground import Ground
from maskarad.assembly.memory import Memory
from maskarad.assembly.mind import Mind, Remembering
from maskarad.assembly.speech import build_conversations, build_spontaneity
from maskarad.assembly.telegram import Telegram
from maskarad.jobs import tasks
from maskarad.jobs.cleanup import memory_cleanup_task
from maskarad.jobs.periodic import Sleep
from maskarad.jobs.wakeup import Wakeups
from maskarad.life.spontaneity import spontaneous_activity_loop
from maskarad.values import Queue, Role

WORK_AT_ONCE = 1000
"""Links worked on at once; most of them wait, for the model (bounded by itself) or in a pause between two parts."""

FILES_OF_IMPORTS = "imports"
"""Folder in DATA_DIR in which imports keep the files that they are reading."""

Job = Callable[[], Awaitable[object]]


class Work:
    """One a process that has queues."""

    def __init__(self, ground: Ground, telegram: Telegram, mind: Mind, memory: Memory, role: Role) -> None:
        self._ground = ground
        self._mind = mind
        self._role = role
        self._remembering = Remembering(ground, mind, memory, find_bot=telegram.find_bot)
        self._conversations = build_conversations(
            ground,
            mind,
            self._remembering,
            telegram.sender,
            find_bot=telegram.find_bot,
            moved=telegram.memberships.moved,
            model_failed=telegram.notices.model_failed,
        )
        self._wakeups = Wakeups(self._conversations.work, most=WORK_AT_ONCE)
        self.ring = self._wakeups.ring
        self._spontaneity = build_spontaneity(
            ground, mind, memory, self._conversations, find_bot=telegram.find_bot, ring=self.ring
        )

    async def sweep(self) -> None:
        """Look for work that nobody is at."""
        await self._conversations.sweep(self.ring)

    def start(self, every: Callable[[tasks.Task, Job], None]) -> None:
        """Begin what is done at intervals; `every` runs a job at its task's."""
        every(tasks.SWEEP, self.sweep)
        every(tasks.RENEW, self._conversations.renew)
        every(tasks.ANALYSES, self._mind.analyzer.flush)
        if Queue.SLOW in self._role.queues:
            every(tasks.FOLD, self._remembering.folder.fold_due)
            every(tasks.LEARN, self._mind.learning.round)
            every(tasks.MEMORY_CLEANUP, self._clean_up)

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
        await self._wakeups.close(patience)

    async def _clean_up(self) -> None:
        await memory_cleanup_task(
            self._ground.database,
            prune=self._remembering.retention.prune,
            files=self._ground.settings.data_dir / FILES_OF_IMPORTS,
            clock=self._ground.clock,
        )
