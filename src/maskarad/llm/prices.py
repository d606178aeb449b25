"""What a call to a model costs: what the operator says, else what the provider says, else what is assumed.

docs/limits.md says it to operators, docs/decisions/purses.md why.
"""

from collections.abc import Iterable, Mapping, Sequence

import structlog

from maskarad.memory.tokens import tokens_of
from maskarad.price_list import EVERY_OTHER
from maskarad.values import CompletionRequest, Price

ASSUMED = Price(prompt=2.5, completion=10.0)
"""What a model without a price costs at least: that of a large model of the middle class."""

TOKENS_A_MESSAGE = 4
"""What a message's role and borders cost beside its words."""

log = structlog.get_logger()


class Prices:
    """`given` is LLM_PRICES as `price_list` reads it; `named` are the models that the settings name. One a process."""

    def __init__(self, given: Mapping[str, Price], *, named: Sequence[str]) -> None:
        self._given = given
        self._named = named
        self._listed: Mapping[str, Price] = {}
        self._missed: set[str] = set()

    def learn(self, listed: Mapping[str, Price]) -> None:
        """What the provider says now; it replaces what it said before."""
        self._listed = dict(listed)

    def of(self, model: str) -> Price:
        price = self._known(model) or self._given.get(EVERY_OTHER)
        if price is not None:
            return price
        price = self._for_unknown()
        if model not in self._missed and len(self._missed) < 100:
            self._missed.add(model)
            log.warning("model_without_price", model=model, prompt=price.prompt, completion=price.completion)
        return price

    def dearest(self, models: Iterable[str], prompt_tokens: int, completion_tokens: int) -> int:
        """What a call that any of these models may answer costs at most, in millionths of a dollar."""
        return max(self.of(model).money(prompt_tokens, completion_tokens) for model in models)

    def _known(self, model: str) -> Price | None:
        """A variant of a model (`name:nitro`) that has no price of its own costs what the model does."""
        for name in dict.fromkeys((model, model.rpartition(":")[0])):
            price = self._given.get(name) or self._listed.get(name)
            if price is not None:
                return price
        return None

    def _for_unknown(self) -> Price:
        """The dearest that this platform is known to use, and never less than `ASSUMED`: of all that a provider sells
        it would be a hundred times what anybody here asks for, and one misspelt name would end a day."""
        named = (price for model in self._named if (price := self._known(model)) is not None)
        known = [ASSUMED, *self._given.values(), *named]
        return Price(prompt=max(price.prompt for price in known), completion=max(price.completion for price in known))


def prompt_tokens_of(request: CompletionRequest) -> int:
    """Estimated: nobody here knows the model's tokenizer."""
    return sum(tokens_of(message.content) + TOKENS_A_MESSAGE for message in request.messages)
