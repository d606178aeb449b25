"""How a call to the model is paid: reserved from three purses before it, settled when it has ended.

Whoever makes the call writes the bill, in the transaction that ends its work where there is one. Why it is so, and what
becomes of a process that dies in between, is in docs/decisions/purses.md.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import structlog

from maskarad.db import Connection, purses, turns
from maskarad.db.engine import Database
from maskarad.db.purses import Bill, Share, Spent
from maskarad.errors import DatabaseUnavailable, ModelError, PurseEmpty
from maskarad.llm.prices import Prices, prompt_tokens_of
from maskarad.memory.tokens import tokens_of
from maskarad.metrics import Metrics
from maskarad.purse.limits import MILLIONTHS, Limits, purse_of
from maskarad.values import Bot, Claim, Completion, CompletionRequest, Purpose, Scope, Taken, Usage, Value

log = structlog.get_logger()


PAID_FROM: Mapping[Purpose, Mapping[Scope, int]] = {
    Purpose.TURN: {Scope.USER: 1, Scope.BOT: 1, Scope.OWNER: 1},
    Purpose.SPONTANEOUS: {Scope.SPONTANEOUS: 1, Scope.BOT: 0, Scope.OWNER: 0},
    Purpose.SUMMARY: {Scope.SUMMARY: 1, Scope.BOT: 0, Scope.OWNER: 0},
}
"""Of which purses, and whether the call counts there as a message: a bot's and an owner's count answers."""


class Reservation(Value, frozen=True):
    """What was taken for one call, and for whom it is."""

    bot: Bot
    user_id: int
    purpose: Purpose
    prompt_tokens: int
    tokens: int
    money: int
    shares: tuple[Share, ...]


class Purses:
    """`models_for` tells which models may come to answer a request. One a process."""

    def __init__(
        self,
        database: Database,
        limits: Limits,
        prices: Prices,
        *,
        models_for: Callable[[CompletionRequest], tuple[str, ...]],
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._limits = limits
        self._prices = prices
        self._models_for = models_for
        self._metrics = metrics
        self._clock = clock

    async def reserve(
        self, bot: Bot, purpose: Purpose, request: CompletionRequest, *, user_id: int, claim: Claim | None = None
    ) -> Reservation:
        """Take what the call may cost at most, as far as that is known; from somebody's purse only under a `claim`, for
        they may have been forgotten since it was taken. Raises PurseEmpty, ClaimLost, DatabaseUnavailable."""
        prompt_tokens = prompt_tokens_of(request)
        money = self._prices.dearest(self._models_for(request), prompt_tokens, request.max_tokens)
        tokens = prompt_tokens + request.max_tokens
        holders = {Scope.USER: user_id, Scope.OWNER: bot.owner_id}
        now = self._clock()
        shares = tuple(
            Share(
                purse=purse_of(scope, holders.get(scope, bot.id), now),
                amount=Spent(messages=messages, tokens=tokens, money=money),
                most=self._limits.most(scope),
            )
            for scope, messages in PAID_FROM[purpose].items()
        )

        def take(connection: Connection) -> None:
            if claim is not None:
                turns.hold(connection, claim)
            purses.reserve(connection, shares)

        try:
            await self._database.write(take)
        except PurseEmpty as error:
            self._metrics.limits_reached.labels(error.purse.scope.value).inc()
            log.info("purse_empty", scope=error.purse.scope.value, bot_id=bot.id, purpose=purpose.value)
            raise
        return Reservation(
            bot=bot,
            user_id=user_id,
            purpose=purpose,
            prompt_tokens=prompt_tokens,
            tokens=tokens,
            money=money,
            shares=shares,
        )

    def bill(self, reservation: Reservation, completion: Completion, *, counts: bool = True) -> Bill:
        """For an answer and the tries before it; `counts`: as a message, too. What the server does not tell is
        estimated."""
        answer = Taken(
            model=completion.model,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens or tokens_of(completion.text),
            cost=completion.cost,
        )
        usage = Usage(
            owner_id=reservation.bot.owner_id,
            persona_id=reservation.bot.persona_id,
            bot_id=reservation.bot.id,
            user_id=reservation.user_id,
            completion=completion,
            created_at=self._clock(),
            purpose=reservation.purpose,
        )
        return self._bill(reservation, (*completion.in_vain, answer), counts=counts, usage=usage)

    def bill_failure(self, reservation: Reservation, error: ModelError, *, counts: bool = False) -> Bill:
        """For a call that brought no answer: what its tries took is kept, the rest is given back; `counts`: as a call
        all the same."""
        return self._bill(reservation, error.taken, counts=counts)

    def _bill(
        self, reservation: Reservation, tries: Iterable[Taken], *, counts: bool, usage: Usage | None = None
    ) -> Bill:
        tokens = money = 0
        for each in tries:
            prompt_tokens = each.prompt_tokens or reservation.prompt_tokens
            tokens += prompt_tokens + each.completion_tokens
            if each.cost is None:
                money += self._prices.of(each.model).money(prompt_tokens, each.completion_tokens)
            else:
                money += math.ceil(each.cost * MILLIONTHS)
        self._metrics.model_dollars.inc(money / MILLIONTHS)
        return Bill(differences=_differences(reservation, tokens, money, counts=counts), usage=usage)

    async def pay(self, bill: Bill) -> None:
        """Write a bill by itself, where no transaction ends the work it is for. It is tried once: a commit whose answer
        was lost may have been one. With the database away, what was reserved stays spent."""
        try:
            await self._database.write(partial(purses.pay_late, bill=bill))
        except DatabaseUnavailable as error:
            log.warning("bill_not_written", error=str(error))


def _differences(reservation: Reservation, tokens: int, money: int, *, counts: bool) -> tuple[Share, ...]:
    return tuple(
        Share(
            purse=share.purse,
            amount=Spent(
                messages=0 if counts else -share.amount.messages,
                tokens=tokens - reservation.tokens,
                money=money - reservation.money,
            ),
        )
        for share in reservation.shares
    )
