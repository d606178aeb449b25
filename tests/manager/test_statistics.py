"""/stats and /analytics in the manager bot: sums of one's own personas, and their pictures."""

from sqlalchemy import Connection, update

from maskarad.db import links, statistics
from maskarad.db.tables import chat_bot_instances
from maskarad.memory.stats import Tally
from maskarad.values import Chat, ChatType
from tests.manager.conftest import Platform, on_both_databases, store_personas
from tests.manager.stage import Person
from tests.support import rows
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.rows import GROUP, NOW
from tests.support.until import until

PRIVATE = Chat(id=CHARLIE.id, type=ChatType.PRIVATE, title="Charlie")


async def talked(platform: Platform) -> None:
    """Alice's Mira 1 has been in a group and talked to Charlie in private, her Mira 2 in a group, Bob's Mira 3, too."""

    def store(connection: Connection) -> None:
        for number, owner, chat, messages in (
            (1, ALICE, GROUP, 30),
            (1, ALICE, PRIVATE, 4),
            (2, ALICE, GROUP, 20),
            (3, BOB, GROUP, 50),
        ):
            bot_id = number if chat == PRIVATE else rows.bot(connection, number, owner)
            link = links.find_or_add(connection, bot_id, chat, now=NOW)
            tally = Tally()
            tally.add(CHARLIE.id, CHARLIE.name, "hello", NOW)
            statistics.learn(connection, link.id, tally.learned())
            connection.execute(
                update(chat_bot_instances)
                .where(chat_bot_instances.c.id == link.id)
                .values(messages=messages, own_messages=2, first_message_at=NOW, last_message_at=NOW)
            )

    await platform.database.write(store)


async def test_somebody_without_personas_is_shown_how_to_make_one(alice: Person) -> None:
    for command in ("/stats", "/analytics"):
        await alice.says(command)
        assert "➕ Make a persona" in alice.buttons


async def test_a_persona_that_nobody_wrote_to(alice: Person, platform: Platform) -> None:
    await store_personas(platform.database, ALICE, "Mira")
    assert await alice.says("/stats") == "📊 All personas\n\nNobody has written anything yet."
    assert await alice.presses("🎭 Mira") == "📊 Mira\n\nNobody has written anything yet."


@on_both_databases
async def test_all_together_come_first_and_then_each(alice: Person, platform: Platform) -> None:
    await talked(platform)
    assert without_isolates(await alice.says("/stats")).split("\n\n") == [
        "📊 All personas",
        "Private chats: 1, groups: 2\nMessages: 54, 6 of them by personas\nFirst: 15 Jan 2027, latest: 15 Jan 2027",
        "🎭 Mira 1: 34\n🎭 Mira 2: 20",
    ]
    assert "✅ 🎭 All personas" in alice.buttons
    assert without_isolates(await alice.presses("Mira 2")).split("\n\n") == [
        "📊 Mira 2",
        "Private chats: 0, groups: 1\nMessages: 20, 2 of them by personas\nFirst: 15 Jan 2027, latest: 15 Jan 2027",
    ]
    assert "✅ 🎭 Mira 2" in alice.buttons


async def test_an_owner_is_never_told_who_is_in_a_private_chat(alice: Person, platform: Platform) -> None:
    await talked(platform)
    shown = [await alice.says("/stats"), await alice.presses("Mira 1")]
    await alice.presses("As a picture")
    await until(lambda: len(platform.telegram.pictures) == 1)
    [order] = platform.telegram.wanted
    assert [(bar.label, bar.value) for bar in order.bars] == [("Kitchen", 30), ("Private chats", 4)]
    assert all(CHARLIE.name not in each for each in (*shown, repr(order)))


async def test_a_picture_of_all_personas(alice: Person, platform: Platform) -> None:
    await talked(platform)
    await alice.says("/analytics")
    await alice.presses("All personas")
    assert alice.notice == "Drawing, one moment…"
    await until(lambda: len(platform.telegram.pictures) == 1)
    [(chat_id, caption)] = platform.telegram.pictures
    assert (chat_id, caption.html) == (ALICE.id, "📊 <b>All personas</b>")
    [order] = platform.telegram.wanted
    assert [(bar.label, bar.value) for bar in order.bars] == [("Mira 1", 34), ("Mira 2", 20)]
    assert order.labels.subtitle.startswith("54 messages · 3 chats\n15 Jan 2027 – 15 Jan 2027 ·")
    assert [day for day, _ in order.days] == [order.today] * 3


async def test_other_peoples_personas_do_not_exist_here(alice: Person, platform: Platform) -> None:
    await talked(platform)
    await alice.says("/stats")
    for data in ("1:s:3:0", "1:sp:3"):
        await alice.presses_data(data)
        assert alice.notice == "That is not there any more."
    assert platform.telegram.wanted == []


async def test_many_personas_are_chosen_from_page_by_page(alice: Person, platform: Platform) -> None:
    await store_personas(platform.database, ALICE, *(f"Persona {number}" for number in range(1, 9)))
    await alice.says("/stats")
    assert "🎭 Persona 8" not in alice.buttons
    await alice.presses("▶️")
    assert "🎭 Persona 8" in alice.buttons
    await alice.presses("Persona 8")
    assert "✅ 🎭 Persona 8" in alice.buttons
    await alice.says("/analytics")
    await alice.presses("▶️")
    assert "🎭 Persona 8" in alice.buttons


def without_isolates(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "")
