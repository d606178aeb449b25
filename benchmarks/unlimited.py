"""Settings without backups, and without limits of messages, tokens and money: what is measured is work, not how it is
refused or what it would cost. Purses are kept all the same."""

from typing import Any

from maskarad.settings import Settings

_LIMITS = (*(name for name in Settings.model_fields if name.startswith("limit_")), "spontaneity_day_money")

FREE = "*=0/0"

FIELDS: dict[str, Any] = {**dict.fromkeys(_LIMITS, 0), "llm_prices": (FREE,), "backup_hour": -1}
VARIABLES = {**{name.upper(): "0" for name in _LIMITS}, "LLM_PRICES": FREE, "BACKUP_HOUR": "-1"}
