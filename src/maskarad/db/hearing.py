"""A message comes into a link: it is counted, judged by what the link knows at that moment, and stored, all in one
transaction.

Whoever asks for an answer first counts the link's `asked` up, then stores the message: the link's row is locked in
between, so a claim that reads the history afterwards sees exactly the messages that its `asked` counts. What cannot be
judged where it comes in is weighed later, in a transaction that holds the link's row, too.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    type_coerce,
    update,
)

from maskarad.db import decisions, history, outbox, unweighed
from maskarad.db.link_columns import MANNERS, MOOD, manners_of, mood_of
from maskarad.db.prepared import Prepared
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import chat_contexts
from maskarad.db.unweighed import Unweighed
from maskarad.errors import AlreadySeen, NotFound
from maskarad.values import (
    Chattiness,
    ChatType,
    Decision,
    Incoming,
    LinkState,
    PartKind,
    SentMessage,
    Verdict,
)

OWN_WINDOW = 20
CONSIDERED_WINDOW = 60

REACTIONS_COUNTED = 3600.0
"""Seconds without a reaction after which they are counted anew, so that no hour has more of them than are counted."""

Decide = Callable[[LinkState], Decision]
Judge = Callable[[LinkState], Decision | Unweighed]
"""Both are called in the transaction that stores what was decided, and maybe on the database's own thread."""


class Waits(IntEnum):
    """For what a stored message waits; nothing is false."""

    NOTHING = 0
    TURN = 1
    DELIVERY = 2
    WEIGHING = 3


_IS_LINK = links.c.id == bindparam("b_id")


def shifted(column: Any, window: int, lowest: int = 0) -> Any:
    """A row of bits with one more message in it."""
    moved = type_coerce(column, BigInteger).op("<<")(literal_column("1")).op("&")(literal_column(str(2**window - 1)))
    return moved.op("|")(literal_column("1")) if lowest else moved


# A person's word ends a talk between bots, and says that the persona is not ignored.
_SAID_AT: BindParameter[float] = bindparam("b_said_at")
_COUNTED = {
    "messages": links.c.messages + 1,
    "first_message_at": case((links.c.first_message_at > 0, links.c.first_message_at), else_=_SAID_AT),
    "last_message_at": case(
        (or_(bindparam("b_is_bot"), links.c.last_message_at > _SAID_AT), links.c.last_message_at), else_=_SAID_AT
    ),
    "recent_own": shifted(links.c.recent_own, OWN_WINDOW),
    "recent_considered": shifted(links.c.recent_considered, CONSIDERED_WINDOW),
    "bot_exchanges": case((bindparam("b_is_bot"), links.c.bot_exchanges), else_=literal_column("0")),
    "ignored": case((bindparam("b_is_bot"), links.c.ignored), else_=literal_column("0")),
}
# The first unanswered message sets the time; those that follow neither hurry nor delay the turn.
_DUE_AT = case((links.c.asked > links.c.answered, links.c.due_at), else_=bindparam("b_due_at"))

# In a group the bot may write again when Telegram says so; whoever writes to it in private has unblocked it. The dial's
# lowest mark silences it in a group even for those who call it. (It is compared without IS NOT NULL before it: SQLite
# 3.40 makes NULL of such a pair in RETURNING.)
_IS_SILENCED = and_(
    func.coalesce(links.c.chattiness, literal_column("''")) == Chattiness.SILENT.value,
    links.c.chat_type != ChatType.PRIVATE.value,
)
_IS_AWAKE = or_(links.c.active, links.c.chat_type == ChatType.PRIVATE.value)
_MAY_ANSWER = and_(not_(links.c.muted), _IS_AWAKE, not_(_IS_SILENCED))
_ASK = Prepared(
    update(links)
    .where(_IS_LINK)
    .values(
        **_COUNTED,
        asked=case((_MAY_ANSWER, links.c.asked + 1), else_=links.c.asked),
        active=or_(links.c.active, _MAY_ANSWER),
        due_at=case((_MAY_ANSWER, _DUE_AT), else_=links.c.due_at),
    )
    .returning(links.c.asked, _MAY_ANSWER, links.c.muted, _IS_AWAKE)
)
_IS_ANSWERED = (
    select(and_(chat_contexts.c.asked.is_not(None), chat_contexts.c.addressed))
    .where(
        chat_contexts.c.chat_bot_instance_id == bindparam("b_id"),
        chat_contexts.c.message_order == bindparam("b_reply_to"),
    )
    .scalar_subquery()
)
_STATE = (
    _IS_AWAKE,
    links.c.muted,
    links.c.recent_own,
    links.c.recent_considered,
    links.c.bot_exchanges,
    links.c.spoke_at,
    links.c.pondered_at,
    links.c.flood_told_at,
    links.c.liking,
    links.c.liking_at,
    links.c.reacted_at,
    links.c.reactions,
    *MOOD,
    *MANNERS,
    _IS_ANSWERED,
    links.c.spoke_to,
)
_HEAR = Prepared(update(links).where(_IS_LINK).values(**_COUNTED).returning(*_STATE))
_HOLD = Prepared(select(*_STATE, links.c.asked).where(_IS_LINK).with_for_update(key_share=True))
_WEIGHED = Prepared(
    update(chat_contexts)
    .where(
        chat_contexts.c.chat_bot_instance_id == bindparam("b_id"),
        chat_contexts.c.message_order == bindparam("b_message_order"),
        history.IS_KNOWN,
    )
    .values(
        asked=bindparam("b_asked", type_=chat_contexts.c.asked.type),
        addressed=bindparam("b_addressed"),
        decision=bindparam("b_decision"),
    )
)
_ASKING = {
    "asked": links.c.asked + 1,
    "active": true(),
    "due_at": _DUE_AT,
    "bot_exchanges": case((bindparam("b_is_bot"), links.c.bot_exchanges + 1), else_=links.c.bot_exchanges),
}
_ASK_HEARD = Prepared(update(links).where(_IS_LINK).values(**_ASKING).returning(links.c.asked))
# Unasked: it counts among what the persona takes up of its own accord.
_TAKE_UP_HEARD = Prepared(
    update(links)
    .where(_IS_LINK)
    .values(
        **_ASKING,
        pondered_at=bindparam("b_now"),
        recent_considered=type_coerce(links.c.recent_considered, BigInteger).op("|")(literal_column("1")),
    )
    .returning(links.c.asked)
)

_OWN_SAID = Prepared(
    update(links)
    .where(_IS_LINK)
    .values(
        messages=links.c.messages + 1,
        own_messages=links.c.own_messages + 1,
        first_message_at=case((links.c.first_message_at > 0, links.c.first_message_at), else_=bindparam("b_now")),
        recent_own=shifted(links.c.recent_own, OWN_WINDOW, 1),
        spoke_at=bindparam("b_now"),
    )
    .returning(links.c.id)
)
# What is done about a message without the model, and when it was done last.
_REMARKED = Prepared(update(links).where(_IS_LINK).values(flood_told_at=bindparam("b_now")))
_REMARK_ONCE = Prepared(
    update(links)
    .where(_IS_LINK, links.c.flood_told_at <= bindparam("b_before"))
    .values(flood_told_at=bindparam("b_now"))
    .returning(links.c.id)
)
_GO_ON = links.c.reacted_at > bindparam("b_now") - literal_column(str(REACTIONS_COUNTED))
REACTED = Prepared(
    update(links)
    .where(_IS_LINK)
    .values(
        reactions=case((_GO_ON, links.c.reactions + 1), else_=literal_column("1")),
        reacted_at=bindparam("b_now"),
    )
)
_NOTED = {PartKind.TEXT: _REMARKED, PartKind.REACTION: REACTED}


def ask(
    connection: Connection, link_id: int, message: Incoming, *, due_at: float, decision: Decision | None = None
) -> bool:
    """Store a person's message that the persona is to answer, whatever else the link knows. False: it is only stored,
    for the link is muted, or is a group where the bot may not write or is to be silent. Raises AlreadySeen, NotFound
    (the link is gone)."""
    counted = _ASK.first(connection, {**_of_message(link_id, message), "b_due_at": due_at})
    if counted is None:
        raise NotFound(f"link {link_id} is gone")
    asked, may_answer, muted, awake = counted
    if not may_answer and decision is not None:
        decision = _unanswered(muted=muted, awake=awake)
    _store(connection, link_id, message, decision, asked=asked if may_answer else None, addressed=bool(may_answer))
    return bool(may_answer)


def hear(connection: Connection, link_id: int, message: Incoming, judge: Judge, *, due_at: float, now: float) -> Waits:
    """Store a message as `judge` decides from what the link knows; in a link that is muted or sleeps it is only stored.
    Of what is left unweighed nothing is decided yet. Two statements where it waits for nothing. Raises AlreadySeen,
    NotFound (the link is gone)."""
    row = _HEAR.first(connection, {**_of_message(link_id, message), "b_reply_to": message.reply_to_message_id})
    if row is None:
        raise NotFound(f"link {link_id} is gone")
    state = _state(row)
    judged = _unanswered_in(state) or judge(state)
    if isinstance(judged, Unweighed):
        _store(connection, link_id, message, None, asked=None, addressed=False)
        unweighed.put(connection, link_id, judged, now=now)
        return Waits.WEIGHING
    asked = None
    if judged.verdict is not Verdict.LISTEN:
        asked = _take_up(connection, link_id, message, judged, due_at=due_at, now=now)
    _store(connection, link_id, message, judged, asked=asked, addressed=judged.verdict is Verdict.ANSWER)
    return _act(connection, link_id, judged, is_asked=asked is not None, now=now)


def weigh(
    connection: Connection, link_id: int, message: Incoming, decide: Decide, *, due_at: float, now: float
) -> Waits:
    """Decide of a message that waits to be weighed, once, from what the link knows by now; it is counted already. It
    waits for nothing where another process has weighed it, or it was erased."""
    row = _HOLD.first(connection, {"b_id": link_id, "b_reply_to": message.reply_to_message_id})
    if row is None or not unweighed.take(connection, link_id, message.message_id):
        return Waits.NOTHING
    *columns, asked_so_far = row
    state = _state(columns)
    decision = _unanswered_in(state) or decide(state)
    is_asked = decision.verdict is not Verdict.LISTEN
    asked = asked_so_far + 1 if is_asked else None
    if not _decided(connection, link_id, message.message_id, decision, asked=asked):
        return Waits.NOTHING
    if is_asked:
        _take_up(connection, link_id, message, decision, due_at=due_at, now=now)
    return _act(connection, link_id, decision, is_asked=is_asked, now=now)


def let_be(connection: Connection, link_id: int, message_id: int, decision: Decision) -> None:
    """Only listen to a message that waits to be weighed, whatever the link knows; one that does not wait any more stays
    as it is."""
    row = _HOLD.first(connection, {"b_id": link_id, "b_reply_to": None})
    if row is not None and unweighed.take(connection, link_id, message_id):
        _decided(connection, link_id, message_id, decision, asked=None)


def _decided(connection: Connection, link_id: int, message_id: int, decision: Decision, *, asked: int | None) -> bool:
    """False: the message is gone."""
    weighed = {
        "b_id": link_id,
        "b_message_order": message_id,
        "b_asked": asked,
        "b_addressed": decision.verdict is Verdict.ANSWER,
        "b_decision": decisions.encode(decision),
    }
    return _WEIGHED.run(connection, weighed) > 0


def _take_up(
    connection: Connection, link_id: int, message: Incoming, decision: Decision, *, due_at: float, now: float
) -> int | None:
    """Count what is to be answered; None: the link is gone."""
    values = {"b_id": link_id, "b_due_at": due_at, "b_is_bot": message.sender.is_bot, "b_now": now}
    counted = (_TAKE_UP_HEARD if decision.is_unasked else _ASK_HEARD).first(connection, values)
    return counted[0] if counted else None


def _act(connection: Connection, link_id: int, decision: Decision, *, is_asked: bool, now: float) -> Waits:
    """Do what needs no model."""
    if decision.part is None:
        return Waits.TURN if is_asked else Waits.NOTHING
    outbox.put(connection, link_id, decision.part, now=now)
    _NOTED[decision.part.kind].run(connection, {"b_id": link_id, "b_now": now})
    return Waits.DELIVERY


def tell_of_flood(connection: Connection, link_id: int, *, now: float, pause: float) -> bool:
    """Whether a chat is to be told that it asks too fast; it then counts as told."""
    return _REMARK_ONCE.first(connection, {"b_id": link_id, "b_now": now, "b_before": now - pause}) is not None


def keep(connection: Connection, link_id: int, message: Incoming) -> None:
    """Count and store a message of which nothing is to be decided. Raises AlreadySeen, NotFound."""
    if _HEAR.first(connection, {**_of_message(link_id, message), "b_reply_to": None}) is None:
        raise NotFound(f"link {link_id} is gone")
    _store(connection, link_id, message, None, asked=None, addressed=False)


def keep_own(
    connection: Connection, link_id: int, chat_id: int, message: SentMessage, text: str, *, now: float
) -> None:
    """Count and store what the persona said past the outbox. Raises AlreadySeen, NotFound."""
    if _OWN_SAID.first(connection, {"b_id": link_id, "b_now": now}) is None:
        raise NotFound(f"link {link_id} is gone")
    if not history.add_own(connection, link_id, chat_id, message, text, now=now):
        raise AlreadySeen(f"message {message.message_id} is stored")


def _unanswered_in(state: LinkState) -> Decision | None:
    """What becomes of everything where the link is muted or sleeps."""
    listens_only = state.muted or not state.active
    return _unanswered(muted=state.muted, awake=state.active) if listens_only else None


def _unanswered(*, muted: bool, awake: bool) -> Decision:
    reason = "muted" if muted else "silent" if awake else "asleep"
    return Decision(verdict=Verdict.LISTEN, reason=reason)


def _of_message(link_id: int, message: Incoming) -> dict[str, object]:
    return {"b_id": link_id, "b_said_at": message.sent_at, "b_is_bot": message.sender.is_bot}


def _store(
    connection: Connection,
    link_id: int,
    message: Incoming,
    decision: Decision | None,
    *,
    asked: int | None,
    addressed: bool,
) -> None:
    told = None if decision is None else decisions.encode(decision)
    history.add(connection, link_id, message, asked=asked, addressed=addressed, decision=told)


def _state(row: Sequence[Any]) -> LinkState:
    return LinkState(
        active=row[0],
        muted=row[1],
        recent_own=row[2],
        recent_considered=row[3],
        bot_exchanges=row[4],
        spoke_at=row[5],
        pondered_at=row[6],
        flood_told_at=row[7],
        liking=row[8],
        liking_at=row[9],
        reacted_at=row[10],
        reactions=row[11],
        mood=mood_of(row[12:17]),
        manners=manners_of(row[17:21]),
        replies_to_asker=bool(row[21]),
        spoke_to=row[22],
    )
