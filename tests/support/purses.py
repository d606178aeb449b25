"""Purses for tests: real ones, with a price table and limits of the test's own."""

from typing import Any

from maskarad.db.engine import Database
from maskarad.db.purses import Most
from maskarad.llm.prices import Prices
from maskarad.metrics import Metrics
from maskarad.purse.limits import Limits
from maskarad.purse.purses import Purses
from maskarad.values import CompletionRequest, Price, PromptMessage
from tests.support.clock import FakeClock

MODEL = "m"
PRICE = Price(prompt=1.0, completion=2.0)
"""A millionth of a dollar a token, and two."""

WITHOUT = Most()


def limits(**most: Most) -> Limits:
    """None but those given."""
    return Limits(**{**dict.fromkeys(("user", "bot", "owner", "spontaneous", "summary"), WITHOUT), **most})


def purses_of(database: Database, clock: FakeClock, metrics: Metrics | None = None, **most: Any) -> Purses:
    return Purses(
        database,
        limits(**most),
        Prices({MODEL: PRICE}, named=()),
        models_for=lambda request: (request.model or MODEL,),
        metrics=metrics or Metrics(),
        clock=clock,
    )


def request(text: str = "hello", *, max_tokens: int = 100, model: str | None = None) -> CompletionRequest:
    message = PromptMessage(role="user", content=text)
    return CompletionRequest(messages=(message,), max_tokens=max_tokens, model=model)
