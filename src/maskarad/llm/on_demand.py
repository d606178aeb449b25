"""The model client, made when it is first needed: importing the SDK takes longer than the rest of the start."""

import asyncio
import importlib
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from maskarad.errors import SettingsError
from maskarad.settings import Settings
from maskarad.values import Completion, CompletionRequest


class ModelOnDemand:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._making: asyncio.Task[Any] | None = None

    async def warm_up(self) -> None:
        """Import the SDK now, in a thread, so that the first turn need not wait for it."""
        await self._client()

    async def complete(self, request: CompletionRequest) -> Completion:
        """Raises ModelError when every key and model has failed."""
        client = await self._client()
        completion: Completion = await client.complete(request)
        return completion

    async def list_models(self) -> Sequence[str]:
        """What the server offers. Raises ModelError."""
        client = await self._client()
        models: Sequence[str] = await client.list_models()
        return models

    async def close(self) -> None:
        if self._making is not None:
            with suppress(SettingsError):
                await (await self._making).close()

    async def _client(self) -> Any:
        if self._making is None:
            self._making = asyncio.create_task(self._make())
        return await asyncio.shield(self._making)

    async def _make(self) -> Any:
        module = await asyncio.to_thread(importlib.import_module, "maskarad.llm.client")
        settings = self._settings
        return module.ModelClient(
            base_url=settings.llm_base_url,
            keys=_keys(settings),
            default_model=settings.llm_model,
            fallback_models=settings.llm_fallback_models,
            timeout=settings.llm_timeout,
            max_connections=settings.llm_max_connections,
            keepalive_expiry=settings.llm_keepalive_expiry,
            clock=time.time,
            random=random.Random(),
        )


def _keys(settings: Settings) -> Sequence[str]:
    return [key.get_secret_value() for key in settings.llm_api_key]
