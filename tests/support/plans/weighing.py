"""What group messages ask of the database that come into a process without the analyser."""

from msgspec.structs import replace
from sqlalchemy import Connection

from maskarad.db import hearing, unweighed
from maskarad.db.hearing import Waits
from maskarad.db.unweighed import Unweighed
from maskarad.intake.weighing import AT_ONCE
from maskarad.jobs.sweep import MOST as SWEEP_MOST
from maskarad.jobs.sweep import OF_EACH
from maskarad.values import Decision, Verdict
from tests.support.plans import calls
from tests.support.plans.crowd import LONG, LONG_HISTORY
from tests.support.plans.hot import Hot
from tests.support.rows import NOW


def _leave(connection: Connection) -> Waits:
    left = Unweighed(message=calls.said())
    return hearing.hear(connection, LONG, calls.said(), lambda _state: left, due_at=NOW, now=NOW)


def _weigh(connection: Connection) -> Waits:
    decision = Decision(verdict=Verdict.CONSIDER, reason="perhaps")
    message = replace(calls.said(), message_id=LONG_HISTORY)
    return hearing.weigh(connection, LONG, message, lambda _state: decision, due_at=NOW, now=NOW)


WEIGHING = (
    Hot(
        name="hearing.hear, left unweighed",
        purpose="A group message that a gateway cannot judge: it waits for a worker.",
        cheap="The link's key, then a row added to the history and one to what waits.",
        run=_leave,
    ),
    Hot(
        name="unweighed.waiting",
        purpose="A worker looks at what waits in a link, with the words as they are by now.",
        cheap="The first column of its key leads to the few rows, `ix_context_chat_order` to the line of each.",
        run=lambda c: unweighed.waiting(c, LONG, most=AT_ONCE),
    ),
    Hot(
        name="hearing.weigh",
        purpose="The worker's verdict: this one takes the message up.",
        cheap="The link's key, the waiting row's, and `ix_context_chat_order` for the line.",
        run=_weigh,
    ),
    Hot(
        name="unweighed.overdue",
        purpose="The sweep of what waits, every two seconds: for whom nobody was rung, or nobody came.",
        cheap="All that waits longer than two seconds is read, some hundreds of rows unless workers are away, and is "
        "sorted by bot, so that each has its share; each link by key. PostgreSQL reads all bots, some thousands of "
        "rows, to find theirs.",
        run=lambda c: unweighed.overdue(c, before=NOW - 2, old=NOW - 600, most=SWEEP_MOST, of_each=OF_EACH),
        may_scan=frozenset({"bot_instances", "left_over", "overdue", "unweighed_remarks"}),
        may_sort=True,
    ),
)
