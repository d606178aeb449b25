"""The people a bot's owner has let in."""

import re

from maskarad.db import Connection, bots, seen, users
from maskarad.manager import forms
from maskarad.manager.actions.bots import change_bot
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.forms import Inviting
from maskarad.manager.screens import bots as screens
from maskarad.manager.steps import Unfit
from maskarad.values import MANAGER_BOT_ID, Bot, Incoming, Screen, Sender, WhitelistEntry

MOST_GUESTS = 500
_MOST_USER_ID = 2**52
_USERNAME = re.compile(r"@?([A-Za-z]\w{0,31})", re.ASCII)


async def show(desk: Desk, visit: Visit, persona_id: str, page: str) -> Outcome:
    _, bot = visit.owned_bot(number(persona_id))
    return Outcome(screen=await _screen(desk, visit, bot, number(page)))


async def ask(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    owned, bot = visit.owned_bot(number(persona_id))
    form = Inviting(persona_id=owned.persona.id)
    await desk.db.write(lambda c: forms.begin(c, visit.user.id, form, now=desk.clock()))
    return Outcome(screen=screens.ask_guest(visit.words, bot))


async def cancel(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    owned, bot = visit.owned_bot(number(persona_id))
    asked = Inviting(persona_id=owned.persona.id)
    await desk.db.write(lambda c: forms.leave(c, visit.user.id, asked, now=desk.clock()))
    return Outcome(screen=await _screen(desk, visit, bot, 0))


async def remove(desk: Desk, visit: Visit, persona_id: str, user_id: str, page: str) -> Outcome:
    guest = number(user_id)
    changed = await change_bot(
        desk, visit, persona_id, lambda c, bot_id: bots.whitelist_remove(c, bot_id, guest, now=desk.clock())
    )
    _, bot = changed.owned_bot(number(persona_id))
    screen = await _screen(desk, visit, bot, number(page))
    return Outcome(screen=screen, notice=visit.words.get("toast.guest_removed"))


async def take_guest(desk: Desk, visit: Visit, message: Incoming, form: Inviting) -> Screen:
    """A message that names somebody to let in. Raises NotFound, AlreadySeen."""
    _, bot = visit.owned_bot(form.persona_id)

    def add(connection: Connection) -> WhitelistEntry:
        seen.once(connection, MANAGER_BOT_ID, visit.update_id, now=desk.clock())
        bots.token_of_own(connection, visit.user.id, bot.id)
        guest = _read_guest(connection, message)
        if len(bots.whitelist(connection, bot.id)) >= MOST_GUESTS:
            raise Unfit("whitelist.full", count=MOST_GUESTS)
        bots.whitelist_add(connection, bot.id, guest, now=desk.clock())
        forms.end(connection, visit.user.id, now=desk.clock())
        return guest

    words = visit.words
    try:
        guest = await desk.db.write(add)
    except Unfit as problem:
        return screens.ask_guest(words, bot, first=words.html(problem.key, **problem.values))
    desk.bot_changed(visit.user.id, bot.id)
    return await _screen(desk, visit, bot, 0, first=words.html("whitelist.added", name=guest.name))


async def _screen(desk: Desk, visit: Visit, bot: Bot, page: int, *, first: str = "") -> Screen:
    entries = await desk.whitelists.get(bot.id)
    return screens.whitelist(visit.words, bot, entries, page, first=first)


def _read_guest(connection: Connection, message: Incoming) -> WhitelistEntry:
    """Whom the message means: the author of what was forwarded, an id, or a @username seen before. Raises Unfit."""
    if message.forwarded_from is not None:
        return _read_author(message.forwarded_from)
    text = message.text.strip()
    if text.isdecimal():
        return _read_id(connection, text)
    username = _USERNAME.fullmatch(text)
    if username is None:
        raise Unfit("whitelist.unclear")
    found = users.find_by_username(connection, username.group(1))
    if found is None:
        raise Unfit("whitelist.unknown", username=username.group(1))
    return WhitelistEntry(user_id=found.id, name=found.name)


def _read_author(author: Sender) -> WhitelistEntry:
    if author.id == 0:
        raise Unfit("whitelist.hidden", name=author.name)
    if author.is_bot or author.id < 0:
        raise Unfit("whitelist.not_a_person")
    return WhitelistEntry(user_id=author.id, name=author.name)


def _read_id(connection: Connection, digits: str) -> WhitelistEntry:
    if len(digits) > len(str(_MOST_USER_ID)) or not 0 < int(digits) < _MOST_USER_ID:
        raise Unfit("whitelist.unclear")
    found = users.find_by_id(connection, int(digits))
    return WhitelistEntry(user_id=int(digits), name=found.name if found else str(int(digits)))
