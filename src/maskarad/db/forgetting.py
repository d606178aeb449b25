"""Erasing one person from all that one bot keeps, in steps that may be repeated: lines a number at a time, then what
was made of them.

What is under way meanwhile cannot bring anything back: turns lose their claims, and folding and learning find the
link's `erasures` changed.
"""

from collections.abc import Iterable, Sequence
from itertools import dropwhile, groupby, takewhile
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    table,
    union,
    union_all,
    update,
)

from maskarad.db.history import FORGOTTEN, FORGOTTEN_KEPT
from maskarad.db.personal import in_bot
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import (
    chat_contexts,
    conversation_summaries,
    interaction_patterns,
    limit_notices,
    message_reactions,
    persona_configs,
    purses,
    reply_parts,
    unweighed_remarks,
    usage_records,
    user_preferences,
    users,
    wizard_states,
)
from maskarad.values import MANAGER_BOT_ID, ChatType, Scope, Value

ANSWER_WITHIN = 50
"""Lines after somebody's message in which the persona's answer to it is looked for."""

OLDEST, NEWEST = -(2**63), 2**63 - 1

_USER: Any = bindparam("user_id")
_PRIVATE = select(links.c.id).where(
    links.c.bot_instance_id == bindparam("bot_id"),
    links.c.chat_id == _USER,
    links.c.chat_type == ChatType.PRIVATE.value,
)


_LINKS_OF_PERSON = union(
    *(
        select(each.c.chat_bot_instance_id).where(each.c.user_id == _USER)
        for each in (chat_contexts, interaction_patterns, message_reactions)
    )
)
_GROUPS = select(links.c.id).where(
    links.c.id.in_(_LINKS_OF_PERSON.subquery().select()),
    links.c.bot_instance_id == bindparam("bot_id"),
    links.c.chat_type != ChatType.PRIVATE.value,
)
_NAMES = union_all(
    select(users.c.name).where(users.c.id == _USER),
    select(interaction_patterns.c.name).where(
        interaction_patterns.c.user_id == _USER, in_bot(interaction_patterns.c.chat_bot_instance_id)
    ),
)
_STOP = (
    update(links)
    .where(links.c.id == bindparam("b_id"))
    .values(answered=links.c.asked, parts=0, claim=None, lease_until=0, erasures=links.c.erasures + 1)
)
_DROP_PARTS = delete(reply_parts).where(reply_parts.c.chat_bot_instance_id.in_(bindparam("link_ids", expanding=True)))
_LINES = select(
    chat_contexts.c.id,
    chat_contexts.c.chat_bot_instance_id,
    chat_contexts.c.message_order,
    chat_contexts.c.user_name,
    chat_contexts.c.text,
    chat_contexts.c.timestamp,
    chat_contexts.c.asked,
).limit(bindparam("most"))
# A sum keeps an index of a link's lines, which may be any number, from being walked where another finds the few.
_LINK_OF_LINE = chat_contexts.c.chat_bot_instance_id + literal_column("0")
# Each in the order of the index that finds them.
_PRIVATE_LINES = _LINES.where(chat_contexts.c.chat_bot_instance_id == bindparam("link_id")).order_by(
    chat_contexts.c.message_order.desc()
)
_GROUP_LINES = _LINES.where(
    chat_contexts.c.user_id == _USER,
    chat_contexts.c.id < bindparam("before"),
    in_bot(chat_contexts.c.chat_bot_instance_id),
).order_by(chat_contexts.c.id.desc())
_NAMELESS_LINES = _LINES.where(
    chat_contexts.c.user_id.in_(bindparam("user_ids", expanding=True)),
    _LINK_OF_LINE.in_(bindparam("link_ids", expanding=True)),
)
_NAMELESS_PATTERNS = delete(interaction_patterns).where(
    interaction_patterns.c.user_id.in_(bindparam("user_ids", expanding=True)),
    interaction_patterns.c.chat_bot_instance_id.in_(bindparam("link_ids", expanding=True)),
)
_FOLLOWING = (
    select(chat_contexts.c.id, chat_contexts.c.message_order, chat_contexts.c.from_persona)
    .where(
        chat_contexts.c.chat_bot_instance_id == bindparam("link_id"),
        chat_contexts.c.message_order > bindparam("order"),
    )
    .order_by(chat_contexts.c.message_order)
    .limit(ANSWER_WITHIN)
)
_OWN_LINES = (
    select(chat_contexts.c.id, chat_contexts.c.message_order, chat_contexts.c.text)
    .where(
        chat_contexts.c.chat_bot_instance_id == bindparam("link_id"),
        chat_contexts.c.from_persona,
        chat_contexts.c.message_order > bindparam("after"),
    )
    .order_by(chat_contexts.c.message_order)
    .limit(bindparam("most"))
)
_IS_ONE_OF = chat_contexts.c.id.in_(bindparam("ids", expanding=True))
_DELETE_LINES = delete(chat_contexts).where(_IS_ONE_OF)
_REACTED_TO = (
    select(chat_contexts.c.chat_bot_instance_id, chat_contexts.c.message_order)
    .where(_IS_ONE_OF, chat_contexts.c.from_persona)
    .order_by(chat_contexts.c.chat_bot_instance_id)
)
_DROP_REACTIONS = delete(message_reactions).where(
    message_reactions.c.chat_bot_instance_id == bindparam("link_id"),
    message_reactions.c.message_order.in_(bindparam("orders", expanding=True)),
)
_BLANK_LINES = update(chat_contexts).where(_IS_ONE_OF).values(FORGOTTEN)
_SAID_MEANWHILE = delete(chat_contexts).where(
    _LINK_OF_LINE.in_(bindparam("link_ids", expanding=True)),
    chat_contexts.c.from_persona,
    chat_contexts.c.timestamp >= bindparam("since"),
)
_BREAK_OFF = (
    update(links)
    .where(links.c.id.in_(bindparam("b_link_ids", expanding=True)))
    .values(parts=0, claim=None, lease_until=0, erasures=links.c.erasures + 1)
)
_DROP_UNWEIGHED = delete(unweighed_remarks).where(
    unweighed_remarks.c.chat_bot_instance_id.in_(bindparam("link_ids", expanding=True)),
    unweighed_remarks.c.user_id == _USER,
)
_DROP_SUMMARIES = delete(conversation_summaries).where(
    conversation_summaries.c.chat_bot_instance_id.in_(bindparam("link_ids", expanding=True))
)
_NAME_NO_MORE = (
    update(chat_contexts)
    .where(
        chat_contexts.c.forwarded_from.in_(bindparam("b_names", expanding=True)),
        in_bot(chat_contexts.c.chat_bot_instance_id),
    )
    .values(forwarded_from=None)
)
_IS_WHY = links.c.mood_reason.contains(bindparam("b_number"))
_WAS_ANSWERED = links.c.spoke_to == bindparam("b_user")
# As everybody does who writes of a link, and in one order: its row first.
_HOLD_LINKS = (
    select(links.c.id)
    .where(
        links.c.bot_instance_id == bindparam("bot_id"),
        or_(
            links.c.id.in_(bindparam("link_ids", expanding=True)),
            links.c.id.in_(_LINKS_OF_PERSON.subquery().select()),
            links.c.id.in_(_PRIVATE),
            _IS_WHY,
            _WAS_ANSWERED,
        ),
    )
    .order_by(links.c.id)
    .with_for_update()
)
# Why the persona feels as it does, and whom it answered last.
_FORGET_IN_LINKS = (
    update(links)
    .where(links.c.bot_instance_id == bindparam("b_bot"), or_(_IS_WHY, _WAS_ANSWERED))
    .values(
        mood_reason=case((_IS_WHY, None), else_=links.c.mood_reason),
        spoke_to=case((_WAS_ANSWERED, literal_column("0")), else_=links.c.spoke_to),
    )
)
# By the person: a bot's records grow for ever.
_USED_BY_NOBODY = (
    update(usage_records)
    .where(usage_records.c.bot_instance_id + 0 == bindparam("b_bot"), usage_records.c.user_id == bindparam("b_user"))
    .values(user_id=0)
)


def _of_user_in_bot(table: Table) -> Delete:
    return delete(table).where(table.c.user_id == _USER, in_bot(table.c.chat_bot_instance_id))


_FORGET: tuple[Delete, ...] = (
    _of_user_in_bot(interaction_patterns),
    _of_user_in_bot(message_reactions),
    delete(user_preferences).where(
        user_preferences.c.user_id == _USER, user_preferences.c.persona_config_id == bindparam("persona_id")
    ),
    delete(wizard_states).where(
        wizard_states.c.user_id == _USER, wizard_states.c.bot_instance_id == bindparam("bot_id")
    ),
    delete(limit_notices).where(
        limit_notices.c.scope == Scope.USER.value,
        limit_notices.c.holder == _USER,
        in_bot(limit_notices.c.chat_bot_instance_id),
    ),
    delete(links).where(links.c.id.in_(_PRIVATE)),
)


def _is_in(table: Table, column: str = "user_id") -> ColumnElement[bool]:
    return exists().where(table.c[column] == _USER)


_IS_KNOWN_NOWHERE = and_(
    users.c.id == _USER,
    ~_is_in(persona_configs, "owner_id"),
    ~_is_in(chat_contexts),
    ~_is_in(interaction_patterns),
    ~_is_in(user_preferences),
    ~exists().where(links.c.chat_id == _USER),
)
# Somebody's purse is with all bots together.
_DROP_PURSES = delete(purses).where(
    purses.c.scope == Scope.USER.value,
    purses.c.holder == _USER,
    ~_is_in(chat_contexts),
    ~_is_in(interaction_patterns),
    ~_is_in(user_preferences),
    ~exists().where(links.c.chat_id == _USER),
)
_DROP_USER = delete(users).where(_IS_KNOWN_NOWHERE, users.c.stopped_at.is_(None))
# Whom an operator has stopped, that remains known of them, and nothing else.
_NAME_USER_NO_MORE = (
    update(users)
    .where(_IS_KNOWN_NOWHERE, users.c.stopped_at.is_not(None))
    .values(name=cast(users.c.id, Text), username=None)
)
_DROP_MANAGER_WIZARD = delete(wizard_states).where(
    wizard_states.c.user_id == _USER, wizard_states.c.bot_instance_id == literal_column(str(MANAGER_BOT_ID))
)
# FTS5's own command: the words of deleted rows stay in its segments until these are merged.
_INDEX = table("history_index", column("history_index"), column("rank"))
_MERGE_INDEX = insert(_INDEX).values(history_index="merge", rank=bindparam("pages"))
_CHANGES = select(func.total_changes())


class Reach(Value, frozen=True):
    """Where somebody is known to a bot: their private chat with it, and groups."""

    private_id: int | None
    group_ids: tuple[int, ...]
    names: frozenset[str]
    """Those that are known apart from the lines; kept until `finish`."""


class Said(Value, frozen=True):
    """A line that is to be erased."""

    id: int
    link_id: int
    message_order: int
    name: str
    text: str
    said_at: float
    is_answered: bool
    """It asked the persona for an answer."""


def begin(connection: Connection, bot_id: int, user_id: int) -> Reach:
    """Find out where somebody is known. In their private chat nothing is answered or sent from now on."""
    of_user = {"bot_id": bot_id, "user_id": user_id}
    private_id = connection.execute(_PRIVATE, of_user).scalar_one_or_none()
    if private_id is not None:
        connection.execute(_STOP, {"b_id": private_id})
        connection.execute(_DROP_PARTS, {"link_ids": [private_id]})
    return Reach(
        private_id=private_id,
        group_ids=tuple(sorted(connection.execute(_GROUPS, of_user).scalars())),
        names=frozenset(connection.execute(_NAMES, of_user).scalars()) - {""},
    )


def erase_private(connection: Connection, link_id: int, *, most: int) -> list[Said]:
    """Erase up to `most` lines of a private chat, by whomever they are; returns them, none when there are no more."""
    lines = [_said(row) for row in connection.execute(_PRIVATE_LINES, {"link_id": link_id, "most": most})]
    erase_lines(connection, [line.id for line in lines])
    return lines


def erase_in_groups(
    connection: Connection, bot_id: int, user_id: int, *, before: int, most: int, now: float
) -> list[Said]:
    """Erase up to `most` lines of somebody's in groups, among those with an `id` less than `before`, and the persona's
    answers to them; returns their lines, none when there are no more. Of lines that Telegram may still bring again the
    numbers stay known for a while."""
    values = {"bot_id": bot_id, "user_id": user_id, "before": before, "most": most}
    lines = [_said(row) for row in connection.execute(_GROUP_LINES, values)]
    erase_lines(connection, _answers(connection, lines))
    _erase_said(connection, lines, now)
    return lines


def erase_nameless(
    connection: Connection, group_ids: Sequence[int], user_ids: Sequence[int], *, most: int, now: float
) -> list[Said]:
    """Erase up to `most` imported lines in these groups, of people that the export told of by name only, and how they
    write; returns them, none when there are no more."""
    if not group_ids or not user_ids:
        return []
    whose = {"link_ids": group_ids, "user_ids": user_ids}
    lines = [_said(row) for row in connection.execute(_NAMELESS_LINES, {**whose, "most": most})]
    _erase_said(connection, lines, now)
    if not lines:
        connection.execute(_NAMELESS_PATTERNS, whose)
    return lines


def _erase_said(connection: Connection, lines: Sequence[Said], now: float) -> None:
    erase_lines(connection, [line.id for line in lines if line.said_at < now - FORGOTTEN_KEPT])
    recent = [line.id for line in lines if line.said_at >= now - FORGOTTEN_KEPT]
    if recent:
        connection.execute(_BLANK_LINES, {"ids": recent})


def _said(row: Sequence[Any]) -> Said:
    line_id, link_id, message_order, name, text, said_at, asked = row
    return Said(
        id=line_id,
        link_id=link_id,
        message_order=message_order,
        name=name,
        text=text,
        said_at=said_at,
        is_answered=asked is not None,
    )


def _answers(connection: Connection, lines: Iterable[Said]) -> list[int]:
    """What the persona said next after each line that wanted an answer, up to where people spoke again: rows of the
    history."""
    found: set[int] = set()
    for line in lines:
        if line.is_answered:
            values = {"link_id": line.link_id, "order": line.message_order}
            following = dropwhile(lambda row: not row.from_persona, connection.execute(_FOLLOWING, values))
            found.update(row.id for row in takewhile(lambda row: row.from_persona, following))
    return sorted(found)


def own_lines(connection: Connection, link_id: int, *, after: int, most: int) -> list[tuple[int, int, str]]:
    """The persona's lines in a link behind `after` (a message id), in order: row, message id and text of each."""
    values = {"link_id": link_id, "after": after, "most": most}
    return [tuple(row) for row in connection.execute(_OWN_LINES, values)]


def erase_lines(connection: Connection, ids: Sequence[int]) -> None:
    """Rows that Telegram does not bring again: old ones, and the persona's own, with people's reactions to them."""
    if ids:
        reacted_to = connection.execute(_REACTED_TO, {"ids": ids}).all()
        for link_id, lines in groupby(reacted_to, key=lambda row: row.chat_bot_instance_id):
            orders = [row.message_order for row in lines]
            connection.execute(_DROP_REACTIONS, {"link_id": link_id, "orders": orders})
        connection.execute(_DELETE_LINES, {"ids": ids})


def finish(
    connection: Connection,
    bot_id: int,
    persona_id: int,
    user_id: int,
    group_ids: Sequence[int],
    names: Iterable[str],
    *,
    since: float,
) -> bool:
    """Erase what is left once the lines are gone: what was made of them, the private chat itself, and in groups what
    turns under way have said, or would say, `since` the erasing began. `names` are all by which the person was known.
    A turn that a group waits for is told anew. True when the platform knew this person only through this bot, and does
    not any more."""
    of_user = {"bot_id": bot_id, "persona_id": persona_id, "user_id": user_id}
    in_links = {"b_number": str(user_id), "b_user": user_id}
    connection.execute(_HOLD_LINKS, {**of_user, **in_links, "link_ids": group_ids})
    if group_ids:
        connection.execute(_BREAK_OFF, {"b_link_ids": group_ids})
        connection.execute(_DROP_PARTS, {"link_ids": group_ids})
        connection.execute(_SAID_MEANWHILE, {"link_ids": group_ids, "since": since})
        connection.execute(_DROP_UNWEIGHED, {"link_ids": group_ids, "user_id": user_id})
        connection.execute(_DROP_SUMMARIES, {"link_ids": group_ids})
    connection.execute(_FORGET_IN_LINKS, {**in_links, "b_bot": bot_id})
    connection.execute(_USED_BY_NOBODY, {"b_bot": bot_id, "b_user": user_id})
    if known_as := sorted(set(names)):
        connection.execute(_NAME_NO_MORE, {"bot_id": bot_id, "b_names": known_as})
    for statement in _FORGET:
        connection.execute(statement, of_user)
    connection.execute(_DROP_PURSES, of_user)
    is_gone = any(connection.execute(each, of_user).rowcount for each in (_DROP_USER, _NAME_USER_NO_MORE))
    if is_gone:
        connection.execute(_DROP_MANAGER_WIZARD, of_user)
    return is_gone


def wipe_index(connection: Connection, *, pages: int) -> bool:
    """Take the words of erased lines out of SQLite's full-text index, about so many pages of it; False when none are
    left. PostgreSQL's has lost them with the rows."""
    if connection.dialect.name != "sqlite":
        return False
    before = connection.execute(_CHANGES).scalar_one()
    connection.execute(_MERGE_INDEX, {"pages": -pages})
    return bool(connection.execute(_CHANGES).scalar_one() - before >= 2)
