"""Telegram's published flood limits as token buckets; off unless the sandbox is started with `--flood`."""

import math
from collections.abc import Callable

import msgspec

from maskarad.sandbox.params import Params
from maskarad.sandbox.refusal import too_many_requests
from maskarad.sandbox.world import Bot

_COUNTED = frozenset(
    ["sendmessage", "sendphoto", "sendvoice", "senddocument", "sendsticker", "copymessage", "editmessagetext"]
)
_MAX_BUCKETS = 50_000


class _Bucket(msgspec.Struct):
    tokens: float
    at: float


class FloodLimits:
    """30 messages a second per bot, 1 a second per chat with a burst of 3, 20 a minute per group."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, int, int], _Bucket] = {}

    def spend(self, bot: Bot, method: str, params: Params) -> None:
        """Raises `Refused` 429 with the whole seconds to wait; a refused call costs nothing."""
        if method not in _COUNTED:
            return
        chat_id = params.integer("chat_id")
        limits = [(("bot", bot.id, 0), 30.0, 30.0), (("chat", bot.id, chat_id), 1.0, 3.0)]
        if chat_id < 0:
            limits.append((("group", bot.id, chat_id), 20 / 60, 20.0))
        buckets = [(self._filled(name, rate, burst), rate) for name, rate, burst in limits]
        wait = max((1 - bucket.tokens) / rate for bucket, rate in buckets)
        if wait > 0:
            raise too_many_requests(math.ceil(wait))
        for bucket, _ in buckets:
            bucket.tokens -= 1

    def _filled(self, name: tuple[str, int, int], rate: float, burst: float) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(name)
        if bucket is None:
            if len(self._buckets) >= _MAX_BUCKETS:
                self._buckets.clear()
            bucket = self._buckets[name] = _Bucket(burst, now)
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        return bucket
