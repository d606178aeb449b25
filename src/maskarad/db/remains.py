"""What is known of a bot by its number alone: no foreign key takes it away with the bot, and SQLite gives the number of
the last one that was removed to the next.

Usage stays: it is what was paid for, and nobody asks for it by the bot.
"""

from sqlalchemy import Connection, bindparam, delete, select

from maskarad.db.tables import bot_instances, errands, failed_updates, purses, seen_updates, wizard_states
from maskarad.values import Scope

_OF_PERSONA = select(bot_instances.c.id).where(bot_instances.c.persona_config_id == bindparam("persona_id"))
_FORGET = (
    *(
        delete(purses).where(purses.c.scope == scope.value, purses.c.holder == bindparam("bot_id"))
        for scope in (Scope.SPONTANEOUS, Scope.SUMMARY, Scope.BOT)
    ),
    *(
        delete(table).where(table.c.bot_instance_id == bindparam("bot_id"))
        for table in (failed_updates, seen_updates, wizard_states)
    ),
    # As `errands.in_chat` says them.
    delete(errands).where(errands.c.place.startswith(bindparam("prefix"))),
)


def of_persona(connection: Connection, persona_id: int) -> int | None:
    """The bot whose remains they will be once the persona is gone."""
    bot_id: int | None = connection.execute(_OF_PERSONA, {"persona_id": persona_id}).scalar_one_or_none()
    return bot_id


def forget(connection: Connection, bot_id: int) -> None:
    """To be called when the bot's row is gone: whoever stores a turn holds its link before its purses."""
    for statement in _FORGET:
        connection.execute(statement, {"bot_id": bot_id, "prefix": f"{bot_id}:"})
