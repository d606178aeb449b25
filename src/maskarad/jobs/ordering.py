"""Ordering an errand and ringing for it, as everybody does who orders one by itself."""

from collections.abc import Callable
from functools import partial

from maskarad.db import errands
from maskarad.db.engine import Database
from maskarad.db.errands import NewErrand


class Ordering:
    """`ring` tells whoever carries out errands."""

    def __init__(self, database: Database, *, ring: Callable[[int], None], clock: Callable[[], float]) -> None:
        self._database = database
        self._ring = ring
        self._clock = clock

    async def order(self, new: NewErrand, *, most: int) -> bool:
        """False: one of the kind is under way in its place, or `most` wait. Raises DatabaseUnavailable."""
        errand_id = await self._database.write(partial(errands.order, new=new, most=most, now=self._clock()))
        if errand_id is not None:
            self._ring(errand_id)
        return errand_id is not None
