"""What an owner may know of the chats that the own personas are in: sums, and of private chats nothing else."""

from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from maskarad.db.tables import bot_instances, persona_configs
from maskarad.db.tables import chat_bot_instances as links
from maskarad.values import ChatType, Value

MOST_LIVELY_CHATS = 30
"""Chats whose days a picture of several chats is drawn from: those in which most was said."""


class OwnedChat(Value, frozen=True):
    """A chat as the owner of its persona may know it: nothing of who is in a private one."""

    link_id: int
    persona_id: int
    chat_type: ChatType
    title: str
    messages: int
    own_messages: int
    last_message_at: float


class OwnedTotals(Value, frozen=True):
    """All chats of one persona, or of all of an owner's. Times are None where nobody wrote yet."""

    private_chats: int
    groups: int
    messages: int
    own_messages: int
    private_messages: int
    first_message_at: float | None
    last_message_at: float | None


_IS_OWN = persona_configs.c.owner_id == bindparam("owner_id")
_IS_PERSONA = persona_configs.c.id == bindparam("persona_id")


def _of_owner(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        statement.select_from(persona_configs)
        .join(bot_instances, bot_instances.c.persona_config_id == persona_configs.c.id)
        .join(links, links.c.bot_instance_id == bot_instances.c.id)
        .where(_IS_OWN)
    )


_IS_PRIVATE = links.c.chat_type == ChatType.PRIVATE.value
_TOTALS = _of_owner(
    select(
        func.count().filter(_IS_PRIVATE).label("private_chats"),
        func.count().filter(~_IS_PRIVATE).label("groups"),
        func.coalesce(func.sum(links.c.messages), 0).label("messages"),
        func.coalesce(func.sum(links.c.own_messages), 0).label("own_messages"),
        func.coalesce(func.sum(links.c.messages).filter(_IS_PRIVATE), 0).label("private_messages"),
        func.min(links.c.first_message_at).filter(links.c.first_message_at > 0).label("first_message_at"),
        func.max(links.c.last_message_at).filter(links.c.last_message_at > 0).label("last_message_at"),
    )
)
_CHATS = _of_owner(
    select(
        links.c.id.label("link_id"),
        persona_configs.c.id.label("persona_id"),
        links.c.chat_type,
        links.c.title,
        links.c.messages,
        links.c.own_messages,
        links.c.last_message_at,
    )
).order_by(links.c.messages.desc(), links.c.id)
_BY_PERSONA = _of_owner(select(persona_configs.c.id, func.sum(links.c.messages).label("messages"))).group_by(
    persona_configs.c.id
)


def totals(connection: Connection, owner_id: int, persona_id: int | None = None) -> OwnedTotals:
    """Of one of the owner's personas, or of all: nothing of other people's is counted."""
    row = connection.execute(*_narrowed(_TOTALS, owner_id, persona_id)).one()
    return OwnedTotals(
        private_chats=row.private_chats,
        groups=row.groups,
        messages=int(row.messages),
        own_messages=int(row.own_messages),
        private_messages=int(row.private_messages),
        first_message_at=row.first_message_at,
        last_message_at=row.last_message_at,
    )


def chats(connection: Connection, owner_id: int, persona_id: int | None = None) -> list[OwnedChat]:
    """The liveliest `MOST_LIVELY_CHATS`, most messages first. A private chat has no title here."""
    statement, values = _narrowed(_CHATS, owner_id, persona_id)
    rows = connection.execute(statement.limit(MOST_LIVELY_CHATS), values)
    return [
        OwnedChat(
            link_id=row.link_id,
            persona_id=row.persona_id,
            chat_type=ChatType(row.chat_type),
            title="" if row.chat_type == ChatType.PRIVATE.value else row.title,
            messages=row.messages,
            own_messages=row.own_messages,
            last_message_at=row.last_message_at,
        )
        for row in rows
    ]


def messages_by_persona(connection: Connection, owner_id: int) -> dict[int, int]:
    """Of the owner's personas that have a bot which is in a chat."""
    return {row.id: int(row.messages) for row in connection.execute(_BY_PERSONA, {"owner_id": owner_id})}


def _narrowed(
    statement: Select[*tuple[Any, ...]], owner_id: int, persona_id: int | None
) -> tuple[Select[*tuple[Any, ...]], dict[str, int]]:
    if persona_id is None:
        return statement, {"owner_id": owner_id}
    return statement.where(_IS_PERSONA), {"owner_id": owner_id, "persona_id": persona_id}
