"""Locust as Telegram: each user is one of its connections to the webhook and delivers whatever is due next.

The rate does not wait for the platform: updates are due at their times whether or not those before were answered, and
an answer's time counts from when its update was due, also when every connection was busy then. Importing Locust turns
threads, events and sleep into gevent's.
"""

import os
import threading
import time
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import msgspec
import psutil
from locust import FastHttpUser, constant, events, task
from locust.env import Environment
from locust.exception import StopUser

from benchmarks.load.mix import Update, updates
from benchmarks.load.plan import PLAN_VARIABLE, Plan, Posted, Seen
from benchmarks.machine import cpu_of

LEAD = 0.2
"""Seconds from the last connection's being ready to the first update."""
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Round:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._begun, self._done = threading.Event(), threading.Event()
        self._updates: Iterator[Update] = iter(())
        self._in_work = 0
        self._posted: list[Posted] = []
        self._began_at = 0.0
        self._cpu: dict[str, float] = {}
        self._busy = 0.0

    def begin(self) -> None:
        self._cpu, self._busy = self._used(), _busy()
        self._began_at = time.perf_counter()
        self._updates = updates(self._plan, self._began_at + LEAD)
        self._begun.set()

    def next(self) -> Update | None:
        """None when there are no more."""
        self._begun.wait()
        update = next(self._updates, None)
        if update is not None:
            self._in_work += 1
        elif not self._in_work:
            self._done.set()
        return update

    def note(self, update: Update, status: int) -> None:
        answered = time.perf_counter()
        self._in_work -= 1
        self._posted.append(
            Posted(kind=update.kind, number=update.number, due=update.due, answered=answered, status=status)
        )

    def done(self) -> None:
        """Returns when every update was posted and answered."""
        self._done.wait()

    def end(self) -> None:
        cpu, busy = self._used(), _busy()
        seen = Seen(
            posted=tuple(self._posted),
            seconds=time.perf_counter() - self._began_at,
            cpu={name: used - self._cpu[name] for name, used in cpu.items()},
            busy=busy - self._busy,
        )
        Path(self._plan.seen).write_bytes(msgspec.json.encode(seen))

    def _used(self) -> dict[str, float]:
        """Seconds of CPU so far."""
        watched = self._plan.watched
        named = {os.getpid(), *watched.values()}
        return {"locust": time.process_time(), **{name: _family(pid, named) for name, pid in watched.items()}}


def _family(pid: int, named: Set[int]) -> float:
    """With its children, but for those that are reported under a name of their own."""
    process = psutil.Process(pid)
    children = {child.pid for child in process.children(recursive=True)}
    living = sum(map(_cpu_of_child, children - named))
    times = process.cpu_times()
    return living + cpu_of(pid) + float(times.children_user + times.children_system)


def _cpu_of_child(pid: int) -> float:
    try:
        return cpu_of(pid)
    except OSError:
        return 0.0  # It has ended since: now its parent counts it among those that were.


def _busy() -> float:
    """Seconds of one core that the machine has worked."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


ROUND = Round(msgspec.json.decode(Path(os.environ[PLAN_VARIABLE]).read_bytes(), type=Plan))


class Connection(FastHttpUser):
    wait_time = constant(0)

    @task
    def deliver(self) -> None:
        update = ROUND.next()
        if update is None:
            raise StopUser
        time.sleep(max(0.0, update.due - time.perf_counter()))
        answer = self.client.post(
            f"/telegram/{update.bot.public_id}",
            data=update.body,
            headers={SECRET_HEADER: update.bot.secret, "Content-Type": "application/json"},
            name=update.kind,
        )
        ROUND.note(update, answer.status_code)


def _begin(**_: Any) -> None:
    ROUND.begin()


def _end_when_done(environment: Environment, **_: Any) -> None:
    threading.Thread(target=_end, args=(environment,), daemon=True).start()


def _end(environment: Environment) -> None:
    try:
        ROUND.done()
        ROUND.end()
    finally:
        if environment.runner is not None:
            environment.runner.quit()


events.spawning_complete.add_listener(_begin)  # type: ignore[no-untyped-call]  # of Locust
events.init.add_listener(_end_when_done)  # type: ignore[no-untyped-call]  # of Locust
