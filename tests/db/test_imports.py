import pytest
from sqlalchemy import Connection, select

from maskarad.db import history, imports, links
from maskarad.db.engine import Database
from maskarad.db.imports import Counted, ImportState, Row, Said
from maskarad.db.tables import chat_bot_instances, conversation_summaries, interaction_patterns
from maskarad.errors import NotFound
from maskarad.values import Chat, ChatType
from tests.support.people import ALICE
from tests.support.rows import GROUP, NOW, bot, link, private, said


def row(link_id: int, order: int, at: float = NOW) -> Row:
    return Row(link_id, order, GROUP.id, 1002, "Боб", False, "слово", at, None, None, None, None, None)


async def test_an_import_begins_once(database: Database) -> None:
    def work(connection: Connection) -> list[ImportState]:
        link_id = link(connection)
        states = [imports.state(connection, link_id, "a"), imports.begin(connection, link_id, "a", now=NOW)]
        imports.note(connection, link_id, "a", read=5, added=3, skipped=1)
        imports.note(connection, link_id, "a", read=9, added=4, skipped=0)
        states.append(imports.begin(connection, link_id, "a", now=NOW + 1))
        imports.finish(connection, link_id, "a", now=NOW + 2)
        return [*states, imports.state(connection, link_id, "a"), imports.begin(connection, link_id, "b", now=NOW)]

    new, half = ImportState(), ImportState(read_messages=9, added=7, skipped=1)
    done = ImportState(read_messages=9, added=7, skipped=1, finished=True)
    assert await database.write(work) == [new, new, half, done, new]


async def test_which_lines_a_link_has(database: Database) -> None:
    def work(connection: Connection) -> set[int]:
        link_id, other_id = link(connection), link(connection, 2)
        imports.add(connection, [row(link_id, order) for order in (-(2**41), 5, 2**39)])
        imports.add(connection, [row(other_id, 6)])
        imports.add(connection, [])
        return imports.known(connection, link_id, [-(2**41), 4, 5, 6, 2**39, *range(10_000, 20_000)])

    assert await database.write(work) == {-(2**41), 5, 2**39}


async def test_what_was_said_under_which_number(database: Database) -> None:
    def work(connection: Connection) -> tuple[dict[int, Said], list[int]]:
        link_id, other_id = link(connection), link(connection, 2)
        empty = imports.target(connection, link_id).lowest_order
        imports.add(connection, [row(link_id, -(2**41)), row(link_id, 5, NOW + 1), row(other_id, 6)])
        return imports.said(connection, link_id, [-(2**41), 5, 6]), [
            empty,
            imports.target(connection, link_id).lowest_order,
        ]

    said_at, lowest = await database.write(work)
    assert said_at == {-(2**41): Said(NOW, "слово"), 5: Said(NOW + 1, "слово")}
    assert lowest == [0, -(2**41)]


async def test_the_first_live_line_is_the_oldest_that_was_not_imported(database: Database) -> None:
    def work(connection: Connection) -> list[float | None]:
        link_id = link(connection)
        found = [imports.target(connection, link_id).first_live_at]
        imports.add(connection, [row(link_id, order, NOW - 1000) for order in (7 - 2**41, 1, 2)])
        found.append(imports.target(connection, link_id).first_live_at)
        history.add(connection, link_id, said(9))
        history.add(connection, link_id, said(4))
        found.append(imports.target(connection, link_id).first_live_at)
        links.move(connection, 1, GROUP.id, -1005)
        return [*found, imports.target(connection, link_id).first_live_at]

    assert await database.write(work) == [None, None, NOW + 4, NOW + 4]


async def test_counters_move_forward_and_the_beginning_back(database: Database) -> None:
    columns = ("messages", "own_messages", "first_message_at", "last_message_at")

    def work(connection: Connection) -> tuple[object, ...]:
        link_id = link(connection)
        for counted in (
            Counted(messages=3, own_messages=1, first_at=50.0, last_heard_at=90.0),
            Counted(messages=2, own_messages=0, first_at=70.0, last_heard_at=80.0),
            Counted(messages=1, own_messages=1, first_at=20.0, last_heard_at=None),
        ):
            imports.count(connection, link_id, counted)
        found = connection.execute(select(*(chat_bot_instances.c[name] for name in columns))).one()
        return tuple(found)

    assert await database.write(work) == (6, 2, 20.0, 90.0)


async def test_a_link_has_one_digest(database: Database) -> None:
    def work(connection: Connection) -> list[tuple[object, ...]]:
        link_id, other_id = link(connection), link(connection, 2)
        for text, orders, where in (("one", (5, 9), link_id), ("two", (9, 3), link_id), ("other", (1,), other_id)):
            imports.put_digest(connection, where, text, orders, now=NOW)
        found = select(
            conversation_summaries.c.text, conversation_summaries.c.from_order, conversation_summaries.c.to_order
        ).order_by(conversation_summaries.c.id)
        return [tuple(each) for each in connection.execute(found)]

    assert await database.write(work) == [("two", 3, 9), ("other", 1, 1)]


async def test_people_are_known_by_a_name_that_only_they_have(database: Database) -> None:
    def work(connection: Connection) -> dict[str, int]:
        link_id, other_id = link(connection), link(connection, 2)
        rest = {"messages": 1, "first_at": 1.0, "last_at": 1.0, "data": "{}"}
        people = [
            (link_id, 1, "Anna"),
            (link_id, 2, "Anna"),
            (link_id, 3, "Боб"),
            (other_id, 4, "Eve"),
            (link_id, -5, "X"),
        ]
        rows = [{"chat_bot_instance_id": where, "user_id": user, "name": name, **rest} for where, user, name in people]
        connection.execute(interaction_patterns.insert(), rows)
        return imports.people_by_name(connection, link_id)

    assert await database.write(work) == {"Боб": 3}


async def test_a_bots_chats(database: Database) -> None:
    def work(connection: Connection) -> list[tuple[int, Chat]]:
        bot_id = bot(connection)
        links.find_or_add(connection, bot_id, private(ALICE), now=NOW)
        links.set_member(connection, bot_id, GROUP, active=False, now=NOW)
        link(connection, 2)
        return imports.links_of(connection, bot_id)

    assert [chat for _, chat in await database.write(work)] == [Chat(id=ALICE.id, type=ChatType.PRIVATE), GROUP]


async def test_a_link_that_is_gone(database: Database) -> None:
    with pytest.raises(NotFound):
        await database.read(lambda connection: imports.target(connection, 99))
    with pytest.raises(NotFound):
        await database.write(lambda connection: imports.hold(connection, 99, erasures=0))
