"""What is asked of the database about the people that a persona meets."""

from typing import Any

from sqlalchemy import Connection

from maskarad.db import analyses, personal, reactions, seen
from maskarad.memory.preferences import Stated, Wish
from maskarad.values import Chat, ChatType, ReactionChange, Sender
from tests.support.plans.calls import PERSON
from tests.support.plans.crowd import LONG, OWNER
from tests.support.plans.hot import Hot
from tests.support.rows import NOW

WISHES = (
    Stated(wish=Wish.LENGTH, value="short"),
    Stated(wish=Wish.ADDRESS, taken_back=True),
    Stated(wish=Wish.LEAVE_ALONE, value="football"),
)
OWN_LINE = 9
"""A line of the persona's in the long history, under which a person's reaction stands."""
REACTION = ReactionChange(
    bot_id=1,
    update_id=10**6,
    chat=Chat(id=1_000_000, type=ChatType.PRIVATE),
    message_id=OWN_LINE,
    sender=Sender(id=OWNER + OWN_LINE, name="Bob"),
    emoji=("👍",),
)


def record(connection: Connection) -> Any:
    seen.once(connection, 1, REACTION.update_id, now=NOW)
    reactions.record(connection, LONG, REACTION, 1.0, lambda standing: standing.before, now=NOW)


KNOWING = (
    Hot(
        name="personal.known",
        purpose="In a turn: what the people who wait for an answer want, and how they write, in one statement. Kept in "
        "memory afterwards.",
        cheap="Preferences by the first columns of their key, habits by the index of people: first somebody's few "
        "rows, then whether their links are this persona's, the 500 latest of them. A bot's chats may be any number, "
        "and are not walked.",
        run=lambda c: personal.known(c, 1, [OWNER, PERSON.id]),
        may_scan=frozenset({"patterns", "anon_1"}),
        may_sort=True,
    ),
    Hot(
        name="personal.declined",
        purpose="Who wants no reactions of a persona, or nothing unasked. Kept in memory afterwards.",
        cheap="The first column of the key: what people have told one persona, a few rows of each who told anything, "
        "once in a cache's lifetime.",
        run=lambda c: personal.declined(c, 1),
    ),
    Hot(
        name="personal.state",
        purpose="Somebody says how to be written to, takes it back, or names a topic to leave alone.",
        cheap="The whole key.",
        run=lambda c: personal.state(c, 1, PERSON.id, WISHES, link_id=LONG, now=NOW),
    ),
)

ANALYSES = (
    Hot(
        name="analyses.get",
        purpose="What was found out about texts before, when it is not in memory.",
        cheap="The texts' hashes are the key.",
        run=lambda c: analyses.get(c, [f"{n:032x}" for n in (1, 2)]),
    ),
    Hot(
        name="analyses.put",
        purpose="What has been found out lately, many at a time.",
        cheap="Rows are added; the key itself refuses the same text a second time.",
        run=lambda c: analyses.put(c, [("hash", "{}")], now=NOW),
    ),
)

REACTING = (
    Hot(
        name="reactions.is_own",
        purpose="Is it under a message of the persona's? Most are not, and that is all they cost.",
        cheap="`ix_context_chat_order` leads to the one row.",
        run=lambda c: reactions.is_own(c, LONG, OWN_LINE),
    ),
    Hot(
        name="reactions.record",
        purpose="It counts in the link's liking, in place of what the same person put there before.",
        cheap="The update's key, the link's, the line's, the reaction's own.",
        run=record,
    ),
)
