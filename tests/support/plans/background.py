"""What is asked of the database every few seconds, or once an hour, whether anybody writes or not."""

from maskarad.db import bots, personas, turns, users
from maskarad.jobs import housekeeping
from maskarad.jobs.conversation import SWEEP_MOST
from tests.support.plans.hot import Hot
from tests.support.rows import NOW

BACKGROUND = (
    Hot(
        name="turns.due",
        purpose="The sweep, every two seconds: links that have work and nobody at it.",
        cheap="`ix_chat_bot_due` holds only links that have work, by the time from which it is due.",
        run=lambda c: turns.due(c, now=NOW, most=SWEEP_MOST),
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
        name="housekeeping.tidy",
        purpose="Once an hour: updates seen and numbers of forgotten messages that Telegram brings no more, and "
        "wizards left open for a month.",
        cheap="The first two by index. The wizards are read through: a row for each person who is just being "
        "asked something, once an hour; an index would cost every step of every wizard.",
        run=lambda c: housekeeping.tidy(c, now=NOW),
        may_scan=frozenset({"wizard_states"}),
    ),
    Hot(
        name="users.language_of",
        purpose="Does the database answer? Asked by /healthz.",
        cheap="The user's key.",
        run=lambda c: users.language_of(c, 0),
    ),
)
