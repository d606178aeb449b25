"""What a platform remembers of chats and people, and how it learns, folds and forgets."""

from collections.abc import Callable

from maskarad.assembly.ground import Ground
from maskarad.intake.names import Names
from maskarad.memory.dossier import Dossiers
from maskarad.memory.fold import Folder
from maskarad.memory.forgetting import Forgetting
from maskarad.memory.learning import Learning
from maskarad.memory.personalization import Personalization
from maskarad.memory.recall import Recall
from maskarad.memory.retention import Retention
from maskarad.values import Bot


class Memory:
    """`find_bot` gives a bot that is served here."""

    def __init__(self, ground: Ground, *, find_bot: Callable[[int], Bot | None]) -> None:
        settings, database, clock = ground.settings, ground.database, ground.clock
        self.learning = Learning(database, ground.analyzer, clock=clock)
        self.personalization = Personalization(
            database,
            self.learning,
            clock=clock,
            lifetime=settings.cache_ttl_user,
            meter=ground.metrics.cache("known"),
            shared=ground.shared,
        )
        self.recall = Recall(database, people=self.personalization.people)
        self.folder = Folder(
            database,
            ground.model,
            find_bot=find_bot,
            persona=ground.snapshots.personas.persona,
            analyze=ground.analyzer.now,
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
        self.dossiers = Dossiers(database, self.personalization, clock=clock)
        self.forgetting = Forgetting(
            database,
            ground.analyzer,
            self.personalization,
            ground.snapshots.links,
            finder=lambda name: Names(name).matches,
            forget_account=ground.snapshots.accounts.drop,
            clock=clock,
        )
