"""The life of a turn in rows: claimed, written, sent, released. Every change under a claim checks the claim."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Double,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    update,
)

from maskarad.db import history, outbox, purses
from maskarad.db.hearing import OWN_WINDOW, REACTED, shifted
from maskarad.db.link_columns import MANNERS, MOOD, manners_of, mood_of
from maskarad.db.lists import padded
from maskarad.db.prepared import Prepared
from maskarad.db.purses import Bill
from maskarad.db.served import IS_SERVED
from maskarad.db.tables import bot_instances
from maskarad.db.tables import chat_bot_instances as links
from maskarad.errors import ClaimLost
from maskarad.values import (
    Chat,
    ChatType,
    Claim,
    ClaimedLink,
    MoodState,
    Part,
    Progress,
    Queue,
    SentMessage,
    TurnOutcome,
)

_IS_LINK = links.c.id == bindparam("b_id")
CONVERSATION = frozenset((Queue.TURNS, Queue.DELIVERY))
"""Both kinds of a link's work: one claim from a turn's first read to the last part sent."""

# A literal 0, as in the partial index: a bound one keeps PostgreSQL's lasting plan from using it.
_IS_ASKED = links.c.asked > links.c.answered
_HAS_PARTS = links.c.parts > literal_column("0")
# A new turn waits until what the one before said is sent.
_IS_DUE: Mapping[frozenset[Queue], ColumnElement[bool]] = {
    CONVERSATION: or_(_IS_ASKED, _HAS_PARTS),
    frozenset((Queue.TURNS,)): and_(_IS_ASKED, links.c.parts == literal_column("0")),
    frozenset((Queue.DELIVERY,)): _HAS_PARTS,
}
_IS_FREE = or_(links.c.claim.is_(None), links.c.lease_until < bindparam("b_lapsed_before", type_=Double))
_HOLDS = and_(_IS_LINK, links.c.claim == bindparam("b_claim"))

EARLY = 0.05
"""Seconds before its time that a link may be taken: whoever set it has a clock that differs a little, and a ring that
finds nothing is not repeated."""

CLAIMED = (
    links.c.chat_id,
    links.c.chat_type,
    links.c.title,
    links.c.bot_instance_id,
    links.c.asked,
    links.c.parts,
    links.c.failures,
    links.c.tries,
    links.c.messages,
    links.c.liking,
    links.c.liking_at,
    links.c.reacted_at,
    links.c.reactions,
    *MOOD,
    *MANNERS,
)
"""What `claimed` reads."""

_CLAIM = {
    queues: Prepared(
        update(links)
        .where(_IS_LINK, links.c.active, is_due, _IS_FREE, links.c.due_at <= bindparam("b_now"))
        .values(claim=bindparam("b_claim"), lease_until=bindparam("b_lease_until"))
        .returning(*CLAIMED, links.c.answered, links.c.due_at)
    )
    for queues, is_due in _IS_DUE.items()
}
# Muting moves `answered` past what a turn under way has seen; that turn must not move it back.
_ANSWERED = case((links.c.answered > bindparam("b_answered"), links.c.answered), else_=bindparam("b_answered"))
# None leaves the mood as it is, and so does a hand that has set it meanwhile.
_KEEPS_MOOD = or_(bindparam("b_keeps_mood", type_=Boolean), links.c.mood_held_until > bindparam("b_mood_set_at"))
_MOOD = {
    column.name: case((_KEEPS_MOOD, column), else_=bindparam(f"b_{name}", type_=column.type))
    for name, column in {
        "mood": links.c.current_mood,
        "mood_strength": links.c.mood_strength,
        "mood_set_at": links.c.mood_set_at,
        "mood_reason": links.c.mood_reason,
    }.items()
}
_SPOKE_TO = bindparam("b_spoke_to", type_=BigInteger)
_DELIVERS_ITSELF = bindparam("b_delivers", type_=Boolean)
_FINISH = Prepared(
    update(links)
    .where(_HOLDS, links.c.answered < bindparam("b_answered"))
    .values(
        answered=_ANSWERED,
        parts=links.c.parts + bindparam("b_parts"),
        **_MOOD,
        failures=bindparam("b_failures"),
        spoke_to=func.coalesce(_SPOKE_TO, links.c.spoke_to),
        tries=0,
        claim=case((and_(_DELIVERS_ITSELF, links.c.parts + bindparam("b_parts") > 0), links.c.claim), else_=None),
    )
    .returning(links.c.parts, links.c.asked > links.c.answered, links.c.due_at)
)
_HOLD = Prepared(select(links.c.id).where(_HOLDS).with_for_update())
_RELEASE = update(links).where(_HOLDS).values(claim=None, lease_until=0)
_POSTPONE = (
    update(links).where(_HOLDS).values(claim=None, lease_until=0, due_at=bindparam("b_due_at"), tries=links.c.tries + 1)
)
_SETTLE = (
    update(links)
    .where(_HOLDS)
    .values(parts=links.c.parts - bindparam("b_missing"), claim=None, lease_until=0)
    .returning(links.c.parts, links.c.asked > links.c.answered, links.c.due_at)
)
_SET_ASIDE = update(links).where(_HOLDS).values(claim=None, lease_until=0, due_at=bindparam("b_due_at"))
_GIVE_UP = update(links).where(_HOLDS).values(claim=None, lease_until=0, answered=links.c.asked, parts=0, tries=0)
_LEAVE = (
    update(links)
    .where(_HOLDS)
    .values(active=False, claim=None, lease_until=0, answered=links.c.asked, parts=0, tries=0)
)
_OWN_SAID = shifted(links.c.recent_own, OWN_WINDOW, 1)
_SENT = Prepared(
    update(links)
    .where(_HOLDS)
    .values(
        parts=links.c.parts - 1,
        tries=0,
        spoke_at=case((bindparam("b_said") > 0, bindparam("b_now", type_=Double)), else_=links.c.spoke_at),
        messages=links.c.messages + bindparam("b_said"),
        own_messages=links.c.own_messages + bindparam("b_said"),
        recent_own=case((bindparam("b_said") > 0, _OWN_SAID), else_=links.c.recent_own),
        claim=case((links.c.parts > 1, links.c.claim), else_=None),
        # Of no claim: when the last one ended with its last part.
        lease_until=case((links.c.parts > 1, links.c.lease_until), else_=bindparam("b_now", type_=Double)),
    )
    .returning(links.c.parts, links.c.asked > links.c.answered, links.c.due_at, links.c.chat_id)
)
# A claim that ended at the very moment of `sent` was ended by it.
_ENDED_THEN = and_(_IS_LINK, links.c.claim.is_(None), links.c.lease_until == bindparam("b_now"))
_STANDING = select(links.c.parts, links.c.asked > links.c.answered, links.c.due_at).where(or_(_HOLDS, _ENDED_THEN))
_RENEW = (
    update(links)
    .where(links.c.id.in_(bindparam("ids", expanding=True)), links.c.claim.in_(bindparam("claims", expanding=True)))
    .values(lease_until=bindparam("b_until"))
    .returning(links.c.claim)
)
_RELEASE_ALL = update(links).where(links.c.claim.is_not(None)).values(claim=None, lease_until=0)


def _due_of(is_due: ColumnElement[bool]) -> Select[int, int, bool]:
    """Of each bot so many, and of all the bots' first before any's second."""
    place = func.row_number().over(partition_by=links.c.bot_instance_id, order_by=links.c.due_at)
    found = (
        select(links.c.id, links.c.bot_instance_id, _HAS_PARTS.label("sends"), links.c.due_at, place.label("place"))
        .join(bot_instances, bot_instances.c.id == links.c.bot_instance_id)
        .where(
            is_due,
            links.c.due_at <= bindparam("b_now"),
            _IS_FREE,
            links.c.active,
            IS_SERVED,
        )
        .subquery("due")
    )
    return (
        select(found.c.id, found.c.bot_instance_id, found.c.sends)
        .where(found.c.place <= bindparam("of_each"))
        .order_by(found.c.place, found.c.due_at)
        .limit(bindparam("most"))
    )


_DUE = {queues: _due_of(is_due) for queues, is_due in _IS_DUE.items()}


class Due(NamedTuple):
    """A link, its bot, and which work comes first there."""

    link_id: int
    bot_id: int
    queue: Queue


def claim(
    connection: Connection,
    link_id: int,
    token: str,
    *,
    lease: float,
    history_lines: int,
    now: float,
    queues: frozenset[Queue] = CONVERSATION,
    takes_over: bool = True,
) -> ClaimedLink | None:
    """Take the link, if it has work for these queues that is due and nobody holds it, and read what a turn needs: every
    unread message up to `history_lines` of them (the others stay for the next turn), the newest other lines with what
    room is left. A claim whose lease has run out holds nothing where this process `takes_over`. None when there is
    nothing to take."""
    values = {
        "b_id": link_id,
        "b_claim": token,
        "b_now": now + EARLY,
        "b_lapsed_before": _lapsed_before(now, takes_over),
        "b_lease_until": now + lease,
    }
    row = _CLAIM[queues].first(connection, values)
    if row is None:
        return None
    delivers = Queue.DELIVERY in queues
    link = claimed(Claim(link_id=link_id, token=token, delivers=delivers), row)
    if link.parts:
        return link
    answered, due_at = row[len(CLAIMED) :]
    lines, asked = history.to_answer(connection, link_id, answered=answered, asked=link.asked, most=history_lines)
    return msgspec.structs.replace(link, asked=asked, due_at=due_at, history=tuple(lines))


def claimed(claim: Claim, row: Sequence[Any]) -> ClaimedLink:
    """From the columns `CLAIMED`, with no history yet."""
    chat_id, chat_type, title, bot_id, asked, parts, failures, tries, messages = row[:9]
    liking, liking_at, reacted_at, reactions = row[9:13]
    return ClaimedLink(
        claim=claim,
        bot_id=bot_id,
        chat=Chat(id=chat_id, type=ChatType(chat_type), title=title),
        asked=asked,
        parts=parts,
        failures=failures,
        tries=tries,
        history=(),
        mood=mood_of(row[13:18]),
        manners=manners_of(row[18:22]),
        messages=messages,
        liking=liking,
        liking_at=liking_at,
        reacted_at=reacted_at,
        reactions=reactions,
    )


def finish(connection: Connection, claim: Claim, outcome: TurnOutcome, bill: Bill | None) -> Progress:
    """Write what the turn produced: the outbox's rows, the link's cursor and mood, whom it answers, the model's bill.
    With nothing to send, or where somebody else sends, the claim ends here. Raises ClaimLost when the link was taken
    over, reset, muted or deleted meanwhile, or when this was already written (by a commit whose answer was lost)."""
    values = {
        "b_id": claim.link_id,
        "b_claim": claim.token,
        "b_answered": outcome.answered,
        "b_parts": len(outcome.parts),
        "b_delivers": claim.delivers,
        "b_failures": outcome.failures,
        "b_spoke_to": outcome.spoke_to,
        **_mood_values(outcome.mood),
    }
    row = _held(_FINISH.first(connection, values), claim)
    if outcome.reacted_at is not None:
        REACTED.run(connection, {"b_id": claim.link_id, "b_now": outcome.reacted_at})
    added = tuple(outbox.add(connection, claim.link_id, draft) for draft in outcome.parts)
    if bill is not None:
        # Last: a bot's and an owner's purse are those of many turns, which wait for this commit.
        purses.pay(connection, bill)
    return _progress(row, added)


def hold(connection: Connection, claim: Claim) -> None:
    """Nobody takes the link over before this transaction ends. Raises ClaimLost when it has come to that."""
    _held(_HOLD.first(connection, {"b_id": claim.link_id, "b_claim": claim.token}), claim)


def _mood_values(mood: MoodState | None) -> dict[str, object]:
    state = MoodState() if mood is None else mood
    return {
        "b_keeps_mood": mood is None,
        "b_mood": state.key,
        "b_mood_strength": state.strength,
        "b_mood_set_at": state.set_at,
        "b_mood_reason": state.reason,
    }


def _held(row: Sequence[Any] | None, claim: Claim) -> Sequence[Any]:
    if row is None:
        raise ClaimLost(f"link {claim.link_id} was taken over")
    return row


def _progress(row: Sequence[Any], added: tuple[Part, ...] = ()) -> Progress:
    return Progress(parts=row[0], next_due_at=float(row[2]) if row[1] else None, added=added)


def sent(connection: Connection, claim: Claim, part: Part, message: SentMessage | None, *, now: float) -> Progress:
    """A part is done: out of the outbox and, when it became a message, into the history. With the last part the claim
    ends. The same call again (the commit's answer was lost) changes nothing. Raises ClaimLost."""
    said = 0 if message is None else 1
    values = {"b_id": claim.link_id, "b_claim": claim.token, "b_now": now, "b_said": said}
    if not outbox.drop(connection, part.id):
        return _progress(_held(connection.execute(_STANDING, values).first(), claim))
    row = _held(_SENT.first(connection, values), claim)
    if message is not None:
        history.add_own(connection, claim.link_id, row[3], message, part.text, now=now)
    return _progress(row)


def settle(connection: Connection, claim: Claim, *, missing: int) -> Progress:
    """The outbox is empty though the link counted so many parts: believe the outbox, and end the claim. What was put
    there since stays. Raises ClaimLost."""
    values = {"b_id": claim.link_id, "b_claim": claim.token, "b_missing": missing}
    row = connection.execute(_SETTLE, values).first()
    return _progress(_held(row, claim))


def release(connection: Connection, claim: Claim) -> None:
    """Give the link back with its work undone and at once due for another process."""
    connection.execute(_RELEASE, {"b_id": claim.link_id, "b_claim": claim.token})


def postpone(connection: Connection, claim: Claim, *, due_at: float) -> None:
    """Give the link back with its work undone, to be tried again from `due_at` on."""
    connection.execute(_POSTPONE, {"b_id": claim.link_id, "b_claim": claim.token, "b_due_at": due_at})


def set_aside(connection: Connection, claim: Claim, *, due_at: float) -> None:
    """As `postpone`, where nothing was tried: the bot is not served here now."""
    connection.execute(_SET_ASIDE, {"b_id": claim.link_id, "b_claim": claim.token, "b_due_at": due_at})


def give_up(connection: Connection, claim: Claim) -> None:
    """Give the link back and drop its work: it was tried too often."""
    if connection.execute(_GIVE_UP, {"b_id": claim.link_id, "b_claim": claim.token}).rowcount:
        outbox.drop_all(connection, claim.link_id)


def leave(connection: Connection, claim: Claim) -> None:
    """The bot cannot write here any more: the link sleeps until somebody writes to it again."""
    if connection.execute(_LEAVE, {"b_id": claim.link_id, "b_claim": claim.token}).rowcount:
        outbox.drop_all(connection, claim.link_id)


def renew(connection: Connection, claims: Sequence[Claim], *, until: float) -> set[str]:
    """Lengthen the leases of those claims that still hold; returns their tokens."""
    values = {"ids": padded(claim.link_id for claim in claims), "claims": padded(claim.token for claim in claims)}
    return set(connection.execute(_RENEW, {**values, "b_until": until}).scalars())


def release_all(connection: Connection) -> int:
    """Free every claim. Only for a process that knows it is alone with this database."""
    return connection.execute(_RELEASE_ALL).rowcount


def due(
    connection: Connection,
    *,
    now: float,
    most: int,
    of_each: int,
    queues: frozenset[Queue] = CONVERSATION,
    takes_over: bool = True,
) -> list[Due]:
    """Links that have work for these queues and nobody at it (`takes_over` as in `claim`): of a bot at most `of_each`,
    those that wait longest; the longest waiting of every bot before the second of any."""
    values = {"b_now": now, "b_lapsed_before": _lapsed_before(now, takes_over), "most": most, "of_each": of_each}
    rows = connection.execute(_DUE[queues], values)
    return [Due(link_id, bot_id, Queue.DELIVERY if sends else Queue.TURNS) for link_id, bot_id, sends in rows]


def _lapsed_before(now: float, takes_over: bool) -> float:
    return now if takes_over else 0.0
