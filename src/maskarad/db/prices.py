"""What the provider says that models cost."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, func, insert, select

from maskarad.db.tables import model_prices
from maskarad.values import Price

_ALL = select(model_prices.c.model, model_prices.c.prompt, model_prices.c.completion)
_SEEN_AT = select(func.max(model_prices.c.seen_at))
_CLEAR = delete(model_prices)
_ADD = insert(model_prices)


def seen_at(connection: Connection) -> float:
    """When the provider told them; 0.0 where it never did."""
    return float(connection.execute(_SEEN_AT).scalar_one() or 0.0)


def everything(connection: Connection) -> dict[str, Price]:
    return {row[0]: Price(prompt=row[1], completion=row[2]) for row in connection.execute(_ALL)}


def replace(connection: Connection, prices: Mapping[str, Price], *, now: float) -> None:
    """These are all that are known now."""
    connection.execute(_CLEAR)
    rows = [
        {"model": model, "prompt": price.prompt, "completion": price.completion, "seen_at": now}
        for model, price in sorted(prices.items())
    ]
    if rows:
        connection.execute(_ADD, rows)
