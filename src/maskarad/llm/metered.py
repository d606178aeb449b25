"""The model, with what is asked of it counted by purpose."""

from collections.abc import Iterable
from time import perf_counter
from typing import Protocol

from maskarad.errors import ModelError
from maskarad.metrics import Metrics
from maskarad.values import Completion, CompletionRequest, Purpose, Taken


class Model(Protocol):
    async def complete(self, request: CompletionRequest) -> Completion: ...


class MeteredModel:
    """`model`, asked for one purpose."""

    def __init__(self, model: Model, metrics: Metrics, purpose: Purpose) -> None:
        self._model = model
        self._meter = metrics.model(purpose)

    async def complete(self, request: CompletionRequest) -> Completion:
        """Raises ModelError."""
        began = perf_counter()
        try:
            completion = await self._model.complete(request)
        except ModelError as error:
            self._meter.failed(error, error.reason, seconds=perf_counter() - began)
            self._count(error.taken)
            raise
        self._meter.answered(seconds=perf_counter() - began)
        self._count(completion.in_vain)
        self._meter.took(completion.prompt_tokens, completion.completion_tokens)
        return completion

    def _count(self, in_vain: Iterable[Taken]) -> None:
        for each in in_vain:
            self._meter.took(each.prompt_tokens, each.completion_tokens)
