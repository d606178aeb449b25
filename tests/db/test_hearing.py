"""A message is counted, judged by what the link knows, and stored, in one transaction."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, select, update

from maskarad.db import decisions, hearing, links, outbox, turns
from maskarad.db.engine import Database, Query
from maskarad.db.hearing import Waits
from maskarad.db.tables import chat_bot_instances, chat_contexts
from maskarad.errors import AlreadySeen, NotFound
from maskarad.values import (
    Chattiness,
    ChatType,
    Decision,
    LinkState,
    Manners,
    PartDraft,
    PartKind,
    Sender,
    SentMessage,
    TurnOutcome,
    Verdict,
)
from tests.support import rows
from tests.support.databases import CountStatements
from tests.support.people import BOB
from tests.support.rows import NOW, said

OTHER_BOT = Sender(id=88, name="Other", is_bot=True)
LISTEN = Decision(verdict=Verdict.LISTEN, reason="unconvinced", score=0.123, threshold=0.65, features={"question": 0.8})
PERHAPS = Decision(verdict=Verdict.CONSIDER, reason="perhaps")
JOINS_IN = Decision(verdict=Verdict.ANSWER, reason="joins_in")
CALLED = Decision(verdict=Verdict.ANSWER, reason="named", features={"called": 1.0})
REMARK = PartDraft(kind=PartKind.TEXT, text="slower!")
REACTION = PartDraft(kind=PartKind.REACTION, text="👍", reply_to=10)


class Heard:
    """Judges with a fixed decision and notes what it was told of the link."""

    def __init__(self, decision: Decision) -> None:
        self._decision = decision
        self.states: list[LinkState] = []

    def __call__(self, state: LinkState) -> Decision:
        self.states.append(state)
        return self._decision


def hear(
    message_id: int,
    judge: Callable[[LinkState], Decision],
    *,
    by: Sender = BOB,
    reply_to: int | None = None,
    now: float = NOW,
) -> Query[Waits]:
    message = replace(said(message_id, by=by), reply_to_message_id=reply_to)
    return partial(hearing.hear, link_id=1, message=message, judge=judge, due_at=now, now=now)


def ask(message_id: int, decision: Decision | None = None) -> Query[bool]:
    return partial(hearing.ask, link_id=1, message=said(message_id), due_at=NOW, decision=decision)


def row(connection: Connection) -> Any:
    return connection.execute(select(chat_bot_instances)).one()


def stored(connection: Connection) -> list[Any]:
    return list(connection.execute(select(chat_contexts).order_by(chat_contexts.c.message_order)))


async def learned(world: Database, message_id: int = 99, **more: Any) -> LinkState:
    """What the link tells about the next message."""
    judge = Heard(LISTEN)
    await world.write(hear(message_id, judge, **more))
    return judge.states[0]


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with one link, number 1, of a group."""
    await database.write(rows.link)
    return database


async def test_what_is_only_heard_costs_two_statements_and_its_decision_is_kept(
    world: Database, statements: CountStatements
) -> None:
    with statements(world) as seen:
        assert not await world.write(hear(10, Heard(LISTEN)))
    assert seen.count == 2
    (line,) = await world.read(stored)
    assert (line.asked, line.addressed) == (None, False)
    assert decisions.decode(line.decision) == replace(LISTEN, score=0.12)
    link = await world.read(row)
    assert (link.asked, link.messages, link.recent_considered, link.last_message_at) == (0, 1, 0, NOW + 10)


@pytest.mark.parametrize(
    ("decision", "addressed", "considered", "pondered_at"),
    [(CALLED, True, 0, 0.0), (PERHAPS, False, 1, NOW), (JOINS_IN, True, 1, NOW)],
)
async def test_what_is_taken_up_is_due_and_counts_when_nobody_asked_for_it(
    world: Database, decision: Decision, addressed: bool, considered: int, pondered_at: float
) -> None:
    assert await world.write(hear(10, Heard(decision))) is Waits.TURN
    (line,) = await world.read(stored)
    assert (line.asked, line.addressed) == (1, addressed)
    link = await world.read(row)
    assert (link.asked, link.recent_considered, link.pondered_at) == (1, considered, pondered_at)


async def test_bits_move_on_with_every_message_and_the_window_forgets(world: Database) -> None:
    await world.write(hear(10, Heard(PERHAPS)))
    state = await learned(world, 11)
    assert (state.recent_considered, state.pondered_at) == (0b10, NOW)
    for message_id in range(12, 70):
        await world.write(ask(message_id))
    assert (await learned(world, 70)).recent_considered == 0


async def test_the_persona_s_own_lines_are_seen_in_the_last_twenty(world: Database) -> None:
    await world.write(ask(10))
    claimed = await world.write(partial(turns.claim, link_id=1, token="a", lease=9.0, history_lines=9, now=NOW))
    assert claimed is not None
    outcome = TurnOutcome(answered=1, parts=(PartDraft(kind=PartKind.TEXT, text="tea?"),))
    (part,) = (await world.write(partial(turns.finish, claim=claimed.claim, outcome=outcome, bill=None))).added
    message = SentMessage(message_id=11, bot_telegram_id=7001, bot_name="Mira")
    await world.write(partial(turns.sent, claim=claimed.claim, part=part, message=message, now=NOW + 3))
    state = await learned(world, 12)
    assert (state.recent_own, state.spoke_at) == (0b10, NOW + 3)
    for message_id in range(13, 33):
        await world.write(ask(message_id))
    assert (await learned(world, 40)).recent_own == 0


async def test_whom_it_answered_last_is_known_until_it_answers_another(world: Database) -> None:
    async def turn(message_id: int, spoke_to: int | None) -> int:
        await world.write(ask(message_id))
        claimed = await world.write(partial(turns.claim, link_id=1, token="a", lease=9.0, history_lines=9, now=NOW))
        assert claimed is not None
        outcome = TurnOutcome(answered=claimed.asked, spoke_to=spoke_to)
        await world.write(partial(turns.finish, claim=claimed.claim, outcome=outcome, bill=None))
        return (await learned(world, message_id + 1)).spoke_to

    assert (await learned(world, 10)).spoke_to == 0
    assert [await turn(20, BOB.id), await turn(30, None), await turn(40, -1001)] == [BOB.id, BOB.id, -1001]
    await world.write(partial(links.forget, link_id=1, now=NOW))
    assert (await learned(world, 50)).spoke_to == 0


async def test_a_reply_to_who_asked_the_persona_is_known_as_one(world: Database) -> None:
    await world.write(ask(10))
    await world.write(hear(11, Heard(LISTEN)))
    await world.write(hear(12, Heard(PERHAPS)))
    replied = [(await learned(world, 20 + to, reply_to=to)).replies_to_asker for to in (10, 11, 12, 500)]
    assert replied == [True, False, False, False]
    assert not (await learned(world, 13)).replies_to_asker


async def test_two_exchanges_between_bots_until_a_person_speaks(world: Database) -> None:
    for message_id in (10, 11):
        await world.write(hear(message_id, Heard(CALLED), by=OTHER_BOT))
    assert (await learned(world, 12, by=OTHER_BOT)).bot_exchanges == 2
    await world.write(hear(13, Heard(LISTEN)))
    assert (await learned(world, 14, by=OTHER_BOT)).bot_exchanges == 0
    await world.write(hear(15, Heard(CALLED), by=OTHER_BOT))
    await world.write(ask(16))
    assert (await learned(world, 17, by=OTHER_BOT)).bot_exchanges == 0


async def test_what_a_bot_says_unheeded_is_no_exchange(world: Database) -> None:
    await world.write(hear(10, Heard(LISTEN), by=OTHER_BOT))
    assert (await learned(world, 11, by=OTHER_BOT)).bot_exchanges == 0


async def test_a_remark_goes_to_the_outbox_and_is_remembered(world: Database) -> None:
    flood = Decision(verdict=Verdict.LISTEN, reason="flood", part=REMARK)
    assert await world.write(hear(10, Heard(flood), now=NOW + 5)) is Waits.DELIVERY
    (part,) = await world.read(partial(outbox.waiting, link_id=1))
    assert part.text == "slower!"
    link = await world.read(row)
    assert (link.flood_told_at, link.parts, link.reactions, link.asked) == (NOW + 5, 1, 0, 0)


async def test_reactions_are_counted_until_an_hour_goes_by_without_one(world: Database) -> None:
    reacts = Decision(verdict=Verdict.LISTEN, reason="unconvinced", part=REACTION)
    for number, seconds in enumerate((0, 60, 3599)):
        await world.write(hear(10 + number, Heard(reacts), now=NOW + seconds))
    link = await world.read(row)
    assert (link.reactions, link.reacted_at, link.flood_told_at) == (3, NOW + 3599, 0.0)
    await world.write(hear(20, Heard(reacts), now=NOW + 7198))
    await world.write(hear(21, Heard(reacts), now=NOW + 10_798))
    link = await world.read(row)
    assert (link.reactions, link.reacted_at) == (1, NOW + 10_798)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (partial(links.set_muted, link_id=1, muted=True), "muted"),
        (partial(links.set_active, link_id=1, active=False), "asleep"),
    ],
)
async def test_muted_or_asleep_it_only_listens_whatever_was_decided(
    world: Database, make: Query[None], reason: str
) -> None:
    await world.write(make)
    flood = Decision(verdict=Verdict.LISTEN, reason="flood", part=REMARK)
    for message_id, decision in enumerate((CALLED, PERHAPS, flood), start=10):
        judge = Heard(decision)
        assert not await world.write(hear(message_id, judge))
        assert judge.states == []
    assert not await world.write(ask(30, CALLED))
    told = [decisions.decode(line.decision) for line in await world.read(stored)]
    assert {(each.verdict, each.reason) for each in told} == {(Verdict.LISTEN, reason)}
    assert (await world.read(row)).asked == 0
    assert await world.read(partial(outbox.waiting, link_id=1)) == []


async def test_on_the_dial_s_lowest_mark_it_is_not_even_called(world: Database, statements: CountStatements) -> None:
    await world.write(partial(links.set_manners, link_id=1, manners=Manners(chattiness=Chattiness.SILENT)))
    with statements(world) as seen:
        assert not await world.write(ask(10, CALLED))
    assert seen.count == 2
    (line,) = await world.read(stored)
    assert (line.asked, decisions.decode(line.decision).reason) == (None, "silent")
    await world.write(partial(links.set_manners, link_id=1, manners=Manners(chattiness=Chattiness.QUIET)))
    assert await world.write(ask(11, CALLED))


async def test_a_private_chat_that_sleeps_is_woken_by_what_is_to_be_answered(world: Database) -> None:
    private = update(chat_bot_instances).values(chat_type=ChatType.PRIVATE.value, active=False, chattiness="silent")
    await world.write(lambda connection: connection.execute(private))
    assert await world.write(hear(10, Heard(CALLED)))
    link = await world.read(row)
    assert (link.active, link.asked, link.answered) == (True, 1, 0)


async def test_the_same_message_twice_changes_nothing(world: Database) -> None:
    await world.write(hear(10, Heard(PERHAPS)))
    before = await world.read(row)
    for decision in (PERHAPS, LISTEN, Decision(verdict=Verdict.LISTEN, reason="flood", part=REMARK)):
        with pytest.raises(AlreadySeen):
            await world.write(hear(10, Heard(decision)))
    assert await world.read(row) == before
    assert len(await world.read(stored)) == 1


async def test_a_link_that_is_gone_says_so(database: Database) -> None:
    with pytest.raises(NotFound):
        await database.write(hear(10, Heard(LISTEN)))
