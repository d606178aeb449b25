"""An errand in somebody's hands: what carries one out is given, and what it has to be able to do."""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, auto
from typing import NamedTuple, Protocol, TypeVar

import msgspec
import structlog

from maskarad.db import errands as rows
from maskarad.db.engine import Database
from maskarad.db.errands import ClaimedErrand
from maskarad.errors import ClaimLost, Flooded, MaskaradError, NothingSent, TelegramError, TokenInvalid
from maskarad.jobs.leases import LEASE

log = structlog.get_logger()

MOST_ATTEMPTS = 5

T = TypeVar("T")


class Unreadable(MaskaradError):
    """What was ordered is in a form that this version does not know. Nothing is gained by trying again."""


class Ending(Enum):
    """Why an errand does not come to its own end."""

    CANCELLED = auto()
    """By whoever ordered it."""
    FAILED = auto()
    """It was tried too often, or cannot be read."""
    LOST = auto()
    """Another process has it now."""
    GIVEN_BACK = auto()
    """This process ends."""


class Held:
    """An errand in this process' hands. What it does under a claim that another took raises ClaimLost."""

    def __init__(self, errand: ClaimedErrand, database: Database, clock: Callable[[], float]) -> None:
        self.errand = errand
        self.is_sending = False
        self._database = database
        self._clock = clock

    def read(self, decode: Callable[[str], T]) -> T:
        """What was ordered; `decode` is of msgspec. Raises Unreadable."""
        try:
            return decode(self.errand.payload)
        except msgspec.MsgspecError:
            raise Unreadable("it is in a form that this version does not know") from None

    async def keep(self) -> None:
        """Make sure that nobody else has it, right before something is shown. Raises ClaimLost."""
        until = self._clock() + LEASE
        if not await self._database.write(lambda connection: rows.renew(connection, [self.errand], until=until)):
            raise ClaimLost(f"errand {self.errand.id} is another's now")

    async def note(self, progress: str) -> None:
        """What whoever goes on with it finds in `errand.progress`."""
        await self._database.write(lambda connection: rows.note(connection, self.errand, progress))
        self.errand = msgspec.structs.replace(self.errand, progress=progress)

    async def send(self, sending: Callable[[], Awaitable[object]]) -> None:
        """Send what nobody can take back. Of what certainly did not arrive the error is raised, for another attempt;
        what may have arrived is not sent again, and what Telegram refuses is logged."""
        self.is_sending = True
        await self.keep()
        try:
            await sending()
        except (Flooded, NothingSent):
            raise
        except TelegramError as error:
            # A bot that is new may not be served in this process yet.
            if isinstance(error, TokenInvalid) and self.errand.attempts < MOST_ATTEMPTS:
                raise
            log.info("errand_not_shown", kind=self.errand.kind, error=str(error))


class Carrier(Protocol):
    """How errands of a kind are carried out. Each may happen more than once for the same errand."""

    async def carry_out(self, held: Held) -> None:
        """To the end, from what was noted on. What it raises leads to another attempt."""

    async def greet(self, held: Held) -> None:
        """Tell that it stands in line, and note something: it is asked only while nothing is noted."""

    async def end(self, held: Held, ending: Ending) -> None:
        """The last words when it was cancelled, tried too often, or is in a form that nobody here knows: they need no
        more of it than whom they are for, where even that can be read. Raises Unreadable."""


class Lane(NamedTuple):
    """Kinds of which together so many are carried out at once in a process. `greets`: what waits in line is told so."""

    carriers: Mapping[str, Carrier]
    most: int
    greets: bool = False
