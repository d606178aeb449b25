import asyncio
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from maskarad.db import bots, hearing, links, statistics, turns
from maskarad.db.engine import Database
from maskarad.db.tables import (
    chat_contexts,
    conversation_summaries,
    history_imports,
    interaction_patterns,
    metadata,
)
from maskarad.errors import AlreadySeen, ExportRefused, NotFound
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.exports.texts import id_of_name
from maskarad.memory.history_import import (
    ImportProgress,
    ImportResult,
    OnProgress,
    Stage,
    import_telegram_history,
)
from maskarad.memory.imported_lines import BATCH
from maskarad.memory.learning import Learning
from maskarad.memory.stats import day_of
from maskarad.values import Bot, Chat, ChatType, PartDraft, PartKind, SentMessage, TurnOutcome
from tests.memory.export_files import BEGIN, GROUP_ID, SAMPLES, message, mutated, result
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements, OpenDatabase, connect
from tests.support.people import ALICE
from tests.support.rows import NOW, bot, private, said

SUPERGROUP = Chat(id=-(10**12) - GROUP_ID, type=ChatType.SUPERGROUP, title="Kitchen")
BASIC_GROUP = Chat(id=-2002, type=ChatType.GROUP, title="Kitchen")
BELOW = 2**41


class Desk:
    """A bot in a chat, and imports into it."""

    def __init__(self, database: Database, chat: Chat, link_id: int, of: Bot, clock: FakeClock) -> None:
        self.database = database
        self.link_id = link_id
        self.bot = of
        self.on_progress: OnProgress = lambda _: None
        self._chat = chat
        self._clock = clock

    @classmethod
    async def at(cls, database: Database, clock: FakeClock, chat: Chat = SUPERGROUP) -> "Desk":
        def prepare(connection: Connection) -> tuple[int, Bot]:
            bot_id = bot(connection)
            link = links.find_or_add(connection, bot_id, chat, now=clock())
            return link.id, bots.get(connection, bot_id).bot

        return cls(database, chat, *await database.write(prepare), clock)

    async def load(self, file: Path, pick: str | None = None) -> ImportResult:
        return await import_telegram_history(
            self.database,
            self.link_id,
            file,
            bot=self.bot,
            chat_type=self._chat.type,
            pick=pick,
            clock=self._clock,
            on_progress=lambda progress: self.on_progress(progress),
        )

    async def lines(self, *columns: str) -> list[tuple[Any, ...]]:
        """The link's history, oldest first."""
        wanted = [chat_contexts.c[name] for name in (columns or ("message_order", "text"))]
        ordered = select(*wanted).order_by(chat_contexts.c.message_order)
        return await self.rows(ordered.where(chat_contexts.c.chat_bot_instance_id == self.link_id))

    async def rows(self, statement: Any) -> list[tuple[Any, ...]]:
        return await self.database.read(lambda connection: [tuple(row) for row in connection.execute(statement)])

    async def hear(self, message_id: int, text: str = "live") -> None:
        message = said(message_id, text, chat=self._chat, bot_id=self.bot.id)
        await self.database.write(partial(hearing.keep, link_id=self.link_id, message=message))

    async def learn(self) -> int:
        analyzer = Analyzer(self.database, clock=self._clock)
        return await Learning(self.database, analyzer, clock=self._clock).learn(self.link_id)


@pytest.fixture
async def desk(database: Database, clock: FakeClock) -> Desk:
    return await Desk.at(database, clock)


def chat_of(count: int, **fields: object) -> bytes:
    return result(message(number, f"слово {number}", **fields) for number in range(1, count + 1))


async def test_a_groups_history_becomes_the_links(desk: Desk) -> None:
    summary = await desk.load(SAMPLES / "group")
    assert (summary.chat.name, summary.read, summary.added, summary.known, summary.skipped) == ("Кухня 🍲", 9, 7, 0, 2)
    assert (summary.people, summary.first_at, summary.last_at) == (4, 1703952251.0, 1704103560.0)
    assert await desk.lines("message_order", "user_id", "user_name", "from_persona", "media", "imported") == [
        (-999999998 - BELOW, 1001, "Олена Коваль", False, None, True),
        (2, 1001, "Олена Коваль", False, None, True),
        (3, 1002, "Тарас", False, "sticker", True),
        (4, -1001234567890, "Кухня 🍲", False, "photo", True),
        (5, 1003, "Deleted Account", False, "document", True),
        (7, 7001, "Mira", True, None, True),
        (8, 1002, "Тарас", False, "voice", True),
    ]
    [formatted, sticker, *_] = (
        await desk.lines("text", "html", "edited_at", "reply_to", "forwarded_from", "timestamp", "chat_id", "asked")
    )[1:]
    assert formatted[0].startswith("Рецепт борщу & салату")
    assert formatted[1].startswith("Рецепт <b>борщу &amp; салату</b>")
    assert formatted[2:] == (1704103500.0, None, None, 1704103200.0, SUPERGROUP.id, None)
    assert sticker == ("[sticker 😋]", None, None, 2, None, 1704103260.0, SUPERGROUP.id, None)


async def test_what_was_imported_is_counted(desk: Desk) -> None:
    await desk.load(SAMPLES / "group")
    stats = await desk.database.read(lambda connection: statistics.chat_stats(connection, desk.link_id))
    assert (stats.messages, stats.own_messages, stats.people) == (7, 1, 4)
    assert (stats.first_message_at, stats.last_message_at) == (1703952251.0, 1704103560.0)
    assert {person.name: person.messages for person in stats.top_people}["Олена Коваль"] == 2
    first, last = day_of(1703952251.0), day_of(1704103560.0)
    days = await desk.database.read(lambda connection: statistics.days(connection, desk.link_id, first, last))
    assert {number: day.lines for number, day in days.items()} == {first: 1, last: 6}
    assert days[last].own == 1


async def test_the_same_twice_adds_nothing(desk: Desk) -> None:
    await desk.load(SAMPLES / "group")
    before = await everything(desk.database)
    again = await desk.load(SAMPLES / "group" / "result.json")
    assert (again.added, again.known, again.skipped) == (0, 7, 2)
    assert await everything(desk.database) == before


async def test_a_later_export_adds_what_is_new(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(chat_of(25))
    await desk.load(file)
    file.write_bytes(chat_of(40))
    later = await desk.load(file)
    assert (later.added, later.known) == (15, 25)
    assert [order for order, _ in await desk.lines()] == list(range(1, 41))
    stats = await desk.database.read(lambda connection: statistics.chat_stats(connection, desk.link_id))
    assert (stats.messages, [person.messages for person in stats.top_people]) == (40, [40])
    assert len(await desk.rows(select(conversation_summaries.c.id))) == 1, "one digest a link"


async def test_a_part_of_what_is_known_leaves_the_digest_of_the_whole(desk: Desk, tmp_path: Path) -> None:
    digest = select(conversation_summaries.c.text).where(conversation_summaries.c.kind == "digest")
    whole, part = tmp_path / "whole.json", tmp_path / "part.json"
    whole.write_bytes(chat_of(30))
    part.write_bytes(chat_of(4))
    await desk.load(whole)
    before = await desk.rows(digest)
    assert (await desk.load(part)).added == 0
    assert await desk.rows(digest) == before


async def test_live_messages_are_not_doubled(desk: Desk, tmp_path: Path) -> None:
    await desk.hear(3)
    (tmp_path / "result.json").write_bytes(chat_of(5, date_unixtime=str(int(NOW) + 3)))
    summary = await desk.load(tmp_path / "result.json")
    assert (summary.added, summary.known) == (4, 1)
    assert [text for _, text in await desk.lines()] == ["слово 1", "слово 2", "live", "слово 4", "слово 5"]
    await desk.hear(4)
    with pytest.raises(AlreadySeen):
        await desk.hear(4)
    own = SentMessage(message_id=5, bot_telegram_id=desk.bot.telegram_id, bot_name=desk.bot.name)
    keep_own = partial(hearing.keep_own, link_id=desk.link_id, chat_id=SUPERGROUP.id, message=own, text="mine", now=NOW)
    await desk.database.write(keep_own)
    assert [text for _, text in await desk.lines()] == ["слово 1", "слово 2", "live", "live", "mine"]
    assert await desk.learn() == 1
    stats = await desk.database.read(partial(statistics.chat_stats, link_id=desk.link_id))
    assert (stats.messages, stats.own_messages, sum(each.messages for each in stats.top_people)) == (5, 1, 5)
    days = await desk.database.read(partial(statistics.days, link_id=desk.link_id, first=0, last=10**6))
    assert sum(day.lines for day in days.values()) == 5


async def test_the_persona_s_line_takes_the_place_of_an_imported_one(desk: Desk, tmp_path: Path) -> None:
    """An export of another chat may claim numbers that are still to come."""
    (tmp_path / "result.json").write_bytes(chat_of(6))
    await desk.load(tmp_path / "result.json")
    await desk.database.write(
        partial(hearing.ask, link_id=desk.link_id, message=said(5, "hi", chat=SUPERGROUP), due_at=NOW)
    )
    claimed = await desk.database.write(
        partial(turns.claim, link_id=desk.link_id, token="t", lease=9.0, history_lines=9, now=NOW)
    )
    assert claimed is not None
    outcome = TurnOutcome(answered=claimed.asked, parts=(PartDraft(kind=PartKind.TEXT, text="mine"),))
    (part,) = (await desk.database.write(partial(turns.finish, claim=claimed.claim, outcome=outcome, bill=None))).added
    own = SentMessage(message_id=6, bot_telegram_id=desk.bot.telegram_id, bot_name=desk.bot.name)
    await desk.database.write(partial(turns.sent, claim=claimed.claim, part=part, message=own, now=NOW))
    assert (await desk.lines("text", "from_persona", "imported"))[-2:] == [("hi", False, False), ("mine", True, False)]
    stats = await desk.database.read(partial(statistics.chat_stats, link_id=desk.link_id))
    assert (stats.messages, stats.own_messages) == (6, 1)


async def test_ids_of_an_account_lie_below_all_that_is_live(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """In a basic group everybody has message ids of their own, and the bot has heard what came after its own first."""
    desk = await Desk.at(database, clock, BASIC_GROUP)
    file = tmp_path / "result.json"
    said_live = said(2, chat=BASIC_GROUP).sent_at
    newer = message(900, "heard live", date_unixtime=str(int(said_live)))
    file.write_bytes(
        result([message(700, "one"), message(701, "two", reply_to_message_id=700), newer], type="private_group")
    )
    await desk.hear(2, "live")
    summary = await desk.load(file)
    assert (summary.added, summary.known) == (2, 1)
    assert await desk.lines("message_order", "text", "reply_to") == [
        (700 - BELOW, "one", None),
        (701 - BELOW, "two", 700 - BELOW),
        (2, "live", None),
    ]


async def test_what_another_member_exported_is_not_doubled(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    desk = await Desk.at(database, clock, BASIC_GROUP)
    file = tmp_path / "result.json"
    said_by_all = [message(number) for number in range(1, 31)]
    file.write_bytes(result(said_by_all[:20], type="private_group"))
    await desk.load(file)
    theirs = [{**each, "id": each["id"] + 5_000} for each in said_by_all]
    file.write_bytes(result([*theirs, theirs[-1] | {"id": 5_031}], type="private_group"))
    summary = await desk.load(file)
    assert (summary.added, summary.known) == (11, 20), "the same said twice in a second stays twice"


async def test_another_supergroups_ids_are_not_this_ones(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(result([message(5)], id=GROUP_ID + 1))
    await desk.load(tmp_path / "result.json")
    assert await desk.lines() == [(5 - BELOW, "hello")]


async def test_numbers_that_contradict_their_times_do_not_stand_after_live_talk(desk: Desk, tmp_path: Path) -> None:
    """The export says that it is of this very group; its messages are older than the live one and have higher
    numbers."""
    await desk.hear(3, "live")
    file = tmp_path / "result.json"
    file.write_bytes(result(message(number, f"old {number}") for number in range(900, 903)))
    summary = await desk.load(file)
    assert (summary.added, summary.known) == (3, 0)
    expected = [*((number - BELOW, f"old {number}") for number in range(900, 903)), (3, "live")]
    assert await desk.lines() == expected
    file.write_bytes(result(message(number, f"old {number}") for number in range(900, 904)))
    assert (await desk.load(file)).added == 1
    assert await desk.lines() == [*expected[:3], (903 - BELOW, "old 903"), expected[3]]


async def test_numbers_below_the_live_ones_that_are_much_later_are_of_another_chat(desk: Desk, tmp_path: Path) -> None:
    await desk.hear(500, "live")
    later = str(int(NOW) + 500 + 2 * 86_400)
    (tmp_path / "result.json").write_bytes(result([message(5, "early"), message(6, "late", date_unixtime=later)]))
    summary = await desk.load(tmp_path / "result.json")
    assert (summary.added, summary.known) == (1, 1), "what is later than live talk is left to it"
    assert await desk.lines() == [(5 - BELOW, "early"), (500, "live")]


async def test_numbers_around_the_live_ones_stay_as_they_are(desk: Desk, tmp_path: Path) -> None:
    """Of the persona's own lines our clock tells the time."""
    await desk.hear(500, "live")
    own = SentMessage(message_id=501, bot_telegram_id=desk.bot.telegram_id, bot_name=desk.bot.name)
    keep_own = partial(
        hearing.keep_own, link_id=desk.link_id, chat_id=SUPERGROUP.id, message=own, text="<mine>", now=NOW + 501.5
    )
    await desk.database.write(keep_own)
    entries = [
        message(number, f"said {number}", date_unixtime=str(int(NOW) + number)) for number in (498, 499, 500, 501, 502)
    ]
    (tmp_path / "result.json").write_bytes(result([message(5, "long ago"), *entries]))
    summary = await desk.load(tmp_path / "result.json")
    assert (summary.added, summary.known) == (4, 2)
    assert await desk.lines() == [
        (5, "long ago"),
        (498, "said 498"),
        (499, "said 499"),
        (500, "live"),
        (501, "<mine>"),
        (502, "said 502"),
    ]


async def test_two_accounts_may_have_the_same_numbers(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    desk = await Desk.at(database, clock, private(ALICE))
    file = tmp_path / "result.json"
    one = [message(number, f"one {number}") for number in range(1, 6)]
    other = [
        message(number, f"other {number}", date_unixtime=str(BEGIN + number), reply_to_message_id=number - 1)
        for number in range(4, 9)
    ]
    file.write_bytes(result(one, type="personal_chat", id=5))
    assert (await desk.load(file)).added == 5
    file.write_bytes(result(other, type="personal_chat", id=6))
    summary = await desk.load(file)
    assert (summary.added, summary.known) == (5, 0)
    lines = await desk.lines("message_order", "text", "reply_to")
    assert lines == [
        *((number - 2 * BELOW, f"other {number}", number - 1 - 2 * BELOW) for number in range(4, 9)),
        *((number - BELOW, f"one {number}", None) for number in range(1, 6)),
    ]
    file.write_bytes(result([*other, message(9, "newer")], type="personal_chat", id=6))
    assert (await desk.load(file)).added == 1, "a later export of the second is known by what it has in common"
    edited = [{**each, "text": each["text"] + "!"} for each in one]
    file.write_bytes(result([*edited, message(6, "newest")], type="personal_chat", id=5))
    assert (await desk.load(file)).added == 1, "what was edited meanwhile is the same message"
    orders = [order for order, _ in await desk.lines()]
    assert (orders.count(9 - 2 * BELOW), orders.count(6 - BELOW), len(orders)) == (1, 1, 12)


async def test_pages_of_another_group_do_not_take_the_numbers_of_this_one(desk: Desk) -> None:
    await desk.hear(3)
    await desk.hear(4)
    assert (await desk.load(SAMPLES / "pages")).added == 5
    assert [order for order, _ in await desk.lines()] == [*(number - BELOW for number in range(2, 7)), 3, 4]


async def test_pages_whose_numbers_are_of_another_time_are_of_another_group(desk: Desk) -> None:
    """The bot's first live message is older, and has a higher number."""
    await desk.hear(1)
    before = said(1, chat=SUPERGROUP).sent_at
    assert before > 1704110400.0 + 86_400
    assert (await desk.load(SAMPLES / "pages")).added == 5
    assert [order for order, _ in await desk.lines()] == [*(number - BELOW for number in range(2, 7)), 1]


async def test_pages_of_this_group_have_its_numbers(desk: Desk, tmp_path: Path) -> None:
    await desk.load(SAMPLES / "pages")
    before = await desk.lines()
    page = (SAMPLES / "pages" / "messages.html").read_bytes()
    (tmp_path / "messages.html").write_bytes(page)
    summary = await desk.load(tmp_path / "messages.html")
    assert (summary.added, await desk.lines()) == (0, before)


async def test_pages_go_into_a_supergroup_by_their_ids_and_names(desk: Desk) -> None:
    def met(connection: Connection) -> None:
        rows = [{"user_id": 1005, "name": "Тарас"}, {"user_id": 1001, "name": "Олена Коваль"}]
        rows += [{"user_id": 1006, "name": "Олена Коваль"}]
        rest = {"chat_bot_instance_id": desk.link_id, "messages": 1, "first_at": 1.0, "last_at": 2.0, "data": "{}"}
        connection.execute(interaction_patterns.insert(), [{**row, **rest} for row in rows])

    await desk.database.write(met)
    summary = await desk.load(SAMPLES / "pages")
    assert (summary.added, summary.skipped) == (5, 1)
    namesake = id_of_name("Олена Коваль")
    assert await desk.lines("message_order", "user_id", "from_persona", "forwarded_from") == [
        (2, namesake, False, None),
        (3, namesake, False, None),
        (4, 7001, True, "Новини кухні"),
        (5, 1005, False, None),
        (6, 1005, False, None),
    ]


async def test_in_private_the_other_one_is_the_person(database: Database, clock: FakeClock) -> None:
    desk = await Desk.at(database, clock, private(ALICE))
    await desk.load(SAMPLES / "pages")
    assert {user for (user,) in await desk.lines("user_id")} == {ALICE.id, 7001}


async def test_of_an_account_the_chat_of_the_link_is_taken(database: Database, clock: FakeClock) -> None:
    desk = await Desk.at(database, clock, private(ALICE))
    assert (await desk.load(SAMPLES / "account")).chat.name == "Mira"
    assert await desk.lines("message_order", "user_id", "from_persona") == [
        (501 - BELOW, 1001, False),
        (502 - BELOW, 7001, True),
    ]


async def test_of_an_account_the_group_of_the_link_is_taken(database: Database, clock: FakeClock) -> None:
    desk = await Desk.at(database, clock, BASIC_GROUP)
    assert (await desk.load(SAMPLES / "account")).chat.name == "Kitchen"


@pytest.mark.parametrize("pick", ["Kitchen", "KITCHEN", "2002", "-2002", "-1000000002002"])
async def test_a_chat_of_an_account_is_named(desk: Desk, pick: str) -> None:
    assert (await desk.load(SAMPLES / "account", pick)).chat.name == "Kitchen"


async def test_an_account_without_chats_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(b'{"chats": {"list": []}}')
    with pytest.raises(ExportRefused, match="empty"):
        await desk.load(tmp_path / "result.json")


async def test_which_chats_there_are_is_told(desk: Desk) -> None:
    with pytest.raises(ExportRefused) as several:
        await desk.load(SAMPLES / "account")
    listed = "Mira (7001), Saved Messages (1001), Kitchen (2002)"
    assert (several.value.reason, several.value.values["chats"]) == ("several_chats", listed)
    with pytest.raises(ExportRefused) as unknown:
        await desk.load(SAMPLES / "account", "Bathroom")
    assert (unknown.value.reason, unknown.value.values["chats"]) == ("unknown_chat", listed)


async def everything(database: Database) -> dict[str, list[Any]]:
    """All rows of all tables."""

    def read(connection: Connection) -> dict[str, list[Any]]:
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in metadata.tables.values()}

    return await database.read(read)


LONG = chat_of(BATCH + 30)
LAST = f"слово {BATCH + 30}".encode()
BROKEN: Sequence[bytes] = (
    b"",
    b"nothing of the kind",
    LONG[:-5],
    LONG.replace(f'"id": {BATCH + 30}'.encode(), b'"id": "x"'),
    LONG.replace(LAST, b"\xff\xfe"),
    LONG.replace(LAST, b"a" * 3_000_000),
)


@pytest.mark.parametrize("content", BROKEN, ids=["empty", "foreign", "truncated", "odd", "encoding", "large"])
async def test_of_a_broken_file_nothing_is_stored(desk: Desk, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(content)
    before = await everything(desk.database)
    with pytest.raises(ExportRefused):
        await desk.load(tmp_path / "result.json")
    assert await everything(desk.database) == before


async def test_an_interrupted_import_goes_on(desk: Desk, open_again: OpenDatabase, tmp_path: Path) -> None:
    file, total = tmp_path / "result.json", 2 * BATCH + 100
    service = {"id": 1, "type": "service"}
    entries = [message(number, f"слово {number}") if number % 7 else service for number in range(1, total + 1)]
    file.write_bytes(result(entries))
    said_in = [number for number in range(1, total + 1) if number % 7]
    importing = asyncio.ensure_future(desk.load(file))

    def stop_half_way(progress: ImportProgress) -> None:
        if progress.stage is Stage.STORING and progress.done == BATCH:
            importing.cancel()

    desk.on_progress = stop_half_way
    with pytest.raises(asyncio.CancelledError):
        await importing
    stored = len(await desk.lines())
    assert stored == len([number for number in said_in if number <= BATCH])
    assert await desk.rows(select(history_imports.c.read_messages, history_imports.c.finished_at)) == [(BATCH, None)]

    desk.database = open_again()  # as a process does that starts again
    summary = await desk.load(file)
    assert (summary.read, summary.added, summary.known) == (total, len(said_in) - stored, stored)
    assert (summary.people, summary.first_at) == (1, BEGIN + 60.0), "the digest is of everything"
    assert [order for order, _ in await desk.lines()] == said_in
    states = select(history_imports.c.read_messages, history_imports.c.added, history_imports.c.skipped)
    assert await desk.rows(states) == [(total, len(said_in), total - len(said_in))]
    stats = await desk.database.read(lambda connection: statistics.chat_stats(connection, desk.link_id))
    assert (stats.messages, [person.messages for person in stats.top_people]) == (len(said_in), [len(said_in)])


async def test_an_interrupted_import_goes_on_under_its_numbers(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    desk = await Desk.at(database, clock, private(ALICE))
    file, total = tmp_path / "result.json", BATCH + 100
    file.write_bytes(result([message(5, "another's", date_unixtime="1")], type="personal_chat", id=5))
    await desk.load(file)
    file.write_bytes(chat_of(total))
    importing = asyncio.ensure_future(desk.load(file))

    def stop_half_way(progress: ImportProgress) -> None:
        if progress.stage is Stage.STORING and progress.done == BATCH:
            importing.cancel()

    desk.on_progress = stop_half_way
    with pytest.raises(asyncio.CancelledError):
        await importing
    assert len(await desk.lines()) == BATCH + 1
    summary = await desk.load(file)
    assert (summary.added, summary.known) == (100, BATCH)
    assert [order for order, _ in await desk.lines()] == [
        *(number - 2 * BELOW for number in range(1, total + 1)),
        5 - BELOW,
    ]


async def test_two_imports_of_the_same_file_at_once(desk: Desk, tmp_path: Path) -> None:
    file, total = tmp_path / "result.json", 2 * BATCH + 100
    file.write_bytes(chat_of(total))
    await asyncio.gather(*(desk.load(file) for _ in range(3)))
    assert [order for order, _ in await desk.lines()] == list(range(1, total + 1))
    stats = await desk.database.read(lambda connection: statistics.chat_stats(connection, desk.link_id))
    assert (stats.messages, [person.messages for person in stats.top_people]) == (total, [total])


async def test_progress_is_told(desk: Desk, tmp_path: Path) -> None:
    file, total = tmp_path / "result.json", 2 * BATCH + 100
    file.write_bytes(chat_of(total))
    told: list[ImportProgress] = []
    desk.on_progress = told.append
    await desk.load(file)
    checking = [each for each in told if each.stage is Stage.CHECKING]
    assert checking[-1].done == checking[-1].total == file.stat().st_size
    storing = [ImportProgress(stage=Stage.STORING, done=done, total=total) for done in (0, BATCH, 2 * BATCH, total)]
    assert told == [*checking, *storing]


async def test_a_batch_costs_the_same_statements_however_many_lines_it_has(
    desk: Desk, statements: CountStatements, tmp_path: Path
) -> None:
    counts = []
    for number in (2, BATCH - 1):
        (tmp_path / "result.json").write_bytes(chat_of(number))
        with statements(desk.database) as seen:
            await desk.load(tmp_path / "result.json")
        counts.append(seen.count)
    assert counts[0] == counts[1] < 30


async def test_a_link_that_is_gone(desk: Desk) -> None:
    desk.link_id += 1
    with pytest.raises(NotFound):
        await desk.load(SAMPLES / "group")


async def test_forgotten_it_can_be_imported_again(desk: Desk) -> None:
    await desk.load(SAMPLES / "group")
    await desk.database.write(lambda connection: links.forget(connection, desk.link_id, now=FakeClock()()))
    assert await desk.rows(select(conversation_summaries.c.text)) == []
    assert (await desk.load(SAMPLES / "group")).added == 7


async def test_a_chat_that_is_erased_meanwhile_gets_no_more(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(chat_of(6 * BATCH))
    erasing: list[asyncio.Task[int]] = []

    async def erase() -> int:
        return await desk.database.write(lambda connection: links.forget(connection, desk.link_id, now=FakeClock()()))

    def erase_half_way(progress: ImportProgress) -> None:
        if progress.stage is Stage.STORING and progress.done == BATCH:
            erasing.append(asyncio.ensure_future(erase()))

    desk.on_progress = erase_half_way
    with pytest.raises(NotFound, match="erased"):
        await desk.load(file)
    [erased] = erasing
    assert await erased >= BATCH
    assert await desk.lines() == []
    desk.on_progress = lambda _: None
    assert (await desk.load(file)).added == 6 * BATCH


async def test_the_digest_tells_who_is_who_and_how_they_speak(desk: Desk, tmp_path: Path) -> None:
    evening = [
        message(number, "ну таке, борщ смачний 😂", date_unixtime=str(1704132000 + number)) for number in range(1, 31)
    ]
    other = {"from": 'Bob "the cook"\n', "from_id": "user1003"}
    morning = [
        message(number, "ну таке, cooking soup today", date_unixtime=str(1704182000 + number), **other)
        for number in range(31, 41)
    ]
    (tmp_path / "result.json").write_bytes(result([*evening, *morning]))
    await desk.load(tmp_path / "result.json")
    [(text, first, last)] = await desk.rows(
        select(
            conversation_summaries.c.text, conversation_summaries.c.from_order, conversation_summaries.c.to_order
        ).where(conversation_summaries.c.kind == "digest")
    )
    assert (first, last) == (1, 40)
    assert "40 messages of 2 people, 2024-01-01 to 2024-01-02" in text
    assert '"Боб" 75 %' in text
    assert '"Bob \\"the cook\\"" 25 %' in text, "people's words are JSON strings"
    assert "Ukrainian" in text
    assert "😂" in text
    assert '"ну таке"' in text
    assert len(text) <= 1500


async def test_a_digest_of_one_message(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(result([message(1, "я")]))
    await desk.load(tmp_path / "result.json")
    [(text,)] = await desk.rows(select(conversation_summaries.c.text))
    assert "1 message of 1 person," in text
    assert "usually 1 letter a message" in text


async def test_a_digest_stays_short(desk: Desk, tmp_path: Path) -> None:
    entries = [
        message(
            number,
            " ".join(f"дуже{'довге' * 9}слово{number % 9} {'w' * 500}{number % 5} смачно" for _ in range(3))
            + "😂🔥👍❤️" * 9,
            **{"from": f"{'Ї' * 200} {number % 30}", "from_id": f"user{1000 + number % 30}"},
        )
        for number in range(1, 301)
    ]
    (tmp_path / "result.json").write_bytes(result(entries))
    await desk.load(tmp_path / "result.json")
    [(text,)] = await desk.rows(select(conversation_summaries.c.text))
    assert len(text) <= 1500


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["group/result.json", "account/result.json", "pages/messages.html"]), st.integers(0, 2**32))
def test_a_mutated_export_is_stored_whole_or_not_at_all(sqlite_template: Path, sample: str, seed: int) -> None:
    async def load(folder: Path) -> None:
        file = folder / "export"
        file.write_bytes(mutated((SAMPLES / sample).read_bytes(), seed, 2))
        database = connect(f"sqlite:///{shutil.copy(sqlite_template, folder / 'maskarad.db')}")
        try:
            desk = await Desk.at(database, FakeClock())
            before = await everything(database)
            try:
                summary = await desk.load(file, "Kitchen" if sample.startswith("account") else None)
            except ExportRefused:
                assert await everything(database) == before
            else:
                assert len(await desk.lines()) == summary.added == summary.read - summary.skipped - summary.known
        finally:
            await database.close()

    with TemporaryDirectory() as folder:
        asyncio.run(load(Path(folder)))
