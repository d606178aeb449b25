"""Group messages and what a link knows of them, for tests of attention."""

from typing import Any

from maskarad.values import (
    Chat,
    ChatType,
    Incoming,
    LinkState,
    Manners,
    MoodState,
)
from tests.support.bots import a_bot
from tests.support.people import ALICE, BOB
from tests.support.rows import NOW

TEA = Chat(id=-1001, type=ChatType.SUPERGROUP, title="Tea")
USTYM = a_bot(owner_id=ALICE.id, telegram_id=77, username="Ustym_bot", name="Устим")


def said(text: str, **more: Any) -> Incoming:
    """By Bob, just now, in the group."""
    fields: dict[str, Any] = {
        "bot_id": USTYM.id,
        "update_id": 1,
        "chat": TEA,
        "message_id": 5,
        "sender": BOB,
        "text": text,
        "sent_at": NOW,
    }
    return Incoming(**(fields | more))


def known(**more: Any) -> LinkState:
    """A link in which nothing has happened yet but this message."""
    fields: dict[str, Any] = {
        "active": True,
        "muted": False,
        "recent_own": 0,
        "recent_considered": 0,
        "bot_exchanges": 0,
        "spoke_at": 0.0,
        "pondered_at": 0.0,
        "flood_told_at": 0.0,
        "liking": 0.0,
        "liking_at": 0.0,
        "reacted_at": 0.0,
        "reactions": 0,
        "mood": MoodState(),
        "manners": Manners(),
    }
    return LinkState(**(fields | more))
