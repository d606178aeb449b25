"""People's reactions to what the persona said: what is disliked is done less."""

from collections.abc import Callable, Sequence

import structlog

from maskarad.db import Connection, reactions, seen
from maskarad.db.engine import Database
from maskarad.intake.access import may_talk
from maskarad.life.feedback import COUNTED_FOR, liking_of, value_of
from maskarad.snapshots import Links
from maskarad.values import Bot, ChatType, ReactionChange

log = structlog.get_logger()


class Reactions:
    """Telegram tells of reactions in private chats, and in groups where the bot is an administrator."""

    def __init__(self, database: Database, links: Links, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._links = links
        self._clock = clock

    async def on_reaction(self, bot: Bot, change: ReactionChange) -> None:
        """One read where the message is not the persona's. Raises DatabaseUnavailable, AlreadySeen."""
        if change.sender.is_bot or not may_talk(bot, change.sender):
            return
        link = await self._links.find(bot, change.chat)
        if link is None:
            return
        link_id = link.id
        if not await self._database.read(lambda connection: reactions.is_own(connection, link_id, change.message_id)):
            return
        now, value = self._clock(), value_of(change.emoji)

        def judge(reacted: Sequence[reactions.Reacted]) -> float:
            return liking_of(reacted, now, one_alone=change.chat.type is ChatType.PRIVATE)

        def record(connection: Connection) -> None:
            seen.once(connection, bot.id, change.update_id, now=now)
            reactions.record(connection, link_id, change, value, judge, since=now - COUNTED_FOR, now=now)

        await self._database.write(record)
        log.debug("reaction_taken", bot_id=bot.id, link_id=link_id, value=value)
