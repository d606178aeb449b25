"""What a turn is told of people, and what it costs."""

import asyncio
import gc
from collections.abc import Callable
from functools import partial

import msgspec
import pytest

from maskarad.assembly.memory import learn_later
from maskarad.cache import Fetched, Ids
from maskarad.db import hearing, learning, links, personal, statistics, turns
from maskarad.db.engine import Database
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.learning import Learning
from maskarad.memory.people import (
    EVERYWHERE,
    Familiarity,
    Known,
    PersonNote,
    Preference,
    habits,
    noted,
    part_of_day,
)
from maskarad.memory.personalization import Personalization
from maskarad.memory.preferences import Stated, Wish
from maskarad.memory.stats import Acquaintance, Learned, Pattern, day_of
from maskarad.metrics import Metrics
from maskarad.values import Chat, ChatType, Claim, ClaimedLink, HistoryLine, Manners, Sender
from tests.support import rows
from tests.support.bots import a_bot
from tests.support.clock import FakeClock
from tests.support.databases import CountStatements
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.rows import GROUP, NOW, said

BOT = a_bot(owner_id=ALICE.id)
EVENING = Pattern(hours=(*(0 for _ in range(18)), 10, 10, 10, 0, 0, 0), letters=600, analysed=30.0, valence=9.0)


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with one link, number 1: a group."""
    assert await database.write(rows.link) == 1
    return database


@pytest.fixture
def learner(world: Database, clock: Callable[[], float]) -> Learning:
    return Learning(world, Analyzer(world, clock=clock), clock=clock)


@pytest.fixture
def personalization(world: Database, learner: Learning, clock: Callable[[], float]) -> Personalization:
    return Personalization(world, learner.learn, clock=clock, lifetime=300, meter=Metrics().cache("known"))


def line(
    number: int, person: Sender, text: str = "hello", *, unread: bool = True, addressed: bool = True
) -> HistoryLine:
    return HistoryLine(
        message_order=number,
        sender_id=person.id,
        sender_name=person.name,
        from_persona=False,
        text=text,
        sent_at=NOW,
        unread=unread,
        addressed=addressed,
    )


def claimed(*lines: HistoryLine, link_id: int = 1, chat: Chat = GROUP) -> ClaimedLink:
    claim = Claim(link_id=link_id, token="t")
    return ClaimedLink(claim=claim, bot_id=1, chat=chat, asked=1, parts=0, failures=0, history=lines, manners=Manners())


def wish(wish: Wish, value: str, scope: int, at: float = 1.0) -> Preference:
    return Preference(wish=wish, value=value, scope=scope, stated_at=at)


def note(known: Known, *, link_id: int, in_private: bool) -> PersonNote:
    return noted(known, BOB.id, BOB.name, link_id=link_id, in_private=in_private, time_zone=None, now=NOW)


def test_in_a_group_only_what_is_from_there_or_holds_everywhere_is_told() -> None:
    known = Known(
        preferences=(
            wish(Wish.ADDRESS, "Private", 5),
            wish(Wish.LEAVE_ALONE, '["work"]', 5),
            wish(Wish.ADDRESS, "Group", 7),
            wish(Wish.LENGTH, "short", EVERYWHERE),
        ),
        familiarities=(
            Familiarity(link_id=5, messages=30, treatment=0.9, pattern=EVENING),
            Familiarity(link_id=7, messages=30, treatment=-0.5, pattern=Pattern(letters=30)),
        ),
    )
    group, other = note(known, link_id=7, in_private=False), note(known, link_id=8, in_private=False)
    assert (group.address, group.leave_alone, group.length, group.treatment) == ("Group", (), "short", -0.5)
    assert group.habits == "writes short messages, is unkind to you"
    assert (other.address, other.length, other.treatment, other.habits) == ("", "short", 0.0, "")
    private = note(known, link_id=5, in_private=True)
    assert (private.address, private.leave_alone) == ("Private", ("work",))
    assert private.treatment == pytest.approx(0.2)


def test_habits_need_messages_and_hours_a_time_zone() -> None:
    few = [Familiarity(link_id=1, messages=19, treatment=0.0, pattern=EVENING)]
    many = [Familiarity(link_id=1, messages=30, treatment=0.0, pattern=EVENING)]
    assert habits(few, time_zone="Europe/Kyiv", now=NOW) == ""
    assert habits(many, time_zone=None, now=NOW) == "writes short messages, usually in good spirits"
    assert "mostly in the evening" in habits(many, time_zone="Europe/London", now=NOW)
    assert "mostly at night" in habits(many, time_zone="Asia/Tokyo", now=NOW)
    assert part_of_day(EVENING.hours, "Nowhere/At_all", NOW) is None


async def test_all_who_wait_are_read_in_one_statement_and_then_in_none(
    world: Database, personalization: Personalization, statements: CountStatements
) -> None:
    link = claimed(line(1, BOB), line(2, CHARLIE), line(3, BOB), line(4, ALICE, unread=False))
    with statements(world) as cold:
        people = await personalization.people(BOT, link)
    with statements(world) as warm:
        assert await personalization.people(BOT, link) == people
    assert (cold.count, warm.count) == (1, 0)
    assert [(each.user_id, each.name) for each in people] == [(BOB.id, "Боб"), (CHARLIE.id, "Charlie")]
    assert all(each.says_nothing for each in people)


async def test_a_wish_said_to_the_persona_is_kept_and_one_said_to_others_is_not(
    world: Database, personalization: Personalization
) -> None:
    waiting = claimed(line(1, BOB, "call me Bobby"), line(2, CHARLIE, "call me Chuck", addressed=False))
    people = await personalization.people(BOT, waiting)
    assert [each.address for each in people] == ["Bobby", ""]
    known = await world.read(lambda connection: personal.known(connection, 1, [BOB.id, CHARLIE.id]))
    assert known.keys() == {BOB.id}


async def test_words_that_are_passed_on_are_nobody_s_wish(world: Database, personalization: Personalization) -> None:
    chat = Chat(id=BOB.id, type=ChatType.PRIVATE)
    link = await world.write(partial(links.find_or_add, bot_id=1, chat=chat, now=NOW))
    for number, text in enumerate(("call me Captain Hook", "write shorter"), start=1):
        message = msgspec.structs.replace(
            said(number, text, chat=chat), forwarded_from=CHARLIE if number == 1 else None
        )
        await world.write(partial(hearing.ask, link_id=link.id, message=message, due_at=NOW))
    link_claimed = await world.write(
        partial(turns.claim, link_id=link.id, token="t", lease=9, history_lines=9, now=NOW)
    )
    assert link_claimed is not None
    [told] = await personalization.people(BOT, link_claimed)
    assert (told.address, told.length) == ("", "short")


async def test_a_channel_that_speaks_has_no_wishes(personalization: Personalization) -> None:
    channel = Sender(id=-1007, name="News")
    assert await personalization.people(BOT, claimed(line(1, channel, "call me Boss"))) == ()


async def test_what_is_changed_is_known_at_once(world: Database, personalization: Personalization) -> None:
    wishes = [Stated(wish=Wish.REACTIONS, value="off"), Stated(wish=Wish.LEAVE_ALONE, value="роботу")]
    assert (await personalization.declined(1)).reactions == frozenset()
    await personalization.state(1, BOB.id, wishes, link_id=1)
    assert (await personalization.declined(1)).reactions == {BOB.id}
    [told] = await personalization.people(BOT, claimed(line(1, BOB)))
    assert told.leave_alone == ("роботу",)
    taken_back = [Stated(wish=each.wish, value=each.value, taken_back=True) for each in wishes]
    await personalization.state(1, BOB.id, taken_back, link_id=1)
    assert (await personalization.known(1, BOB.id)).preferences == ()
    assert (await personalization.declined(1)).reactions == frozenset()


async def test_habits_are_forgotten_for_this_person_only(world: Database, personalization: Personalization) -> None:
    person = Acquaintance(name="x", messages=30, first_at=1.0, last_at=2.0, pattern=EVENING)
    learned = Learned(people={BOB.id: person, CHARLIE.id: person})
    await world.write(lambda connection: statistics.learn(connection, 1, learned))
    assert (await personalization.known(1, BOB.id)).familiarities
    await personalization.forget_habits(BOT, BOB.id)
    assert (await personalization.known(1, BOB.id)).familiarities == ()
    assert (await personalization.known(1, CHARLIE.id)).familiarities


async def test_what_was_said_before_habits_were_forgotten_is_not_learned_afterwards(
    world: Database, personalization: Personalization, learner: Learning
) -> None:
    """Neither what is still to be learned, nor what another process is at."""
    for number in (1, 2):
        await world.write(partial(hearing.keep, link_id=1, message=said(number, "hello")))
    lesson = await world.read(partial(learning.lesson, link_id=1, most=9))
    assert lesson is not None
    await personalization.forget_habits(BOT, BOB.id)
    assert not await world.write(partial(learning.keep, taken=lesson, learned=Learned()))
    await learner.learn(1)
    assert (await personalization.known(1, BOB.id)).familiarities == ()
    stats = await world.read(partial(statistics.days, link_id=1, first=0, last=day_of(NOW) + 1))
    assert sum(day.lines for day in stats.values()) == 2
    await world.write(partial(hearing.keep, link_id=1, message=said(3, "hello")))
    await learner.learn(1)
    personalization.drop(1, BOB.id)
    [anew] = (await personalization.known(1, BOB.id)).familiarities
    assert anew.messages == 1


async def test_a_process_that_cannot_learn_forgets_what_nobody_has_learned_yet(
    world: Database, learner: Learning, clock: FakeClock
) -> None:
    gateway = Personalization(world, learn_later, clock=clock, lifetime=60.0, meter=Metrics().cache("known"))
    await world.write(partial(hearing.keep, link_id=1, message=said(1, "hello")))
    await gateway.forget_habits(BOT, BOB.id)
    await world.write(partial(hearing.keep, link_id=1, message=said(2, "hello")))
    await learner.learn(1)
    [anew] = (await gateway.known(1, BOB.id)).familiarities
    assert anew.messages == 1


async def test_what_is_forgotten_is_not_held_by_what_once_read_it(
    world: Database, personalization: Personalization
) -> None:
    await personalization.state(1, BOB.id, [Stated(wish=Wish.ADDRESS, value="Captain Hook")], link_id=1)
    assert (await personalization.known(1, BOB.id)).preferences
    personalization.drop(1, BOB.id)
    done = [each for each in gc.get_objects() if isinstance(each, asyncio.Task) and each.done()]
    assert not any("Captain Hook" in str(task.result()) for task in done if not task.cancelled())


class Recorder:
    """What a process hears of others and tells them."""

    def __init__(self) -> None:
        self.followed: dict[str, Callable[[Ids], None]] = {}
        self.kept: list[bytes] = []
        self.dropped: list[tuple[str, Ids]] = []

    def follow(self, name: str, forget: Callable[[Ids], None], clear: Callable[[], None]) -> None:
        self.followed[name] = forget

    async def fetch(self, name: str, ids: Ids) -> Fetched | None:
        return Fetched(fence=b"", read_at=NOW, body=None)

    async def keep(self, name: str, ids: Ids, body: bytes, *, fence: bytes, read_at: float, lifetime: float) -> None:
        self.kept.append(body)

    def drop(self, name: str, ids: Ids) -> None:
        self.dropped.append((name, ids))


async def test_processes_share_the_news_and_nothing_that_is_known(
    world: Database, learner: Learning, clock: Callable[[], float], statements: CountStatements
) -> None:
    shared = Recorder()
    here = Personalization(
        world, learner.learn, clock=clock, lifetime=300, meter=Metrics().cache("known"), shared=shared
    )
    await here.state(1, BOB.id, [Stated(wish=Wish.ADDRESS, value="Bobby")], link_id=1)
    assert ("known", (1, BOB.id)) in shared.dropped
    await here.known(1, BOB.id)
    shared.followed["known"]((1, BOB.id))
    with statements(world) as seen:
        await here.known(1, BOB.id)
    assert seen.count == 1
    assert shared.kept == []
