"""A persona remembers what has to do with what it is asked, from this chat and no other, with one look."""

from functools import partial

import pytest
from sqlalchemy import Connection, text

from maskarad.db import turns
from maskarad.db.engine import Database
from maskarad.db.recall import MOST_RELEVANT, find
from maskarad.memory.people import PersonNote
from maskarad.memory.recall import Recall, remembered
from maskarad.memory.remembered import NOTHING, Remembered
from maskarad.memory.terms import MOST_STEMS, stems_of, term
from maskarad.values import Bot, ClaimedLink
from tests.memory.folding import BOT, TellingModel, a_link, folder, found, say, texts
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements
from tests.support.plans.partitions import analyze
from tests.support.plans.work import work_of

TOLD = '{"summary": "There is a kettle."}'


async def people(_bot: Bot, _link: ClaimedLink) -> tuple[PersonNote, ...]:
    return (PersonNote(user_id=1002, name="Боб", address="Бобчик"),)


async def folded(database: Database, clock: FakeClock, link: int) -> None:
    await folder(database, TellingModel(TOLD), clock).fold(link)


async def claimed(database: Database, link: int, question: str, *, after: int) -> ClaimedLink:
    await say(database, link, range(after, after + 1), question)
    await database.write(
        lambda connection: connection.execute(
            text("UPDATE chat_contexts SET asked = 1 WHERE message_order = :after AND chat_bot_instance_id = :link"),
            {"after": after, "link": link},
        )
    )
    await database.write(
        lambda connection: connection.execute(
            text("UPDATE chat_bot_instances SET asked = 1 WHERE id = :link"), {"link": link}
        )
    )
    found_link = await database.write(
        partial(turns.claim, link_id=link, token="t", lease=8.0, history_lines=80, now=2_000_000_000.0)
    )
    assert found_link is not None
    return found_link


async def test_a_short_history_costs_no_look(database: Database, statements: CountStatements, clock: FakeClock) -> None:
    link = await a_link(database)
    claim = await claimed(database, link, "hello?", after=1)
    with statements(database) as seen:
        got = await Recall(database, people=people).for_turn(BOT, claim)
    assert seen.count == 0
    assert got == Remembered(people=await people(BOT, claim))


async def test_all_that_is_remembered_is_one_look(
    database: Database, statements: CountStatements, clock: FakeClock
) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 2), "мій кіт Мурчик любить рибу")
    await say(database, link, range(2, 101), "the kettle boils")
    await folded(database, clock, link)
    claim = await claimed(database, link, "що любить Мурчик?", after=101)
    with statements(database) as seen:
        got = await Recall(database, people=people).for_turn(BOT, claim)
    assert seen.count == 1
    assert got.summary == "There is a kettle."
    assert got.summarised_to == 60
    assert texts(got.relevant) == ["мій кіт Мурчик любить рибу"]
    assert [note.address for note in got.people] == ["Бобчик"]


async def test_rare_words_tell_more_than_common_ones(database: Database, clock: FakeClock) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 2), "the zeppelin landed on the roof")
    await say(database, link, range(2, 200), "the kettle stands on the roof")
    await folded(database, clock, link)
    relevant = await found(database, link, "does the zeppelin have a kettle?")
    assert len(relevant) == MOST_RELEVANT
    assert relevant[0] == "the zeppelin landed on the roof"


async def test_what_is_found_comes_in_the_order_it_was_said(database: Database, clock: FakeClock) -> None:
    link = await a_link(database)
    for number, said in enumerate(("a red zeppelin", "a blue zeppelin and a balloon", "a green zeppelin"), start=1):
        await say(database, link, range(number, number + 1), said)
    await say(database, link, range(4, 100))
    await folded(database, clock, link)
    assert await found(database, link, "zeppelin or balloon") == [
        "a red zeppelin",
        "a blue zeppelin and a balloon",
        "a green zeppelin",
    ]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("купила новий велосипед", "а де мій велосипед?"),
        ("мы ездили на рыбалку в Карелию", "когда была рыбалка?"),
        ("my grandmother lives in Lviv", "where do our grandmothers live"),
        ("в п'ятницю концерт", "що у п’ятницю?"),
        ("привезли ёлку", "где елка"),
        ("відправив по укр-пошті", "чи дійшла пошта"),
    ],
)
async def test_forms_of_a_word_find_each_other(database: Database, clock: FakeClock, said: str, asked: str) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 2), said)
    await say(database, link, range(2, 82))
    await folded(database, clock, link)
    assert await found(database, link, asked) == [said]


async def test_no_words_find_nothing_and_no_text_breaks_the_search(database: Database, clock: FakeClock) -> None:
    link = await a_link(database)
    await say(database, link, range(1, 101), "the kettle boils & whistles | 'quotes' \" * ( NEAR ) : OR <-> \\ ' -- ;")
    await folded(database, clock, link)
    for asked in (
        "",
        "?!",
        "та й що",
        "\x01\ufffd",
        "a" * 100_000,
        "' OR 1=1 --",
        "NEAR(kettle)",
        "☕ kettle* :kettle",
    ):
        got = await remembered(database, link, [asked])
        assert got.summary == "There is a kettle."
        assert len(got.relevant) == (MOST_RELEVANT if "kettle" in asked else 0)


async def test_of_a_link_without_a_past_nothing_is_remembered(database: Database) -> None:
    assert await remembered(database, await a_link(database), ["the kettle"]) == NOTHING


def test_a_link_s_words_are_its_own() -> None:
    assert term(1, "1xtea") != term(11, "xtea")
    assert term(1, "0tea") != term(10, "tea")


def test_stems_are_few_and_plain() -> None:
    assert stems_of("The KETTLE, the kettles — and Об'єднання №5…") == ["kettl", "обєдна"]
    assert len(stems_of(" ".join(f"word{n}" for n in range(1_000)))) <= MOST_STEMS
    assert all(len(stem) <= 24 for stem in stems_of("x" * 5_000))


async def test_the_cost_of_remembering_does_not_grow_with_the_history(database: Database) -> None:
    link = await a_link(database)

    def measured(connection: Connection) -> dict[str, int]:
        return {word: work_of(connection, partial(find, link_id=link, terms=[f"l{link}x{word}"])) for word in WORDS}

    await database.write(partial(fill, link=link, first=1, last=2_000))
    short = await database.write(measured)
    await database.write(partial(fill, link=link, first=2_001, last=40_000))
    long = await database.write(measured)
    assert long["rare"] <= 1.3 * short["rare"]
    if database.engines[0].dialect.name == "sqlite":
        # PostgreSQL's index has no order to stop early in: it reads as many lines as its settings allow.
        assert long["common"] <= 1.3 * short["common"]


WORDS = ("rare", "common")


def fill(connection: Connection, *, link: int, first: int, last: int) -> None:
    """Every twentieth line has the common word, some of the first 2,000 the rare one."""
    connection.execute(
        text(
            "INSERT INTO chat_contexts (id, chat_bot_instance_id, message_order, chat_id, user_id, user_name, "
            "from_persona, text, timestamp, addressed) WITH RECURSIVE numbers(n) AS (SELECT CAST(:first AS BIGINT) "
            "UNION ALL SELECT n + 1 FROM numbers WHERE n < :last) "
            "SELECT n, :link, n, -1001, 1002, 'Bob', false, 'hello', n, false FROM numbers"
        ),
        {"first": first, "last": last, "link": link},
    )
    key, words = ("rowid", "words") if connection.dialect.name == "sqlite" else ("id", "CAST(words AS tsvector)")
    connection.execute(
        text(
            f"INSERT INTO history_index ({key}, words) SELECT id, {words} FROM (SELECT id, "
            "CASE WHEN id % 100 = 7 AND id < 2000 THEN 'l1xrare' WHEN id % 20 = 8 THEN 'l1xcommon' ELSE 'l1xother' END "
            "AS words FROM chat_contexts WHERE id >= :first) AS lines"
        ),
        {"first": first},
    )
    analyze(connection)
