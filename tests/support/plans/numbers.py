"""What statistics ask of the database: days and people, never lines."""

from sqlalchemy import Connection

from maskarad.analytics.figures import days_until
from maskarad.db import owned, statistics
from tests.support.plans.crowd import LONG, OWNER
from tests.support.plans.hot import Hot
from tests.support.rows import NOW

FIRST_DAY, LAST_DAY = days_until(NOW)


def totals(connection: Connection) -> None:
    for persona_id in (None, 1):
        owned.totals(connection, OWNER, persona_id)


OF_CHAT = (
    Hot(
        name="statistics.chat_stats",
        purpose="/stats and /analytics: what is counted of a chat, and who wrote most.",
        cheap="Counters in the link's own row. `ix_interaction_patterns_messages` holds a link's people by how much "
        "they wrote: the first ten are read, and all are counted; those of the same number are sorted by their ids.",
        run=lambda c: statistics.chat_stats(c, LONG),
        may_sort=True,
    ),
    Hot(
        name="statistics.days",
        purpose="/stats: the last year.",
        cheap="The key holds link and day side by side: a row for each day shown.",
        run=lambda c: statistics.days(c, LONG, FIRST_DAY, LAST_DAY),
    ),
    Hot(
        name="statistics.time_zone",
        purpose="By which clock these days are told.",
        cheap="The link's key.",
        run=lambda c: statistics.time_zone(c, LONG),
    ),
)

OF_OWNER = (
    Hot(
        name="owned.totals",
        purpose="/stats in the manager bot: all chats of an owner's personas; by a button, of one.",
        cheap="By index to the owner's personas, their bots, and the links of these: a row a chat is added up, "
        "whatever was said there.",
        run=totals,
    ),
    Hot(
        name="owned.messages_by_persona",
        purpose="/stats in the manager bot: how much was said with each persona.",
        cheap="The same rows, sorted into their personas.",
        run=lambda c: owned.messages_by_persona(c, OWNER),
        may_sort=True,
    ),
    Hot(
        name="owned.chats",
        purpose="/analytics in the manager bot: the liveliest chats.",
        cheap="The same rows; the hundred with most messages are found by sorting them.",
        run=lambda c: owned.chats(c, OWNER),
        may_sort=True,
    ),
    Hot(
        name="statistics.written_days",
        purpose="/analytics: the last year of one chat, or of the liveliest.",
        cheap="The key holds link and day side by side: a row for each day of each chat.",
        run=lambda c: statistics.written_days(c, [LONG, LONG + 1], FIRST_DAY, LAST_DAY),
    ),
)
