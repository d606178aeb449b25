"""What the manager bot has at hand for operators, and for whoever they have stopped."""

from collections.abc import Awaitable, Callable, Sequence

from maskarad.db import Connection
from maskarad.ops.report import ProcessReport
from maskarad.purse.limits import Limits
from maskarad.values import Value


class Operating(Value, frozen=True):
    """`operators` are Telegram ids. `reports` tells how every process is doing; `order_backup` gives an errand's id, or
    None when one is under way (connection, who asks, their language, now); `stopped_users` are those that this process
    knows of, and `on_stops_changed` is called right after the commit that stopped somebody or something, or let it
    go."""

    operators: frozenset[int]
    limits: Limits
    reports: Callable[[], Awaitable[Sequence[ProcessReport]]]
    order_backup: Callable[[Connection, int, str, float], int | None]
    stopped_users: Callable[[], frozenset[int]]
    on_stops_changed: Callable[[], None]
