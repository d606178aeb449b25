"""A past for every chat: a soak looks at a platform that has been in use, not at one that fills up.

Each chat has lines that are summed up, and behind them as many as stand between two foldings: some chats are about to
be folded again, others have just been. Words of the older lines are not in the index, as if none of them were said now.
"""

from collections.abc import Sequence

from sqlalchemy import text

from benchmarks.chaos.plan import Room
from benchmarks.people import SENTENCE, person
from benchmarks.stage import Actor
from maskarad.db import Connection, links
from maskarad.db.opening import open_database
from maskarad.db.summaries import FOLD_DOWN_TO, FOLD_FROM, SUMMARY
from maskarad.values import Chat

SAID_AT = 1_700_000_000.0
FOLDED = FOLD_DOWN_TO
"""Lines of each chat that are summed up."""
TOLD = "Oksana told how she walks in the mornings; the persona asked about the river and the herbs. " * 8

_LINES = text(
    "INSERT INTO chat_contexts"
    " (chat_bot_instance_id, message_order, chat_id, user_id, user_name, from_persona, text, timestamp)"
    " SELECT :link_id, n - :lines - 1, :chat_id, :person, 'Оксана', n % 2 = 0, CAST(:sentence AS text) || n, :said_at"
    " FROM generate_series(1, :lines) AS n"
)
"""They stand before what will be said: a chat's own messages are numbered from 1."""
_LEARNED = text(
    "UPDATE chat_bot_instances SET messages = :lines, learned_messages = :lines, own_messages = :own,"
    " folded_messages = :folded, folded_order = :folded_to, first_message_at = :said_at, last_message_at = :said_at,"
    " learned_id = (SELECT max(id) FROM chat_contexts WHERE chat_bot_instance_id = :link_id)"
    " WHERE id = :link_id"
)
_SUMMED_UP = text(
    "INSERT INTO conversation_summaries (chat_bot_instance_id, kind, from_order, to_order, text, created_at)"
    " VALUES (:link_id, :kind, :first, :folded_to, :summary, :said_at)"
)


async def give(database_url: str, rooms: Sequence[Room], chats: Sequence[Chat], actors: Sequence[Actor]) -> None:
    """Give each of the chats its past. They know their bots from then on."""

    def store(connection: Connection) -> None:
        for number, (room, chat) in enumerate(zip(rooms, chats, strict=True)):
            lines = FOLDED + FOLD_DOWN_TO + number * 7 % (FOLD_FROM - FOLD_DOWN_TO)
            link = links.find_or_add(connection, actors[room.bot].bot_id, chat, now=SAID_AT)
            values = {
                "link_id": link.id,
                "chat_id": chat.id,
                "lines": lines,
                "own": lines // 2,
                "first": -lines,
                "folded": FOLDED,
                "folded_to": FOLDED - lines - 1,
                "kind": SUMMARY,
                "summary": TOLD,
                "person": person(room.people[0]),
                "sentence": SENTENCE.format(""),
                "said_at": SAID_AT,
            }
            connection.execute(_LINES, values)
            connection.execute(_LEARNED, values)
            connection.execute(_SUMMED_UP, values)

    database = open_database(database_url, pool_size=1, max_overflow=0)
    try:
        await database.write(store)
    finally:
        await database.close()
