"""What may be spent in a day or a month, as the settings say, and which day or month it is."""

from datetime import UTC, datetime

from maskarad.db.purses import NO_LIMIT, Most, Purse
from maskarad.settings import Settings
from maskarad.values import Scope, Value

DAY = 86_400.0
MILLIONTHS = 1_000_000
"""Money is counted in millionths of a dollar."""


class Limits(Value, frozen=True):
    """What each purse may spend in its period."""

    user: Most
    bot: Most
    owner: Most
    spontaneous: Most
    summary: Most

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(
            user=_most(settings.limit_user_day_messages, settings.limit_user_day_tokens, settings.limit_user_day_money),
            bot=_most(settings.limit_bot_day_messages, settings.limit_bot_day_tokens, settings.limit_bot_day_money),
            owner=_most(
                settings.limit_owner_month_messages, settings.limit_owner_month_tokens, settings.limit_owner_month_money
            ),
            spontaneous=Most(
                messages=settings.spontaneity_calls_per_day, money=_millionths(settings.spontaneity_day_money)
            ),
            summary=Most(messages=settings.summary_calls_per_day if settings.summaries else 0),
        )

    def most(self, scope: Scope) -> Most:
        most: Most = getattr(self, scope.value)
        return most


def period_of(scope: Scope, now: float) -> int:
    """Whole days since 1970, of an owner whole months; UTC."""
    if scope is not Scope.OWNER:
        return int(now // DAY)
    today = datetime.fromtimestamp(now, UTC)
    return 12 * (today.year - 1970) + today.month - 1


def end_of(purse: Purse) -> float:
    """When a new period begins."""
    if purse.scope is not Scope.OWNER:
        return (purse.period + 1) * DAY
    years, months = divmod(purse.period + 1, 12)
    return datetime(1970 + years, months + 1, 1, tzinfo=UTC).timestamp()


def purse_of(scope: Scope, holder: int, now: float) -> Purse:
    return Purse(scope=scope, holder=holder, period=period_of(scope, now))


def _most(messages: int, tokens: int, money: float) -> Most:
    return Most(messages=messages or NO_LIMIT, tokens=tokens or NO_LIMIT, money=_millionths(money))


def _millionths(dollars: float) -> int:
    return max(round(dollars * MILLIONTHS), 1) if dollars else NO_LIMIT
