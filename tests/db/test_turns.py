import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update

from maskarad.db import bots, hearing, history, links, outbox, turns
from maskarad.db.engine import Database, Query
from maskarad.db.purses import Bill
from maskarad.db.tables import chat_bot_instances, reply_parts, usage_records
from maskarad.errors import AlreadySeen, ClaimLost, NotFound
from maskarad.values import (
    Chat,
    ChatType,
    Claim,
    ClaimedLink,
    Completion,
    Decision,
    MoodState,
    Part,
    PartDraft,
    PartKind,
    Progress,
    Queue,
    SentMessage,
    TurnOutcome,
    Usage,
    Verdict,
)
from tests.support import rows
from tests.support.databases import CountStatements, OpenDatabase
from tests.support.people import ALICE, BOB
from tests.support.rows import NOW, said

LEASE = 60.0
USAGE = Usage(
    owner_id=ALICE.id,
    persona_id=1,
    bot_id=1,
    user_id=BOB.id,
    completion=Completion(text="hi", model="m", prompt_tokens=10, completion_tokens=5, latency=0.5),
    created_at=NOW,
)


def ask(message_id: int, link_id: int = 1, *, due_at: float = NOW) -> Query[bool]:
    return partial(hearing.ask, link_id=link_id, message=said(message_id), due_at=due_at)


def take(token: str = "a", link_id: int = 1, *, now: float = NOW) -> Query[ClaimedLink | None]:
    return partial(turns.claim, link_id=link_id, token=token, lease=LEASE, history_lines=40, now=now)


async def taken(database: Database, token: str = "a", *, now: float = NOW) -> ClaimedLink:
    claimed = await database.write(take(token, now=now))
    assert claimed is not None
    return claimed


def consider(message_id: int) -> Query[hearing.Waits]:
    perhaps = Decision(verdict=Verdict.CONSIDER, reason="perhaps")
    return partial(hearing.hear, link_id=1, message=said(message_id), judge=lambda _state: perhaps, due_at=NOW, now=NOW)


def finish(claimed: ClaimedLink, *texts: str, mood: str | None = None, usage: Usage | None = None) -> Query[Any]:
    parts = tuple(PartDraft(kind=PartKind.TEXT, text=text) for text in texts)
    outcome = TurnOutcome(answered=claimed.asked, parts=parts, mood=MoodState(key=mood, set_at=NOW) if mood else None)
    bill = None if usage is None else Bill(differences=(), usage=usage)
    return partial(turns.finish, claim=claimed.claim, outcome=outcome, bill=bill)


def react(claimed: ClaimedLink, now: float) -> Query[Any]:
    parts = (PartDraft(kind=PartKind.REACTION, text="👍", reply_to=10),)
    outcome = TurnOutcome(answered=claimed.asked, parts=parts, reacted_at=now)
    return partial(turns.finish, claim=claimed.claim, outcome=outcome, bill=None)


def row(connection: Connection) -> Any:
    return connection.execute(select(chat_bot_instances).where(chat_bot_instances.c.id == 1)).one()


def due(now: float = NOW) -> Query[list[int]]:
    return lambda connection: [each.link_id for each in turns.due(connection, now=now, most=10, of_each=10)]


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with one link, number 1."""
    assert await database.write(rows.link) == 1
    return database


async def test_a_ring_that_comes_a_moment_too_early_by_anothers_clock_finds_its_link(world: Database) -> None:
    await world.write(ask(10, due_at=NOW))
    assert await world.write(take(now=NOW - 0.2)) is None
    assert await world.write(take(now=NOW - 0.02)) is not None


async def test_whoever_does_not_take_over_leaves_a_claim_that_has_run_out(world: Database) -> None:
    await world.write(ask(10))
    await taken(world)
    later = NOW + LEASE + 1
    spares = partial(turns.claim, link_id=1, token="b", lease=LEASE, history_lines=40, now=later, takes_over=False)
    assert await world.write(spares) is None
    assert await world.read(partial(turns.due, now=later, most=10, of_each=10, takes_over=False)) == []
    assert await world.read(due(later)) == [1]
    assert await world.write(take("b", now=later)) is not None


async def test_what_is_asked_is_due_and_a_claim_reads_it(world: Database) -> None:
    assert await world.read(due()) == []
    await world.write(ask(10))
    await world.write(ask(11))
    assert await world.read(due()) == [1]
    claimed = await taken(world)
    assert (claimed.asked, claimed.parts, claimed.failures) == (2, 0, 0)
    assert claimed.chat == rows.GROUP
    assert [(line.message_order, line.unread, line.addressed) for line in claimed.history] == [
        (10, True, True),
        (11, True, True),
    ]
    assert await world.read(due()) == []


async def test_a_claim_costs_two_statements(world: Database, statements: CountStatements) -> None:
    await overheard(world, range(100))
    for message_id in range(100, 140):
        await world.write(ask(message_id))
    with statements(world) as seen:
        await taken(world)
    assert seen.count == 2


async def test_nothing_is_claimed_before_it_is_due(world: Database) -> None:
    await world.write(ask(10, due_at=NOW + 2))
    await world.write(ask(11, due_at=NOW + 9))
    assert await world.read(due(NOW + 1.9)) == []
    assert await world.write(take(now=NOW + 1.9)) is None
    assert await world.read(due(NOW + 2)) == [1]
    assert await world.write(take(now=NOW + 2)) is not None


async def test_a_message_twice_is_already_seen_and_asks_nothing(world: Database) -> None:
    await world.write(ask(10))
    before = await world.read(row)
    with pytest.raises(AlreadySeen):
        await world.write(ask(10))
    assert await world.read(row) == before


async def test_a_message_twice_among_others_changes_nothing_and_they_succeed(world: Database) -> None:
    await world.write(ask(10))
    outcomes = await asyncio.gather(
        *(world.write(ask(message_id)) for message_id in (11, 10, 12, 10, 13)), return_exceptions=True
    )
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "bool",
        "AlreadySeen",
        "bool",
        "AlreadySeen",
        "bool",
    ]
    assert (await world.read(row)).asked == 4
    claimed = await taken(world)
    assert {line.message_order for line in claimed.history} == {10, 11, 12, 13}


async def test_asking_a_link_that_is_gone_says_so(world: Database) -> None:
    with pytest.raises(NotFound):
        await world.write(ask(10, link_id=2))


async def test_one_of_many_claims_wins(world: Database, open_again: OpenDatabase) -> None:
    others = [world, open_again(), open_again()]
    for message_id in range(1, 11):
        await world.write(ask(message_id))
        tokens = [f"{message_id}-{number}" for number in range(30)]
        claims = await asyncio.gather(*(others[n % 3].write(take(token)) for n, token in enumerate(tokens)))
        [winner] = [claim for claim in claims if claim is not None]
        assert (await world.read(row)).claim == winner.claim.token
        await world.write(finish(winner))


async def test_a_lease_that_ran_out_is_taken_over_and_the_late_one_changes_nothing(world: Database) -> None:
    await world.write(ask(10))
    late = await taken(world, "late")
    assert await world.write(take("early", now=NOW + LEASE)) is None
    assert await world.read(due(NOW + LEASE + 1)) == [1]
    second = await taken(world, "second", now=NOW + LEASE + 1)
    before = await world.read(row)
    message = SentMessage(message_id=99, bot_telegram_id=7001, bot_name="Mira")
    for attempt in (
        finish(late, "too late", mood="joy", usage=USAGE),
        partial(turns.sent, claim=late.claim, part=_part(1), message=message, now=NOW),
    ):
        with pytest.raises(ClaimLost):
            await world.write(attempt)
    for give_back in (turns.release, turns.give_up, turns.leave, partial(turns.postpone, due_at=NOW + 500)):
        await world.write(partial(give_back, claim=late.claim))
    assert await world.read(row) == before
    assert await world.read(partial(outbox.waiting, link_id=1)) == []
    assert await world.read(_usage) == []
    await world.write(finish(second, "in time"))
    assert [part.text for part in await world.read(partial(outbox.waiting, link_id=1))] == ["in time"]


def _part(part_id: int) -> Part:
    return Part(id=part_id, kind=PartKind.TEXT, text="hi")


def _usage(connection: Connection) -> list[Any]:
    return list(connection.execute(select(usage_records)).all())


async def test_a_renewed_lease_is_not_taken_over(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    held = [claimed.claim, Claim(link_id=2, token="unknown")]
    await world.write(partial(turns.renew, claims=held, until=NOW + 10 * LEASE))
    assert await world.write(take("b", now=NOW + 5 * LEASE)) is None
    for others in ([], [Claim(link_id=1, token="b")], [Claim(link_id=2, token=claimed.claim.token)]):
        await world.write(partial(turns.renew, claims=others, until=NOW + 100 * LEASE))
    assert await world.write(take("b", now=NOW + 10 * LEASE + 1)) is not None


async def test_a_turn_to_its_end(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    await world.write(ask(11, due_at=NOW + 5))
    progress = await world.write(finish(claimed, "one", "two", mood="joy", usage=USAGE))
    assert (progress.parts, progress.next_due_at) == (2, NOW)
    waiting = await world.read(partial(outbox.waiting, link_id=1))
    assert [part.text for part in waiting] == ["one", "two"]
    for number, part in enumerate(waiting):
        message = SentMessage(message_id=20 + number, bot_telegram_id=7001, bot_name="Mira")
        progress = await world.write(
            partial(turns.sent, claim=claimed.claim, part=part, message=message, now=NOW + number)
        )
        assert progress.parts == 1 - number
    after = await world.read(row)
    assert (after.claim, after.asked, after.answered, after.current_mood) == (None, 2, 1, "joy")
    second = await taken(world, "b")
    assert [(line.message_order, line.sender_name, line.text, line.unread) for line in second.history] == [
        (10, BOB.name, "hello", False),
        (11, BOB.name, "hello", True),
        (20, "Mira", "one", False),
        (21, "Mira", "two", False),
    ]
    assert [line.from_persona for line in second.history] == [False, False, True, True]
    [used] = await world.read(_usage)
    assert (used.owner_id, used.prompt_tokens, used.model) == (ALICE.id, 10, "m")


async def test_a_turn_with_nothing_to_say_ends_its_claim(world: Database) -> None:
    await world.write(ask(10))
    progress = await world.write(finish(await taken(world)))
    assert (progress.parts, progress.next_due_at) == (0, None)
    after = await world.read(row)
    assert (after.claim, after.answered, after.current_mood) == (None, 1, "neutral")
    assert await world.write(take("b")) is None


async def test_what_was_sent_may_be_noted_again_after_a_lost_answer(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    progress = await world.write(finish(claimed, "one", "two"))
    await world.write(ask(11, due_at=NOW + 5))
    for number, part in enumerate(progress.added):
        message = SentMessage(message_id=20 + number, bot_telegram_id=7001, bot_name="Mira")
        note = partial(turns.sent, claim=claimed.claim, part=part, message=message, now=NOW + number)
        first = await world.write(note)
        assert (first.parts, first.next_due_at) == (1 - number, NOW + 5)
        before = await world.read(row)
        assert await world.write(note) == first
        assert await world.read(row) == before
    assert [message_order for message_order, _ in await history_of(world)] == [10, 11, 20, 21]
    second = await taken(world, "b", now=NOW + 5)
    assert second.parts == 0
    with pytest.raises(ClaimLost):
        await world.write(note)


@pytest.mark.parametrize("noted", [False, True])
async def test_a_link_forgotten_meanwhile_stops_the_delivery(world: Database, noted: bool) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    [part, _] = (await world.write(finish(claimed, "one", "two"))).added
    note = partial(turns.sent, claim=claimed.claim, part=part, message=None, now=NOW)
    if noted:
        await world.write(note)
    await world.write(partial(links.forget, link_id=1, now=NOW))
    with pytest.raises(ClaimLost):
        await world.write(note)


async def test_a_message_that_is_stored_already_does_not_keep_its_part_in_the_outbox(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    [part] = (await world.write(finish(claimed, "one"))).added
    message = SentMessage(message_id=10, bot_telegram_id=7001, bot_name="Mira")
    progress = await world.write(partial(turns.sent, claim=claimed.claim, part=part, message=message, now=NOW))
    assert progress.parts == 0
    assert await world.read(partial(outbox.waiting, link_id=1)) == []


async def overheard(database: Database, message_ids: Iterable[int]) -> None:
    for message_id in message_ids:
        await database.write(partial(history.add, link_id=1, message=said(message_id)))


async def test_a_call_for_help_is_answered_however_much_was_said_since(
    world: Database, statements: CountStatements
) -> None:
    await world.write(ask(1))
    await overheard(world, range(2, 45))
    assert await world.write(consider(45))
    with statements(world) as seen:
        claimed = await taken(world)
    assert seen.count == 3
    assert claimed.asked == 2
    assert len(claimed.history) == 40
    assert [(line.message_order, line.addressed) for line in claimed.history if line.unread] == [(1, True), (45, False)]
    assert [line.message_order for line in claimed.history] == [1, *range(7, 46)]


async def test_more_than_a_prompt_holds_is_answered_in_two_turns(world: Database) -> None:
    """Message ids in another order than the messages came, as webhooks may bring them."""
    for message_id in range(60, 0, -1):
        await world.write(ask(message_id))
    first = await taken(world)
    assert [line.message_order for line in first.history] == list(range(21, 61))
    assert all(line.unread for line in first.history)
    progress = await world.write(finish(first))
    assert progress.next_due_at == NOW
    await overheard(world, range(61, 120))
    second = await taken(world, "b")
    assert [line.message_order for line in second.history if line.unread] == list(range(1, 21))
    assert [line.message_order for line in second.history if not line.unread] == list(range(100, 120))
    progress = await world.write(finish(second))
    assert progress.next_due_at is None


async def test_a_reaction_leaves_the_outbox_and_no_history(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    outcome = TurnOutcome(answered=1, parts=(PartDraft(kind=PartKind.REACTION, text="👍", reply_to=10),))
    await world.write(partial(turns.finish, claim=claimed.claim, outcome=outcome, bill=None))
    [part] = await world.read(partial(outbox.waiting, link_id=1))
    assert (part.kind, part.text, part.reply_to) == (PartKind.REACTION, "👍", 10)
    progress = await world.write(partial(turns.sent, claim=claimed.claim, part=part, message=None, now=NOW))
    assert progress.parts == 0
    lines = await world.read(partial(history.latest, link_id=1, most=10, answered=1))
    assert [line.message_order for line in lines] == [10]


async def test_parts_left_by_a_crash_are_claimed_without_history(world: Database, statements: CountStatements) -> None:
    await world.write(ask(10))
    await world.write(finish(await taken(world), "one", "two"))
    with statements(world) as seen:
        second = await taken(world, "b", now=NOW + LEASE + 1)
    assert seen.count == 1
    assert (second.parts, second.history) == (2, ())
    [first, _] = await world.read(partial(outbox.waiting, link_id=1))
    message = SentMessage(message_id=20, bot_telegram_id=7001, bot_name="Mira")
    progress = await world.write(partial(turns.sent, claim=second.claim, part=first, message=message, now=NOW))
    assert progress.parts == 1


async def test_released_work_is_due_at_once_for_another(world: Database) -> None:
    await world.write(ask(10))
    await world.write(partial(turns.release, claim=(await taken(world)).claim))
    assert await world.read(due()) == [1]
    second = await taken(world, "b")
    assert [line.unread for line in second.history] == [True]


async def test_postponed_work_waits_and_counts_its_tries(world: Database) -> None:
    await world.write(ask(10))
    await world.write(partial(turns.postpone, claim=(await taken(world)).claim, due_at=NOW + 30))
    await world.write(ask(11, due_at=NOW + 1))
    assert await world.read(due(NOW + 29)) == []
    again = await taken(world, "b", now=NOW + 30)
    assert (again.tries, again.failures, again.asked) == (1, 0, 2)
    await world.write(finish(again))
    assert (await world.read(row)).tries == 0


async def test_what_was_sent_ends_the_row_of_tries_and_leaves_the_model_s_failures(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    apology = TurnOutcome(answered=1, parts=(PartDraft(kind=PartKind.TEXT, text="sorry"),) * 2, failures=1)
    await world.write(partial(turns.finish, claim=claimed.claim, outcome=apology, bill=None))
    await world.write(partial(turns.postpone, claim=claimed.claim, due_at=NOW))
    again = await taken(world, "b")
    assert (again.tries, again.failures) == (1, 1)
    [part, _] = await world.read(partial(outbox.waiting, link_id=1))
    await world.write(partial(turns.sent, claim=again.claim, part=part, message=None, now=NOW))
    after = await world.read(row)
    assert (after.tries, after.failures) == (0, 1)
    await world.write(partial(turns.postpone, claim=again.claim, due_at=NOW))
    await world.write(partial(turns.give_up, claim=(await taken(world, "c")).claim))
    assert (await world.read(row)).tries == 0


async def test_given_up_work_is_dropped_with_its_parts(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    await world.write(finish(claimed, "one"))
    await world.write(partial(turns.give_up, claim=claimed.claim))
    assert await world.read(partial(outbox.waiting, link_id=1)) == []
    after = await world.read(row)
    assert (after.claim, after.parts, after.answered) == (None, 0, after.asked)
    assert await world.read(due(NOW + 1000)) == []


async def in_private(database: Database) -> None:
    await database.write(
        lambda connection: connection.execute(update(chat_bot_instances).values(chat_type=ChatType.PRIVATE.value))
    )


async def test_a_private_link_that_was_left_sleeps_until_somebody_asks_again(world: Database) -> None:
    await in_private(world)
    await world.write(ask(10))
    claimed = await taken(world)
    await world.write(finish(claimed, "one"))
    await world.write(partial(turns.leave, claim=claimed.claim))
    assert await world.read(due(NOW + 1000)) == []
    assert not (await world.read(row)).active
    await world.write(ask(11))
    claimed = await taken(world, "b")
    assert [(line.message_order, line.unread) for line in claimed.history] == [(10, False), (11, True)]


def work(connection: Connection) -> Any:
    """What says whether anything is to be done in the link."""
    link = row(connection)
    return link.active, link.asked, link.answered, link.parts, link.due_at, link.claim


async def history_of(database: Database) -> list[tuple[int, bool]]:
    lines = await database.read(partial(history.latest, link_id=1, most=10, answered=0))
    return [(line.message_order, line.unread) for line in lines]


@pytest.mark.parametrize("asleep", [False, True])
async def test_a_muted_link_stores_and_asks_for_nothing(
    world: Database, statements: CountStatements, asleep: bool
) -> None:
    await in_private(world)
    await world.write(partial(links.set_active, link_id=1, active=not asleep))
    await world.write(partial(links.set_muted, link_id=1, muted=True))
    before = await world.read(work)
    with statements(world) as seen:
        assert not await world.write(ask(10))
    assert seen.count == 2
    assert not await world.write(consider(11))
    assert await world.read(work) == before
    assert await history_of(world) == [(10, False), (11, False)]


async def test_a_group_where_the_bot_may_not_write_is_not_woken_by_messages(world: Database) -> None:
    await world.write(partial(links.set_active, link_id=1, active=False))
    before = await world.read(work)
    assert not await world.write(ask(10))
    assert not await world.write(consider(11))
    assert await world.read(work) == before
    assert await history_of(world) == [(10, False), (11, False)]
    await world.write(partial(links.set_active, link_id=1, active=True))
    assert await world.write(ask(12))
    claimed = await taken(world)
    assert [line.message_order for line in claimed.history if line.unread] == [12]


async def test_a_private_link_that_sleeps_is_woken_by_a_message(world: Database) -> None:
    await in_private(world)
    await world.write(partial(links.set_active, link_id=1, active=False))
    assert await world.write(ask(10))
    assert (await world.read(row)).active
    assert await world.read(due()) == [1]


async def test_a_process_that_is_alone_frees_every_claim(world: Database) -> None:
    await world.write(ask(10))
    await taken(world)
    assert await world.write(turns.release_all) == 1
    assert await world.write(turns.release_all) == 0
    assert await world.write(take("b")) is not None


async def test_only_bots_that_work_have_due_links(world: Database) -> None:
    await world.write(ask(10))
    await world.write(partial(bots.set_enabled, bot_id=1, enabled=False, now=NOW))
    assert await world.read(due()) == []
    await world.write(partial(bots.set_enabled, bot_id=1, enabled=True, now=NOW))
    assert await world.read(due()) == [1]
    await world.write(partial(bots.mark_invalid, bot_id=1, version=3, now=NOW))
    assert await world.read(due()) == []


async def test_the_longest_waiting_are_due_first(world: Database) -> None:
    for number, due_at in ((2, NOW - 5), (3, NOW - 9), (4, NOW - 1)):
        link_id = await world.write(partial(rows.link, number=number))
        await world.write(ask(10, link_id, due_at=due_at))
    assert await world.read(due()) == [3, 2, 4]
    assert await world.read(partial(turns.due, now=NOW, most=2, of_each=10)) == [
        (3, 3, Queue.TURNS),
        (2, 2, Queue.TURNS),
    ]


async def test_of_each_bot_only_so_many_are_due_and_every_bots_first_comes_first(world: Database) -> None:
    def fill(connection: Connection) -> None:
        for number in range(2, 5):
            rows.link(connection, number=number)
        for number, bot_id in enumerate((1, 1, 1, 1, 2, 2, 3)):
            chat = Chat(id=-2000 - number, type=ChatType.GROUP, title="Crowd")
            link = links.find_or_add(connection, bot_id, chat, now=NOW)
            hearing.ask(connection, link.id, said(10), due_at=NOW - 100 + number)

    await world.write(fill)
    found = await world.read(partial(turns.due, now=NOW, most=10, of_each=2))
    assert [each.bot_id for each in found] == [1, 2, 3, 1, 2]
    waited = [await world.read(partial(due_at, link_id=each.link_id)) - NOW for each in found]
    assert waited == [-100, -96, -94, -99, -95]
    assert len(await world.read(partial(turns.due, now=NOW, most=4, of_each=2))) == 4


def due_at(connection: Connection, link_id: int) -> float:
    chosen = select(chat_bot_instances.c.due_at).where(chat_bot_instances.c.id == link_id)
    return float(connection.execute(chosen).scalar_one())


TURNS, DELIVERY = frozenset((Queue.TURNS,)), frozenset((Queue.DELIVERY,))


async def taken_for(database: Database, queues: frozenset[Queue], token: str) -> ClaimedLink | None:
    take = partial(turns.claim, link_id=1, token=token, lease=LEASE, history_lines=40, now=NOW, queues=queues)
    found = await database.read(partial(turns.due, now=NOW, most=10, of_each=10, queues=queues))
    claimed = await database.write(take)
    assert [each.link_id for each in found] == ([] if claimed is None else [1])
    return claimed


async def test_turns_and_deliveries_apart_take_each_its_own_one_after_the_other(world: Database) -> None:
    await world.write(ask(10))
    assert await taken_for(world, DELIVERY, "sender") is None
    thinker = await taken_for(world, TURNS, "thinker")
    assert thinker is not None
    assert [line.message_order for line in thinker.history] == [10]
    assert (await world.write(finish(thinker, "one", "two"))).parts == 2
    await world.write(ask(11))
    # Its claim has ended with the turn; the next turn waits until all is sent.
    assert await taken_for(world, TURNS, "next thinker") is None
    sender = await taken_for(world, DELIVERY, "sender")
    assert sender is not None
    assert (sender.parts, sender.history) == (2, ())
    for part in await world.read(partial(outbox.waiting, link_id=1)):
        message = SentMessage(message_id=20 + part.id, bot_telegram_id=7001, bot_name="Mira")
        progress = await world.write(partial(turns.sent, claim=sender.claim, part=part, message=message, now=NOW))
    assert progress == Progress(parts=0, next_due_at=NOW)
    assert await taken_for(world, DELIVERY, "sender") is None
    assert await taken_for(world, TURNS, "next thinker") is not None


async def test_of_a_turn_written_twice_only_the_first_counts_where_the_claim_ends_with_it(world: Database) -> None:
    await world.write(ask(10))
    thinker = await taken_for(world, TURNS, "thinker")
    assert thinker is not None
    await world.write(finish(thinker, "one"))
    with pytest.raises(ClaimLost):
        await world.write(finish(thinker, "one"))
    assert len(await world.read(partial(outbox.waiting, link_id=1))) == 1


async def test_what_is_put_into_the_outbox_without_a_turn_is_a_delivery(world: Database) -> None:
    remark = PartDraft(kind=PartKind.TEXT, text="slowly, please")
    await world.write(partial(outbox.put, link_id=1, draft=remark, now=NOW))
    [found] = await world.read(partial(turns.due, now=NOW, most=10, of_each=10))
    assert found.queue is Queue.DELIVERY
    assert await taken_for(world, TURNS, "thinker") is None
    assert await taken_for(world, DELIVERY, "sender") is not None


async def test_a_renewal_says_which_claims_still_hold(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    held = [claimed.claim, Claim(link_id=1, token="another's"), Claim(link_id=99, token="nobody's")]
    assert await world.write(partial(turns.renew, claims=held, until=NOW + 9)) == {claimed.claim.token}


async def test_forgetting_takes_the_claim_from_a_turn_under_way(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    assert await world.write(partial(links.forget, link_id=1, now=NOW)) == 1
    with pytest.raises(ClaimLost):
        await world.write(finish(claimed, "I remember", mood="joy"))
    after = await world.read(row)
    assert (after.claim, after.parts, after.answered, after.current_mood) == (None, 0, after.asked, "neutral")
    assert await world.read(due(NOW + 1000)) == []


async def test_muting_drops_what_waits_also_behind_a_turn_under_way(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    await world.write(ask(11))
    await world.write(partial(links.set_muted, link_id=1, muted=True))
    with pytest.raises(ClaimLost):
        await world.write(finish(claimed))
    assert await world.read(due(NOW + 1000)) == []


async def test_a_deleted_bot_loses_the_claim_and_leaves_no_rows(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    await world.write(finish(claimed, "one"))
    await world.write(partial(bots.unbind, bot_id=1))
    assert await world.read(lambda connection: connection.execute(select(reply_parts)).all()) == []
    with pytest.raises(ClaimLost):
        await world.write(partial(turns.sent, claim=claimed.claim, part=_part(1), message=None, now=NOW))
    with pytest.raises(ClaimLost):
        await world.write(finish(claimed))


def test_a_claim_names_its_link() -> None:
    assert Claim(link_id=1, token="a") != Claim(link_id=1, token="b")


async def test_a_link_that_counts_parts_which_are_not_there_is_settled(world: Database) -> None:
    await world.write(ask(10))
    claimed = await taken(world)
    await world.write(finish(claimed, "one"))
    await world.write(lambda connection: connection.execute(delete(reply_parts)))
    assert await world.write(partial(turns.settle, claim=claimed.claim, missing=1)) == Progress(parts=0)
    assert await world.read(due(NOW + 1000)) == []


async def test_reactions_of_turns_are_counted_and_the_next_claim_knows(world: Database) -> None:
    for number, at in enumerate((NOW, NOW + 3599)):
        await world.write(ask(10 + number))
        claimed = await taken(world, now=at)
        assert claimed.reactions == number
        [part] = (await world.write(react(claimed, at))).added
        await world.write(partial(turns.sent, claim=claimed.claim, part=part, message=None, now=at))
    await world.write(ask(20))
    claimed = await taken(world, now=NOW + 7200)
    assert (claimed.reactions, claimed.reacted_at) == (2, NOW + 3599)
    await world.write(finish(claimed, "words"))
    link = await world.read(row)
    assert (link.reactions, link.reacted_at) == (2, NOW + 3599)
