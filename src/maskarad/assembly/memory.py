"""What a platform knows of people, whatever the process does."""

from collections.abc import Callable, Iterable

from maskarad.assembly.ground import Ground
from maskarad.intake.names import Names
from maskarad.memory.dossier import Dossiers
from maskarad.memory.forgetting import Forgetting
from maskarad.memory.personalization import Learn, Personalization


class Memory:
    """`learn` brings what was said last in a link into what is known; `forget_analyses` drops what is in memory of
    texts that were erased."""

    def __init__(self, ground: Ground, *, learn: Learn, forget_analyses: Callable[[Iterable[str]], None]) -> None:
        settings, database, clock = ground.settings, ground.database, ground.clock
        self.learn = learn
        self.personalization = Personalization(
            database,
            learn,
            clock=clock,
            lifetime=settings.cache_ttl_user,
            meter=ground.metrics.cache("known"),
            shared=ground.shared,
        )
        self.dossiers = Dossiers(database, self.personalization, clock=clock)
        self.forgetting = Forgetting(
            database,
            forget_analyses,
            self.personalization,
            ground.snapshots.links,
            finder=lambda name: Names(name).matches,
            forget_account=ground.snapshots.accounts.drop,
            clock=clock,
        )


async def learn_later(link_id: int, *, most: int | None = None) -> int:
    """For processes that have no analyser: others learn in the background, seconds later."""
    return 0


def nothing_in_memory(_texts: Iterable[str]) -> None:
    """For processes that analyse nothing."""
