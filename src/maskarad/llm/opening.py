"""The model client as the settings describe it."""

import random
import time

from maskarad.llm.client import ModelClient
from maskarad.settings import Settings


def open_model(settings: Settings) -> ModelClient:
    """Connects to nothing before the first call."""
    return ModelClient(
        base_url=settings.llm_base_url,
        keys=[key.get_secret_value() for key in settings.llm_api_key],
        default_model=settings.llm_model,
        fallback_models=settings.llm_fallback_models,
        timeout=settings.llm_timeout,
        max_connections=settings.llm_max_connections,
        keepalive_expiry=settings.llm_keepalive_expiry,
        clock=time.time,
        random=random.Random(),
    )
