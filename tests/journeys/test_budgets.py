"""The statement budgets of DESIGN section 7, counted on both databases while a real platform works."""

import asyncio
from functools import partial

import pytest
from sqlalchemy.pool import QueuePool

from maskarad.db import Connection, hearing
from maskarad.db.engine import Database
from maskarad.jobs.changes import Changes
from maskarad.values import Chat, ChatType, GroupReply, Incoming, Sender, Token
from tests.journeys.budget import Budget, budget, looks
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, Actor, Stage
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements
from tests.support.plans.page import FILE, bare, statements_of
from tests.support.rows import said
from tests.support.transactions import recorded

AS_ANSWER = '{"response": ["так"]}'
IN_THREE_PARTS = '{"response": ["так", "отже", "ось"]}'
SILENCE = '{"response": []}'

LOOKING_ROUND = ("1:m", "1:h", "1:l", "1:ps:0", "1:p:1", "1:e:1", "1:pd:1", "1:b:1", "1:ba:1", "1:bu:1")
WITH_DETAILS = ("1:u", "1:g:1:0", "1:i:1")
"""Screens that show what changes outside the manager bot: the day's model calls, the whitelist, the groups."""


@pytest.fixture
async def background(stage: Stage) -> frozenset[str]:
    return await looks(stage.database)


async def test_a_group_message_that_gets_no_reply_costs_two_statements(
    stage: Stage, background: frozenset[str]
) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with stage.playing() as platform:
        group = await warmed_up(stage, actor)
        with budget(platform, background) as spent:
            await stage.sandbox.say(group, FRIEND, "just talking")
            await stage.settled(actor)
    assert spent.writing == [["UPDATE", "INSERT"]]
    assert len(spent.statements) == 2


async def test_a_message_to_consider_costs_two_statements_in_one_transaction(
    stage: Stage, background: frozenset[str]
) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_OR_CONTEXTUAL)
    await stage.sandbox.direct_model(replies=[AS_ANSWER, SILENCE])
    async with stage.playing() as platform:
        group = await warmed_up(stage, actor)
        await stage.sandbox.say(group, FRIEND, "does anybody know the time?")
        await stage.until_model_is_asked(2)
        await stage.settled(actor)
        with budget(platform, background) as spent:
            await stage.sandbox.say(group, FRIEND, "does anybody know the way?")
            await stage.settled(actor)
    assert spent.writing == [["UPDATE", "INSERT"]]
    assert len(spent.statements) == 2


async def test_an_answered_message_costs_five_transactions(stage: Stage, background: frozenset[str]) -> None:
    """Stored; claimed and read; reserved; then, after the model, written and sent: three before it, two after."""
    actor = await stage.actor()
    async with stage.playing() as platform:
        await acquainted(stage, actor)
        with budget(platform, background) as spent:
            await stage.ask(actor, "як справи?")
            await stage.settled(actor)
    stored, claimed, reserved, written, sent = spent.transactions
    assert [each.split()[0] for each in stored] == ["UPDATE", "INSERT"]
    assert [each.split()[0] for each in claimed] == ["UPDATE", "SELECT"]
    assert [each.split()[:2] for each in reserved] == [["SELECT", "chat_bot_instances.id"], ["INSERT", "INTO"]]
    assert [each.split()[:3] for each in written[1:]] == [
        ["INSERT", "INTO", "reply_parts"],
        ["INSERT", "INTO", "usage_records"],
        ["INSERT", "INTO", "purses"],
    ]
    assert [each.split()[0] for each in sent] == ["DELETE", "UPDATE", "INSERT"]


async def test_an_answer_in_parts_costs_a_transaction_for_each_part_sent(
    stage: Stage, background: frozenset[str]
) -> None:
    actor = await stage.actor(reply_messages=3)
    await stage.sandbox.direct_model(replies=[AS_ANSWER, AS_ANSWER, IN_THREE_PARTS])
    async with stage.playing() as platform:
        await acquainted(stage, actor)
        with budget(platform, background) as spent:
            await stage.ask(actor, "як справи?")
            await stage.settled(actor)
    assert len(spent.transactions) == 3 + 1 + 3
    assert spent.writing[4:] == 3 * [["DELETE", "UPDATE", "INSERT"]]


async def test_a_turn_that_stays_silent_costs_one_transaction_after_the_model(
    stage: Stage, background: frozenset[str]
) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_OR_CONTEXTUAL)
    await stage.sandbox.direct_model(replies=[AS_ANSWER, SILENCE])
    async with stage.playing() as platform:
        group = await warmed_up(stage, actor)
        with budget(platform, background) as spent:
            await stage.sandbox.say(group, FRIEND, "does anybody know the time?")
            await stage.until_model_is_asked(2)
            await stage.settled(actor)
    assert spent.writing[3:] == [["UPDATE", "INSERT", "INSERT"]]


async def test_a_turn_of_a_process_that_knows_nothing_asks_four_times_and_reserves_before_the_model(
    stage: Stage, background: frozenset[str]
) -> None:
    """The link and its history, then the persona, then what is known of the person."""
    actor = await stage.actor()
    async with stage.playing() as platform:
        with budget(platform, background) as spent:
            await stage.ask(actor, "привіт")
            await stage.settled(actor)
    assert before_the_model(spent) == ["UPDATE", "SELECT", "SELECT", "WITH", "SELECT", "INSERT"]


def before_the_model(spent: Budget) -> list[str]:
    """The first words of what a turn asks of the database until its answer is written."""
    words = spent.statements
    claimed = next(n for n, said in enumerate(words) if said.startswith("UPDATE chat_bot_instances SET claim="))
    written = next(n for n, said in enumerate(words) if said.startswith("INSERT INTO reply_parts")) - 1
    return [said.split()[0] for said in words[claimed:written]]


async def test_a_turn_in_a_long_chat_asks_three_times_and_reserves_before_the_model(
    stage: Stage, background: frozenset[str]
) -> None:
    """The link, its newest lines, and what is remembered of the others; then what the answer may cost."""
    actor = await stage.actor()
    async with stage.playing() as platform:
        await acquainted(stage, actor)
        before = [said_in_private(number, f"про чай {number}") for number in range(-2000, -1800)]

        def keep(connection: Connection) -> None:
            for each in before:
                hearing.keep(connection, 1, each)

        await stage.database.write(keep)
        with budget(platform, background) as spent:
            await stage.ask(actor, "як там чай?")
            await stage.settled(actor)
    assert before_the_model(spent) == ["UPDATE", "SELECT", "SELECT", "SELECT", "INSERT"]


def said_in_private(message_id: int, text: str) -> Incoming:
    return said(message_id, text, by=Sender(id=OWNER, name="Оксана"), chat=Chat(id=OWNER, type=ChatType.PRIVATE))


async def test_nothing_of_the_database_is_held_while_the_model_thinks(stage: Stage, background: frozenset[str]) -> None:
    actor = await stage.actor()
    async with stage.playing() as platform:
        await acquainted(stage, actor)
        await stage.sandbox.direct_model(delay=2.0)
        with budget(platform, background) as spent:
            before = await stage.sandbox.position()
            await stage.sandbox.say(stage.private(actor), OWNER, "як справи?")
            await stage.until_model_is_asked(3)
            async with asyncio.timeout(10):
                while spent.seen.open or connections_taken(platform.database):  # noqa: ASYNC110
                    await asyncio.sleep(0.005)  # the looks open one, too, for a moment, and ring no bell
            assert len(spent.writing) == 3, "the model has answered; nothing is known of the time before"
            await stage.sandbox.next_message(stage.private(actor), after=before)
            await stage.settled(actor)
    assert len(spent.writing) == 5


def connections_taken(database: Database) -> int:
    """From PostgreSQL's pool; SQLite's threads keep theirs for good, and only a transaction holds anything there."""
    pools = (engine.pool for engine in database.engines if engine.dialect.name == "postgresql")
    return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))


async def test_a_warm_press_costs_no_statement_and_a_cold_one_costs_one(
    stage: Stage, background: frozenset[str]
) -> None:
    await stage.actor()
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    async with stage.playing():
        menu = await stage.sandbox.ask(manager, OWNER, "/start")
    async with stage.playing() as platform:

        async def press(data: str) -> int:
            with budget(platform, background) as spent:
                await stage.sandbox.press(manager, OWNER, menu.id, data=data)
            return len(spent.statements)

        assert await press("1:p:1") == 1
        assert {data: await press(data) for data in LOOKING_ROUND} == dict.fromkeys(LOOKING_ROUND, 0)
        assert {data: (await press(data), await press(data)) for data in WITH_DETAILS} == dict.fromkeys(
            WITH_DETAILS, (1, 0)
        )


async def test_a_bot_at_rest_costs_no_statement(
    database: Database, clock: FakeClock, statements: CountStatements
) -> None:
    """A look at what has changed asks the same of one bot and of thirty."""
    changes = Changes(
        database,
        open_token=Token,
        on_bot=lambda *_: None,
        on_bot_gone=lambda *_: None,
        on_persona=lambda *_: None,
        clock=clock,
    )

    async def looked() -> list[str]:
        await changes.load()
        clock.advance(3600)
        await changes.look()
        with statements(database) as seen:
            await changes.look()
        return seen.seen

    await database.write(rows.bot)
    alone = await looked()
    for number in range(2, 31):
        await database.write(partial(rows.bot, number=number))
    assert await looked() == alone


async def test_the_page_shows_all_that_the_hot_paths_send(stage: Stage) -> None:
    """Every statement of a platform at work is in docs/database.md, as its database gets it."""
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_OR_CONTEXTUAL)
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    async with stage.playing() as platform:
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.set_role(group, actor.telegram_id, "administrator")
        await stage.settled(actor)
        with recorded(platform.database) as seen:
            menu = await stage.sandbox.ask(manager, OWNER, "/start")
            for data in (*LOOKING_ROUND, *WITH_DETAILS, "1:bd:1", "1:s:0:0", "1:wz", "1:be:1:0", "1:be:1:1"):
                await stage.sandbox.press(manager, OWNER, menu.id, data=data)
            for text in ("привіт", "пиши коротше", "/help", "/mood", "/stats", "/mute", "/unmute"):
                await stage.ask(actor, text)
            await stage.sandbox.ask(group, OWNER, "/chattiness")
            await stage.sandbox.say(group, FRIEND, "just talking")
            await stage.sandbox.say(group, FRIEND, "does anybody know the time?")
            answer = await stage.sandbox.ask(group, OWNER, "Устиме, привіт")
            await stage.sandbox.react(group, FRIEND, answer.id, "👎")
            await stage.settled(actor)
    dialect = stage.database.engines[0].dialect.name
    shown = statements_of({"sqlite": "SQLite", "postgresql": "PostgreSQL"}[dialect], FILE.read_text(encoding="utf-8"))
    assert len(shown) > 30
    assert [said for said in {bare(each) for each in seen.statements} if said not in shown] == []


async def acquainted(stage: Stage, actor: Actor) -> None:
    """A private chat that this process knows: the first message makes the link, the second has it read."""
    for text in ("привіт", "ти тут?"):
        await stage.ask(actor, text)
        await stage.settled(actor)


async def warmed_up(stage: Stage, actor: Actor) -> str:
    """A group in which everybody has been met and the persona has spoken once."""
    group = await stage.group(actor, FRIEND)
    await stage.sandbox.say(group, FRIEND, "hello there")
    await stage.sandbox.ask(group, OWNER, "Устиме, привіт")
    await stage.settled(actor)
    return group
