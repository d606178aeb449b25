"""What is asked of the database every few seconds, or once an hour, whether anybody writes or not."""

from maskarad.db import backlog, bots, personas, stirring, turns, users
from maskarad.jobs import cleanup
from maskarad.jobs.sweep import MOST as SWEEP_MOST
from maskarad.jobs.sweep import OF_EACH
from maskarad.life.occasion import WEEK
from maskarad.life.spontaneity import ARM_MOST, MOST
from tests.support.plans import unasked
from tests.support.plans.crowd import LONG
from tests.support.plans.hot import Hot
from tests.support.rows import NOW

BACKGROUND = (
    Hot(
        name="turns.due",
        purpose="The sweep, every two seconds: links that have work and nobody at it.",
        cheap="`ix_chat_bot_due` holds only links that have work, by the time from which it is due; those found are "
        "sorted by bot, so that each has its share. PostgreSQL reads all bots, some thousands of rows, to find theirs.",
        run=lambda c: turns.due(c, now=NOW, most=SWEEP_MOST, of_each=OF_EACH),
        may_scan=frozenset({"bot_instances", "due"}),
        may_sort=True,
    ),
    Hot(
        name="backlog.waiting",
        purpose="Every two seconds, where updates come in: how much waits, by bot.",
        cheap="`ix_chat_bot_due` holds only links that have work; no more than QUEUE_MOST are counted.",
        run=lambda c: backlog.waiting(c, now=NOW, most=20_001),
        may_scan=frozenset({"waiting"}),
        may_sort=True,
    ),
    Hot(
        name="bots.ids",
        purpose="Every two seconds: which bots there still are, for a bot removed leaves no row to find.",
        cheap="All of them is the answer, and nothing but their keys is read: a row a bot, some thousands at most.",
        run=bots.ids,
        may_scan=frozenset({"bot_instances"}),
    ),
    Hot(
        name="bots.changed_since",
        purpose="In the same look: bots added or changed lately.",
        cheap="The index of change times leads to the few rows.",
        run=lambda c: bots.changed_since(c, NOW - 12),
    ),
    Hot(
        name="bots.get",
        purpose="In the same look: a bot that is not known yet, with its whitelist.",
        cheap="The bot's key, its persona's, the first column of the whitelist's.",
        run=lambda c: bots.get(c, 1),
    ),
    Hot(
        name="personas.changed_since",
        purpose="In the same look: personas changed lately.",
        cheap="The index of change times leads to the few rows.",
        run=lambda c: personas.changed_since(c, NOW - 12),
    ),
    Hot(
        name="stirring.candidates",
        purpose="Every ten seconds: links whose time to speak unasked has come.",
        cheap="`ix_chat_bot_stir` holds only links that have such a time, in its order; their bots, and what their "
        "people have forbidden, are found by key.",
        run=lambda c: stirring.candidates(c, now=NOW, most=MOST),
    ),
    Hot(
        name="stirring.put_off",
        purpose="When to look at such a link again.",
        cheap="The link's key.",
        run=lambda c: stirring.put_off(c, [(unasked.CANDIDATE, NOW + 60)]),
    ),
    Hot(
        name="usage.calls, stirring.claim_to_stir",
        purpose="Whether the bot may still ask the model today, and the claim of the link, with its newest lines.",
        cheap="The index holds bot, purpose and time side by side; the link's key; the end of its history.",
        run=unasked.stir,
    ),
    Hot(
        name="stirring.finish",
        purpose="What the persona says unasked goes into the outbox, what it cost into the usage.",
        cheap="The link's key; rows are added.",
        run=unasked.finish,
    ),
    Hot(
        name="stirring.unarmed",
        purpose="Once an hour, page by page: links that people wrote in within a week and that have no time yet.",
        cheap="The index of the last messages leads to the living; each of them is looked at, once an hour. PostgreSQL "
        "sorts those of the same second by their key.",
        run=lambda c: stirring.unarmed(c, since=NOW - WEEK, most=ARM_MOST),
        may_sort=True,
    ),
    Hot(
        name="stirring.arm",
        purpose="The time of such a link.",
        cheap="The link's key.",
        run=lambda c: stirring.arm(c, [(LONG, NOW)]),
    ),
    Hot(
        name="cleanup.forget_analyses",
        purpose="Once an hour, in steps: analyses older than a week.",
        cheap="By the index of their times.",
        run=lambda c: cleanup.forget_analyses(c, NOW, cleanup.AT_ONCE),
    ),
    Hot(
        name="cleanup.forget_updates",
        purpose="Once an hour, in steps: updates seen that Telegram brings no more.",
        cheap="By the index of their times.",
        run=lambda c: cleanup.forget_updates(c, NOW, cleanup.AT_ONCE),
    ),
    Hot(
        name="cleanup.forget_wizards",
        purpose="Once an hour, in steps: wizards left open for a month.",
        cheap="They are read through: a row for each person who is just being asked something, once an hour; an index "
        "would cost every step of every wizard.",
        run=lambda c: cleanup.forget_wizards(c, NOW, cleanup.AT_ONCE),
        may_scan=frozenset({"wizard_states"}),
    ),
    Hot(
        name="cleanup.forget_decisions",
        purpose="Once an hour, in steps: why messages were answered or not, after a day.",
        cheap="`ix_context_decision` holds only messages that have a decision: those of a day. It is read through.",
        run=lambda c: cleanup.forget_decisions(c, NOW, cleanup.AT_ONCE),
        may_scan=frozenset({"chat_contexts"}),
    ),
    Hot(
        name="cleanup.forget_numbers",
        purpose="Once an hour, in steps: numbers of forgotten messages that Telegram brings no more.",
        cheap="The index of who wrote finds those of nobody.",
        run=lambda c: cleanup.forget_numbers(c, NOW, cleanup.AT_ONCE),
    ),
    Hot(
        name="users.language_of",
        purpose="Does the database answer? Asked by /healthz.",
        cheap="The user's key.",
        run=lambda c: users.language_of(c, 0),
    ),
)
