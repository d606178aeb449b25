"""What several processes keep together: snapshots that one of them has read, and the news of what was dropped.

Every snapshot has a fence, a Redis key that each drop overwrites. A value is stored with the fence that its reader saw
before it asked the database, and counts only while that is still the fence: a reader that was overtaken by a write
stores what nobody will take. Redis tells every process of each fence that changes (client-side tracking in
broadcasting mode, https://redis.io/docs/latest/develop/reference/client-side-caching/), so that it forgets its own
copy. Imported only by those who have a Redis: its client is 15 MB and half a second.
"""

import asyncio
import random
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError, ResponseError

from maskarad.backoff import Jitter, backoff
from maskarad.cache import Fetched, Ids
from maskarad.metrics import Metrics
from maskarad.redis_connections import end_if_cancelled, open_pool
from maskarad.values import Value

log = structlog.get_logger()

BEGINNING = 2.0
"""Seconds for all that is asked at the beginning."""
SILENCE = 1.0
"""Seconds without news after which the connection is tried; silent for as long again, it counts as dead."""
LONGEST_PAUSE = 5.0
WARNINGS_APART = 60.0
FENCE_LIFETIME = 2 * 86_400
"""Seconds; twice as long as any snapshot may live."""
MOST_BYTES = 65_536
"""A snapshot above this size is not worth sharing."""
MOST_UNSENT = 10_000

FENCE = "fence:"
EVERYTHING = "everything"
NO_FENCE = b""
_NUMBER = re.compile(r"-?[0-9]{1,19}")
INVALIDATED = "__redis__:invalidate"


class _Stored(Value, frozen=True):
    fence: bytes
    read_at: float
    body: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode


class RedisCache:
    """Without Redis nothing is shared and nothing is lost: drops that could not be told are told when it is back."""

    def __init__(
        self,
        url: str,
        *,
        release: str,
        new_fence: Callable[[], bytes],
        clock: Callable[[], float],
        metrics: Metrics,
        jitter: Jitter = random.random,
    ) -> None:
        """`release` keeps apart what differing versions of the code made of the same rows; `clock` never goes back.
        Raises SettingsError."""
        self._redis = Redis.from_pool(open_pool(url))
        self._release = release
        self._fences = self._all_values = self._values = ""
        self._new_fence = new_fence
        self._clock = clock
        self._jitter = jitter
        self._forget: dict[str, Callable[[Ids], None]] = {}
        self._clear: list[Callable[[], None]] = []
        self._up = False
        self._broken = asyncio.Event()
        self._unsent: set[str] = set()
        self._sending: set[str] = set()
        self._sender: asyncio.Task[None] | None = None
        self._warned_at = float("-inf")
        self._warned = False
        self._reads = {result: metrics.shared_cache_reads.labels(result).inc for result in ("hit", "miss", "away")}
        self._shown_up = metrics.shared_cache_up.set

    @property
    def is_up(self) -> bool:
        """Whether Redis answers and tells of other processes' drops."""
        return self._up

    def follow(self, name: str, forget: Callable[[Ids], None], clear: Callable[[], None]) -> None:
        """`forget` is called for everything of that name that another process dropped, `clear` when the news of some
        may have been missed. A process's own drops may come back to it."""
        self._forget[name] = forget
        self._clear.append(clear)

    async def fetch(self, name: str, ids: Ids) -> Fetched | None:
        tag = _tag(name, ids)
        if not self._up or self._is_dropped(tag):
            self._reads["away"]()
            return None
        try:
            stored, fence = cast(
                tuple[bytes | None, bytes | None], await self._redis.mget(self._values + tag, self._fences + tag)
            )
        except (RedisError, OSError) as error:
            self._went_away(error)
            self._reads["away"]()
            return None
        fetched = _fetched(stored, fence or NO_FENCE)
        self._reads["miss" if fetched.body is None else "hit"]()
        return fetched

    async def keep(self, name: str, ids: Ids, body: bytes, *, fence: bytes, read_at: float, lifetime: float) -> None:
        if not self._up or len(body) > MOST_BYTES:
            return
        stored = _encode(_Stored(fence=fence, read_at=read_at, body=body))
        try:
            await self._redis.set(self._values + _tag(name, ids), stored, px=max(1, round(lifetime * 1e3)))
        except (RedisError, OSError) as error:
            self._went_away(error)

    def drop(self, name: str, ids: Ids) -> None:
        """Nothing of this snapshot is fetched or kept until the others can know."""
        self._unsent.add(_tag(name, ids))
        if len(self._unsent) > MOST_UNSENT:
            self._unsent = {EVERYTHING}
        if self._up and self._sender is None:
            self._sender = asyncio.create_task(self._send_while_up(), name="drops to Redis")

    async def run(self, identity: str) -> None:
        """Follow the news, and come back after every outage; until cancelled. Platforms of different identities may
        share a Redis and see nothing of each other."""
        namespace = f"maskarad:{identity}:"
        self._fences, self._all_values = f"{namespace}{FENCE}", f"{namespace}value:"
        self._values = f"{self._all_values}{self._release}:"
        failures = 0
        while True:
            self._broken.clear()
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as feed:
                    async with asyncio.timeout(BEGINNING):
                        await _begin(self._redis, feed, namespace)
                    await self._catch_up()
                    self._is_back()
                    failures = 0
                    await self._listen(feed)
            except (RedisError, OSError) as error:
                self._went_away(error)
            except Exception as error:
                log.exception("redis_cache_failed")
                self._went_away(error)
            failures += 1
            await asyncio.sleep(backoff(failures, self._jitter, LONGEST_PAUSE))

    async def close(self) -> None:
        """Tell what there is to tell, if that is possible at once."""
        if self._sender is not None:
            await self._sender
        await self._redis.aclose()

    async def _listen(self, feed: PubSub) -> None:
        """Returns when a command has failed meanwhile. Raises RedisError when the connection is dead."""
        silent = 0
        while not self._broken.is_set():
            message = await feed.get_message(timeout=SILENCE)
            end_if_cancelled()
            if message is not None:
                silent = 0
                self._heard(message)
                continue
            silent += 1
            if silent > 1:
                raise NoConnection("Redis is silent")
            await feed.ping()

    def _heard(self, message: dict[str, Any]) -> None:
        if message["type"] != "message":
            return
        if message["data"] is None:  # FLUSHALL
            self._clear_all()
            return
        for key in message["data"]:
            self._hear(*key.removeprefix(self._fences.encode()).decode(errors="replace").split(":"))

    def _hear(self, name: str, *ids: str) -> None:
        forget = self._forget.get(name)
        if forget is not None and ids and all(map(_NUMBER.fullmatch, ids)):
            forget(tuple(map(int, ids)))
        else:  # everything, or what only another release understands: it may be anything
            self._clear_all()

    def _is_dropped(self, tag: str) -> bool:
        """Here, and the others cannot know yet."""
        return any(tag in tags or EVERYTHING in tags for tags in (self._unsent, self._sending))

    async def _send_while_up(self) -> None:
        try:
            while self._up and self._unsent:
                await self._send()
        except (RedisError, OSError) as error:
            self._went_away(error)
        finally:
            self._sender = None

    async def _catch_up(self) -> None:
        """Tell what was dropped while nobody could be told. When it returns nothing is left, also nothing that was
        dropped meanwhile."""
        if self._sender is not None:
            await self._sender
        while self._unsent:
            await self._send()

    async def _send(self) -> None:
        """Overwrite the fences of what was dropped; for one caller at a time. Raises RedisError, nothing being
        forgotten then."""
        self._sending, self._unsent = self._unsent, set()
        try:
            if EVERYTHING in self._sending:
                await self._empty()
            async with self._redis.pipeline(transaction=False) as pipeline:
                for tag in self._sending:
                    pipeline.set(self._fences + tag, self._new_fence(), ex=FENCE_LIFETIME)
                    pipeline.unlink(self._values + tag)
                await pipeline.execute()
        except BaseException:
            self._unsent |= self._sending
            raise
        finally:
            self._sending = set()

    async def _empty(self) -> None:
        async for key in self._redis.scan_iter(match=f"{self._all_values}*", count=1_000):
            await self._redis.unlink(key)

    def _is_back(self) -> None:
        self._clear_all()
        self._up = True
        self._shown_up(1)
        if self._warned:
            self._warned = False
            log.info("redis_back")

    def _went_away(self, error: Exception) -> None:
        self._up = False
        self._shown_up(0)
        self._broken.set()
        now = self._clock()
        loud = now - self._warned_at >= WARNINGS_APART
        if loud:
            self._warned_at, self._warned = now, True
        (log.warning if loud else log.debug)(
            "redis_away", error=type(error).__name__, meanwhile="each process keeps its own snapshots"
        )

    def _clear_all(self) -> None:
        for clear in self._clear:
            clear()


async def probe(url: str) -> None:
    """Ask of a Redis all that the cache will ask of it, and what came last of all that is asked of it (XAUTOCLAIM, with
    6.2). Raises SettingsError, RedisError, OSError."""
    async with Redis.from_pool(open_pool(url)) as redis, redis.pubsub() as feed:
        await _begin(redis, feed, "maskarad:probe:")
        try:
            await redis.xautoclaim("maskarad:probe:stream", "nobody", "nobody", min_idle_time=0)
        except ResponseError as error:
            # It knows the command, and that there is no such stream.
            if not str(error).startswith("NOGROUP"):
                raise


async def _begin(redis: Redis, feed: PubSub, namespace: str) -> None:
    """Have Redis tell the feed's connection of every fence that changes; and see that it lets us write, which one that
    is full, or a replica, does not."""
    connection_id = await _ask(feed, "CLIENT", "ID")
    await _ask(feed, "CLIENT", "TRACKING", "ON", "REDIRECT", connection_id, "BCAST", "PREFIX", namespace + FENCE)
    await feed.subscribe(INVALIDATED)
    await redis.set(f"{namespace}tried", b"", ex=1)


def _tag(name: str, ids: Ids) -> str:
    return ":".join((name, *map(str, ids)))


def _fetched(stored: bytes | None, fence: bytes) -> Fetched:
    with suppress(msgspec.MsgspecError):
        kept = _decode(stored or b"")
        if kept.fence == fence:
            return Fetched(fence=fence, read_at=kept.read_at, body=kept.body)
    return Fetched(fence=fence, read_at=0.0, body=None)


async def _ask(feed: PubSub, *words: str) -> str:
    """A command on the connection that will be told."""
    await feed.execute_command(*words)
    return str(cast(object, await feed.parse_response()))
