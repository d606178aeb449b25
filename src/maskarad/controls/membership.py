"""Links follow Telegram: the bot came into a chat, was thrown out of it, or the chat got another id."""

from collections.abc import Awaitable, Callable

import structlog

from maskarad.db import Connection, seen
from maskarad.db import links as rows
from maskarad.db.engine import Database
from maskarad.snapshots import Links
from maskarad.values import Bot, Chat, ChatType, Membership, Migration

log = structlog.get_logger()


class Memberships:
    """All changes are idempotent: the same update twice leaves the same link. `bot_removed` tells the owner."""

    def __init__(
        self,
        database: Database,
        links: Links,
        *,
        bot_removed: Callable[[Bot, Chat], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._links = links
        self._bot_removed = bot_removed
        self._clock = clock

    async def on_membership(self, bot: Bot, change: Membership) -> None:
        """Raises AlreadySeen, DatabaseUnavailable."""
        active, now = change.is_member and change.may_write, self._clock()

        def follow(connection: Connection) -> None:
            seen.once(connection, bot.id, change.update_id, now=now)
            rows.set_member(connection, bot.id, change.chat, active=active, now=now)

        await self._database.write(follow)
        self._links.drop(bot.id, change.chat.id)
        log.info("membership_changed", bot_id=bot.id, active=active, chat_type=change.chat.type.value)
        if not change.is_member and change.chat.type is not ChatType.PRIVATE:
            await self._bot_removed(bot, change.chat)

    async def on_migration(self, bot: Bot, migration: Migration) -> None:
        old, new = migration.old_chat_id, migration.new_chat_id
        await self._database.write(lambda connection: rows.move(connection, bot.id, old, new))
        self.moved(bot.id, old, new)

    def moved(self, bot_id: int, old_chat_id: int, new_chat_id: int) -> None:
        """The database knows of the move; the links in memory do not yet."""
        self._links.drop(bot_id, old_chat_id)
        self._links.drop(bot_id, new_chat_id)
        log.info("chat_moved", bot_id=bot_id)
