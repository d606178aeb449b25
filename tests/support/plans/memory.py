"""What a persona's memory asks of the database: in a turn, and in the background."""

from typing import Any

from sqlalchemy import Connection

from maskarad.db import activity, history, learning, recall, retention, summaries
from maskarad.db.retention import Keep
from maskarad.db.summaries import Folded, StoredSummary
from maskarad.memory.fold import LEASE, LINKS_AT_ONCE, STEP
from maskarad.memory.learning import ENOUGH, LINES_AT_ONCE, LINKS_A_ROUND, QUIET
from maskarad.memory.retention import LINES_AT_ONCE as LINES_PRUNED
from maskarad.memory.retention import LINKS_AT_ONCE as LINKS_PRUNED
from maskarad.memory.stats import Acquaintance, DayOfChat, Learned
from tests.support.plans.crowd import LEARNED, LONG, LONG_AGO, LONG_HISTORY, OWNER, TODAY, words_of
from tests.support.plans.hot import Hot
from tests.support.rows import NOW

KEEP = Keep(messages=100, since=NOW - 86_400)


def fold(connection: Connection) -> Any:
    folding = summaries.claim(connection, LONG, now=NOW, lease=LEASE)
    assert folding is not None
    unfolded = summaries.read(connection, folding, most=STEP)
    assert len(unfolded.lines) == STEP
    folded = Folded(
        to_order=unfolded.lines[-1].line.message_order,
        is_all=True,
        words=((unfolded.lines[0].id, words_of(LONG, 1)),),
        summary=StoredSummary(text="They had tea.", from_order=1, to_order=STEP),
    )
    assert summaries.store(connection, folding, folded, now=NOW)


def learn(connection: Connection) -> Any:
    lesson = learning.lesson(connection, LONG, most=LINES_AT_ONCE)
    assert lesson is not None
    assert len(lesson.lines) == LONG_HISTORY + 1 - LEARNED
    person = Acquaintance(name="Bob", messages=1, first_at=NOW, last_at=NOW)
    assert learning.keep(connection, lesson, Learned(days={TODAY: DayOfChat()}, people={OWNER: person}))


REMEMBERING = (
    Hot(
        name="recall.find",
        purpose="In a turn of a chat that is longer than a prompt: its summary and digest, and the older lines that "
        "have to do with what is said.",
        cheap="The summaries of one link, two rows. Of each word the newest lines by the full-text index "
        "(PostgreSQL sorts all that `gin_fuzzy_search_limit` lets through); the eight best by their key.",
        run=lambda c: recall.find(c, LONG, [f"l{LONG}xtea", f"l{LONG}xkettle"]),
        may_scan=frozenset({"best", "weighed", "found_0", "found_1", "remembered"}),
        may_sort=True,
    ),
)

FOLDING = (
    Hot(
        name="summaries.due",
        purpose="Every five seconds: links of more unfolded lines than a prompt holds.",
        cheap="`ix_chat_bot_unfolded` holds only these links.",
        run=lambda c: summaries.due(c, after=0, now=NOW, most=LINKS_AT_ONCE),
    ),
    Hot(
        name="summaries.claim, summaries.read, summaries.store",
        purpose="Folds a link's oldest lines, which others then need not read: their words go into the index, their "
        "summary replaces the last one.",
        cheap="The link's key; the lines from the index's two ends; a row for each line, found by its key. The lines "
        "counted in the end are those that stay unfolded.",
        run=fold,
    ),
    Hot(
        name="history.reopen",
        purpose="An edited or imported line lies where the link is folded already.",
        cheap="The link's key.",
        run=lambda c: history.reopen(c, LONG, 5),
    ),
    Hot(
        name="retention.candidates",
        purpose="Once an hour, where histories are not kept for ever: links that may have lines to lose.",
        cheap="A hundred links at a time by their key; of each the first entry in the index of its lines. Of those "
        "where that is folded as many entries as they are to keep: whether there is one more.",
        run=lambda c: retention.candidates(c, KEEP, after=0, most=LINKS_PRUNED),
    ),
    Hot(
        name="retention.prune",
        purpose="Takes the oldest lines out of one of them.",
        cheap="As many entries of the index of one link's lines as it is to keep, then those that go.",
        run=lambda c: retention.prune(c, LONG, KEEP, most=LINES_PRUNED, now=NOW),
    ),
    Hot(
        name="activity.since",
        purpose="Chats that are alive.",
        cheap="The index of when a person last wrote, from its end.",
        run=lambda c: activity.since(c, LONG_AGO, most=100),
    ),
)

LEARNING = (
    Hot(
        name="learning.due",
        purpose="Every fifteen seconds: links with lines that statistics and habits do not know yet, where these are "
        "many or nobody goes on talking.",
        cheap="`ix_chat_bot_unlearned` holds only links with such lines, by when a person last wrote. It is read "
        "through, but twenty are enough, and quiet ones come first: where there are fewer, the others are those that "
        "people have written in within two minutes.",
        run=lambda c: learning.due(c, enough=ENOUGH, quiet_since=NOW - QUIET, most=LINKS_A_ROUND),
        may_scan=frozenset({"chat_bot_instances"}),
    ),
    Hot(
        name="learning.lesson, learning.keep",
        purpose="Learns such lines, in the background or when somebody asks for /stats: what is new in a link's days "
        "and people is added to their rows.",
        cheap="The link's key; from `ix_context_live` the lines behind those learned, in their order; days and people "
        "by their whole keys.",
        run=learn,
    ),
)
