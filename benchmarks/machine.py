"""What the machine is, how fast it is at this moment, and how much of it others take."""

import os
import platform
import statistics
import time
from pathlib import Path

import msgspec

LOOP = 200_000
_BUSY_FIELDS = (0, 1, 2, 5, 6, 7)
"""user, nice, system, irq, softirq and steal of /proc/stat (proc(5))."""
_IDLE_FIELDS = (3, 4)


class Machine(msgspec.Struct, frozen=True):
    processor: str
    cores: int
    kernel: str
    python: str


def describe() -> Machine:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return Machine(
        processor=next(names, platform.machine()),
        cores=os.cpu_count() or 1,
        kernel=platform.release(),
        python=platform.python_version(),
    )


def calibrate() -> float:
    """Milliseconds of CPU for a fixed loop of pure Python, the median of five: figures of two machines, or of two hours
    of one, can be held against each other by it."""
    return statistics.median(_loop() for _ in range(5))


def _loop() -> float:
    before = time.process_time()
    total = 0
    for number in range(LOOP):
        total += number & 7
    return (time.process_time() - before) * 1e3


def cpu_of(pid: int) -> float:
    """Seconds of CPU, user and system, that a process with all its threads has used, to the nanosecond: its CPU clock,
    numbered as clock_getcpuclockid(3) does on Linux."""
    return time.clock_gettime(~pid << 3 | 2)


def resident_of(pid: int) -> float:
    """Megabytes (10⁶ bytes) in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ProcessLookupError(f"process {pid} has ended")


class Neighbours:
    """How much of the machine was used by processes that are not part of the measurement."""

    def __init__(self) -> None:
        self._busy, self._all = _ticks()
        self._ours = _own_cpu()

    def share(self) -> float:
        """Since construction, as a share of all cores. What we started must have ended by then."""
        busy, total = _ticks()
        ours = (_own_cpu() - self._ours) * os.sysconf("SC_CLK_TCK")
        return max(0.0, (busy - self._busy - ours) / max(total - self._all, 1))


def _own_cpu() -> float:
    """This process and those of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _ticks() -> tuple[int, int]:
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    busy = sum(fields[index] for index in _BUSY_FIELDS)
    return busy, busy + sum(fields[index] for index in _IDLE_FIELDS)
