"""What is kept of a person, to be shown to that person: chats, messages, reactions, summaries."""

from sqlalchemy import Connection, Executable, bindparam, exists, literal_column, not_, select, union

from maskarad.db.personal import IS_PRIVATE_LINK, OF_PERSON, in_bot
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import (
    chat_contexts,
    conversation_summaries,
    interaction_patterns,
    message_reactions,
    user_preferences,
)
from maskarad.values import ChatType, Value

_HAS_SUMMARY = exists().where(conversation_summaries.c.chat_bot_instance_id == links.c.id)
_LINKS_OF_PERSON = union(
    select(links.c.id).where(IS_PRIVATE_LINK),
    *(
        select(table.c.chat_bot_instance_id).where(table.c.user_id == bindparam("user_id"))
        for table in (interaction_patterns, chat_contexts)
    ),
    select(user_preferences.c.scope).where(*OF_PERSON),
)
_PLACES = (
    select(links.c.id, links.c.chat_type, links.c.title, links.c.messages, _HAS_SUMMARY.label("has_summary"))
    .where(links.c.id.in_(_LINKS_OF_PERSON.subquery().select()), links.c.bot_instance_id == bindparam("bot_id"))
    .order_by(links.c.id)
)
_SUMMARIES = select(conversation_summaries.c.text).where(
    conversation_summaries.c.chat_bot_instance_id == bindparam("link_id")
)
_REACTIONS = (
    select(
        message_reactions.c.chat_bot_instance_id,
        message_reactions.c.message_order,
        message_reactions.c.emoji,
        message_reactions.c.reacted_at,
    )
    .where(
        message_reactions.c.user_id == bindparam("user_id"),
        in_bot(message_reactions.c.chat_bot_instance_id),
    )
    .order_by(message_reactions.c.reacted_at.desc())
    .limit(bindparam("most"))
)
_LINE_COLUMNS = (
    chat_contexts.c.id,
    chat_contexts.c.chat_bot_instance_id,
    chat_contexts.c.message_order,
    chat_contexts.c.from_persona,
    chat_contexts.c.user_name,
    chat_contexts.c.text,
    chat_contexts.c.timestamp,
)
_PRIVATE_LINES = (
    select(*_LINE_COLUMNS)
    .where(
        chat_contexts.c.chat_bot_instance_id == bindparam("link_id"),
        chat_contexts.c.message_order < bindparam("before"),
        chat_contexts.c.user_id != literal_column("0"),
    )
    .order_by(chat_contexts.c.message_order.desc())
    .limit(bindparam("most"))
)
_IS_SAID_IN_PRIVATE = (
    select(links.c.chat_type).where(links.c.id == chat_contexts.c.chat_bot_instance_id).scalar_subquery()
    == ChatType.PRIVATE.value
)
_GROUP_LINES = (
    select(*_LINE_COLUMNS)
    .where(
        chat_contexts.c.user_id == bindparam("user_id"),
        chat_contexts.c.id < bindparam("before"),
        in_bot(chat_contexts.c.chat_bot_instance_id),
        not_(_IS_SAID_IN_PRIVATE),
    )
    .order_by(chat_contexts.c.id.desc())
    .limit(bindparam("most"))
)


class Place(Value, frozen=True):
    """A chat where the persona met somebody; a private one has no title."""

    link_id: int
    in_private: bool
    title: str
    messages: int
    """All that was said there, by whomever."""
    has_summary: bool


class KeptReaction(Value, frozen=True):
    link_id: int
    message_order: int
    emoji: str
    reacted_at: float


class KeptLine(Value, frozen=True):
    id: int
    link_id: int
    message_order: int
    from_persona: bool
    name: str
    text: str
    said_at: float


def places(connection: Connection, bot_id: int, persona_id: int, user_id: int) -> list[Place]:
    """The chats where the bot knows something of this person, their private one included."""
    rows = connection.execute(_PLACES, {"bot_id": bot_id, "persona_id": persona_id, "user_id": user_id})
    return [
        Place(
            link_id=row.id,
            in_private=row.chat_type == ChatType.PRIVATE.value,
            title=row.title,
            messages=row.messages,
            has_summary=row.has_summary,
        )
        for row in rows
    ]


def summaries(connection: Connection, link_id: int) -> list[str]:
    return list(connection.execute(_SUMMARIES, {"link_id": link_id}).scalars())


def private_lines(connection: Connection, link_id: int, *, before: int, most: int) -> list[KeptLine]:
    """What was said in a private chat, by both, the newest first; `before` is a message id."""
    return _lines(connection, _PRIVATE_LINES, {"link_id": link_id, "before": before, "most": most})


def group_lines(connection: Connection, bot_id: int, user_id: int, *, before: int, most: int) -> list[KeptLine]:
    """What somebody said in all groups with the bot, what was stored last first; `before` is a line's `id`."""
    return _lines(connection, _GROUP_LINES, {"bot_id": bot_id, "user_id": user_id, "before": before, "most": most})


def reactions(connection: Connection, bot_id: int, user_id: int, *, most: int) -> list[KeptReaction]:
    """What somebody put under the persona's messages, the newest first."""
    rows = connection.execute(_REACTIONS, {"bot_id": bot_id, "user_id": user_id, "most": most})
    return [
        KeptReaction(
            link_id=row.chat_bot_instance_id,
            message_order=row.message_order,
            emoji=row.emoji,
            reacted_at=row.reacted_at,
        )
        for row in rows
    ]


def _lines(connection: Connection, statement: Executable, values: dict[str, int]) -> list[KeptLine]:
    return [
        KeptLine(
            id=row.id,
            link_id=row.chat_bot_instance_id,
            message_order=row.message_order,
            from_persona=row.from_persona,
            name=row.user_name,
            text=row.text,
            said_at=row.timestamp,
        )
        for row in connection.execute(statement, values)
    ]
