"""The errand of storing a chat of an export."""

from collections.abc import Callable

from maskarad.analytics.figures import zone_of
from maskarad.db import Connection, bots, imports
from maskarad.jobs.held import Held
from maskarad.manager.bulletin import Tell
from maskarad.manager.carrying_in import Import, Means, fetching
from maskarad.manager.endings import Came, Stored
from maskarad.manager.errands import Carrying, read_carrying
from maskarad.manager.screens import carrying_in as screens
from maskarad.memory.history_import import ImportProgress, Stage, import_telegram_history
from maskarad.memory.recall import remembered
from maskarad.texts import Words
from maskarad.values import Bot, Chat, Screen


class Stores(Import[Carrying]):
    """`time_zone` (an IANA name) is the clock of what is told in the end."""

    def __init__(self, means: Means, *, time_zone: str) -> None:
        super().__init__(means)
        self._zone = zone_of(time_zone)

    def _read(self, held: Held) -> Carrying:
        return held.read(read_carrying)

    async def _work(self, what: Carrying, words: Words, tell: Tell) -> Came:
        number, exported, clock = what.number, what.exported, self._means.clock
        bot, chat = await self._database.read(lambda c: _goal(c, what))
        async with self._means.exports.fetched(what.document, fetching(words, number, tell)) as path:
            result = await import_telegram_history(
                self._database,
                what.link_id,
                path,
                bot=bot,
                chat_type=chat.type,
                pick=str(exported.id) if exported.id else exported.name or None,
                clock=clock,
                on_progress=_Progress(words, number, tell, clock),
            )
        stored = await self._database.read(lambda c: imports.added(c, what.link_id)) - what.stored
        # What an attempt before this one has stored is new all the same.
        earlier = min(max(stored - result.added, 0), result.known)
        return Stored(
            added=result.added + earlier,
            known=result.known - earlier,
            skipped=result.skipped,
            people=result.people,
            first_at=result.first_at,
            last_at=result.last_at,
        )

    async def _screen(self, what: Carrying, words: Words, came: Came) -> Screen | None:
        if not isinstance(came, Stored):
            return None
        bot, chat = await self._database.read(lambda c: _goal(c, what))
        digest = (await remembered(self._database, what.link_id, ())).digest
        return screens.done(words, bot, chat, came, digest, self._zone)


def _goal(connection: Connection, what: Carrying) -> tuple[Bot, Chat]:
    """The bot, and its chat that shall remember. Raises NotFound."""
    return bots.get(connection, what.bot_id).bot, imports.target(connection, what.link_id).chat


class _Progress:
    """What the importer says, as screens."""

    def __init__(self, words: Words, number: int, tell: Tell, clock: Callable[[], float]) -> None:
        self._words = words
        self._number = number
        self._tell = tell
        self._clock = clock
        self._begun: tuple[float, int] | None = None

    def __call__(self, progress: ImportProgress) -> None:
        done, total = progress.done, progress.total
        if progress.stage is Stage.CHECKING:
            self._tell(screens.checking(self._words, self._number, done, total))
            return
        now = self._clock()
        if self._begun is None:
            self._begun = now, done
        began_at, began_with = self._begun
        rate = (done - began_with) / max(now - began_at, 1e-3)
        self._tell(screens.storing(self._words, self._number, done, total, rate))
