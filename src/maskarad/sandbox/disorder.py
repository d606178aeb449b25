"""The post between Telegram and a webhook: a record of every delivery, and disorder on order."""

from collections.abc import Callable
from random import Random
from typing import Annotated

import msgspec

from maskarad.sandbox.ring import Ring
from maskarad.sandbox.world import Body, Update

DELIVERIES_KEPT = 20_000

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Disorder(msgspec.Struct, frozen=True):
    """For `lasting` seconds a share of the updates is delivered `twice`, and a share `late`: out of its turn, up to
    `within` seconds after it, while the chat's next ones go on. The copy too comes up to `within` seconds after the
    turn. The same `seed` draws the same lots."""

    lasting: Annotated[float, msgspec.Meta(ge=0)]
    twice: Share = 0.0
    late: Share = 0.0
    within: Annotated[float, msgspec.Meta(ge=0, le=60)] = 2.0
    seed: int = 0


class Post:
    """What becomes of each update on its way, and what has become of it. `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.deliveries: Ring[Body] = Ring(DELIVERIES_KEPT)
        self._clock = clock
        self.order(Disorder(lasting=0.0))

    def order(self, disorder: Disorder) -> None:
        self._disorder = disorder
        self._until = self._clock() + disorder.lasting
        self._chance = Random(disorder.seed)

    def start_over(self) -> None:
        self.order(Disorder(lasting=0.0))
        self.deliveries.clear()

    def lateness(self) -> float | None:
        """How many seconds after its turn the next update comes; None: in its turn."""
        return self._lot(self._disorder.late)

    def copy_after(self) -> float | None:
        """How many seconds after its turn it comes once more; None: it does not."""
        return self._lot(self._disorder.twice)

    def _lot(self, share: float) -> float | None:
        if not share or self._clock() >= self._until or self._chance.random() >= share:
            return None
        return self._chance.uniform(0.0, self._disorder.within)

    def note(self, bot: int, update: Update, status: int, seconds: float) -> None:
        """A delivery has ended; `status` 0: without an answer."""
        message = update.body.get("message")
        self.deliveries.append(
            {
                "seq": self.deliveries.next_seq,
                "at": self._clock(),
                "bot_id": bot,
                "update_id": update.id,
                "chat_id": update.lane,
                "message_id": message.get("message_id") if isinstance(message, dict) else None,
                "status": status,
                "seconds": seconds,
            }
        )
