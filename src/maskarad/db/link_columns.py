"""Columns of a link that are read together, and the values they become."""

from collections.abc import Sequence
from typing import Any

from maskarad.db.tables import chat_bot_instances as links
from maskarad.values import Chattiness, Manners, MoodState

MOOD = (
    links.c.current_mood,
    links.c.mood_strength,
    links.c.mood_set_at,
    links.c.mood_held_until,
    links.c.mood_reason,
)
MANNERS = (links.c.chattiness, links.c.time_zone, links.c.quiet_from, links.c.quiet_until)


def mood_of(columns: Sequence[Any]) -> MoodState:
    """From `MOOD`."""
    key, strength, set_at, held_until, reason = columns
    return MoodState(key=key, strength=strength, set_at=set_at or 0.0, held_until=held_until, reason=reason)


def manners_of(columns: Sequence[Any]) -> Manners:
    """From `MANNERS`."""
    chattiness, time_zone, quiet_from, quiet_until = columns
    return Manners(
        chattiness=Chattiness(chattiness) if chattiness else None,
        time_zone=time_zone,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
    )
