"""What people hear when a purse is empty: roughly when it goes on, and nothing of money."""

import math

from maskarad.db.purses import Purse
from maskarad.purse.limits import DAY, end_of
from maskarad.texts import Texts

HOUR = 3_600.0
HOURS_UP_TO = 36
"""From then on it is said in days."""


def rest_notice(texts: Texts, language: str, purse: Purse, now: float) -> str:
    """What the persona says in a chat."""
    return texts.get(language, f"limits.rest.{purse.scope.value}", time=time_left(texts, language, purse, now))


def time_left(texts: Texts, language: str, purse: Purse, now: float) -> str:
    """Until there is a new purse, as "5 hours"."""
    hours = max(math.ceil((end_of(purse) - now) / HOUR), 1)
    if hours <= HOURS_UP_TO:
        return texts.get(language, "limits.time.hours", count=hours)
    return texts.get(language, "limits.time.days", count=round(hours * HOUR / DAY))
