"""The troubles of a plan, brought about: processes killed and frozen, servers gone, Telegram in disorder."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from benchmarks.chaos.plan import Trouble
from benchmarks.cluster.cluster import Cluster
from maskarad.sandbox.person import Sandbox
from maskarad.values import Value

KILLING = frozenset({"process killed", "process frozen", "PostgreSQL killed"})
"""What can take a part in flight with it, where it is not the proxy."""
PROXY = "proxy"


class Happened(Value, frozen=True):
    """A trouble that came; Unix seconds, `ended` when all that was broken was there again."""

    trouble: Trouble
    began: float
    ended: float


class Troublemaker:
    """`tell` hears of every trouble as it begins."""

    def __init__(self, cluster: Cluster, sandbox: Sandbox, tell: Callable[[str], None]) -> None:
        self._happened: list[Happened] = []
        self._cluster = cluster
        self._sandbox = sandbox
        self._tell = tell
        self._members = {each.name: each for each in cluster.members}

    async def play(self, troubles: Sequence[Trouble], start: float) -> Sequence[Happened]:
        """From `start` (Unix seconds) on; returns when the last trouble is over."""
        async with asyncio.TaskGroup() as under_way:
            for trouble in troubles:
                await asyncio.sleep(max(start + trouble.at - time.time(), 0.0))
                under_way.create_task(self._bring(trouble))
        return self._happened

    async def _bring(self, trouble: Trouble) -> None:
        self._tell(f"  {trouble.at:6.1f} s  {trouble.kind}: {trouble.target}, for {trouble.seconds:.1f} s")
        began = time.time()
        await self._way_of(trouble)(trouble)
        self._happened.append(Happened(trouble=trouble, began=began, ended=time.time()))

    def _way_of(self, trouble: Trouble) -> Callable[[Trouble], Awaitable[None]]:
        ways: dict[str, Callable[[Trouble], Awaitable[None]]] = {
            "process killed": self._kill,
            "process frozen": self._freeze,
            "Redis killed": self._restart_redis,
            "Redis emptied": self._empty_redis,
            "Redis frozen": self._freeze_redis,
            "PostgreSQL killed": self._restart_postgres,
            "Telegram answers 429": self._refuse,
            "Telegram answers 500": self._refuse,
            "Telegram cuts connections": self._cut,
            "webhooks twice and out of order": self._disorder,
        }
        return ways[trouble.kind]

    async def _kill(self, trouble: Trouble) -> None:
        if trouble.target == PROXY:
            await self._restart(self._cluster.proxy.kill, self._cluster.proxy.start, trouble.seconds)
            return
        member = self._members[trouble.target]
        await member.kill()
        await asyncio.sleep(trouble.seconds)
        await member.launch()
        while not await member.is_well():  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # a page of health rings no bell

    async def _freeze(self, trouble: Trouble) -> None:
        member = self._members[trouble.target]
        member.pause()
        await asyncio.sleep(trouble.seconds)
        member.resume()

    async def _restart_redis(self, trouble: Trouble) -> None:
        await self._restart(self._cluster.redis.kill, self._cluster.redis.start, trouble.seconds)

    async def _empty_redis(self, trouble: Trouble) -> None:
        redis = self._cluster.redis
        await asyncio.to_thread(redis.execute, "FLUSHALL")
        await self._restart_redis(trouble)

    async def _freeze_redis(self, trouble: Trouble) -> None:
        self._cluster.redis.freeze()
        await asyncio.sleep(trouble.seconds)
        self._cluster.redis.thaw()

    async def _restart_postgres(self, trouble: Trouble) -> None:
        await self._restart(self._cluster.postgres.kill, self._cluster.postgres.start, trouble.seconds)

    async def _restart(self, kill: Callable[[], None], start: Callable[[], None], seconds: float) -> None:
        await asyncio.to_thread(kill)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(start)

    async def _refuse(self, trouble: Trouble) -> None:
        chance = Random(trouble.seed)
        await self._sandbox.order_fault(
            trouble.kind.rpartition(" ")[2],
            lasting=trouble.seconds,
            share=chance.uniform(0.2, 1.0),
            retry_after=chance.randint(1, 3),
        )
        await asyncio.sleep(trouble.seconds)

    async def _cut(self, trouble: Trouble) -> None:
        """Half of the time after the call was done, which nobody can tell from before."""
        chance = Random(trouble.seed)
        after = chance.choice(("before", "done"))
        await self._sandbox.order_fault("cut", after=after, lasting=trouble.seconds, share=chance.uniform(0.2, 0.8))
        await asyncio.sleep(trouble.seconds)

    async def _disorder(self, trouble: Trouble) -> None:
        await self._sandbox.order_disorder(trouble.seconds, twice=0.5, late=0.3, within=2.0, seed=trouble.seed)
        await asyncio.sleep(trouble.seconds)
