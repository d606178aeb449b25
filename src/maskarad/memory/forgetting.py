"""/forget_me: one person leaves every store of one persona bot. Each step is a transaction of its own and may be
repeated: what dies in between is done again with the button's press, which Telegram brings once more."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import structlog

from maskarad.db import Connection, analyses, errands, failed_updates, forgetting
from maskarad.db.engine import Database
from maskarad.db.forgetting import NEWEST, OLDEST, Said
from maskarad.memory.analysis import text_hash
from maskarad.memory.exports.texts import id_of_name
from maskarad.memory.personalization import Personalization
from maskarad.snapshots import Links
from maskarad.values import MANAGER_BOT_ID, Bot

log = structlog.get_logger()

LINES_AT_ONCE = 500
PAGES_AT_ONCE = 500
LINES_IN_A_ROW = 20
"""Lines that are looked through before others have their turn: some milliseconds, where they are long."""

SHORTEST_NAME, MOST_NAMES = 2, 20
"""Of somebody with more names the longest are looked for in what the persona said."""


class Forgetting:
    """`finder` makes of a name what finds it in a text, in all its forms; `forget_account` drops what is in memory of a
    user; `clock` gives Unix seconds."""

    def __init__(
        self,
        database: Database,
        forget_analyses: Callable[[Iterable[str]], None],
        personalization: Personalization,
        links: Links,
        *,
        finder: Callable[[str], Callable[[str], bool]],
        forget_account: Callable[[int], None],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._forget_analyses = forget_analyses
        self._personalization = personalization
        self._links = links
        self._finder = finder
        self._forget_account = forget_account
        self._clock = clock

    async def forget(self, bot: Bot, user_id: int) -> int:
        """Erase the person; returns how many messages went (of the private chat the persona's too). Raises
        DatabaseUnavailable."""
        began_at = self._clock()
        await self._database.write(partial(errands.drop, places=_places_of_errands(bot, user_id)))
        reach = await self._database.write(partial(forgetting.begin, bot_id=bot.id, user_id=user_id))
        count, names = 0, set(reach.names)
        if reach.private_id is not None:
            count += await self._erase_private(reach.private_id)
        before = NEWEST
        while lines := await self._erase_in_groups(bot, user_id, before):
            before = lines[-1].id
            names.update(line.name for line in lines if line.name)
            count += len(lines)
        while lines := await self._erase_nameless(reach.group_ids, names):
            count += len(lines)
        finders = [self._finder(name) for name in sorted(names, key=len)[-MOST_NAMES:] if len(name) >= SHORTEST_NAME]
        for link_id in reach.group_ids:
            await self._erase_mentions(link_id, finders)
        is_gone = await self._database.write(
            partial(
                forgetting.finish,
                bot_id=bot.id,
                persona_id=bot.persona_id,
                user_id=user_id,
                group_ids=reach.group_ids,
                names=names,
                since=began_at,
            )
        )
        bot_ids = (bot.id, MANAGER_BOT_ID) if is_gone else (bot.id,)
        await self._database.write(partial(failed_updates.forget_person, bot_ids=bot_ids, user_id=user_id))
        self._links.drop(bot.id, user_id)
        self._personalization.drop(bot.persona_id, user_id)
        if is_gone:
            places = [errands.of_person(user_id), errands.in_chat(MANAGER_BOT_ID, user_id)]
            await self._database.write(partial(errands.drop, places=places))
            self._forget_account(user_id)
        while await self._database.write(partial(forgetting.wipe_index, pages=PAGES_AT_ONCE)):
            pass
        log.info("person_forgotten", bot_id=bot.id, messages=count, groups=len(reach.group_ids))
        return count

    async def _erase_private(self, link_id: int) -> int:
        count, now = 0, self._clock()

        def erase(connection: Connection) -> list[Said]:
            return _with_analyses(connection, forgetting.erase_private(connection, link_id, most=LINES_AT_ONCE), now)

        while lines := await self._database.write(erase):
            self._forget_analyses(line.text for line in lines)
            count += len(lines)
        return count

    async def _erase_in_groups(self, bot: Bot, user_id: int, before: int) -> list[Said]:
        now = self._clock()

        def erase(connection: Connection) -> list[Said]:
            lines = forgetting.erase_in_groups(connection, bot.id, user_id, before=before, most=LINES_AT_ONCE, now=now)
            return _with_analyses(connection, lines, now)

        lines = await self._database.write(erase)
        self._forget_analyses(line.text for line in lines)
        return lines

    async def _erase_nameless(self, group_ids: Sequence[int], names: Iterable[str]) -> list[Said]:
        """What exports that know people by name only brought into the groups where the person is: also the lines of a
        namesake whom they did not know."""
        user_ids, now = sorted(map(id_of_name, names)), self._clock()

        def erase(connection: Connection) -> list[Said]:
            lines = forgetting.erase_nameless(connection, group_ids, user_ids, most=LINES_AT_ONCE, now=now)
            return _with_analyses(connection, lines, now)

        lines = await self._database.write(erase)
        self._forget_analyses(line.text for line in lines)
        return lines

    async def _erase_mentions(self, link_id: int, finders: Sequence[Callable[[str], bool]]) -> None:
        """What the persona said of this person to others. What others said stays theirs."""
        after = OLDEST
        while lines := await self._database.read(
            partial(forgetting.own_lines, link_id=link_id, after=after, most=LINES_AT_ONCE)
        ):
            ids = []
            for number, (line_id, _, text) in enumerate(lines, start=1):
                if any(is_named(text) for is_named in finders):
                    ids.append(line_id)
                if number % LINES_IN_A_ROW == 0:
                    await asyncio.sleep(0)
            if ids:
                await self._database.write(partial(forgetting.erase_lines, ids=ids))
            _, after, _ = lines[-1]


def _places_of_errands(bot: Bot, user_id: int) -> list[str]:
    """Of what they asked of this bot: files and pictures for the private chat, and, of the bot's owner, imports."""
    of_owner = [errands.of_person(user_id)] if user_id == bot.owner_id else []
    return [errands.in_chat(bot.id, user_id), *of_owner]


def _with_analyses(connection: Connection, lines: list[Said], now: float) -> list[Said]:
    analyses.erase(connection, (text_hash(line.text) for line in lines), now=now)
    return lines
