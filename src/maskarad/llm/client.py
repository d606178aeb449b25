"""Chat completions with one policy for everything that can go wrong: keys, tries, waits, models, circuits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random

import structlog

from maskarad.errors import ModelError, ModelKeyRejected, ModelRetryable
from maskarad.llm.answer import AnswerReader
from maskarad.llm.breaker import Breaker
from maskarad.llm.failures import OptionRefused
from maskarad.llm.keys import KeyRing
from maskarad.llm.wire import ListedModel, Wire
from maskarad.price_list import price_of
from maskarad.values import Completion, CompletionRequest, JsonObject, Price, Taken, Value

TRIES = 3
"""Tries of one model that fail for a passing reason."""
TIMEOUTS_IN_ALL = 2
"""All tries of all models together may take this many timeouts, so that a fallback has a whole one to itself."""
SILENCE_SHARE = 0.5
"""Once a stream has begun, it may be silent for this share of the timeout."""
DRAIN = 0.5
"""Seconds to wait for the end of the body after the last event: a body read to its end keeps its connection."""
PATIENCE = 3.0
"""Seconds worth waiting for a model while another one is left to try."""
REJECTED_KEY_RESTS = 60.0
"""Seconds before a key that was refused is tried again: its owner may have paid or corrected it."""
FIRST_PAUSE = 0.5
"""Seconds before the second try of a model; each further pause is twice as long, and up to half of it is random."""

_log = structlog.get_logger(__name__)


class _Answer(Value, frozen=True):
    text: str
    prompt_tokens: int
    completion_tokens: int
    cost: float | None


class ModelClient:
    """One per process: all bots share its connections, its limit of calls in flight and what it has learned about
    keys and models. `timeout` bounds one try, twice as much the whole of `complete` once it has begun."""

    def __init__(
        self,
        *,
        base_url: str,
        keys: Sequence[str],
        default_model: str,
        fallback_models: Sequence[str] = (),
        timeout: float,
        max_connections: int,
        keepalive_expiry: float,
        clock: Callable[[], float],
        random: Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._wire = Wire(
            base_url=base_url,
            keys=keys,
            max_connections=max_connections,
            keepalive_expiry=keepalive_expiry,
            clock=clock,
        )
        self._default_model = default_model
        self._fallback_models = tuple(fallback_models)
        self._timeout = timeout
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._keys = KeyRing(self._wire.key_count)
        self._breaker = Breaker()
        self._unsupported: dict[str, frozenset[str]] = {}
        self._slots = asyncio.Semaphore(max_connections)

    async def complete(self, request: CompletionRequest) -> Completion:
        """Ask the request's model, then the fallback models in their order.

        Raises ModelError with the first model's reason, and what all tries took, when none answered. Token counts are
        0 where the server does not tell them. Waiting for a free slot is not part of the latency.
        """
        models = self.models_for(request)
        failures: list[tuple[str, ModelError]] = []
        taken: list[Taken] = []
        async with self._slots:
            started_at = self._clock()
            ends_at = started_at + TIMEOUTS_IN_ALL * self._timeout
            for model in models:
                try:
                    answer = await self._ask(model, request, ends_at, taken, last=model == models[-1])
                except ModelError as error:
                    failures.append((model, error))
                    continue
                return Completion(
                    text=answer.text,
                    model=model,
                    prompt_tokens=answer.prompt_tokens,
                    completion_tokens=answer.completion_tokens,
                    latency=self._clock() - started_at,
                    cost=answer.cost,
                    in_vain=tuple(taken),
                )
        detail = "; ".join(f"{model}: {str(error).removeprefix('model: ')}" for model, error in failures)
        raise ModelError(failures[0][1].reason, detail, taken=tuple(taken))

    def models_for(self, request: CompletionRequest) -> tuple[str, ...]:
        """Those that may come to answer it, in their order."""
        return tuple(dict.fromkeys((request.model or self._default_model, *self._fallback_models)))

    async def list_models(self) -> tuple[str, ...]:
        """What the server offers, by one cheap call with the next key. Raises ModelError."""
        return tuple(model.id for model in await self._listed())

    async def list_prices(self) -> dict[str, Price]:
        """Of the models whose price the server tells; of most servers none. Raises ModelError."""
        prices = {model.id: _price(model.pricing) for model in await self._listed()}
        return {name: price for name, price in prices.items() if price is not None}

    async def _listed(self) -> tuple[ListedModel, ...]:
        key = self._keys.next(self._default_model, self._clock()).key
        try:
            async with asyncio.timeout(self._timeout):
                return await self._wire.models(key)
        except TimeoutError:
            raise ModelRetryable("timeout") from None

    async def close(self) -> None:
        await self._wire.close()

    async def _ask(
        self, model: str, request: CompletionRequest, ends_at: float, taken: list[Taken], *, last: bool
    ) -> _Answer:
        """What the tries took that gave no answer is added to `taken`."""
        failed = 0
        while True:
            patience_ends_at = ends_at if last else min(ends_at, self._clock() + PATIENCE)
            key = await self._free_key(model, patience_ends_at)
            if not self._breaker.allows(model, self._clock()):
                raise ModelError("unavailable", "left alone after failures")
            try:
                answer = await self._try(model, key, request, ends_at)
            except ModelError as error:
                taken.extend(error.taken)
                failed += isinstance(error, ModelRetryable)
                self._learn(model, key, error)
                wait = self._wait_before_next_try(error, failed, last=last)
                if self._clock() + wait >= patience_ends_at:
                    raise
                _log.info("model_try_failed", model=model, key=key, reason=error.reason, wait=wait)
            else:
                self._breaker.succeeded(model)
                return answer
            if wait:
                await self._sleep(wait)

    async def _free_key(self, model: str, until: float) -> int:
        turn = self._keys.next(model, self._clock())
        if self._clock() + turn.wait >= until:
            raise ModelError(turn.reason or "timeout", "no key is free in time")
        if turn.wait:
            await self._sleep(turn.wait)
        return turn.key

    def _learn(self, model: str, key: int, error: ModelError) -> None:
        """Remember what the failure says about the key and the model."""
        now = self._clock()
        if error.reason in ("unavailable", "timeout"):
            self._breaker.failed(model, now)
            return
        self._breaker.succeeded(model)
        if isinstance(error, ModelKeyRejected):
            _log.warning("model key rejected", model=model, key=key, reason=error.reason)
            self._keys.rest(key, model, now + REJECTED_KEY_RESTS, error.reason, now)
        elif isinstance(error, ModelRetryable) and error.reason == "rate_limited":
            pause = FIRST_PAUSE if error.retry_after is None else error.retry_after
            self._keys.rest(key, model, now + pause, error.reason, now)

    def _wait_before_next_try(self, error: ModelError, failed: int, *, last: bool) -> float:
        """Seconds until the same model may be asked again; infinite when it should not be."""
        if isinstance(error, ModelKeyRejected):
            return 0.0
        if not isinstance(error, ModelRetryable) or failed >= TRIES:
            return float("inf")
        if error.reason == "timeout" and not last:
            return float("inf")
        if error.reason == "rate_limited":
            # It is the key that waits, as long as the provider said: another key goes at once.
            return 0.0
        pause = FIRST_PAUSE * 2.0 ** (failed - 1) * self._random.uniform(0.5, 1.0)
        return max(pause, error.retry_after or 0.0)

    async def _try(self, model: str, key: int, request: CompletionRequest, ends_at: float) -> _Answer:
        """One try; a server that refuses optional parameters is asked again without them, and that is kept."""
        unsupported = self._unsupported.get(model, frozenset())
        while True:
            payload = _payload(model, request, unsupported)
            try:
                answer = await self._call(model, key, payload, min(self._timeout, ends_at - self._clock()))
            except OptionRefused as refusal:
                unsupported |= refusal.options
                continue
            if unsupported:
                self._unsupported[model] = unsupported
            return answer

    async def _call(self, model: str, key: int, payload: JsonObject, limit: float) -> _Answer:
        reader = AnswerReader()
        try:
            await self._read(reader, key, payload, limit)
            text = reader.finish()
        except TimeoutError:
            raise ModelRetryable("timeout", taken=(reader.taken(model),)) from None
        except ModelError as error:
            if reader.has_begun:
                error.taken = (reader.taken(model),)
            raise
        return _Answer(
            text=text,
            prompt_tokens=reader.prompt_tokens,
            completion_tokens=reader.completion_tokens,
            cost=reader.cost,
        )

    async def _read(self, reader: AnswerReader, key: int, payload: JsonObject, limit: float) -> None:
        """Raises TimeoutError when the answer is not whole in time, ModelError."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + limit

        def receive(chunk: bytes) -> None:
            reader.feed(chunk)
            silence = DRAIN if reader.done else self._timeout * SILENCE_SHARE
            bound.reschedule(min(ends_at, loop.time() + silence))

        try:
            async with asyncio.timeout_at(ends_at) as bound:
                await self._wire.complete(key, payload, receive)
        except TimeoutError:
            if not reader.done:
                raise


def _price(pricing: object) -> Price | None:
    """From dollars for a token, which OpenRouter writes as strings."""
    if not isinstance(pricing, dict):
        return None
    return price_of(str(pricing.get("prompt")), str(pricing.get("completion")), times=1e6)


def _payload(model: str, request: CompletionRequest, unsupported: frozenset[str]) -> JsonObject:
    payload: JsonObject = {
        "model": model,
        "messages": request.messages,
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
        "response_format": {"type": "json_object"},
    }
    for option in unsupported:
        del payload[option]
    return payload
