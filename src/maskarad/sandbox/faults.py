"""Failures on order: which Bot API call fails next, and how."""

from typing import Literal

import msgspec

from maskarad.sandbox.params import Params
from maskarad.sandbox.refusal import Refused, too_many_requests
from maskarad.sandbox.world import Bot

FaultKind = Literal["429", "500", "502", "401", "403", "slow", "cut"]


class Fault(msgspec.Struct):
    """Hits the next `times` calls that match; what is None matches anything. Without a `method` it leaves getUpdates
    alone, or a poller would use it up. `seconds` is how long "slow" waits before the call; `after` tells whether
    "cut" closes the connection before the call takes effect or when it is done."""

    kind: FaultKind
    method: str | None = None
    bot: int | None = None
    chat: int | str | None = None
    retry_after: int = 3
    seconds: float = 1.0
    times: int = 1
    after: Literal["before", "done"] = "before"

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


class Faults:
    """Orders in the sequence they came; the oldest that matches is used first."""

    def __init__(self) -> None:
        self._orders: dict[int, Fault] = {}
        self._next_id = 1

    def order(self, fault: Fault) -> int:
        fault_id, self._next_id = self._next_id, self._next_id + 1
        self._orders[fault_id] = fault
        return fault_id

    def clear(self) -> None:
        self._orders.clear()

    def next_for(self, bot: Bot, method: str, params: Params) -> Fault | None:
        """The fault this call meets, used up by one."""
        found = ((each, fault) for each, fault in self._orders.items() if fault.hits(bot, method, params))
        fault_id, fault = next(found, (0, None))
        if fault is not None:
            fault.times -= 1
            if fault.times <= 0:
                del self._orders[fault_id]
        return fault
