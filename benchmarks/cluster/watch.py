"""How much memory each process takes at the most, and whether one ends by itself."""

import asyncio
from collections.abc import Sequence

from benchmarks.cluster.member import Member

PAUSE = 1.0


class Watch:
    """Looks every second; starts again what has ended by itself, as a supervisor would."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.most: dict[str, float] = {each.name: 0.0 for each in members}
        self.ended: list[str] = []
        self._members = members

    async def run(self) -> None:
        while True:
            for member in self._members:
                self.most[member.name] = max(self.most[member.name], member.resident() or 0.0)
                if member.has_failed:
                    self.ended.append(f"{member.name} ended by itself: {member.last_words()[-300:]}")
                    await member.launch()
            await asyncio.sleep(PAUSE)
