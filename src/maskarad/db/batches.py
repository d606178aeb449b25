"""Deleting what is old in steps, so that nobody waits long for the writer."""

from math import inf, nextafter

from sqlalchemy import Column, Connection, bindparam, select


def end_of_batch(connection: Connection, column: Column[float], *, before: float, most: int) -> float:
    """A time before which there are about `most` rows (more only of one and the same time), `before` at the latest:
    what is older is the next step of deleting what is older than `before`. The column is to be indexed."""
    nth = select(column).where(column < bindparam("before")).order_by(column).offset(bindparam("skipped")).limit(1)
    found = connection.execute(nth, {"before": before, "skipped": most - 1}).scalar()
    return before if found is None else nextafter(found, inf)
