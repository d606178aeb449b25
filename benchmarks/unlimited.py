"""Settings without limits of messages, tokens and money: what is measured is work, not how it is refused. Purses are
kept all the same."""

from typing import Any

from maskarad.settings import Settings

_LIMITS = (*(name for name in Settings.model_fields if name.startswith("limit_")), "spontaneity_day_money")

FIELDS: dict[str, Any] = dict.fromkeys(_LIMITS, 0)
VARIABLES = {name.upper(): "0" for name in _LIMITS}
