"""What is asked of the database about the people that a persona meets."""

from typing import Any

from sqlalchemy import Connection

from maskarad.db import analyses, forgetting, kept, personal, reactions, seen
from maskarad.memory.preferences import Stated, Wish
from maskarad.values import Chat, ChatType, ReactionChange, Sender
from tests.support.plans.calls import PERSON
from tests.support.plans.crowd import BUSY, LONG, OWNER
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
    reactions.record(connection, LONG, REACTION, 1.0, lambda reacted: float(len(reacted)), since=0.0, now=NOW)


TALKER = OWNER + 5
AT_ONCE = 500


def erase(connection: Connection) -> Any:
    forgetting.erase_private(connection, LONG, most=AT_ONCE)
    forgetting.erase_in_groups(connection, 1, TALKER, before=forgetting.NEWEST, most=AT_ONCE, now=NOW)
    forgetting.erase_nameless(connection, [BUSY], [-TALKER], most=AT_ONCE, now=NOW)


def export(connection: Connection) -> Any:
    kept.summaries(connection, LONG)
    kept.private_lines(connection, LONG, before=forgetting.NEWEST, most=AT_ONCE)
    kept.group_lines(connection, 1, TALKER, before=forgetting.NEWEST, most=AT_ONCE)
    kept.reactions(connection, 1, TALKER, most=AT_ONCE)


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
        cheap="The index of what people turned off: only their rows, whatever else people have told the persona.",
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

ABOUT_ME = (
    Hot(
        name="kept.places",
        purpose="/me: in which chats the bot knows something of somebody.",
        cheap="Lines, habits and preferences by the indexes of people: an entry for each line that this person wrote "
        "on the platform, whatever others said; then the bot's links among those.",
        run=lambda c: kept.places(c, 1, 1, TALKER),
        may_scan=frozenset({"anon_1"}),
        may_sort=True,
    ),
    Hot(
        name="kept.summaries, kept.private_lines, kept.group_lines, kept.reactions",
        purpose="/export_me: all of it, page by page.",
        cheap="A private chat's lines from the end of its index, those in groups and reactions by the indexes of "
        "people, whose chats are looked up by key. Reactions are sorted, and by PostgreSQL, for each page, the lines "
        "that this person wrote on the platform.",
        run=export,
        may_sort=True,
    ),
    Hot(
        name="forgetting.begin",
        purpose="/forget_me: where somebody is known; in their private chat nothing goes on.",
        cheap="As `kept.places`.",
        run=lambda c: forgetting.begin(c, 1, 1_000_000),
        may_scan=frozenset({"anon_1"}),
    ),
    Hot(
        name="forgetting.erase_private, forgetting.erase_in_groups, forgetting.erase_nameless",
        purpose="/forget_me: their lines and what answered them, a number at a time.",
        cheap="By the same indexes; the rows found are to go.",
        run=erase,
        may_sort=True,
    ),
    Hot(
        name="forgetting.finish",
        purpose="/forget_me: what was made of the lines, and the person.",
        cheap="By the indexes of links and people, and all rows found are to go or to change. What the persona has "
        "said meanwhile is looked for by its time, among all that was said on the platform since /forget_me began.",
        run=lambda c: forgetting.finish(c, 1, 1, TALKER, [BUSY], ["Bob"], since=NOW),
        may_scan=frozenset({"anon_1"}),
        may_sort=True,
    ),
)
