"""The number line of a link's history: where each line has its `message_order`.

From above: live lines, and those of an export of this very chat, stand at Telegram's message ids, above zero. A group
that becomes a supergroup counts its messages from 1 again, so all that its link holds goes `BEFORE_MIGRATION` down
(once: a supergroup stays one). What an export brings under ids that are not this chat's, as those of an account are,
stands a multiple of `BELOW_LIVE` down, below everything live: exports of the same account share a range, others get
one of their own (`memory/import_numbers.py`). Such lines go down with their group like any others, into the middle
between two ranges. Message ids have 31 bits, so nothing reaches into what is next to it, and everywhere the ids keep
their order.
"""

BEFORE_MIGRATION = 2**40
BELOW_LIVE = 2 * BEFORE_MIGRATION

LIVE_FROM = -BEFORE_MIGRATION
"""From here on upwards lines are live, or have ids of this chat."""
