"""Imported history: many lines at once, and how far each import has come."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    CursorResult,
    Double,
    Executable,
    any_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from maskarad.db.orders import LIVE_FROM
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import chat_contexts, conversation_summaries, history_imports, interaction_patterns
from maskarad.errors import NotFound
from maskarad.values import Chat, ChatType, Value

DIGEST = "digest"
"""The kind of the one summary that an import leaves in a link."""

_COLUMNS = (
    *("chat_bot_instance_id", "message_order", "chat_id", "user_id", "user_name", "from_persona", "text", "timestamp"),
    *("reply_to", "forwarded_from", "edited_at", "html", "media", "imported"),
)


class Row(NamedTuple):
    """A line of the history, in the order of the table's columns."""

    chat_bot_instance_id: int
    message_order: int
    chat_id: int
    user_id: int
    user_name: str
    from_persona: bool
    text: str
    timestamp: float
    reply_to: int | None
    forwarded_from: str | None
    edited_at: float | None
    html: str | None
    media: str | None
    imported: bool = True


class ImportState(Value, frozen=True):
    """How far the import of one export into one link has come. `read_messages` counts entries of the export."""

    read_messages: int = 0
    added: int = 0
    skipped: int = 0
    finished: bool = False


class ImportTarget(Value, frozen=True):
    """The link that takes the history."""

    chat: Chat
    time_zone: str | None
    first_live_order: int | None
    first_live_at: float | None
    """When the oldest line was said that was not imported."""
    lowest_order: int
    """Of all lines; 0 where there is none."""
    erasures: int


class Said(NamedTuple):
    timestamp: float
    text: str


class Counted(Value, frozen=True):
    """What a batch adds to a link's counters; no times where it adds no message, or none of a person's."""

    messages: int
    own_messages: int
    first_at: float | None
    last_heard_at: float | None


_BULK = insert(chat_contexts).values({name: bindparam(name) for name in _COLUMNS}).inline()
_LINK = select(links.c.chat_id, links.c.chat_type, links.c.title, links.c.time_zone, links.c.erasures).where(
    links.c.id == bindparam("link_id")
)
_LINKS_OF_BOT = (
    select(links.c.id, links.c.chat_id, links.c.chat_type, links.c.title)
    .where(links.c.bot_instance_id == bindparam("bot_id"))
    .order_by(links.c.id)
)
_PEOPLE = (
    select(interaction_patterns.c.name, func.min(interaction_patterns.c.user_id).label("user_id"))
    .where(interaction_patterns.c.chat_bot_instance_id == bindparam("link_id"), interaction_patterns.c.user_id > 0)
    .group_by(interaction_patterns.c.name)
    .having(func.count() == 1)
)
_LINK_FOR_CHANGE = select(links.c.erasures).where(links.c.id == bindparam("link_id")).with_for_update(key_share=True)
_FIRST_LIVE = (
    select(chat_contexts.c.message_order, chat_contexts.c.timestamp)
    .where(
        chat_contexts.c.chat_bot_instance_id == bindparam("link_id"),
        chat_contexts.c.message_order >= LIVE_FROM,
        chat_contexts.c.imported.is_(False),
    )
    .order_by(chat_contexts.c.message_order)
    .limit(1)
)
_OF_LINK = chat_contexts.c.chat_bot_instance_id == bindparam("link_id")
_LOWEST = select(func.min(chat_contexts.c.message_order)).where(_OF_LINK)
_ORDERS = select(chat_contexts.c.message_order).where(_OF_LINK)
_LINES = select(chat_contexts.c.message_order, chat_contexts.c.timestamp, chat_contexts.c.text).where(_OF_LINK)
_LISTED = func.json_each(bindparam("orders")).table_valued("value")
_IS_LISTED = {
    "sqlite": chat_contexts.c.message_order.in_(select(_LISTED.c.value)),
    "postgresql": chat_contexts.c.message_order == any_(bindparam("orders", type_=ARRAY(BigInteger))),
}
_KNOWN = {dialect: _ORDERS.where(is_listed) for dialect, is_listed in _IS_LISTED.items()}
_SAID_AT = {dialect: _LINES.where(is_listed) for dialect, is_listed in _IS_LISTED.items()}
_COUNT = (
    update(links)
    .where(links.c.id == bindparam("b_link_id"))
    .values(
        messages=links.c.messages + bindparam("b_messages"),
        own_messages=links.c.own_messages + bindparam("b_own_messages"),
        learned_messages=links.c.learned_messages + bindparam("b_messages"),
    )
)
# The history of a link may be long, and what was said in some of its seconds is little: by the index of times.
_SAID = select(chat_contexts.c.timestamp, chat_contexts.c.user_id, chat_contexts.c.text).where(
    chat_contexts.c.chat_bot_instance_id + 0 == bindparam("link_id"), chat_contexts.c.message_order + 0 < LIVE_FROM
)
_MOMENTS = func.json_each(bindparam("moments")).table_valued("value")
_TOLD = {
    "sqlite": _SAID.where(chat_contexts.c.timestamp.in_(select(_MOMENTS.c.value))),
    "postgresql": _SAID.where(chat_contexts.c.timestamp == any_(bindparam("moments", type_=ARRAY(Double)))),
}
_BEGIN_EARLIER = (
    update(links)
    .where(
        links.c.id == bindparam("b_link_id"),
        or_(links.c.first_message_at == 0, links.c.first_message_at > bindparam("b_first_at")),
    )
    .values(first_message_at=bindparam("b_first_at"))
)
_HEARD_LATER = (
    update(links)
    .where(links.c.id == bindparam("b_link_id"), links.c.last_message_at < bindparam("b_last_at"))
    .values(last_message_at=bindparam("b_last_at"))
)


def _start(insert_into: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    names = ("chat_bot_instance_id", "source", "read_messages", "added", "skipped", "started_at")
    return insert_into(history_imports).values({name: bindparam(name) for name in names}).on_conflict_do_nothing()


_START: Mapping[str, Executable] = {"sqlite": _start(sqlite.insert), "postgresql": _start(postgresql.insert)}
_STATE = select(
    history_imports.c.read_messages,
    history_imports.c.added,
    history_imports.c.skipped,
    history_imports.c.finished_at,
).where(history_imports.c.chat_bot_instance_id == bindparam("link_id"), history_imports.c.source == bindparam("source"))
_NOTE = (
    update(history_imports)
    .where(
        history_imports.c.chat_bot_instance_id == bindparam("b_link_id"),
        history_imports.c.source == bindparam("b_source"),
    )
    .values(
        read_messages=bindparam("b_read"),
        added=history_imports.c.added + bindparam("b_added"),
        skipped=history_imports.c.skipped + bindparam("b_skipped"),
    )
)
_FINISH = _NOTE.values(
    read_messages=history_imports.c.read_messages,
    added=history_imports.c.added,
    skipped=history_imports.c.skipped,
    finished_at=bindparam("b_now"),
)
_ADDED = select(func.coalesce(func.sum(history_imports.c.added), 0)).where(
    history_imports.c.chat_bot_instance_id == bindparam("link_id")
)
_FORGET_DIGEST = delete(conversation_summaries).where(
    conversation_summaries.c.chat_bot_instance_id == bindparam("link_id"), conversation_summaries.c.kind == DIGEST
)
_ADD_DIGEST = insert(conversation_summaries)

_compiled: dict[str, str] = {}


def target(connection: Connection, link_id: int) -> ImportTarget:
    """Raises NotFound."""
    link = connection.execute(_LINK, {"link_id": link_id}).first()
    if link is None:
        raise NotFound(f"there is no link {link_id}")
    first_live = connection.execute(_FIRST_LIVE, {"link_id": link_id}).first()
    return ImportTarget(
        chat=Chat(id=link.chat_id, type=ChatType(link.chat_type), title=link.title),
        time_zone=link.time_zone,
        erasures=link.erasures,
        first_live_order=first_live.message_order if first_live else None,
        first_live_at=first_live.timestamp if first_live else None,
        lowest_order=connection.execute(_LOWEST, {"link_id": link_id}).scalar_one() or 0,
    )


def links_of(connection: Connection, bot_id: int) -> list[tuple[int, Chat]]:
    """All chats that a bot is or was in, with their links."""
    rows = connection.execute(_LINKS_OF_BOT, {"bot_id": bot_id})
    return [(row.id, Chat(id=row.chat_id, type=ChatType(row.chat_type), title=row.title)) for row in rows]


def people_by_name(connection: Connection, link_id: int) -> dict[str, int]:
    """Ids of the people who have written in a link, of each whose name nobody else has."""
    return {row.name: row.user_id for row in connection.execute(_PEOPLE, {"link_id": link_id})}


def begin(connection: Connection, link_id: int, source: str, *, now: float) -> ImportState:
    """Where the import of this source stands; a new one starts."""
    values = {"read_messages": 0, "added": 0, "skipped": 0, "started_at": now}
    connection.execute(_START[connection.dialect.name], {"chat_bot_instance_id": link_id, "source": source, **values})
    return state(connection, link_id, source)


def state(connection: Connection, link_id: int, source: str) -> ImportState:
    row = connection.execute(_STATE, {"link_id": link_id, "source": source}).first()
    if row is None:
        return ImportState()
    return ImportState(
        read_messages=row.read_messages, added=row.added, skipped=row.skipped, finished=row.finished_at is not None
    )


def added(connection: Connection, link_id: int) -> int:
    """How many lines all imports together have brought into the link."""
    return int(connection.execute(_ADDED, {"link_id": link_id}).scalar_one())


def hold(connection: Connection, link_id: int, *, erasures: int) -> None:
    """Whoever writes to the link waits until this transaction ends. Raises NotFound when it is gone, or when something
    of it was erased since it had these `erasures`."""
    link = connection.execute(_LINK_FOR_CHANGE, {"link_id": link_id}).first()
    if link is None:
        raise NotFound(f"there is no link {link_id}")
    if link.erasures != erasures:
        raise NotFound("this chat was erased, or somebody in it, while its history was imported; the rest was not")


def known(connection: Connection, link_id: int, orders: Sequence[int]) -> set[int]:
    """Which of these the link has."""
    return set(_of(connection, _KNOWN, link_id, orders).scalars())


def said(connection: Connection, link_id: int, orders: Sequence[int]) -> dict[int, Said]:
    """Of those of these that the link has, when and what was said."""
    rows = _of(connection, _SAID_AT, link_id, orders)
    return {row.message_order: Said(row.timestamp, row.text) for row in rows}


def _of(
    connection: Connection, asked: Mapping[str, Executable], link_id: int, orders: Sequence[int]
) -> CursorResult[Any]:
    dialect = connection.dialect.name
    listed = json.dumps(orders) if dialect == "sqlite" else list(orders)
    return connection.execute(asked[dialect], {"link_id": link_id, "orders": listed})


def told(connection: Connection, link_id: int, moments: Sequence[float]) -> set[tuple[float, int, str]]:
    """When, by whom and what was said at these moments, as it was imported under ids of an account."""
    if not moments:
        return set()
    dialect = connection.dialect.name
    listed = json.dumps(sorted(set(moments))) if dialect == "sqlite" else sorted(set(moments))
    rows = connection.execute(_TOLD[dialect], {"link_id": link_id, "moments": listed})
    return {(row.timestamp, row.user_id, row.text) for row in rows}


def add(connection: Connection, rows: Sequence[Row]) -> None:
    """Store lines that the link does not have. Past SQLAlchemy's own insert, which costs more than the database's."""
    if rows:
        connection.exec_driver_sql(_bulk_insert(connection), list(rows))


def _bulk_insert(connection: Connection) -> str:
    name = connection.dialect.name
    if name not in _compiled:
        compiled = _BULK.compile(dialect=connection.dialect)
        assert isinstance(compiled, SQLCompiler)
        assert tuple(compiled.positiontup or ()) == Row._fields
        _compiled[name] = str(compiled)
    return _compiled[name]


def count(connection: Connection, link_id: int, counted: Counted) -> None:
    """Add to the link's counters what was stored; its statistics know it."""
    link = {"b_link_id": link_id}
    values = {"b_messages": counted.messages, "b_own_messages": counted.own_messages}
    connection.execute(_COUNT, {**link, **values})
    if counted.first_at is not None:
        connection.execute(_BEGIN_EARLIER, {**link, "b_first_at": counted.first_at})
    if counted.last_heard_at is not None:
        connection.execute(_HEARD_LATER, {**link, "b_last_at": counted.last_heard_at})


def note(connection: Connection, link_id: int, source: str, *, read: int, added: int, skipped: int) -> None:
    """The import has read that many entries by now; this step added and skipped so many."""
    values = {"b_read": read, "b_added": added, "b_skipped": skipped}
    connection.execute(_NOTE, {"b_link_id": link_id, "b_source": source, **values})


def finish(connection: Connection, link_id: int, source: str, *, now: float) -> None:
    connection.execute(_FINISH, {"b_link_id": link_id, "b_source": source, "b_now": now})


def put_digest(connection: Connection, link_id: int, text: str, orders: Iterable[int], *, now: float) -> None:
    """Replace the link's digest; `orders` are those of the lines that it is of."""
    spanned = list(orders)
    connection.execute(_FORGET_DIGEST, {"link_id": link_id})
    values: dict[str, Any] = {
        "chat_bot_instance_id": link_id,
        "kind": DIGEST,
        "from_order": min(spanned),
        "to_order": max(spanned),
        "text": text,
        "created_at": now,
    }
    connection.execute(_ADD_DIGEST, values)
