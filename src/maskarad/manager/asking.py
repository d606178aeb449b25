"""What is asked of somebody whose export was looked into: which bot shall remember it, and in which chat."""

from maskarad.db import Connection, bots
from maskarad.db.engine import Database
from maskarad.errors import NotFound
from maskarad.manager.forms import Importing
from maskarad.manager.places import Asked, Places
from maskarad.manager.screens import importing as screens
from maskarad.memory.exports.choosing import is_of
from maskarad.texts import Words
from maskarad.values import Account, Bot, OwnedPersona, Screen


async def question(database: Database, sender: Asked, account: Account, words: Words, form: Importing) -> Screen:
    """What the form asks next. Raises NotFound when the bot is gone."""
    if form.persona_id:
        found = account.find(form.persona_id)
        if found is None or found.bot is None:
            raise NotFound(f"persona {form.persona_id} has no bot")
        places = await Places(database, sender, account.user, found.bot, form).every()
        return screens.ask_place(words, form, found.bot, places)
    owned = with_bots(account)
    fitting = await database.read(lambda c: frozenset(each.persona.id for each in owned if _fits(c, form, each.bot)))
    return screens.ask_bot(words, form, owned, fitting)


def with_bots(account: Account) -> list[OwnedPersona]:
    return [each for each in account.owned if each.bot is not None]


def _fits(connection: Connection, form: Importing, bot: Bot | None) -> bool:
    """Whether a chat of the export is with this bot, or one that it is in."""
    if bot is None:
        return False
    groups = bots.groups(connection, bot.id)
    return any(is_of(each.id, each.name, chat, bot) for chat in groups for each in form.chats) or any(
        each.id == bot.telegram_id for each in form.chats
    )
