"""The context store: what is known of chats, for everything that is not on the way of a message. Intake and turns write
and read the same rows themselves, in transactions of their own (`db/hearing.py`, `db/turns.py`)."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from maskarad.db import Connection, activity, hearing, history, statistics
from maskarad.db.activity import ActiveChat
from maskarad.db.engine import Database
from maskarad.db.opening import make_ready
from maskarad.db.summaries import FOLD_FROM
from maskarad.errors import AlreadySeen
from maskarad.memory.history_import import ImportResult, OnProgress, import_telegram_history
from maskarad.memory.recall import remembered
from maskarad.memory.stats import ChatStats, GlobalStats
from maskarad.memory.window import Context, fitting
from maskarad.telegram.read import read_update
from maskarad.values import Bot, ChatType, HistoryLine, Incoming, JsonObject, SentMessage

ASKED_WITH = 3
"""Relevant lines are those that have to do with so many of the newest."""

MOST_ACTIVE = 10_000
_NOTHING_IS_UNREAD = 2**62


class ContextStore:
    """On one pooled engine; any number of tasks may use it at once. All methods raise DatabaseUnavailable."""

    def __init__(self, database: Database, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def init_db(self) -> None:
        """Make the schema of an empty database. Raises SchemaOutdated for one that this version does not fit."""
        await make_ready(self._database)

    async def save_message(self, link_id: int, message: Incoming) -> bool:
        """Store and count what a person said, without asking for an answer. False: it is stored already. Raises
        NotFound."""
        return await self._save(partial(hearing.keep, link_id=link_id, message=message))

    async def save_message_obj(self, link_id: int, data: JsonObject) -> bool:
        """As `save_message`, of a Message as the Bot API writes it. False too for one that says nothing: somebody
        joined, a title changed. Raises MalformedUpdate, NotFound."""
        message = read_update({"update_id": 0, "message": data}, bot_id=0)
        return isinstance(message, Incoming) and await self.save_message(link_id, message)

    async def add_message_to_context(self, link_id: int, chat_id: int, sent: SentMessage, text: str) -> bool:
        """Store and count what the persona said past its outbox. False: it is stored already. Raises NotFound."""
        now = self._clock()
        return await self._save(
            partial(hearing.keep_own, link_id=link_id, chat_id=chat_id, message=sent, text=text, now=now)
        )

    async def _save(self, keep: Callable[[Connection], None]) -> bool:
        try:
            await self._database.write(keep)
        except AlreadySeen:
            return False
        return True

    async def get_context(self, link_id: int, *, tokens: int) -> Context:
        """What a prompt would hold now: summary, digest, older lines that have to do with the last words, and the
        newest lines, about so many tokens of it all."""
        lines = await self.get_recent_messages(link_id, FOLD_FROM)
        asked = [line.text for line in reversed(lines) if not line.from_persona][:ASKED_WITH]
        return fitting(lines, await remembered(self._database, link_id, asked), tokens)

    async def get_recent_messages(self, link_id: int, most: int) -> list[HistoryLine]:
        """The newest `most` lines, oldest first."""
        return await self._database.read(
            partial(history.latest, link_id=link_id, most=most, answered=_NOTHING_IS_UNREAD)
        )

    async def get_chat_stats(self, link_id: int) -> ChatStats:
        """Raises NotFound. The cost does not depend on how much was said."""
        return await self._database.read(partial(statistics.chat_stats, link_id=link_id))

    async def get_global_stats(self) -> GlobalStats:
        """The cost grows with the number of links, not of messages."""
        return await self._database.read(statistics.global_stats)

    async def get_active_chats(self, since: float) -> list[ActiveChat]:
        """Where a person has written since then and the bot may write, last words first; `MOST_ACTIVE` at most."""
        return await self._database.read(partial(activity.since, at=since, most=MOST_ACTIVE))

    async def import_telegram_history(
        self,
        link_id: int,
        file: Path,
        *,
        bot: Bot,
        chat_type: ChatType,
        pick: str | None = None,
        on_progress: OnProgress = lambda _progress: None,
    ) -> ImportResult:
        """Store an export of Telegram Desktop; `pick` names the chat in it. Raises ExportRefused, NotFound."""
        return await import_telegram_history(
            self._database,
            link_id,
            file,
            bot=bot,
            chat_type=chat_type,
            pick=pick,
            clock=self._clock,
            on_progress=on_progress,
        )
