"""A message comes into a link: it is counted, judged by what the link knows at that moment, and stored, all in one
transaction.

Whoever asks for an answer first counts the link's `asked` up, then stores the message: the link's row is locked in
between, so a claim that reads the history afterwards sees exactly the messages that its `asked` counts.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    and_,
    bindparam,
    case,
    literal_column,
    not_,
    or_,
    type_coerce,
    update,
)

from maskarad.db import history, outbox
from maskarad.db.prepared import Prepared
from maskarad.db.tables import chat_bot_instances as links
from maskarad.errors import NotFound
from maskarad.values import (
    Chattiness,
    ChatType,
    Decision,
    Incoming,
    LinkState,
    Manners,
    MoodState,
    Verdict,
)

OWN_WINDOW = 20
CONSIDERED_WINDOW = 60

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
    "last_message_at": case((links.c.last_message_at > _SAID_AT, links.c.last_message_at), else_=_SAID_AT),
    "recent_own": shifted(links.c.recent_own, OWN_WINDOW),
    "recent_considered": shifted(links.c.recent_considered, CONSIDERED_WINDOW),
    "bot_exchanges": case((bindparam("b_is_bot"), links.c.bot_exchanges), else_=literal_column("0")),
    "ignored": case((bindparam("b_is_bot"), links.c.ignored), else_=literal_column("0")),
}
# The first unanswered message sets the time; those that follow neither hurry nor delay the turn.
_DUE_AT = case((links.c.asked > links.c.answered, links.c.due_at), else_=bindparam("b_due_at"))

# In a group the bot may write again when Telegram says so; whoever writes to it in private has unblocked it.
_MAY_ANSWER = and_(not_(links.c.muted), or_(links.c.active, links.c.chat_type == ChatType.PRIVATE.value))
_ASK = Prepared(
    update(links)
    .where(_IS_LINK)
    .values(
        **_COUNTED,
        asked=case((_MAY_ANSWER, links.c.asked + 1), else_=links.c.asked),
        active=or_(links.c.active, _MAY_ANSWER),
        due_at=case((_MAY_ANSWER, _DUE_AT), else_=links.c.due_at),
    )
    .returning(links.c.asked, _MAY_ANSWER)
)
_HEAR = Prepared(
    update(links)
    .where(_IS_LINK)
    .values(**_COUNTED)
    .returning(
        links.c.active,
        links.c.muted,
        links.c.asked > links.c.answered,
        links.c.messages,
        links.c.recent_own,
        links.c.recent_considered,
        links.c.bot_exchanges,
        links.c.spoke_at,
        links.c.pondered_at,
        links.c.flood_told_at,
        links.c.liking,
        links.c.liking_at,
        links.c.reactions_since,
        links.c.reactions,
        links.c.current_mood,
        links.c.mood_strength,
        links.c.mood_set_at,
        links.c.mood_held_until,
        links.c.mood_reason,
        links.c.chattiness,
        links.c.time_zone,
        links.c.quiet_from,
        links.c.quiet_until,
    )
)
_ASK_HEARD = Prepared(
    update(links)
    .where(_IS_LINK)
    .values(
        asked=links.c.asked + 1,
        due_at=_DUE_AT,
        bot_exchanges=case((bindparam("b_is_bot"), links.c.bot_exchanges + 1), else_=links.c.bot_exchanges),
    )
    .returning(links.c.asked)
)
_CONSIDER_HEARD = Prepared(
    update(links)
    .where(_IS_LINK)
    .values(
        asked=links.c.asked + 1,
        due_at=_DUE_AT,
        pondered_at=bindparam("b_now"),
        recent_considered=type_coerce(links.c.recent_considered, BigInteger).op("|")(literal_column("1")),
        bot_exchanges=case((bindparam("b_is_bot"), links.c.bot_exchanges + 1), else_=links.c.bot_exchanges),
    )
    .returning(links.c.asked)
)

_encode = msgspec.json.Encoder().encode


def ask(
    connection: Connection, link_id: int, message: Incoming, *, due_at: float, decision: Decision | None = None
) -> bool:
    """Store a message that the persona is to answer, whatever the link knows. False: it is only stored, for the link is
    muted or is a group where the bot may not write. Raises AlreadySeen, NotFound (the link is gone)."""
    counted = _ASK.first(connection, {**_of_message(link_id, message), "b_due_at": due_at})
    if counted is None:
        raise NotFound(f"link {link_id} is gone")
    asked, may_answer = counted
    _store(connection, link_id, message, decision, asked=asked if may_answer else None, addressed=bool(may_answer))
    return bool(may_answer)


def hear(
    connection: Connection,
    link_id: int,
    message: Incoming,
    judge: Callable[[LinkState], Decision],
    *,
    due_at: float,
    now: float,
) -> bool:
    """Store a message as `judge` decides from what the link knows; in a link that is muted or sleeps it is only stored.
    True when there is something to do for it. Two statements where there is not. Raises AlreadySeen, NotFound (the link
    is gone)."""
    row = _HEAR.first(connection, _of_message(link_id, message))
    if row is None:
        raise NotFound(f"link {link_id} is gone")
    state = _state(row)
    decision = judge(state)
    if state.muted or not state.active:
        decision = Decision(verdict=Verdict.LISTEN, reason="muted" if state.muted else "asleep")
    asked = None
    if decision.verdict is not Verdict.LISTEN:
        statement = _ASK_HEARD if decision.verdict is Verdict.ANSWER else _CONSIDER_HEARD
        values = {"b_id": link_id, "b_due_at": due_at, "b_is_bot": message.sender.is_bot, "b_now": now}
        counted = statement.first(connection, values)
        asked = counted[0] if counted else None
    _store(connection, link_id, message, decision, asked=asked, addressed=decision.verdict is Verdict.ANSWER)
    if decision.part is not None:
        outbox.put(connection, link_id, decision.part, now=now)
    return asked is not None or decision.part is not None


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
    told = None if decision is None else _encode(decision).decode()
    history.add(connection, link_id, message, asked=asked, addressed=addressed, decision=told)


def _state(row: Sequence[Any]) -> LinkState:
    return LinkState(
        active=row[0],
        muted=row[1],
        waiting=row[2],
        messages=row[3],
        recent_own=row[4],
        recent_considered=row[5],
        bot_exchanges=row[6],
        spoke_at=row[7],
        pondered_at=row[8],
        flood_told_at=row[9],
        liking=row[10],
        liking_at=row[11],
        reactions_since=row[12],
        reactions=row[13],
        mood=mood_of(row[14:19]),
        manners=manners_of(row[19:23]),
    )


def mood_of(columns: Sequence[Any]) -> MoodState:
    """From current_mood, mood_strength, mood_set_at, mood_held_until and mood_reason."""
    key, strength, set_at, held_until, reason = columns
    return MoodState(key=key, strength=strength, set_at=set_at or 0.0, held_until=held_until, reason=reason)


def manners_of(columns: Sequence[Any]) -> Manners:
    """From chattiness, time_zone, quiet_from and quiet_until."""
    chattiness, time_zone, quiet_from, quiet_until = columns
    return Manners(
        chattiness=Chattiness(chattiness) if chattiness else None,
        time_zone=time_zone,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
    )
