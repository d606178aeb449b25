"""How much memory each process takes at the most, and whether one ends by itself."""

import asyncio
from collections.abc import Sequence

from benchmarks.cluster.member import Member

PAUSE = 1.0
IN_VAIN = "maskarad: the database cannot be used"
"""The last word of a process that found no database when it started."""


class Watch:
    """Looks every second; starts again what has ended by itself, as a supervisor would."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.most: dict[str, float] = {each.name: 0.0 for each in members}
        self.ended: list[str] = []
        self.in_vain = 0
        """Starts while there was no database."""
        self._members = members

    async def run(self) -> None:
        while True:
            for member in self._members:
                self.most[member.name] = max(self.most[member.name], member.resident() or 0.0)
                if member.has_failed:
                    self._note(member)
                    await member.launch()
            await asyncio.sleep(PAUSE)

    def _note(self, member: Member) -> None:
        words = member.last_words().rstrip()
        if words.rpartition("\n")[2].startswith(IN_VAIN):
            self.in_vain += 1
        else:
            self.ended.append(f"{member.name} ended by itself: {words[-300:]}")
