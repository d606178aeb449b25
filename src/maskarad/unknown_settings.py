"""Variables that somebody took for settings: a limit whose name has a slip in it limits nothing."""

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from pydantic import AliasChoices
from pydantic_settings import DotEnvSettingsSource

from maskarad.settings import ENV_FILE, Settings

PREFIXES = ("ADMIN_USER_", "BACKUP_", "FLOOD_", "LIMIT_", "LLM_", "QUEUE_MOST", "SPONTANEITY_", "TELEGRAM_")
"""In the environment only what begins so is ours: all other programs' variables are there, too."""

OF_COMPOSE = frozenset({"DOMAIN", "POSTGRES_PASSWORD"})
"""What compose.yaml reads from the same .env; so does Compose itself, by these prefixes."""
PREFIXES_OF_COMPOSE = ("COMPOSE_", "DOCKER_", "MASKARAD_")


def unknown_settings(env_file: Path = ENV_FILE) -> list[str]:
    """A sentence for each. Raises UnicodeDecodeError where the file is no text."""
    known = frozenset(_variables())
    in_file = {name.upper() for name in DotEnvSettingsSource(Settings, env_file=env_file).env_vars} - OF_COMPOSE
    ours = {name for name in in_file if not name.startswith(PREFIXES_OF_COMPOSE) or _close(name, known)}
    ours |= {name.upper() for name in os.environ if name.upper().startswith(PREFIXES)}
    return [_sentence(name, known) for name in sorted(ours - known)]


def _variables() -> Iterable[str]:
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names = alias.choices if isinstance(alias, AliasChoices) else (name,)
        yield from (str(each).upper() for each in names)


def _sentence(name: str, known: Iterable[str]) -> str:
    meant = _close(name, known)
    return f"{name} is not a setting{f'; did you mean {meant}?' if meant else ''}"


def _close(name: str, known: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.75)), None)
