"""What is kept only for a while: updates seen, numbers of forgotten messages, wizards left open."""

from maskarad.db import Connection, history, seen, wizards

SEEN_UPDATES_KEPT = 48 * 3600.0
"""Telegram keeps an update for 24 hours (Bot API, "Getting updates")."""

WIZARDS_KEPT = 30 * 86400.0


def tidy(connection: Connection, *, now: float) -> int:
    """Returns how many rows went."""
    gone = seen.forget(connection, before=now - SEEN_UPDATES_KEPT)
    gone += history.tidy(connection, now=now)
    return gone + wizards.forget(connection, before=now - WIZARDS_KEPT)
