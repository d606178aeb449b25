"""Who is told of work, in one process."""

from collections.abc import Callable

from maskarad.jobs.bells import Bells, Room

Rung = tuple[str, int, int, float]


class Others:
    """Those that are told, and that ring here."""

    def __init__(self) -> None:
        self.told: list[Rung] = []
        self.heard_by: dict[str, Callable[[int, int], None]] = {}

    def ring(self, queue: str, key: int, bot_id: int, delay: float = 0.0) -> None:
        self.told.append((queue, key, bot_id, delay))

    def listen(self, queue: str, on_ring: Callable[[int, int], None], room: Room | None = None) -> None:
        self.heard_by[queue] = on_ring

    async def run(self, identity: str) -> None: ...

    async def stop_listening(self) -> None:
        self.heard_by["turns"](9, 1)

    async def close(self) -> None: ...


async def test_whoever_stops_passes_on_what_comes_then() -> None:
    here, others = list[tuple[int, int, float]](), Others()
    bells = Bells(others)
    bells.answer("turns", lambda key, bot_id, delay=0.0: here.append((key, bot_id, delay)))
    bells.ring("turns", 1, 1, 0.5)
    others.heard_by["turns"](2, 1)
    bells.ring("delivery", 3, 1)
    assert here == [(1, 1, 0.5), (2, 1, 0.0)]
    assert others.told == [("delivery", 3, 1, 0.0)]
    # What was read and not handed on yet comes while it stops listening.
    await bells.stop_listening()
    bells.ring("turns", 4, 1, 1.5)
    assert len(here) == 2
    assert others.told[1:] == [("turns", 9, 1, 0.0), ("turns", 4, 1, 1.5)]
