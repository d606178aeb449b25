"""Who used the processor: gateways, workers, the servers, and apart from them Telegram's and the people's players."""

import os
from collections.abc import Iterable, Mapping

import psutil

from benchmarks.cluster.cluster import Cluster
from benchmarks.scale.postgres import CountingPostgres
from tests.support.servers import RedisServer

GATEWAY, WORKER, POSTGRESQL, REDIS, PROXY = "gateways", "workers", "PostgreSQL", "Redis", "proxy"
SANDBOX, LOAD, OTHERS = "sandbox", "load", "others"
PLATFORM = (GATEWAY, WORKER, POSTGRESQL, REDIS)
"""What a platform consists of; the proxy is counted apart, since it may be any."""
PARTS = (*PLATFORM, PROXY, SANDBOX, LOAD, OTHERS)


def processes(cluster: Cluster, postgres: CountingPostgres) -> Mapping[str, tuple[int, ...]]:
    """The first process of each part, by part."""
    own = psutil.Process().children(recursive=True)
    return {
        GATEWAY: tuple(each.pid for each in cluster.gateways if each.pid is not None),
        WORKER: tuple(each.pid for each in cluster.workers if each.pid is not None),
        POSTGRESQL: (postgres.pid,),
        REDIS: (information(cluster.redis, "server", "process_id"),),
        PROXY: tuple(each.pid for each in own if each.name() == "caddy"),
        SANDBOX: tuple(each.pid for each in own if "maskarad.sandbox" in each.cmdline()),
    }


def information(redis: RedisServer, section: str, field: str) -> int:
    """A number out of what Redis says of itself."""
    said = redis.execute("INFO", section).decode()
    return int(said.partition(f"\n{field}:")[2].partition("\r")[0])


class Shares:
    """What each part has used since construction."""

    def __init__(self, parts: Mapping[str, tuple[int, ...]]) -> None:
        self._parts = parts
        self._began = self._used()

    def used(self) -> dict[str, float]:
        """Seconds of CPU by part, `others` being the rest of the machine."""
        now = self._used()
        return {part: max(now[part] - self._began[part], 0.0) for part in PARTS}

    def used_by(self, part: str) -> float:
        """Seconds of CPU of one part."""
        return _of_trees(self._parts[part]) - self._began[part]

    def _used(self) -> dict[str, float]:
        found = {part: _of_trees(pids) for part, pids in self._parts.items()}
        found[LOAD] = _of(psutil.Process(os.getpid()), with_ended=False)
        machine = psutil.cpu_times()
        busy = machine.user + machine.nice + machine.system + machine.irq + machine.softirq
        found[OTHERS] = busy - sum(found.values())
        return found


def _of_trees(pids: Iterable[int]) -> float:
    total = 0.0
    for pid in pids:
        first = psutil.Process(pid)
        total += _of(first) + sum(_of(child) for child in first.children(recursive=True))
    return total


def _of(process: psutil.Process, *, with_ended: bool = True) -> float:
    """With its children that have ended; 0 when it ends at this moment."""
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    own = float(used.user + used.system)
    return own + float(used.children_user + used.children_system) if with_ended else own
