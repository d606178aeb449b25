"""How a command is told which bot or which person."""

from typing import Annotated

import typer

from maskarad.cli.common import LARGEST_NUMBER
from maskarad.db import Connection, cards, users
from maskarad.errors import BadInput, NotFound

WhichBot = Annotated[
    str, typer.Argument(metavar="BOT", help="The bot's id, as `maskarad bot list` shows it, or its @username.")
]
WhichUser = Annotated[
    str, typer.Argument(metavar="USER", help="The person's id at Telegram, or a @username that the platform knows.")
]


def id_of_bot(connection: Connection, given: str) -> int:
    """Of the bot of that id or @username; nobody has looked whether there is one of the id. Raises BadInput,
    NotFound."""
    if not given.removeprefix("@").strip():
        raise BadInput("name a bot by its id or its @username; `maskarad bot list` shows all")
    if given.isdecimal():
        return _number(given)
    found = cards.bot_named(connection, given.removeprefix("@"))
    if found is None:
        raise NotFound(f"there is no bot {given}; `maskarad bot list` shows all")
    return found


def id_of_user(connection: Connection, given: str) -> int:
    """At Telegram, of the person of that id or @username; as `id_of_bot`."""
    if not given.removeprefix("@").strip():
        raise BadInput("name a person by the id at Telegram, a number, or a @username")
    if given.isdecimal():
        return _number(given)
    found = users.find_by_username(connection, given)
    if found is None:
        raise NotFound(f"the platform does not know {given}; give the id at Telegram, a number")
    return found.id


def _number(given: str) -> int:
    if len(given) > len(str(LARGEST_NUMBER)) or not 0 < int(given) <= LARGEST_NUMBER:
        raise BadInput(f"{given} is no id")
    return int(given)
