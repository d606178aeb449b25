"""What is asked of the database every few seconds, or once an hour, whether anybody writes or not."""

from maskarad.db import backlog, bots, failed_updates, personas, prices, stirring, stops, turns, users
from maskarad.jobs import cleanup
from maskarad.jobs.requeued import KNOWN, RETRIED
from maskarad.jobs.sweep import MOST as SWEEP_MOST
from maskarad.jobs.sweep import OF_EACH
from maskarad.life.occasion import WEEK
from maskarad.life.spontaneity import ARM_MOST, MOST
from maskarad.values import Price
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
        name="backlog.oldest",
        purpose="Every five seconds, for /metrics: since when the longest waiting link has been due.",
        cheap="The first of `ix_chat_bot_due` whose bot is served.",
        run=lambda c: backlog.oldest(c, now=NOW),
    ),
    Hot(
        name="bots.ids",
        purpose="Every two seconds: which bots there still are, for a bot removed leaves no row to find.",
        cheap="All of them is the answer, and nothing but their keys is read: a row a bot, some thousands at most.",
        run=bots.ids,
        may_scan=frozenset({"bot_instances"}),
    ),
    Hot(
        name="failed_updates.latest",
        purpose="Every three seconds, where updates come in: which have failed.",
        cheap="The index of the times at which they failed gives the latest; usually there are none.",
        run=lambda c: failed_updates.latest(c, most=KNOWN),
        may_scan=frozenset({"failed_updates"}),
        may_sort=True,
    ),
    Hot(
        name="failed_updates.requeued",
        purpose="In the same look, when there are any: which are to be handled again.",
        cheap="`ix_failed_updates_requeued` holds only these, in their order.",
        run=lambda c: failed_updates.requeued(c, now=NOW, most=RETRIED),
        may_scan=frozenset({"failed_updates"}),
        may_sort=True,
    ),
    Hot(
        name="bots.changed_since",
        purpose="In the same look: bots added or changed lately.",
        cheap="The index of change times leads to the few rows.",
        run=lambda c: bots.changed_since(c, NOW - 12),
    ),
    Hot(
        name="stops.stopped_users",
        purpose="In the same look: whom operators have stopped.",
        cheap="The index holds stopped people only, who are few.",
        run=stops.stopped_users,
        may_scan=frozenset({"users"}),
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
        "people have forbidden, are found by key. Stopped people are few, and an index holds only them.",
        run=lambda c: stirring.candidates(c, now=NOW, most=MOST),
        may_scan=frozenset({"users"}),
    ),
    Hot(
        name="stirring.put_off",
        purpose="When to look at such a link again.",
        cheap="The link's key.",
        run=lambda c: stirring.put_off(c, [(unasked.CANDIDATE, NOW + 60)]),
    ),
    Hot(
        name="stirring.claim_to_stir",
        purpose="The claim of the link, with its newest lines.",
        cheap="The link's key; the end of its history.",
        run=unasked.stir,
    ),
    Hot(
        name="stirring.finish",
        purpose="What the persona says unasked goes into the outbox, what it cost into the usage and the purses.",
        cheap="The link's key; rows are added, and three are found by key.",
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
        name="prices.everything",
        purpose="Every ten minutes, in each process that works: what models cost.",
        cheap="All of it is the answer: some hundreds of rows, where the provider tells prices.",
        run=prices.everything,
        may_scan=frozenset({"model_prices"}),
    ),
    Hot(
        name="prices.seen_at",
        purpose="Once an hour, in one process: whether the provider told prices today.",
        cheap="The whole table, some hundreds of rows.",
        run=prices.seen_at,
        may_scan=frozenset({"model_prices"}),
    ),
    Hot(
        name="prices.replace",
        purpose="Once a day: what the provider says that they cost.",
        cheap="The whole table, some hundreds of rows, is written anew.",
        run=lambda c: prices.replace(c, {"a/model": Price(prompt=1, completion=2)}, now=NOW),
        may_scan=frozenset({"model_prices"}),
    ),
    Hot(
        name="cleanup.forget_purses",
        purpose="Once an hour, scope by scope: the purses of the first day, or month, if it is too long past.",
        cheap="`ix_purses_period` has the periods of a scope in their order.",
        run=lambda c: cleanup.forget_purses(c, NOW, cleanup.AT_ONCE),
    ),
    Hot(
        name="cleanup.forget_limit_notices",
        purpose="Once an hour, in steps: where it was said that a purse of the past is empty.",
        cheap="By the index of their times.",
        run=lambda c: cleanup.forget_limit_notices(c, NOW, cleanup.AT_ONCE),
    ),
    Hot(
        name="cleanup.forget_usage",
        purpose="Once an hour, in steps: calls to the model of more than 90 days ago.",
        cheap="The first thousand keys, which are the oldest rows; those of them that are too old go.",
        run=lambda c: cleanup.forget_usage(c, NOW, cleanup.AT_ONCE),
        may_scan=frozenset({"usage_records"}),
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
