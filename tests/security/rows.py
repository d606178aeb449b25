"""Bots in great number, at rest."""

from sqlalchemy import insert

from maskarad.db import Connection, users
from maskarad.db.tables import bot_instances, persona_configs
from maskarad.values import Sender, Token
from maskarad.vault import Vault

FIRST = 50_000
KEEPER = 4001


def resting_bots(connection: Connection, vault: Vault, count: int) -> None:
    """Each with a persona of its keeper's, and a token that no Telegram knows."""
    users.remember(connection, Sender(id=KEEPER, name="Keeper"), language="en", now=1.0)
    numbers = range(FIRST, FIRST + count)
    personas = [
        {
            "id": number,
            "owner_id": KEEPER,
            "name": f"P{number}",
            "name_key": f"p{number}",
            "content": "{}",
            "created_at": 1.0,
            "changed_at": 1.0,
        }
        for number in numbers
    ]
    bots = [
        {
            "id": number,
            "persona_config_id": number,
            "telegram_id": number,
            "username": f"resting{number}_bot",
            "name": "R",
            "token": vault.seal(token_of(number)),
            "public_id": f"rest-{number}",
            "secret": f"secret-{number}",
            "access": "owner_only",
            "enabled": False,
            "state": "working",
            "sees_all_group_messages": False,
            "created_at": 1.0,
            "changed_at": 1.0,
        }
        for number in numbers
    ]
    connection.execute(insert(persona_configs), personas)
    connection.execute(insert(bot_instances), bots)


def token_of(number: int) -> Token:
    return Token(f"{number}:resting-bots-have-tokens-of-this-length-")
