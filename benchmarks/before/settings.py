"""What the bot is told, in the platform's own variables."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True):
    token: str
    """The manager bot's."""
    api_url: str
    llm_url: str
    llm_key: str
    llm_model: str
    data_dir: Path
    database_url: str
    webhook: bool
    port: int
    webhook_url_base: str
    log_level: str
    keeps_bots: bool
    """The lenient variant: bots are made once and share a connection pool."""


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises KeyError for a variable that is missing."""
    data_dir = Path(environment.get("DATA_DIR", "data"))
    return Settings(
        token=environment["TELEGRAM_BOT_TOKEN"],
        api_url=environment.get("TELEGRAM_API_BASE_URL", "https://api.telegram.org"),
        llm_url=environment.get("LLM_BASE_URL", "https://openrouter.ai/api/v1"),
        llm_key=environment["LLM_API_KEY"],
        llm_model=environment.get("LLM_MODEL", "openai/gpt-4o-mini"),
        data_dir=data_dir,
        database_url=environment.get("DATABASE_URL") or f"sqlite:///{data_dir / 'maskarad.db'}",
        webhook=environment.get("RUN_MODE") == "webhook",
        port=int(environment.get("PORT", "8080")),
        webhook_url_base=environment.get("WEBHOOK_URL_BASE", ""),
        log_level=environment.get("LOG_LEVEL", "info").upper(),
        keeps_bots=environment.get("BEFORE_BOTS") == "kept",
    )
