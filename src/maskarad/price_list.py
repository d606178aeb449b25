"""What a model costs, as an operator or a provider writes it."""

from collections.abc import Iterable

from maskarad.errors import SettingsError
from maskarad.values import Price

EVERY_OTHER = "*"
"""In LLM_PRICES: models that are not named there and that the provider gives no price for."""

HIGHEST = 100_000.0
"""Dollars for a million tokens that are believed."""


def read_prices(entries: Iterable[str]) -> dict[str, Price]:
    """From `name=0.15/0.60`. Raises SettingsError."""
    prices: dict[str, Price] = {}
    for entry in entries:
        name, _, amounts = entry.rpartition("=")
        prompt, _, completion = amounts.partition("/")
        price = price_of(prompt, completion)
        if not name or price is None:
            raise SettingsError(f"LLM_PRICES: {entry!r} is not like name=0.15/0.60, dollars for a million tokens")
        prices[name.strip()] = price
    return prices


def price_of(prompt: str, completion: str, *, times: float = 1.0) -> Price | None:
    """None where it is no price: a provider writes -1 for a price that depends on what becomes of the call."""
    try:
        amounts = float(prompt) * times, float(completion) * times
    except ValueError:
        return None
    if not all(0 <= amount <= HIGHEST for amount in amounts):
        return None
    return Price(prompt=amounts[0], completion=amounts[1])
