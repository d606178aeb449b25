"""/stats and /analytics in a chat: what goes in is a command, what is asserted is what Telegram was told."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from itertools import count

import pytest
from sqlalchemy import Connection, select, update

from maskarad.analytics.drawing import Drawing
from maskarad.analytics.order import Order
from maskarad.analytics.orders import KIND, Orders
from maskarad.analytics.painter import PictureFailed
from maskarad.controls.commands import Commands
from maskarad.controls.desk import ControlDesk
from maskarad.controls.statistics import Statistics
from maskarad.db import bots, links, statistics
from maskarad.db import errands as errand_rows
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances, errands
from maskarad.errors import Flooded, TelegramUnreachable
from maskarad.intake.flood import Floods
from maskarad.jobs.errands import Errands
from maskarad.jobs.held import Lane
from maskarad.memory.analysis import Analysis, Emotion
from maskarad.memory.stats import Tally
from maskarad.metrics import Metrics
from maskarad.sandbox.markup_html import parse_html
from maskarad.snapshots import Snapshots
from maskarad.texts import load_texts
from maskarad.values import Account, Bot, Chat, ChatType, Incoming, Screen, Sender, Value
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.rows import GROUP, NOW
from tests.support.until import until

TEXTS = load_texts()
HAPPY = Analysis(
    emotion=Emotion.JOY,
    confidence=0.9,
    valence=0.8,
    topics=("music",),
    keywords=(),
    language="en",
    question=False,
    spam=0.0,
)


class Said(Value, frozen=True):
    chat_id: int
    text: str
    reply_to: int | None
    picture: bytes | None = None


class Telegram:
    """Remembers what it was told; Alice and nobody else is an administrator."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.fails_with: Exception | None = None
        """Once, for a picture."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen, *, reply_to: int | None = None) -> None:
        self.said.append(Said(chat_id=chat_id, text=parse_html(content.html)[0], reply_to=reply_to))

    async def send_photo(
        self, bot_id: int, chat_id: int, picture: bytes, *, caption: Screen, reply_to: int | None = None
    ) -> None:
        if self.fails_with is not None:
            error, self.fails_with = self.fails_with, None
            raise error
        text = parse_html(caption.html)[0]
        self.said.append(Said(chat_id=chat_id, text=text, reply_to=reply_to, picture=picture))

    async def send_document(
        self, bot_id: int, chat_id: int, data: bytes, name: str, *, caption: Screen, reply_to: int | None = None
    ) -> None:
        raise AssertionError("statistics are no document")

    async def edit_text(self, bot_id: int, chat_id: int, message_id: int, content: Screen) -> None:
        raise AssertionError("there is nothing to edit")

    async def answer_press(
        self, bot_id: int, callback_query_id: str, text: str | None = None, *, alert: bool = False
    ) -> None:
        raise AssertionError("there is nothing to press")

    async def get_member_status(self, bot_id: int, chat_id: int, user_id: int) -> str:
        return "administrator" if user_id == ALICE.id else "member"


class Artist:
    """Draws nothing and remembers what was wanted; `finish` lets a picture that waits be finished."""

    def __init__(self) -> None:
        self.wanted: list[Order] = []
        self.fails_with: Exception | None = None
        self.finish = asyncio.Event()
        self.finish.set()

    async def draw(self, order: Order) -> bytes:
        self.wanted.append(order)
        await self.finish.wait()
        if self.fails_with is not None:
            raise self.fails_with
        return b"picture"


class Scene:
    """A persona bot in a group and in a private chat with Bob."""

    numbers = count(1)

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.telegram = Telegram()
        self.artist = Artist()
        self.notes: list[str] = []
        snapshots = Snapshots(
            database,
            lambda _language, mood: (mood.name, mood.text),
            account_lifetime=300,
            persona_lifetime=600,
            link_lifetime=1800,
            clock=clock,
            metrics=Metrics(),
        )
        desk = ControlDesk(database, self.telegram, snapshots.personas.persona, snapshots.links, clock)
        self.learnt: list[int] = []

        async def learn(link_id: int) -> None:
            self.learnt.append(link_id)

        async def no_account(user_id: int) -> Account:
            raise AssertionError("these are pictures of chats")

        drawing = Drawing(
            database,
            self.artist.draw,
            self.telegram,
            TEXTS,
            accounts=no_account,
            learn=learn,
            noted=lambda result, _: self.notes.append(result),
            clock=clock,
            stopwatch=clock,
            zone="Europe/Kyiv",
        )
        self.errands = Errands(database, [Lane({KIND: drawing}, most=2)], clock=clock)
        orders = Orders(database, ring=self.errands.ring, clock=clock)

        async def turn_away(bot: Bot, message: Incoming) -> None:
            raise AssertionError("everybody may talk to this bot")

        family = Statistics(desk, orders, learn=learn, zone="Europe/Kyiv")
        floods = Floods(most=0, seconds=30, clock=clock)
        self.commands = Commands(desk, (family,), TEXTS, turn_away=turn_away, floods=floods, answer_within=600)

    async def orders(self, payload: str) -> None:
        """What another process has stored."""
        new = errand_rows.NewErrand(kind=KIND, place="1:-1001", owner_id=ALICE.id, payload=payload)
        errand_id = await self.database.write(partial(errand_rows.order, new=new, most=9, now=1.0))
        assert errand_id is not None
        self.errands.ring(errand_id)

    async def is_idle(self) -> bool:
        """No picture is under way."""
        return await self.database.read(lambda c: c.execute(select(errands.c.id)).first()) is None

    async def is_put_off(self) -> bool:
        """What was under way is to be tried again."""
        waits = select(errands.c.id).where(errands.c.claim.is_(None), errands.c.error.is_not(None))
        return await self.database.read(lambda c: c.execute(waits).first()) is not None

    async def says(self, command: str, person: Sender = ALICE, chat: Chat = GROUP) -> Said:
        """Returns the first answer to it."""
        before = len(self.telegram.said)
        number = await self.sends(command, person, chat)
        await until(lambda: len(self.telegram.said) > before)
        said = self.telegram.said[before]
        assert said.chat_id == chat.id
        assert said.reply_to == (None if chat.type is ChatType.PRIVATE else number)
        return said

    async def sends(self, command: str, person: Sender = ALICE, chat: Chat = GROUP) -> int:
        """The number of the message; nobody waits for an answer."""
        number = next(self.numbers)
        bot = await self.database.read(lambda connection: bots.get(connection, 1).bot)
        message = Incoming(
            bot_id=1,
            update_id=number,
            chat=chat,
            message_id=number,
            sender=person,
            text=f"/{command}",
            sent_at=NOW,
            command=command,
        )
        await self.commands.on_command(bot, message)
        return number


@pytest.fixture
async def scene(database: Database, clock: FakeClock) -> AsyncIterator[Scene]:
    await database.write(rows.link)
    made = Scene(database, clock)
    yield made
    await made.errands.close()


async def talk(database: Database, chat: Chat = GROUP, *people: Sender) -> None:
    tally = Tally()
    for person in people:
        tally.add(person.id, person.name, "la la la", NOW, analysis=HAPPY)
    tally.add_own(NOW)

    def store(connection: Connection) -> None:
        link = links.find_or_add(connection, 1, chat, now=NOW)
        statistics.learn(connection, link.id, tally.learned())
        connection.execute(
            update(chat_bot_instances)
            .where(chat_bot_instances.c.id == link.id)
            .values(
                messages=len(people) + 1,
                own_messages=1,
                first_message_at=NOW,
                last_message_at=NOW,
                title=chat.title,
            )
        )

    await database.write(store)


async def test_stats_tell_a_group_in_words(scene: Scene) -> None:
    await talk(scene.database, GROUP, BOB, BOB, CHARLIE)
    said = await scene.says("stats")
    assert said.text.replace("\u2068", "").replace("\u2069", "").split("\n\n") == [
        "📊 Kitchen",
        "Messages: 4, 1 of them mine\nFirst: 15 Jan 2027, latest: 15 Jan 2027\nPeople: 2",
        "Liveliest: Fri 10:00–11:00\nMood of the last 30 days: splendid 😄\nTalking about: music",
        "Who talks most:\n1. Боб – 2\n2. Charlie – 1",
    ]


@pytest.mark.parametrize(
    ("person", "told"),
    [
        (BOB, "Тут іще нічого не сказано"),
        (CHARLIE, "Здесь ещё ничего не сказано"),
        (ALICE, "Nothing has been said here yet"),
    ],
)
async def test_stats_of_an_empty_chat(scene: Scene, person: Sender, told: str) -> None:
    said = await scene.says("stats", person, rows.private(person))
    assert said.text.startswith(told)


async def test_analytics_come_as_a_picture(scene: Scene) -> None:
    await talk(scene.database, GROUP, BOB, BOB, CHARLIE)
    said = await scene.says("analytics")
    assert (said.picture, said.text) == (b"picture", "📊 \u2068Kitchen\u2069")
    [order] = scene.artist.wanted
    assert [(bar.label, bar.value, bar.own) for bar in order.bars] == [
        ("Боб", 2, False),
        ("Charlie", 1, False),
        ("Mira 1", 1, True),
    ]
    assert order.labels.subtitle == "Mira 1 · 4 messages · 2 people\n15 Jan 2027 – 15 Jan 2027 · Europe/Kyiv"
    assert [day for day, _ in order.days] == [order.today] == [20_833]
    await until(lambda: scene.notes == ["drawn"])


@pytest.mark.parametrize("command", ["stats", "analytics"])
async def test_in_a_group_only_administrators_see_statistics(scene: Scene, command: str) -> None:
    await talk(scene.database, GROUP, BOB)
    assert (await scene.says(command, BOB)).text == "Це можуть лише адміністратори групи."
    assert scene.artist.wanted == []


async def test_private_statistics_are_of_that_chat_only(scene: Scene) -> None:
    await talk(scene.database, GROUP, CHARLIE, ALICE)
    await talk(scene.database, rows.private(BOB), BOB)
    said = await scene.says("stats", BOB, rows.private(BOB))
    assert "Повідомлень: 2, з них моїх: 1" in said.text
    assert "Людей" not in said.text
    await scene.says("analytics", BOB, rows.private(BOB))
    [order] = scene.artist.wanted
    assert {bar.label for bar in order.bars} == {"Боб", "Mira 1"}
    assert order.labels.title == "Mira 1"


async def test_a_chat_has_one_picture_under_way(scene: Scene) -> None:
    scene.artist.finish.clear()
    await talk(scene.database, GROUP, BOB)
    await scene.sends("analytics")
    await until(lambda: len(scene.artist.wanted) == 1)
    assert (await scene.says("analytics")).text == "The last picture is still being drawn."
    await scene.sends("analytics", BOB, rows.private(BOB))
    await until(lambda: len(scene.artist.wanted) == 2)
    scene.artist.finish.set()
    await until(lambda: [said.picture for said in scene.telegram.said] == [None, b"picture", b"picture"])


async def test_a_picture_that_fails_is_owned_up_to(scene: Scene) -> None:
    scene.artist.fails_with = PictureFailed("late")
    assert (await scene.says("analytics")).text.startswith("⚠️ I couldn't draw it.")
    await until(lambda: scene.notes == ["late"])
    scene.artist.fails_with = None
    await until(scene.is_idle)
    assert (await scene.says("analytics")).picture == b"picture"


PICTURE = (
    '{"place":{"bot_id":1,"chat_id":-1001,"reply_to":5},"language":"en",'
    '"subject":{"type":"chat","link_id":1,"persona":"Mira","title":"Kitchen"}}'
)


async def test_a_picture_ordered_by_an_older_version_is_drawn(scene: Scene) -> None:
    await talk(scene.database, GROUP, BOB)
    await scene.orders(PICTURE)
    await until(lambda: [(said.picture, said.reply_to) for said in scene.telegram.said] == [(b"picture", 5)])


async def test_a_picture_that_nobody_here_can_read_is_owned_up_to(scene: Scene) -> None:
    await scene.orders(PICTURE.replace('"chat",', '"dream",'))
    await until(lambda: [said.reply_to for said in scene.telegram.said] == [5])
    assert scene.telegram.said[0].text.startswith("⚠️ I couldn't draw it.")


async def test_a_picture_that_was_surely_not_sent_is_sent_later(scene: Scene, clock: FakeClock) -> None:
    await talk(scene.database, GROUP, BOB)
    scene.telegram.fails_with = Flooded(30)
    await scene.sends("analytics")
    await until(lambda: scene.telegram.fails_with is None)
    await until(scene.is_put_off)
    clock.advance(29)
    await scene.errands.sweep()
    assert scene.telegram.said == []
    clock.advance(1)
    await scene.errands.sweep()
    await until(lambda: [said.picture for said in scene.telegram.said] == [b"picture"])


async def test_a_picture_that_may_have_arrived_is_not_sent_again(scene: Scene) -> None:
    await talk(scene.database, GROUP, BOB)
    scene.telegram.fails_with = TelegramUnreachable("no answer")
    await scene.sends("analytics")
    await until(lambda: scene.telegram.fails_with is None)
    await until(scene.is_idle)
    assert scene.telegram.said == []


async def test_a_picture_is_of_what_was_said_last(scene: Scene) -> None:
    await talk(scene.database, GROUP, BOB)
    await scene.says("analytics")
    assert scene.learnt == [1]


async def test_the_chats_own_clock_counts(scene: Scene) -> None:
    await talk(scene.database, GROUP, BOB)
    await scene.database.write(
        lambda connection: connection.execute(update(chat_bot_instances).values(time_zone="Asia/Tokyo"))
    )
    assert "Fri 17:00–18:00" in (await scene.says("stats")).text
    await scene.says("analytics")
    assert scene.artist.wanted[0].zone == "Asia/Tokyo"
