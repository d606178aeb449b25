"""What costs memory and money, and what only processes that work have: the analyser, the model, what is made of a
history."""

from collections.abc import Callable

from maskarad.assembly.ground import Ground
from maskarad.assembly.memory import Memory
from maskarad.llm.opening import open_model
from maskarad.memory.analyzer import Analyzer, analyze
from maskarad.memory.fold import Folder
from maskarad.memory.learning import Learning
from maskarad.memory.recall import Recall
from maskarad.memory.retention import Retention
from maskarad.values import Bot


class Mind:
    """One a process."""

    def __init__(self, ground: Ground) -> None:
        self.model = open_model(ground.settings)
        self.analyzer = Analyzer(ground.database, clock=ground.clock)
        self.learning = Learning(ground.database, self.analyzer, clock=ground.clock)

    def warm_up(self) -> None:
        """Read the lexicons: the first message need not wait for them."""
        analyze("")

    async def close(self) -> None:
        await self.model.close()


class Remembering:
    """What a turn recalls, and what the background makes of what was said. `find_bot` gives a bot that is served
    here."""

    def __init__(self, ground: Ground, mind: Mind, memory: Memory, *, find_bot: Callable[[int], Bot | None]) -> None:
        settings, database, clock = ground.settings, ground.database, ground.clock
        self.recall = Recall(database, people=memory.personalization.people)
        self.folder = Folder(
            database,
            mind.model,
            find_bot=find_bot,
            persona=ground.snapshots.personas.persona,
            analyze=mind.analyzer.now,
            calls_a_day=settings.summary_calls_per_day if settings.summaries else 0,
            tokens=settings.prompt_tokens,
            clock=clock,
        )
        self.retention = Retention(
            database,
            self.folder,
            messages=settings.history_keep_messages,
            days=settings.history_keep_days,
            clock=clock,
        )
