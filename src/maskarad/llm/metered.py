"""The model, with what is asked of it counted by purpose."""

from time import perf_counter
from typing import Protocol

from maskarad.errors import ModelError
from maskarad.metrics import Metrics
from maskarad.values import Completion, CompletionRequest


class Model(Protocol):
    async def complete(self, request: CompletionRequest) -> Completion: ...


class MeteredModel:
    """`model`, asked for one of the meters' `PURPOSES`."""

    def __init__(self, model: Model, metrics: Metrics, purpose: str) -> None:
        self._model = model
        self._meter = metrics.model(purpose)

    async def complete(self, request: CompletionRequest) -> Completion:
        """Raises ModelError."""
        began = perf_counter()
        try:
            completion = await self._model.complete(request)
        except ModelError as error:
            self._meter.failed(error, error.reason, seconds=perf_counter() - began)
            raise
        self._meter.answered(
            seconds=perf_counter() - began,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
        )
        return completion
