"""Which chats are alive."""

from sqlalchemy import Connection, bindparam, select

from maskarad.db.tables import chat_bot_instances as links
from maskarad.values import Chat, ChatType, Value


class ActiveChat(Value, frozen=True):
    """A link in which a person wrote at `last_message_at`."""

    link_id: int
    bot_id: int
    chat: Chat
    last_message_at: float


_SINCE = (
    select(links.c.id, links.c.bot_instance_id, links.c.chat_id, links.c.chat_type, links.c.title)
    .add_columns(links.c.last_message_at)
    .where(links.c.last_message_at >= bindparam("since"), links.c.active)
    .order_by(links.c.last_message_at.desc())
    .limit(bindparam("most"))
)


def since(connection: Connection, at: float, *, most: int) -> list[ActiveChat]:
    """The links the bot may write in where a person has written since then, the liveliest `most`, last words first."""
    return [
        ActiveChat(
            link_id=row.id,
            bot_id=row.bot_instance_id,
            chat=Chat(id=row.chat_id, type=ChatType(row.chat_type), title=row.title),
            last_message_at=row.last_message_at,
        )
        for row in connection.execute(_SINCE, {"since": at, "most": most})
    ]
