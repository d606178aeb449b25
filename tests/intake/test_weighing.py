"""What comes into a process without the analyser is judged by another one as it would have been at the door."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from structlog.testing import capture_logs

from maskarad.db import Connection, decisions, hearing, links, outbox
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances, chat_contexts, unweighed_remarks
from maskarad.db.unweighed import Unweighed
from maskarad.errors import NotFound
from maskarad.intake.accept import Intake
from maskarad.intake.flood import Floods
from maskarad.intake.judging import Certain, Judging
from maskarad.intake.weighing import RING_LOST_AFTER, Weighing
from maskarad.jobs.sweep import OF_EACH
from maskarad.jobs.wakeup import Wakeups, Work
from maskarad.life.reactions import Reactions
from maskarad.memory.analysis import Analysis
from maskarad.memory.analyzer import analyze
from maskarad.values import (
    Bot,
    Character,
    Chat,
    Chattiness,
    ChatType,
    Decision,
    GroupReply,
    Incoming,
    Link,
    LinkState,
    Manners,
    MoodState,
    Persona,
    PersonaDraft,
    Queue,
    Sender,
    Verdict,
)
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.databases import OpenDatabase
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.remarks import TEA, USTYM, known, said
from tests.support.rows import NOW

QUESTION = said("Хтось знає, де купити доброго чаю?")
CHATTER = said("кава вже майже скінчилась")
GLAD = said("Ура, ми перемогли, яке щастя!")
SPAM = said("🔥🔥🔥 ЗАРОБІТОК БЕЗ ВКЛАДЕНЬ!!! Пиши мені https://t.me/xxx http://bit.ly/aaa ЗАРОБІТОК БЕЗ ВКЛАДЕНЬ?")
CALL = said("Устиме, ходи сюди")
ANSWER_WITHIN = 600.0


class Persons:
    """The one persona's content, as it is for now."""

    def __init__(self, policy: GroupReply = GroupReply.MENTIONED_OR_CONTEXTUAL) -> None:
        self.policy = policy
        self.is_gone = False

    async def __call__(self, _persona_id: int) -> Persona:
        if self.is_gone:
            raise NotFound("persona 1 is gone")
        content = PersonaDraft(
            name="Устим",
            description="Старий мольфар з Карпат.",
            language="uk",
            group_reply=self.policy,
            character=Character(likes="чай, пісні біля вогню", biography="Пас овець на полонині."),
        )
        return Persona(id=1, owner_id=ALICE.id, version=1, content=content)


def judging(
    persons: Callable[[int], Awaitable[Persona]],
    analyse: Callable[[str], Analysis] | None,
    *,
    chance: Callable[[], float] = lambda: 1.0,
    clock: Callable[[], float] = lambda: NOW,
    flood_messages: int = 8,
) -> Judging:
    async def declines(_bot: Bot, _sender: Sender) -> bool:
        return False

    return Judging(
        persona=persons,
        analyse=analyse,
        floods=Floods(most=flood_messages, seconds=30.0, clock=clock),
        flood_remark=lambda language: f"slower ({language})",
        answer_within=ANSWER_WITHIN,
        mood_half_life=1800.0,
        time_zone="UTC",
        reactions=Reactions(most_per_hour=6, mood_half_life=1800.0, declines=declines, clock=clock, chance=chance),
    )


REMARKS = st.sampled_from(
    [
        QUESTION,
        CHATTER,
        GLAD,
        SPAM,
        CALL,
        said("хто взяв мої ключі?"),
        said("а яка саме?", sender=CHARLIE),
        said("без Устима тут нудно"),
        said("ок"),
        said("дякую!"),
        said("ахаха"),
        said("[photo]", has_text=False),
        said("Чому небо синє?", forwarded_from=CHARLIE),
        said("я теж так думаю, до речі", reply_to_user_id=CHARLIE.id, reply_to_message_id=3),
        said("хто взяв мої ключі?", sender=Sender(id=88, name="Other", is_bot=True)),
    ]
)
STATES = st.builds(
    known,
    spoke_at=st.sampled_from([0.0, NOW - 5, NOW - 100, NOW - 40_000]),
    recent_own=st.integers(0, 2**20 - 1),
    recent_considered=st.integers(0, 2**60 - 1) | st.just(0),
    pondered_at=st.sampled_from([0.0, NOW - 10]),
    spoke_to=st.sampled_from([0, BOB.id]),
    replies_to_asker=st.booleans(),
    reactions=st.sampled_from([0, 6]),
    reacted_at=st.just(NOW - 9),
    liking=st.floats(-1, 1),
    liking_at=st.just(NOW),
    mood=st.builds(MoodState, key=st.sampled_from(["neutral", "joy"]), strength=st.just(1.0), set_at=st.just(NOW)),
    manners=st.builds(Manners, chattiness=st.sampled_from([None, *Chattiness])),
)


@settings(max_examples=300, deadline=None)
@given(message=REMARKS, state=STATES, policy=st.sampled_from(GroupReply), looks=st.booleans(), floods=st.booleans())
def test_in_two_steps_it_comes_to_the_same(
    message: Incoming, state: LinkState, policy: GroupReply, looks: bool, floods: bool
) -> None:
    """`looks`: an emoji is considered, and instead of words is enough."""

    async def judged(analyse: Callable[[str], Analysis] | None) -> tuple[Decision, bool]:
        gate = judging(Persons(policy), analyse, chance=lambda: 0.0 if looks else 1.0, flood_messages=int(floods))
        if floods:
            await gate.judge(USTYM, said("Устиме!", message_id=4), NOW)
        first = await gate.judge(USTYM, message, NOW)
        if isinstance(first, Certain):
            return first.decision or Decision(verdict=Verdict.ANSWER, reason="private"), True
        decision = first(state)
        if isinstance(decision, Decision):
            return decision, True
        worker = judging(Persons(policy), analyze, chance=lambda: 0.0 if looks else 1.0, flood_messages=1)
        return (await worker.weigh(USTYM, decision, NOW))(state), False

    at_once, settled = asyncio.run(judged(analyze))
    in_two_steps, _ = asyncio.run(judged(None))
    assert settled
    assert in_two_steps == at_once


@pytest.mark.parametrize(
    ("message", "policy", "settled"),
    [
        (CALL, GroupReply.MENTIONED_OR_CONTEXTUAL, True),
        (CHATTER, GroupReply.MENTIONED_OR_CONTEXTUAL, True),
        (QUESTION, GroupReply.MENTIONED_OR_CONTEXTUAL, False),
        (QUESTION, GroupReply.MENTIONED_ONLY, True),
        (QUESTION, GroupReply.NEVER, True),
        (CHATTER, GroupReply.ALWAYS, False),
        (CALL, GroupReply.ALWAYS, True),
    ],
)
async def test_what_no_look_could_change_is_settled_at_the_door(
    message: Incoming, policy: GroupReply, settled: bool
) -> None:
    judged = await judging(Persons(policy), None).judge(USTYM, message, NOW)
    assert (isinstance(judged, Certain) or isinstance(judged(known()), Decision)) is settled


async def test_where_words_that_it_likes_could_tip_the_scales_the_door_does_not_decide() -> None:
    question, disliked = said("а де взяти чаю?"), known(liking=-0.5, liking_at=NOW)
    judged = [await judging(Persons(), analyse).judge(USTYM, question, NOW) for analyse in (analyze, None)]
    at_once, left = [each(disliked) for each in judged if not isinstance(each, Certain)]
    assert isinstance(at_once, Decision)
    assert (at_once.verdict, set(at_once.features)) == (Verdict.CONSIDER, {"question", "liking", "interest:чай"})
    assert isinstance(left, Unweighed)


async def test_a_lot_drawn_at_the_door_counts() -> None:
    lucky = await judging(Persons(), None, chance=lambda: 0.0).judge(USTYM, GLAD, NOW)
    assert not isinstance(lucky, Certain)
    left = lucky(known())
    assert left == Unweighed(message=GLAD, may_get_reaction=True)
    unlucky = judging(Persons(), analyze, chance=lambda: 0.99)
    decision = (await unlucky.weigh(USTYM, left, NOW))(known())
    assert decision.part is not None
    assert decision.part.text in "👍❤🔥🎉"


def leave(connection: Connection, link_id: int, message: Incoming) -> None:
    """As a gateway leaves it."""
    left = Unweighed(message=message)
    hearing.hear(connection, link_id, message, lambda _state: left, due_at=NOW, now=NOW)


class Door:
    """A process that receives and has no analyser, and others that weigh, over one database with one group."""

    def __init__(self, database: Database, clock: FakeClock, policy: GroupReply) -> None:
        self.database = database
        self.clock = clock
        self.persons = Persons(policy)
        self.served: Bot | None = USTYM
        self.rung: list[tuple[Any, ...]] = []
        self.rung_to_weigh: list[tuple[int, int]] = []
        self.link = Link(id=1, bot_id=1, chat_id=TEA.id, active=True, muted=False)
        self.chance: Callable[[], float] = lambda: 0.0
        self.intake = Intake(
            database,
            judging(self.persons, None, chance=lambda: self.chance(), clock=clock),
            links=self,
            turn_away=self._nobody,
            ring=self._ring,
            ring_to_weigh=lambda link_id, bot_id: self.rung_to_weigh.append((link_id, bot_id)),
            clock=clock,
            gather=1.0,
            default_language="uk",
        )

    async def find(self, bot: Bot, chat: Chat) -> Link | None:
        return self.link

    async def ensure(self, bot: Bot, chat: Chat) -> Link:
        return self.link

    def drop(self, bot_id: int, chat_id: int) -> None:
        return None

    async def _nobody(self, bot: Bot, message: Incoming) -> None:
        raise AssertionError

    def _ring(self, *rung: Any) -> None:
        self.rung.append(rung)

    def worker(self, database: Database | None = None, analyse: Callable[[str], Analysis] = analyze) -> Weighing:
        return Weighing(
            self.database if database is None else database,
            judging(self.persons, analyse, chance=lambda: 0.99, clock=self.clock),
            find_bot=lambda _bot_id: self.served,
            ring=self._ring,
            clock=self.clock,
            gather=1.0,
        )

    async def sweep(self, work: Work | None = None) -> None:
        """Returns when all is done that was found."""
        worker = self.worker()
        wakeups = Wakeups(worker.weigh if work is None else work, most=50)
        await worker.sweep(wakeups)
        await wakeups.fewer_than(1)

    async def weigh(self) -> None:
        await self.worker().weigh(1, 1)

    async def hears(self, message: Incoming) -> None:
        await self.intake.accept(USTYM, message)

    async def lines(self) -> list[tuple[int | None, str | None]]:
        """Of each message whether it is asked, and why."""
        columns = select(chat_contexts.c.asked, chat_contexts.c.decision).order_by(chat_contexts.c.message_order)
        found = await self.database.read(lambda connection: connection.execute(columns).all())
        return [(asked, None if told is None else decisions.decode(told).reason) for asked, told in found]

    async def row(self) -> Any:
        return await self.database.read(lambda connection: connection.execute(select(chat_bot_instances)).one())

    async def waiting(self) -> int:
        return len(await self.database.read(lambda connection: connection.execute(select(unweighed_remarks)).all()))


@pytest.fixture
async def door(database: Database, clock: FakeClock) -> Door:
    clock.now = NOW
    await database.write(partial(rows.link, chat=TEA))
    return Door(database, clock, GroupReply.MENTIONED_OR_CONTEXTUAL)


async def test_a_question_is_stored_at_once_and_answered_once_it_is_weighed(door: Door) -> None:
    await door.hears(QUESTION)
    assert (await door.lines(), door.rung, door.rung_to_weigh) == ([(None, None)], [], [(1, 1)])
    await door.weigh()
    assert await door.lines() == [(1, "joins_in")]
    assert door.rung == [(Queue.TURNS, 1, 1, 1.0)]
    assert ((await door.row()).messages, await door.waiting()) == (1, 0)


async def test_what_is_certain_needs_no_weighing(door: Door) -> None:
    for message in (CALL, said(CHATTER.text, message_id=6)):
        door.chance = lambda: 0.99
        await door.hears(message)
    assert await door.lines() == [(1, "named"), (None, "unconvinced")]
    assert (door.rung_to_weigh, await door.waiting()) == ([], 0)


async def test_an_emoji_for_it_goes_into_the_outbox(door: Door) -> None:
    await door.hears(GLAD)
    await door.weigh()
    (part,) = await door.database.read(partial(outbox.waiting, link_id=1))
    assert (part.reply_to, door.rung) == (GLAD.message_id, [(Queue.DELIVERY, 1, 1, 0.0)])
    assert await door.lines() == [(None, "unconvinced")]
    assert (await door.row()).reactions == 1


async def test_many_workers_weigh_it_once(door: Door, open_again: OpenDatabase) -> None:
    for number in range(5, 9):
        await door.hears(said(QUESTION.text, message_id=number))
    await asyncio.gather(*(door.worker(open_again()).weigh(1, 1) for _ in range(4)))
    assert [reason for _, reason in await door.lines()] == ["joins_in", *["considered_lately"] * 3]
    assert (await door.row()).asked == 1
    assert door.rung == [(Queue.TURNS, 1, 1, 1.0)]


async def test_the_same_message_again_is_neither_stored_nor_weighed_again(door: Door) -> None:
    await door.hears(QUESTION)
    await door.weigh()
    with pytest.raises(Exception, match="is stored"):
        await door.hears(QUESTION)
    await door.weigh()
    assert ((await door.row()).asked, await door.waiting()) == (1, 0)


async def test_the_sweep_finds_what_nobody_was_rung_for(door: Door) -> None:
    await door.hears(QUESTION)
    door.clock.advance(RING_LOST_AFTER - 0.5)
    await door.sweep()
    assert await door.waiting() == 1
    door.clock.advance(1.0)
    await door.sweep()
    assert await door.waiting() == 0


async def test_a_loud_group_holds_up_no_other_where_nobody_is_rung(door: Door) -> None:
    """Without Redis there is only the sweep: a thousand remarks of one group wait, and a question in another one of
    the same bot."""

    def fill(connection: Connection) -> None:
        quiet = links.find_or_add(connection, 1, Chat(id=-1002, type=ChatType.GROUP, title="Quiet"), now=NOW)
        for number in range(1_000):
            leave(connection, 1, said(QUESTION.text, message_id=5 + number))
        leave(connection, quiet.id, said(QUESTION.text, message_id=2_000))

    await door.database.write(fill)
    door.clock.advance(RING_LOST_AFTER + 1)
    work = door.worker().weigh
    weighed: list[int] = []

    async def weigh(link_id: int, bot_id: int) -> float | None:
        weighed.append(link_id)
        return await work(link_id, bot_id)

    await door.sweep(weigh)
    assert set(weighed[:2]) == {1, 2}
    assert await door.waiting() == 0


async def test_there_are_more_rounds_where_one_is_too_few(door: Door) -> None:
    def fill(connection: Connection) -> None:
        for number in range(2 * OF_EACH + 1):
            chat = Chat(id=-2000 - number, type=ChatType.GROUP, title="One of many")
            link = links.find_or_add(connection, 1, chat, now=NOW)
            leave(connection, link.id, said(QUESTION.text, chat=chat))

    await door.database.write(fill)
    door.clock.advance(RING_LOST_AFTER + 1)
    await door.sweep()
    assert await door.waiting() == 0


async def test_what_is_left_is_rung_for_once_a_sweep(door: Door) -> None:
    """Its bot is served, but not known here yet."""
    await door.hears(QUESTION)
    door.served = None
    door.clock.advance(RING_LOST_AFTER + 1)
    await door.sweep()
    assert await door.waiting() == 1


async def test_weighed_too_late_it_is_only_listened_to(door: Door) -> None:
    await door.hears(QUESTION)
    door.clock.advance(ANSWER_WITHIN + 1)
    await door.weigh()
    assert (await door.lines(), door.rung, await door.waiting()) == ([(None, "old")], [], 0)


@pytest.mark.parametrize("fault", ["bot", "persona"])
async def test_of_a_bot_that_is_not_served_it_waits_until_it_is_old(door: Door, fault: str) -> None:
    await door.hears(QUESTION)
    if fault == "bot":
        door.served = None
    else:
        door.persons.is_gone = True
    await door.weigh()
    assert (await door.lines(), await door.waiting()) == ([(None, None)], 1)
    door.clock.advance(ANSWER_WITHIN + 1)
    await door.weigh()
    assert (await door.lines(), await door.waiting()) == ([(None, "old")], 0)


async def test_what_fails_is_listened_to_and_holds_up_nothing(door: Door) -> None:
    poison = said("хто взяв мої ключі?", message_id=4)

    def fails(words: str) -> Analysis:
        if words == poison.text:
            raise ValueError(words)
        return analyze(words)

    for message in (poison, QUESTION):
        await door.hears(message)
    with capture_logs() as logs:
        await door.worker(analyse=fails).weigh(1, 1)
    assert await door.lines() == [(None, "failed"), (1, "joins_in")]
    assert await door.waiting() == 0
    [told] = logs
    assert (told["event"], told["link_id"], told["message_id"]) == ("weighing_failed", 1, 4)
    assert poison.text not in str(logs)


async def test_what_cannot_be_read_is_too_old_and_holds_up_nothing(door: Door) -> None:
    for message in (said(QUESTION.text, message_id=4), QUESTION):
        await door.hears(message)
    spoilt = update(unweighed_remarks).where(unweighed_remarks.c.message_order == 4).values(remark='{"message":1}')
    await door.database.write(lambda connection: connection.execute(spoilt))
    await door.weigh()
    assert await door.lines() == [(None, "old"), (1, "joins_in")]
    assert await door.waiting() == 0


async def test_what_is_corrected_meanwhile_is_weighed_as_it_is_now(door: Door) -> None:
    await door.hears(QUESTION)
    await door.hears(said("Хтось знає, де купити доброго меду?", edited_at=NOW))
    await door.weigh()
    assert await door.lines() == [(1, "perhaps")]


async def test_erased_while_it_is_being_weighed_it_stays_erased(door: Door, open_again: OpenDatabase) -> None:
    """/reset comes between the worker's look at what waits and its verdict."""
    await door.hears(QUESTION)
    other, find = open_again(), door.persons

    async def erased_meanwhile(persona_id: int) -> Persona:
        await other.write(partial(links.forget, link_id=1, now=NOW))
        return await find(persona_id)

    worker = judging(erased_meanwhile, analyze)
    weighing = Weighing(door.database, worker, find_bot=lambda _: USTYM, ring=door._ring, clock=door.clock, gather=1.0)
    await weighing.weigh(1, 1)
    assert (door.rung, (await door.row()).asked, await door.waiting()) == ([], 0, 0)


async def test_who_floods_an_always_answering_persona_is_counted_once(database: Database, clock: FakeClock) -> None:
    clock.now = NOW
    await database.write(partial(rows.link, chat=TEA))
    door = Door(database, clock, GroupReply.ALWAYS)
    for number in range(10):
        await door.hears(said(CHATTER.text, message_id=5 + number))
        await door.weigh()
    assert [reason for _, reason in await door.lines()] == ["always"] * 8 + ["flood"] * 2
    (remark,) = await database.read(partial(outbox.waiting, link_id=1))
    assert remark.text == "slower (uk)"
