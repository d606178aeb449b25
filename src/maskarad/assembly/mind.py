"""What costs memory and money, and what only processes that work have: the analyser, the model, what is made of a
history."""

from collections.abc import Callable

from maskarad.assembly.ground import Ground
from maskarad.assembly.memory import Memory
from maskarad.llm.metered import MeteredModel
from maskarad.llm.opening import open_model
from maskarad.llm.prices import Prices
from maskarad.memory.analyzer import Analyzer, analyze
from maskarad.memory.fold import Folder
from maskarad.memory.learning import Learning
from maskarad.memory.recall import Recall
from maskarad.memory.retention import Retention
from maskarad.price_list import read_prices
from maskarad.purse.limits import Limits
from maskarad.purse.pricing import Pricing
from maskarad.purse.purses import Purses
from maskarad.values import Bot, Purpose


class Mind:
    """One a process. Raises SettingsError."""

    def __init__(self, ground: Ground) -> None:
        settings = ground.settings
        self.model = open_model(settings)
        prices = Prices(read_prices(settings.llm_prices), named=(settings.llm_model, *settings.llm_fallback_models))
        self.purses = Purses(
            ground.database,
            Limits.of(settings),
            prices,
            models_for=self.model.models_for,
            metrics=ground.metrics,
            clock=ground.clock,
        )
        self.pricing = Pricing(ground.database, prices, list_prices=self.model.list_prices, clock=ground.clock)
        self._metrics = ground.metrics
        self.analyzer = Analyzer(ground.database, clock=ground.clock)
        self.learning = Learning(ground.database, self.analyzer, clock=ground.clock)

    def model_for(self, purpose: Purpose) -> MeteredModel:
        return MeteredModel(self.model, self._metrics, purpose)

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
            mind.model_for(Purpose.SUMMARY),
            mind.purses,
            find_bot=find_bot,
            persona=ground.snapshots.personas.persona,
            analyze=mind.analyzer.now,
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
