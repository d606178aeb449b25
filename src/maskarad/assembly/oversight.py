"""How this process is doing: its figures and gauges, and the alerts that operators hear of it and of all others."""

import os
import time
from functools import partial

from msgspec import structs

from maskarad.assembly.ground import Ground
from maskarad.assembly.telegram import Telegram
from maskarad.db import processes
from maskarad.db.processes import Process
from maskarad.jobs import tasks
from maskarad.jobs.background import Background
from maskarad.jobs.presence import Presence, place_of_this
from maskarad.ops.alerts import Alerts
from maskarad.ops.away import Away
from maskarad.ops.gauges import Gauges
from maskarad.ops.lag import LoopLag
from maskarad.ops.post import Post
from maskarad.ops.report import ProcessReport, Reporter, reports
from maskarad.ops.told_file import ToldFile
from maskarad.values import Role


class Oversight:
    """One a process."""

    def __init__(self, ground: Ground, telegram: Telegram, role: Role) -> None:
        settings = ground.settings
        self._ground = ground
        self._presence: Presence | None = None
        self._this = Process(
            id="",
            role=processes.as_text(role),
            polls=role.receives and telegram.edge.polls,
            place=place_of_this(),
            pid=os.getpid(),
            started_at=0.0,
            seen_at=0.0,
        )
        file = settings.database_file
        self._reporter = Reporter(
            ground.metrics,
            telegram.registry,
            receives=role.receives,
            folders=(settings.data_dir, settings.backup_folder, *((file.parent,) if file else ())),
            has_redis=settings.redis_url is not None,
            clock=ground.clock,
        )
        self._gauges = Gauges(
            ground.database,
            telegram.registry,
            ground.metrics,
            figures=lambda: self._reporter.figures,
            clock=ground.clock,
        )
        post = Post(
            telegram.sender,
            ground.texts,
            operators=settings.admin_user_ids,
            default_language=settings.default_language,
        )
        self._alerts = Alerts(
            ground.database,
            post,
            backs_up=settings.backup_hour >= 0,
            own=self._own,
            metrics=ground.metrics,
            clock=ground.clock,
        )
        self._away = Away(
            ground.database,
            post,
            ToldFile(settings.data_dir),
            process_id=lambda: self._presence.id if self._presence else None,
            metrics=ground.metrics,
            clock=ground.clock,
        )

    def report(self) -> str | None:
        """How this process is doing, as it is written with its presence."""
        return self._reporter.as_text()

    async def reports(self) -> tuple[ProcessReport, ...]:
        """How all processes are doing. Raises DatabaseUnavailable."""
        own = self._own()
        return await reports(self._ground.database) if own is None else (own,)

    def start(self, background: Background, presence: Presence | None) -> None:
        """Begin to look. Without a presence this process works alone."""
        every, self._presence = background.every, presence
        self._this = structs.replace(self._this, started_at=self._ground.clock())
        background.begin(LoopLag(self._ground.metrics.loop_lag.set, clock=time.monotonic).run(), "loop lag")
        every(tasks.REPORT, self._reporter.look)
        every(tasks.GAUGES, self._gauges.look)
        every(tasks.DATABASE_WATCH, self._away.look)
        # Where there are others, it may be long until this one looks again whether writing works.
        alone = partial(self._away.watched, "write", self._alerts.look)
        every(tasks.ALERTS, self._alerts.look if presence else alone)

    def _own(self) -> ProcessReport | None:
        """None where there are others: all are read from their rows."""
        if self._presence is not None:
            return None
        this = structs.replace(self._this, seen_at=self._ground.clock())
        return ProcessReport(process=this, figures=self._reporter.figures)
