"""Links: one bot in one chat."""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    Connection,
    Executable,
    Integer,
    Row,
    Text,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import Update

from maskarad.db import history, outbox, personal, statistics
from maskarad.db.link_columns import MANNERS, MOOD, manners_of, mood_of
from maskarad.db.orders import BEFORE_MIGRATION
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import (
    chat_contexts,
    chat_days,
    conversation_summaries,
    history_imports,
    interaction_patterns,
    message_reactions,
    reply_parts,
    unweighed_remarks,
)
from maskarad.errors import DatabaseUnavailable, NotFound
from maskarad.values import NEUTRAL_MOOD, Chat, Link, Manners, MoodState

_COLUMNS = (
    links.c.id,
    links.c.bot_instance_id,
    links.c.chat_id,
    links.c.active,
    links.c.muted,
)
_FIND = select(*_COLUMNS).where(links.c.chat_id == bindparam("chat_id"), links.c.bot_instance_id == bindparam("bot_id"))
# Whoever writes of a link holds its row; who waited for it finds the chat as it is by then.
_FIND_FOR_CHANGE = _FIND.with_for_update(key_share=True)


def _add(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    return insert(links).on_conflict_do_nothing().returning(links.c.id)


_ADD = {"sqlite": _add(sqlite.insert), "postgresql": _add(postgresql.insert)}


def _set(**columns: Any) -> Update:
    return update(links).where(links.c.id == bindparam("b_id")).values(**columns)


_SET_ACTIVE = _set(active=bindparam("b_active"))
_SET_MUTED = _set(muted=bindparam("b_muted"), answered=links.c.asked)
_SET_MOOD = _set(
    current_mood=bindparam("b_mood"),
    mood_strength=1.0,
    mood_set_at=bindparam("b_now"),
    mood_held_until=bindparam("b_held_until"),
    mood_reason=bindparam("b_reason"),
)
_SET_MANNERS = _set(
    chattiness=bindparam("b_chattiness"),
    time_zone=bindparam("b_time_zone"),
    quiet_from=bindparam("b_quiet_from"),
    quiet_until=bindparam("b_quiet_until"),
)
_MOOD = select(*MOOD).where(links.c.id == bindparam("link_id"))
_MANNERS = select(*MANNERS).where(links.c.id == bindparam("link_id"))
_SET_TITLE = _set(active=bindparam("b_active"), title=bindparam("b_title"), chat_type=bindparam("b_type"))
_MOVE = _set(
    chat_id=bindparam("b_chat_id"),
    chat_type="supergroup",
    folded_order=links.c.folded_order - BEFORE_MIGRATION,
    # A folding under way loses its lease.
    fold_at=0,
)
_OLD_ROWS: BindParameter[int] = bindparam("b_link_id")
_AGE = (
    update(chat_contexts)
    .where(chat_contexts.c.chat_bot_instance_id == _OLD_ROWS)
    .values(
        message_order=chat_contexts.c.message_order - BEFORE_MIGRATION,
        reply_to=chat_contexts.c.reply_to - BEFORE_MIGRATION,
        chat_id=bindparam("b_chat_id"),
    ),
    update(message_reactions)
    .where(message_reactions.c.chat_bot_instance_id == _OLD_ROWS)
    .values(message_order=message_reactions.c.message_order - BEFORE_MIGRATION),
    update(conversation_summaries)
    .where(conversation_summaries.c.chat_bot_instance_id == _OLD_ROWS)
    .values(
        from_order=conversation_summaries.c.from_order - BEFORE_MIGRATION,
        to_order=conversation_summaries.c.to_order - BEFORE_MIGRATION,
    ),
    update(unweighed_remarks)
    .where(unweighed_remarks.c.chat_bot_instance_id == _OLD_ROWS)
    .values(message_order=unweighed_remarks.c.message_order - BEFORE_MIGRATION),
)
_COUNTERS = select(
    links.c.asked,
    links.c.answered,
    links.c.parts,
    links.c.messages,
    links.c.own_messages,
    links.c.last_message_at,
    links.c.learned_id,
    links.c.learned_messages,
    *MANNERS,
).where(links.c.id == bindparam("link_id"))
_COUNT_AS_LEARNED = (
    update(chat_contexts)
    .where(
        chat_contexts.c.chat_bot_instance_id == bindparam("b_link_id"),
        chat_contexts.c.id > bindparam("b_after"),
        chat_contexts.c.id <= bindparam("b_learned_id"),
    )
    .values(counted=True)
)
_TAKE_HISTORY = (
    update(chat_contexts)
    .where(chat_contexts.c.chat_bot_instance_id == bindparam("b_other_id"))
    .values(
        chat_bot_instance_id=bindparam("b_link_id"),
        asked=case(
            (chat_contexts.c.asked > bindparam("b_its_answered"), chat_contexts.c.asked + bindparam("b_mine")),
            else_=None,
        ),
    )
)
_TAKE_WAITING = tuple(
    update(table)
    .where(table.c.chat_bot_instance_id == bindparam("b_other_id"))
    .values(chat_bot_instance_id=bindparam("b_link_id"))
    for table in (reply_parts, unweighed_remarks)
)
_TAKE_WORK = _set(
    asked=links.c.asked + bindparam("b_asked"),
    parts=links.c.parts + bindparam("b_parts"),
    messages=links.c.messages + bindparam("b_messages"),
    own_messages=links.c.own_messages + bindparam("b_own_messages"),
    last_message_at=bindparam("b_last_message_at"),
    learned_id=bindparam("b_learned_id"),
    learned_messages=links.c.learned_messages + bindparam("b_learned_messages"),
    chattiness=func.coalesce(links.c.chattiness, bindparam("b_chattiness", type_=Text)),
    time_zone=func.coalesce(links.c.time_zone, bindparam("b_time_zone", type_=Text)),
    quiet_from=func.coalesce(links.c.quiet_from, bindparam("b_quiet_from", type_=Integer)),
    quiet_until=func.coalesce(links.c.quiet_until, bindparam("b_quiet_until", type_=Integer)),
    erasures=links.c.erasures + 1,
)
_MADE_OF_HISTORY = tuple(
    delete(table).where(table.c.chat_bot_instance_id == bindparam("link_id"))
    for table in (
        conversation_summaries,
        interaction_patterns,
        chat_days,
        message_reactions,
        history_imports,
        unweighed_remarks,
    )
)
# What was said, done and felt here is gone; what administrators chose stays.
_SETTLE = _set(
    answered=links.c.asked,
    parts=0,
    claim=None,
    lease_until=0,
    failures=0,
    tries=0,
    spoke_at=0,
    spoke_to=0,
    messages=0,
    own_messages=0,
    first_message_at=0,
    last_message_at=0,
    recent_own=0,
    recent_considered=0,
    bot_exchanges=0,
    current_mood=NEUTRAL_MOOD,
    mood_strength=0,
    mood_set_at=None,
    mood_held_until=0,
    mood_reason=None,
    liking=0,
    ignored=0,
    learned_id=0,
    learned_messages=0,
    erasures=links.c.erasures + 1,
    folded_order=None,
    folded_messages=0,
)
_REMOVE = delete(links).where(links.c.id == bindparam("link_id"))


def _link(row: Row[*tuple[Any, ...]]) -> Link:
    return Link(
        id=row.id,
        bot_id=row.bot_instance_id,
        chat_id=row.chat_id,
        active=row.active,
        muted=row.muted,
    )


def find(connection: Connection, bot_id: int, chat_id: int) -> Link | None:
    row = connection.execute(_FIND, {"chat_id": chat_id, "bot_id": bot_id}).first()
    return _link(row) if row else None


def find_or_add(connection: Connection, bot_id: int, chat: Chat, *, active: bool = True, now: float) -> Link:
    """The link, made when there is none. Raises NotFound when the bot is gone."""
    found = find(connection, bot_id, chat.id)
    if found is not None:
        return found
    values = {
        "chat_id": chat.id,
        "bot_instance_id": bot_id,
        "chat_type": chat.type.value,
        "title": chat.title,
        "active": active,
        "created_at": now,
    }
    try:
        link_id = connection.execute(_ADD[connection.dialect.name], values).scalar_one_or_none()
    except IntegrityError:
        raise NotFound(f"there is no bot {bot_id}") from None
    if link_id is None:
        return _made_meanwhile(connection, bot_id, chat)
    return Link(id=link_id, bot_id=bot_id, chat_id=chat.id, active=active, muted=False)


def _made_meanwhile(connection: Connection, bot_id: int, chat: Chat) -> Link:
    link = find(connection, bot_id, chat.id)
    if link is None:
        raise DatabaseUnavailable("another process made and removed the same link; the update will come again")
    return link


def set_member(connection: Connection, bot_id: int, chat: Chat, *, active: bool, now: float) -> Link:
    """The bot came into the chat, or was thrown out of it."""
    link = find_or_add(connection, bot_id, chat, active=active, now=now)
    values = {"b_id": link.id, "b_active": active, "b_title": chat.title, "b_type": chat.type.value}
    connection.execute(_SET_TITLE, values)
    return msgspec.structs.replace(link, active=active)


def set_active(connection: Connection, link_id: int, active: bool) -> None:
    connection.execute(_SET_ACTIVE, {"b_id": link_id, "b_active": active})


def set_muted(connection: Connection, link_id: int, muted: bool) -> None:
    """Mute or unmute; whatever waited for an answer until now gets none."""
    connection.execute(_SET_MUTED, {"b_id": link_id, "b_muted": muted})


def set_mood(
    connection: Connection, link_id: int, mood: str, *, held_until: float, reason: str | None = None, now: float
) -> None:
    """Somebody has set the mood by hand."""
    values = {"b_id": link_id, "b_mood": mood, "b_now": now, "b_held_until": held_until, "b_reason": reason}
    connection.execute(_SET_MOOD, values)


def mood(connection: Connection, link_id: int) -> MoodState:
    """As it was when it was last changed. Raises NotFound."""
    row = connection.execute(_MOOD, {"link_id": link_id}).first()
    if row is None:
        raise NotFound(f"link {link_id} is gone")
    return mood_of(row)


def set_manners(connection: Connection, link_id: int, manners: Manners) -> None:
    values = {
        "b_id": link_id,
        "b_chattiness": manners.chattiness.value if manners.chattiness else None,
        "b_time_zone": manners.time_zone,
        "b_quiet_from": manners.quiet_from,
        "b_quiet_until": manners.quiet_until,
    }
    connection.execute(_SET_MANNERS, values)


def manners(connection: Connection, link_id: int) -> Manners:
    """Raises NotFound."""
    row = connection.execute(_MANNERS, {"link_id": link_id}).first()
    if row is None:
        raise NotFound(f"link {link_id} is gone")
    return manners_of(row)


def move(connection: Connection, bot_id: int, old_chat_id: int, new_chat_id: int) -> None:
    """The group became a supergroup: its link goes on under the new id. A supergroup counts its messages from 1 again,
    so what was said before moves below zero. A link already made under the new id (its first message may overtake the
    news) is taken in: messages, what is to be judged, answered and sent, counters, statistics, and its manners where
    the old one has none. Its mood, its liking with the reactions it came from, its summaries and how far imports into
    it have come are not taken. Doing it twice changes nothing."""
    old, newer = (
        connection.execute(_FIND_FOR_CHANGE, {"chat_id": chat_id, "bot_id": bot_id}).first()
        for chat_id in (old_chat_id, new_chat_id)
    )
    if old is None:
        return
    for ageing in _AGE:
        connection.execute(ageing, {"b_link_id": old.id, "b_chat_id": new_chat_id})
    if newer is not None:
        _take_in(connection, old.id, newer.id)
    connection.execute(_MOVE, {"b_id": old.id, "b_chat_id": new_chat_id})


def _take_in(connection: Connection, link_id: int, other_id: int) -> None:
    """Make the other link's messages, questions and unsent parts this one's. Each line that one of them has learned
    stays learned, and the others are learned by their common `learned_id`."""
    mine, its = (connection.execute(_COUNTERS, {"link_id": each}).one() for each in (link_id, other_id))
    both = {"b_link_id": link_id, "b_other_id": other_id}
    learned_id = min(mine.learned_id, its.learned_id)
    for each, learned in ((link_id, mine.learned_id), (other_id, its.learned_id)):
        place = {"b_link_id": each, "b_after": learned_id, "b_learned_id": learned}
        connection.execute(_COUNT_AS_LEARNED, place)
    connection.execute(_TAKE_HISTORY, {**both, "b_mine": mine.asked, "b_its_answered": its.answered})
    for taking in _TAKE_WAITING:
        connection.execute(taking, both)
    values = {
        "b_id": link_id,
        "b_asked": its.asked,
        "b_parts": its.parts,
        "b_messages": its.messages,
        "b_own_messages": its.own_messages,
        "b_last_message_at": max(mine.last_message_at, its.last_message_at),
        "b_learned_id": learned_id,
        "b_learned_messages": its.learned_messages,
        "b_chattiness": its.chattiness,
        "b_time_zone": its.time_zone,
        "b_quiet_from": its.quiet_from,
        "b_quiet_until": its.quiet_until,
    }
    connection.execute(_TAKE_WORK, values)
    personal.forget_said_in(connection, other_id)
    statistics.take_in(connection, link_id, other_id)
    connection.execute(_REMOVE, {"link_id": other_id})


def forget(connection: Connection, link_id: int, *, now: float) -> int:
    """Erase a link's history with all that was made of it, and the mood; a turn under way loses its claim. Returns how
    many messages were erased."""
    # First of all the link's own row: whoever else writes of a link holds it before rows that were made of its history.
    connection.execute(_SETTLE, {"b_id": link_id})
    outbox.drop_all(connection, link_id)
    for made_of_it in _MADE_OF_HISTORY:
        connection.execute(made_of_it, {"link_id": link_id})
    personal.forget_said_in(connection, link_id)
    return history.forget(connection, link_id, now=now)
