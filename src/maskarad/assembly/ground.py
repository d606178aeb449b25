"""What every other part stands on, whatever the process does: database, texts, metrics, and what is held in memory."""

import importlib
import secrets
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING

from maskarad.db.engine import Database
from maskarad.db.metered import MeteredDatabase
from maskarad.db.opening import open_database
from maskarad.jobs.bells import Bells
from maskarad.metrics import Metrics
from maskarad.settings import Settings
from maskarad.snapshots import Snapshots
from maskarad.texts import load_texts
from maskarad.values import READY_MOODS, Mood
from maskarad.vault import open_vault

if TYPE_CHECKING:
    from maskarad.jobs.redis_bells import RedisBells
    from maskarad.redis_cache import RedisCache
    from maskarad.redis_scripts import RedisScripts


class Ground:
    """One a process. `chances` makes a source of numbers from 0 to 1, one for each purpose: what one draws does not
    change another's."""

    def __init__(
        self, settings: Settings, *, clock: Callable[[], float], chances: Callable[[], Callable[[], float]]
    ) -> None:
        """Raises SettingsError."""
        self.settings = settings
        self.clock = clock
        self.chances = chances
        self.texts = load_texts()
        self.vault = open_vault(settings.secret_keys, settings.data_dir)
        self.metrics = Metrics()
        opened = open_database(
            settings.database, pool_size=settings.db_pool_size, max_overflow=settings.db_max_overflow
        )
        self.database: Database = MeteredDatabase(opened, self.metrics)
        self.bells = Bells(_bells(settings.redis_url, self.metrics) if settings.redis_url else None)
        self.scripts = _scripts(settings.redis_url, self.metrics) if settings.redis_url else None
        self.shared = _share(settings.redis_url, self.metrics) if settings.redis_url else None
        self.snapshots = Snapshots(
            self.database,
            self._mood_text,
            account_lifetime=settings.cache_ttl_user,
            persona_lifetime=settings.cache_ttl_persona,
            link_lifetime=settings.cache_ttl_menu,
            clock=clock,
            metrics=self.metrics,
            shared=self.shared,
        )

    def _mood_text(self, language: str, mood: Mood) -> tuple[str, str]:
        if mood.key not in READY_MOODS:
            return mood.name, mood.text
        return self.texts.get(language, f"mood.{mood.key}.name"), self.texts.get(language, f"mood.{mood.key}.text")

    async def close(self) -> None:
        """To be called last."""
        if self.shared is not None:
            await self.shared.close()
        if self.scripts is not None:
            await self.scripts.close()
        await self.database.close()


def _bells(url: str, metrics: Metrics) -> "RedisBells":
    """taskiq, too: it is 5 MB and a tenth of a second."""
    bells: RedisBells = importlib.import_module("maskarad.jobs.redis_bells").RedisBells(
        url, consumer=secrets.token_hex(8), metrics=metrics
    )
    return bells


def _scripts(url: str, metrics: Metrics) -> "RedisScripts":
    scripts: RedisScripts = importlib.import_module("maskarad.redis_scripts").RedisScripts(
        url, clock=time.monotonic, metrics=metrics
    )
    return scripts


def _share(url: str, metrics: Metrics) -> "RedisCache":
    """Redis' client is imported only by those who have a Redis: it is 15 MB and half a second."""
    shared: RedisCache = importlib.import_module("maskarad.redis_cache").RedisCache(
        url,
        release=version("maskarad"),
        new_fence=lambda: secrets.token_bytes(8),
        clock=time.monotonic,
        metrics=metrics,
    )
    return shared
