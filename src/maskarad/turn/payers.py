"""Whose purse a turn is paid from: of those whom it answers."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from maskarad.errors import PurseEmpty
from maskarad.values import HistoryLine, Scope

MOST_PAYERS = 3

T = TypeVar("T")


def payers(history: Iterable[HistoryLine]) -> tuple[int, ...]:
    """Who spoke to the persona, the newest first; where nobody did, who may have meant it."""
    unread = [line for line in history if line.unread]
    asking = [line for line in unread if line.addressed] or unread
    return tuple(dict.fromkeys(line.sender_id for line in reversed(asking)))[:MOST_PAYERS]


async def first_who_can(users: Iterable[int], reserve: Callable[[int], Awaitable[T]]) -> T:
    """Of several who ask at once, one with an empty purse does not silence the others. Raises PurseEmpty, of the first
    one's purse or the one that all of them need."""
    empty: PurseEmpty | None = None
    for user_id in users:
        try:
            return await reserve(user_id)
        except PurseEmpty as error:
            if error.purse.scope is not Scope.USER:
                raise
            empty = empty or error
    assert empty is not None
    raise empty
