"""A bot as a value, for tests that need no row of it."""

from typing import Any

from maskarad.values import Access, Bot, BotState


def a_bot(**fields: Any) -> Bot:
    """Number 1, of persona 1, at work and open to everybody, unless `fields` say otherwise."""
    usual = {
        "id": 1,
        "persona_id": 1,
        "owner_id": 1,
        "telegram_id": 7001,
        "username": "mira1_bot",
        "name": "Mira",
        "access": Access.PUBLIC,
        "enabled": True,
        "state": BotState.WORKING,
        "sees_all_group_messages": True,
    }
    return Bot(**{**usual, **fields})
