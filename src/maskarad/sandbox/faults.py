"""Failures on order: which Bot API call fails next, and how."""

from collections.abc import Callable
from random import Random
from typing import Annotated, Literal

import msgspec

from maskarad.sandbox.params import Params
from maskarad.sandbox.refusal import Refused, too_many_requests
from maskarad.sandbox.world import Bot

FaultKind = Literal["429", "500", "502", "401", "403", "slow", "cut"]


class Fault(msgspec.Struct):
    """Hits the next `times` calls that match; what is None matches anything. Without a `method` it leaves getUpdates
    alone, or a poller would use it up. `seconds` is how long "slow" waits before the call; `after` tells whether
    "cut" closes the connection before the call takes effect or when it is done. With `lasting` it is not counted: for
    so many seconds it hits a `share` of all calls that match."""

    kind: FaultKind
    method: str | None = None
    bot: int | None = None
    chat: int | str | None = None
    retry_after: int = 3
    seconds: float = 1.0
    times: int = 1
    after: Literal["before", "done"] = "before"
    lasting: float | None = None
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0

    def hits(self, bot: Bot, method: str, params: Params) -> bool:
        named = method != "getupdates" if self.method is None else self.method.lower() == method
        return named and self.bot in (None, bot.id) and self._in_chat(bot, params)

    def _in_chat(self, bot: Bot, params: Params) -> bool:
        if self.chat is None:
            return True
        chat_id = params.text("chat_id")
        return str(self.chat) in (chat_id, f"{chat_id}:{bot.id}")

    def refusal(self) -> Refused:
        """The answer of a fault that is an HTTP error."""
        answers = {
            "429": too_many_requests(self.retry_after),
            "500": Refused(500, "Internal Server Error"),
            "502": Refused(502, "Bad Gateway"),
            "401": Refused(401, "Unauthorized"),
            "403": Refused(403, "Forbidden: bot was blocked by the user"),
        }
        return answers[self.kind]


class _Order(msgspec.Struct, frozen=True):
    fault: Fault
    until: float | None
    chance: Random


class Faults:
    """Orders in the sequence they came; the oldest that matches is used first. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._orders: dict[int, _Order] = {}
        self._next_id = 1

    def order(self, fault: Fault) -> int:
        fault_id, self._next_id = self._next_id, self._next_id + 1
        until = None if fault.lasting is None else self._clock() + fault.lasting
        self._orders[fault_id] = _Order(fault, until, Random(fault_id))
        return fault_id

    def clear(self) -> None:
        self._orders.clear()

    def next_for(self, bot: Bot, method: str, params: Params) -> Fault | None:
        """The fault this call meets; one that is counted is used up by one."""
        for fault_id, order in list(self._orders.items()):
            if self._is_over(order):
                del self._orders[fault_id]
            elif order.fault.hits(bot, method, params) and order.chance.random() < order.fault.share:
                self._use(fault_id, order)
                return order.fault
        return None

    def _is_over(self, order: _Order) -> bool:
        return order.until is not None and self._clock() >= order.until

    def _use(self, fault_id: int, order: _Order) -> None:
        if order.until is None:
            order.fault.times -= 1
            if order.fault.times <= 0:
                del self._orders[fault_id]
