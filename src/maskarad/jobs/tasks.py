"""The contents page of background work: all that is done at intervals, under the names that logs and metrics show.

`app.py` and `assembly/` start them, `jobs/periodic.py` runs them.
"""

from maskarad.jobs.leases import RENEWAL
from maskarad.jobs.presence import INTERVAL as PRESENCE_INTERVAL
from maskarad.values import Value


class Task(Value, frozen=True):
    """Seconds: between the end of a run and the next, and before the first. What `is_shared` is done by one process for
    all, once in every interval."""

    name: str
    interval: float
    first_after: float = 0.0
    is_shared: bool = False


DATABASE_INITIALIZATION = "database_initialization_task"
"""Once, at the start: does the schema fit this code? (`jobs/initialization.py`)"""

SWEEP = Task(name="sweep", interval=2.0)
"""Rings for links that have work and nobody at it (`jobs/sweep.py`)."""

WEIGH = Task(name="weigh", interval=2.0)
"""Rings for links in which a gateway left something unweighed that nobody came for (`intake/weighing.py`)."""

RENEW = Task(name="renew", interval=RENEWAL)
"""Keeps the claims of what is being worked on (`jobs/holding.py`)."""

ERRANDS = Task(name="errands", interval=2.0)
"""Takes errands that were not rung for, or that a dead process left (`jobs/errands.py`)."""

RENEW_ERRANDS = Task(name="renew_errands", interval=1.0)
"""Keeps the claims of errands under way, and hears which were cancelled (`jobs/errands.py`)."""

PRESSURE = Task(name="pressure", interval=2.0)
"""Counts what waits, so that crowded bots are heard more slowly (`intake/pressure.py`)."""

CLOCK = Task(name="clock", interval=30.0, first_after=30.0)
"""Sets this process's time by the database's (`clock.py`)."""

CHANGES = Task(name="changes", interval=0.0)
"""Waits for news of bots and personas that others changed, and looks every few seconds (`jobs/changes.py`)."""

GAUGES = Task(name="gauges", interval=5.0, first_after=1.0)
"""Looks at what is not counted as it happens: bots by state, the queue's age, the fullest disk (`ops/gauges.py`)."""

REPORT = Task(name="report", interval=5.0)
"""Gathers how this process is doing, for `processes.report` and alerts (`ops/report.py`)."""

DATABASE_WATCH = Task(name="database_watch", interval=5.0)
"""Looks whether the database is there, and tells operators when it is not (`ops/away.py`)."""

ALERTS = Task(name="alerts", interval=15.0, first_after=30.0, is_shared=True)
"""Looks for what is wrong, and tells operators of it (`ops/alerts.py`)."""

PRESENCE = Task(name="presence", interval=PRESENCE_INTERVAL)
"""Says that this process lives, and tidies away those that do not (`jobs/presence.py`)."""

POLLING = Task(name="polling", interval=0.0)
"""Waits for news of leases, and every few seconds takes and gives back polled bots (`jobs/polling.py`)."""

FOLD = Task(name="fold", interval=5.0, is_shared=True)
"""Makes summaries of what prompts no longer hold (`memory/fold.py`)."""

LEARN = Task(name="learn", interval=15.0, first_after=15.0, is_shared=True)
"""Counts what was said into days and people's habits (`memory/learning.py`)."""

ANALYSES = Task(name="analyses", interval=30.0)
"""Writes what the local analyser has found out (`memory/analyzer.py`)."""

PRICES = Task(name="prices", interval=600.0)
"""Reads what models cost (`purse/pricing.py`)."""

REFRESH_PRICES = Task(name="refresh_prices", interval=3_600.0, first_after=1.0, is_shared=True)
"""Asks the provider for it once a day, and again in an hour where that failed (`purse/pricing.py`)."""

SPONTANEOUS_ACTIVITY = Task(name="spontaneous_activity_loop", interval=10.0, is_shared=True)
"""Lets personas speak unasked (`life/spontaneity.py`)."""

REQUEUED = Task(name="requeued", interval=3.0)
"""Handles updates again that were put aside, when somebody has asked for it (`jobs/requeued.py`)."""

MEMORY_CLEANUP = Task(name="memory_cleanup_task", interval=3_600.0, first_after=60.0, is_shared=True)
"""Forgets what is kept only for a while (`jobs/cleanup.py`)."""

LEFT_FILES = Task(name="left_files", interval=3_600.0, first_after=60.0)
"""Takes away files that imports left on this machine (`jobs/cleanup.py`)."""

BACKUP = Task(name="backup", interval=60.0, first_after=60.0)
"""Looks whether the daily backup is due (`backup/schedule.py`)."""
