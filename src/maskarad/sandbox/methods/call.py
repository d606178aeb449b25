"""What a method function is given, and what it may answer."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from maskarad.sandbox.params import Params
from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.world import Bot


class Described(msgspec.Struct, frozen=True):
    """A result that Telegram sends with a `description` beside it."""

    result: Any
    description: str


class Call(msgspec.Struct, frozen=True):
    """One call of one bot. Methods return the `result` and raise `Refused`."""

    telegram: Telegram
    bot: Bot
    params: Params


Method = Callable[[Call], Any] | Callable[[Call], Awaitable[Any]]
