"""The statistics of links: counters in the link's own row, a row a day, a row a person. What a read costs grows with
the days and people it shows, and never with how much was said."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Executable, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.lists import padded
from maskarad.db.tables import (
    bot_instances,
    chat_days,
    interaction_patterns,
    persona_configs,
    users,
)
from maskarad.db.tables import chat_bot_instances as links
from maskarad.errors import NotFound
from maskarad.memory.stats import (
    Acquaintance,
    ChatStats,
    DayOfChat,
    GlobalStats,
    Learned,
    Pattern,
    TopPerson,
    merged_acquaintance,
    merged_day,
)
from maskarad.values import ChatType

TOP_PEOPLE = 10
_ROWS_AT_ONCE = 500

K = TypeVar("K")


def _upsert(insert: Callable[..., postgresql.Insert | sqlite.Insert], table: Table) -> Executable:
    new = insert(table).values({column.name: bindparam(column.name) for column in table.c})
    changed = {column.name: new.excluded[column.name] for column in table.c if not column.primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)


def _upserts(table: Table) -> Mapping[str, Executable]:
    return {"sqlite": _upsert(sqlite.insert, table), "postgresql": _upsert(postgresql.insert, table)}


_PUT_DAYS, _PUT_PEOPLE = _upserts(chat_days), _upserts(interaction_patterns)
_LINK_FOR_CHANGE = select(links.c.id).where(links.c.id == bindparam("link_id")).with_for_update(key_share=True)
_DAYS_OF_LINK = select(chat_days.c.day, chat_days.c.data).where(
    chat_days.c.chat_bot_instance_id == bindparam("link_id")
)
_DAYS = _DAYS_OF_LINK.where(chat_days.c.day.in_(bindparam("days", expanding=True)))
_DAYS_BETWEEN = _DAYS_OF_LINK.where(chat_days.c.day.between(bindparam("first"), bindparam("last"))).order_by(
    chat_days.c.day
)
_PERSON_COLUMNS = (
    interaction_patterns.c.user_id,
    interaction_patterns.c.name,
    interaction_patterns.c.messages,
    interaction_patterns.c.first_at,
    interaction_patterns.c.last_at,
    interaction_patterns.c.treatment,
    interaction_patterns.c.data,
)
_PEOPLE_OF_LINK = select(*_PERSON_COLUMNS).where(interaction_patterns.c.chat_bot_instance_id == bindparam("link_id"))
_PEOPLE = _PEOPLE_OF_LINK.where(interaction_patterns.c.user_id.in_(bindparam("user_ids", expanding=True)))
_TOP = (
    select(interaction_patterns.c.user_id, interaction_patterns.c.name, interaction_patterns.c.messages)
    .where(interaction_patterns.c.chat_bot_instance_id == bindparam("link_id"))
    .order_by(interaction_patterns.c.messages.desc(), interaction_patterns.c.user_id)
    .limit(TOP_PEOPLE)
)
_COUNT_PEOPLE = (
    select(func.count())
    .where(interaction_patterns.c.chat_bot_instance_id == bindparam("link_id"))
    .select_from(interaction_patterns)
)
_LINK = select(
    links.c.title,
    links.c.chat_type,
    links.c.messages,
    links.c.own_messages,
    links.c.first_message_at,
    links.c.last_message_at,
    links.c.spoke_at,
).where(links.c.id == bindparam("link_id"))
_TIME_ZONE = select(links.c.time_zone).where(links.c.id == bindparam("link_id"))


def _count_of(table: Table) -> ColumnElement[int]:
    return select(func.count()).select_from(table).scalar_subquery()


_GLOBAL = select(
    func.count().label("chats"),
    func.coalesce(func.sum(links.c.messages), 0).label("messages"),
    func.coalesce(func.sum(links.c.own_messages), 0).label("own_messages"),
    _count_of(users).label("users"),
    _count_of(persona_configs).label("personas"),
    _count_of(bot_instances).label("bots"),
).select_from(links)

_DAYS_OF_LINKS = select(chat_days.c.day, chat_days.c.data).where(
    chat_days.c.chat_bot_instance_id.in_(bindparam("link_ids", expanding=True)),
    chat_days.c.day.between(bindparam("first"), bindparam("last")),
)

_encode = msgspec.json.Encoder().encode
_decode_day = msgspec.json.Decoder(DayOfChat).decode
_decode_pattern = msgspec.json.Decoder(Pattern).decode


def learn(connection: Connection, link_id: int, learned: Learned) -> None:
    """Merge what was learned into the link's rows. Whoever learns of the same link at the same time waits. Raises
    NotFound when the link is gone."""
    if connection.execute(_LINK_FOR_CHANGE, {"link_id": link_id}).first() is None:
        raise NotFound(f"there is no link {link_id}")
    for days in _batches(learned.days):
        known_days = _days(connection.execute(_DAYS, {"link_id": link_id, "days": padded(days)}))
        rows = [
            {"chat_bot_instance_id": link_id, "day": number, "data": _encode(_day_after(known_days.get(number), day))}
            for number, day in days.items()
        ]
        connection.execute(_PUT_DAYS[connection.dialect.name], _as_text(rows))
    for people in _batches(learned.people):
        known = _people(connection.execute(_PEOPLE, {"link_id": link_id, "user_ids": padded(people)}))
        rows = [
            _person_row(link_id, user_id, _person_after(known.get(user_id), each)) for user_id, each in people.items()
        ]
        connection.execute(_PUT_PEOPLE[connection.dialect.name], _as_text(rows))


def take_in(connection: Connection, link_id: int, other_id: int) -> None:
    """Add another link's days and people to this one's: a chat that went on under a new id. What the other one holds
    goes with its row."""
    days = _days(connection.execute(_DAYS_OF_LINK, {"link_id": other_id}))
    people = _people(connection.execute(_PEOPLE_OF_LINK, {"link_id": other_id}))
    # A treatment is a mean and not a sum: the later one takes the earlier one's place.
    later = {
        user_id: msgspec.structs.replace(each, treatment_kept=float(each.treatment == 0.0))
        for user_id, each in people.items()
    }
    learn(connection, link_id, Learned(days=days, people=later))


def chat_stats(connection: Connection, link_id: int) -> ChatStats:
    """Raises NotFound."""
    link = connection.execute(_LINK, {"link_id": link_id}).first()
    if link is None:
        raise NotFound(f"there is no link {link_id}")
    return ChatStats(
        title=link.title,
        chat_type=ChatType(link.chat_type),
        messages=link.messages,
        own_messages=link.own_messages,
        people=connection.execute(_COUNT_PEOPLE, {"link_id": link_id}).scalar_one(),
        first_message_at=link.first_message_at or None,
        last_message_at=max(link.last_message_at, link.spoke_at) or None,
        top_people=tuple(
            TopPerson(user_id=row.user_id, name=row.name, messages=row.messages)
            for row in connection.execute(_TOP, {"link_id": link_id})
        ),
    )


def global_stats(connection: Connection) -> GlobalStats:
    """Sums over all links: a row each is read, whatever was said in it."""
    row = connection.execute(_GLOBAL).one()
    return GlobalStats(
        chats=row.chats,
        messages=int(row.messages),
        own_messages=int(row.own_messages),
        users=row.users,
        personas=row.personas,
        bots=row.bots,
    )


def days(connection: Connection, link_id: int, first: int, last: int) -> dict[int, DayOfChat]:
    """The days from `first` to `last` on which something was said, in order."""
    return _days(connection.execute(_DAYS_BETWEEN, {"link_id": link_id, "first": first, "last": last}))


def time_zone(connection: Connection, link_id: int) -> str | None:
    """An IANA name, where the chat's administrators chose one."""
    return connection.execute(_TIME_ZONE, {"link_id": link_id}).scalar_one_or_none()


def written_days(connection: Connection, link_ids: Sequence[int], first: int, last: int) -> list[tuple[int, str]]:
    """The days of several links as they are stored (number, JSON of a `DayOfChat`), in no order: to be read and added
    up where that holds up nobody."""
    rows = connection.execute(_DAYS_OF_LINKS, {"link_ids": padded(link_ids), "first": first, "last": last})
    return [(row.day, row.data) for row in rows]


def _day_after(known: DayOfChat | None, learned: DayOfChat) -> DayOfChat:
    return merged_day(known, learned) if known is not None else learned


def _person_after(known: Acquaintance | None, learned: Acquaintance) -> Acquaintance:
    return merged_acquaintance(known, learned) if known is not None else learned


def _person_row(link_id: int, user_id: int, person: Acquaintance) -> dict[str, Any]:
    return {
        "chat_bot_instance_id": link_id,
        "user_id": user_id,
        "name": person.name,
        "messages": person.messages,
        "first_at": person.first_at,
        "last_at": person.last_at,
        "treatment": person.treatment,
        "data": _encode(person.pattern),
    }


def _as_text(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "data": row["data"].decode()} for row in rows]


def _days(rows: Iterable[Any]) -> dict[int, DayOfChat]:
    return {row.day: _decode_day(row.data) for row in rows}


def _people(rows: Iterable[Any]) -> dict[int, Acquaintance]:
    return {
        row.user_id: Acquaintance(
            name=row.name,
            messages=row.messages,
            first_at=row.first_at,
            last_at=row.last_at,
            treatment=row.treatment,
            pattern=_decode_pattern(row.data),
        )
        for row in rows
    }


def _batches(items: Mapping[K, Any]) -> Iterator[dict[K, Any]]:
    """In the order of their keys, so that two writers of the same rows never wait for each other crosswise."""
    remaining = iter(sorted(items.items()))
    while batch := dict(islice(remaining, _ROWS_AT_ONCE)):
        yield batch
