"""What is looked at every few seconds: memory, files, tasks and lag of each process, and the servers' side."""

import asyncio
import re
import time
from collections.abc import Sequence

import aiohttp
import psutil

from benchmarks.cluster.cluster import DATABASE, Cluster
from benchmarks.cluster.member import Member
from benchmarks.machine import resident_of
from maskarad.values import Value

PAUSE = 5.0
TOKEN = "soak"
"""What whoever looks at a member's figures has to know (METRICS_TOKEN)."""
SAMPLE = re.compile(r"^(maskarad_loop_lag_seconds|maskarad_tasks) (\S+)$", re.MULTILINE)
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
CONNECTIONS = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{DATABASE}'"
REDIS_MEMORY = re.compile(rb"used_memory:(\d+)")
REDIS_CLIENTS = re.compile(rb"connected_clients:(\d+)")


class ProcessSample(Value, frozen=True):
    """`at` is Unix seconds; `lag` the longest that the event loop was late in the last seconds, in seconds."""

    at: float
    resident_mb: float
    files: int
    tasks: int
    lag: float


class ServerSample(Value, frozen=True):
    at: float
    postgres_connections: int
    redis_clients: int
    redis_mb: float


async def of_process(member: Member, session: aiohttp.ClientSession) -> ProcessSample:
    """Raises ProcessLookupError when it does not run, KeyError when its page of metrics lacks something."""
    if member.pid is None:
        raise ProcessLookupError(f"{member.name} does not run")
    async with session.get(member.page("/metrics"), headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        counted = dict(SAMPLE.findall(await answer.text()))
    return ProcessSample(
        at=time.time(),
        resident_mb=resident_of(member.pid),
        files=psutil.Process(member.pid).num_fds(),
        tasks=int(float(counted["maskarad_tasks"])),
        lag=float(counted["maskarad_loop_lag_seconds"]),
    )


async def of_servers(cluster: Cluster) -> ServerSample:
    connections, info = await asyncio.gather(
        asyncio.to_thread(cluster.postgres.execute, CONNECTIONS), asyncio.to_thread(_redis_info, cluster)
    )
    memory, clients = REDIS_MEMORY.search(info), REDIS_CLIENTS.search(info)
    assert memory is not None
    assert clients is not None
    return ServerSample(
        at=time.time(),
        postgres_connections=int(connections),
        redis_clients=int(clients[1]),
        redis_mb=int(memory[1]) / 1e6,
    )


def _redis_info(cluster: Cluster) -> bytes:
    return cluster.redis.execute("INFO", "memory") + cluster.redis.execute("INFO", "clients")


async def rows(cluster: Cluster) -> dict[str, int]:
    """How many rows each table has."""

    def count() -> dict[str, int]:
        names = cluster.postgres.execute(TABLES, database=DATABASE).split()
        counted = cluster.postgres.execute(*(f"SELECT count(*) FROM {name}" for name in names), database=DATABASE)
        return dict(zip(names, map(int, counted.split()), strict=True))

    return await asyncio.to_thread(count)


class Sampler:
    """Looks at everything every few seconds, and keeps what it saw."""

    def __init__(self, cluster: Cluster) -> None:
        self.processes: dict[str, list[ProcessSample]] = {each.name: [] for each in cluster.members}
        self.servers: list[ServerSample] = []
        self._cluster = cluster

    async def run(self, until: float) -> None:
        """Returns at that time, in Unix seconds."""
        async with aiohttp.ClientSession() as session:
            while time.time() < until:
                await self._look(self._cluster.members, session)
                await asyncio.sleep(PAUSE)

    async def _look(self, members: Sequence[Member], session: aiohttp.ClientSession) -> None:
        for member in members:
            self.processes[member.name].append(await of_process(member, session))
        self.servers.append(await of_servers(self._cluster))
