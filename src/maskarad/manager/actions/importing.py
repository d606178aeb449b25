"""The history of a chat, sent as a file: what is asked about it. Reading and storing happen in the background
(`carrying_in`); the answers in between are a form, so any process goes on with it after any restart."""

from contextlib import suppress

import msgspec

from maskarad.db import Connection, bots, links, seen
from maskarad.errors import Flooded, NotFound, TelegramUnreachable
from maskarad.manager import forms
from maskarad.manager.actions import carrying_in
from maskarad.manager.actions.carrying_in import Carrying
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.exports import is_named_like_one
from maskarad.manager.forms import ExportChat, Importing, Stale
from maskarad.manager.places import NO_LINK_YET, Place, Places
from maskarad.manager.screens import bots as bot_screens
from maskarad.manager.screens import importing as screens
from maskarad.memory.exports.choosing import is_of
from maskarad.values import MANAGER_BOT_ID, Bot, Document, Incoming, OwnedPersona, Screen


async def ask(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    """From a bot's card."""
    _, bot = visit.owned_bot(number(persona_id))
    form = Importing(persona_id=bot.persona_id, number=visit.update_id)
    await desk.db.write(lambda c: forms.begin(c, visit.user.id, form, now=desk.clock()))
    return Outcome(screen=screens.ask_file(visit.words, form, bot))


async def take(desk: Desk, visit: Visit, message: Incoming, document: Document) -> Screen | None:
    """A file came that may be an export. None: an errand tells what becomes of it. Raises AlreadySeen."""
    words = visit.words
    bots_of_visitor = _with_bots(visit)
    busy = desk.errands.is_busy(visit.user.id)

    def begin(connection: Connection) -> Importing | None:
        seen.once(connection, MANAGER_BOT_ID, message.update_id, now=desk.clock())
        if busy or not bots_of_visitor:
            return None
        form = Importing(
            persona_id=_wanted(forms.load_for_change(connection, visit.user.id), bots_of_visitor),
            number=message.update_id,
            document=document,
        )
        forms.begin(connection, visit.user.id, form, now=desk.clock())
        return form

    form = await desk.db.write(begin)
    if form is None:
        return screens.problem(words.html("importing.busy" if busy else "importing.no_bots"))
    if not carrying_in.read(desk, visit, form, document, question):
        return screens.problem(words.html("importing.busy"))
    return None


def is_export(form: forms.AnyForm | None, document: Document) -> bool:
    """Whether a file is to be read: it is named like an export, or one was asked for."""
    return isinstance(form, Importing) or is_named_like_one(document)


async def take_other(desk: Desk, visit: Visit, form: Importing) -> Screen:
    """Something else came where a file was asked for, or a button to be pressed. Raises AlreadySeen, NotFound."""
    words = visit.words
    is_lost = form.document is not None and not form.chats and not desk.errands.is_busy(visit.user.id)

    def note(connection: Connection) -> None:
        seen.once(connection, MANAGER_BOT_ID, visit.update_id, now=desk.clock())
        if is_lost:
            forms.leave(connection, visit.user.id, form, now=desk.clock())

    await desk.db.write(note)
    if form.chats:
        return await question(desk, visit, form)
    if form.document is not None:
        return screens.problem(words.html("importing.interrupted" if is_lost else "importing.busy"))
    _, bot = visit.owned_bot(form.persona_id)
    return screens.ask_file(words, form, bot, first=words.html("importing.file_needed"))


async def question(desk: Desk, visit: Visit, form: Importing) -> Screen:
    """What the form asks next. Raises NotFound when the bot is gone."""
    if form.persona_id:
        _, bot = visit.owned_bot(form.persona_id)
        return await _ask_place(desk, visit, form, bot)
    owned = _with_bots(visit)
    fitting = await desk.db.read(lambda c: frozenset(each.persona.id for each in owned if _fits(c, form, each)))
    return screens.ask_bot(visit.words, form, owned, fitting)


async def choose_bot(desk: Desk, visit: Visit, form_number: str, persona_id: str) -> Outcome:
    _, bot = visit.owned_bot(number(persona_id))

    def choose(connection: Connection) -> Importing:
        form, _ = _asked(forms.load_for_change(connection, visit.user.id), form_number)
        chosen = msgspec.structs.replace(form, persona_id=bot.persona_id)
        forms.save(connection, visit.user.id, chosen, now=desk.clock())
        return chosen

    form = await desk.db.write(choose)
    return Outcome(screen=await _ask_place(desk, visit, form, bot))


async def choose_place(desk: Desk, visit: Visit, form_number: str, link_id: str) -> Outcome:
    """Begin at once where one chat of the export is plainly this one, else ask which is meant."""
    form, document, bot = await _open(desk, visit, form_number)
    place, screen = await _place(desk, visit, form, bot, link_id)
    if place is None:
        return Outcome(screen=screen)
    fitting = [each for each in form.chats if is_of(each.id, each.name, place.chat, bot)]
    if len(fitting) != 1:
        return Outcome(screen=screens.ask_exported(visit.words, form, place, 0))
    return await _begin(desk, visit, form, document, fitting[0], bot, place)


async def turn_page(desk: Desk, visit: Visit, form_number: str, link_id: str, page: str) -> Outcome:
    form, _, bot = await _open(desk, visit, form_number)
    place, screen = await _place(desk, visit, form, bot, link_id)
    return Outcome(screen=screen if place is None else screens.ask_exported(visit.words, form, place, number(page)))


async def choose_exported(desk: Desk, visit: Visit, form_number: str, link_id: str, index: str) -> Outcome:
    form, document, bot = await _open(desk, visit, form_number)
    place, screen = await _place(desk, visit, form, bot, link_id)
    if place is None:
        return Outcome(screen=screen)
    if number(index) >= len(form.chats):
        raise NotFound("there is no such chat in the export")
    return await _begin(desk, visit, form, document, form.chats[number(index)], bot, place)


async def leave(desk: Desk, visit: Visit, form_number: str) -> Outcome:
    """Import nothing after all."""

    def end(connection: Connection) -> Importing:
        form = forms.load_for_change(connection, visit.user.id)
        if not isinstance(form, Importing) or form.number != number(form_number):
            raise Stale
        forms.end(connection, visit.user.id, now=desk.clock())
        return form

    form = await desk.db.write(end)
    if not form.persona_id:
        return Outcome(screen=visit.fixed.cancelled)
    owned, bot = visit.owned_bot(form.persona_id)
    return Outcome(screen=bot_screens.card(visit.words, owned.persona, bot))


async def stop(desk: Desk, visit: Visit, form_number: str) -> Outcome:
    """Give up what is under way. What was stored stays."""
    stopped = desk.errands.cancel(visit.user.id, number(form_number))
    with suppress(Stale):  # its question was answered, or another one is open
        await leave(desk, visit, form_number)
    return Outcome(notice=visit.words.get("toast.stopping" if stopped else "toast.not_under_way"), alert=not stopped)


async def _begin(
    desk: Desk, visit: Visit, form: Importing, document: Document, exported: ExportChat, bot: Bot, place: Place
) -> Outcome:
    """Raises Stale when it was begun already."""
    if desk.errands.is_busy(visit.user.id):
        raise Stale

    def settle(connection: Connection) -> int:
        bots.token_of_own(connection, visit.user.id, bot.id)
        forms.leave(connection, visit.user.id, form, now=desk.clock())
        if place.link_id != NO_LINK_YET:
            return place.link_id
        return links.find_or_add(connection, bot.id, place.chat, now=desk.clock()).id

    link_id = await desk.db.write(settle)
    order = Carrying(
        number=form.number, document=document, exported=exported, bot=bot, link_id=link_id, chat=place.chat
    )
    if not carrying_in.store(desk, visit, order):
        raise Stale
    return Outcome(screen=screens.taken(visit.words, exported, bot, place.chat))


async def _open(desk: Desk, visit: Visit, form_number: str) -> tuple[Importing, Document, Bot]:
    """The form whose button was pressed. Raises Stale, NotFound."""
    form = await desk.db.read(lambda c: forms.load(c, visit.user.id))
    asked, document = _asked(form, form_number)
    _, bot = visit.owned_bot(asked.persona_id)
    return asked, document, bot


def _asked(form: forms.AnyForm | None, form_number: str) -> tuple[Importing, Document]:
    """Raises Stale."""
    if not isinstance(form, Importing) or form.number != number(form_number) or form.document is None or not form.chats:
        raise Stale
    return form, form.document


async def _place(
    desk: Desk, visit: Visit, form: Importing, bot: Bot, link_id: str
) -> tuple[Place, None] | tuple[None, Screen]:
    """The place if the visitor may bring a history there, else what is shown then."""
    words = visit.words
    try:
        found = await Places(desk.db, desk.sender, visit.user, bot, form).find(number(link_id))
    except (TelegramUnreachable, Flooded):
        return None, await _ask_place(desk, visit, form, bot, first=words.html("importing.unreachable"))
    if found is None:
        return None, await _ask_place(desk, visit, form, bot, first=words.html("importing.not_yours"))
    return found, None


async def _ask_place(desk: Desk, visit: Visit, form: Importing, bot: Bot, *, first: str = "") -> Screen:
    places = await Places(desk.db, desk.sender, visit.user, bot, form).every()
    return screens.ask_place(visit.words, form, bot, places, first=first)


def _with_bots(visit: Visit) -> list[OwnedPersona]:
    return [each for each in visit.account.owned if each.bot is not None]


def _wanted(form: forms.AnyForm | None, owned: list[OwnedPersona]) -> int:
    """The persona whose card was opened for this, else the only one with a bot; 0 when that must be asked."""
    ids = [each.persona.id for each in owned]
    if isinstance(form, Importing) and form.document is None and form.persona_id in ids:
        return form.persona_id
    return ids[0] if len(ids) == 1 else 0


def _fits(connection: Connection, form: Importing, owned: OwnedPersona) -> bool:
    """Whether a chat of the export is with this persona's bot, or one that it is in."""
    bot = owned.bot
    if bot is None:
        return False
    groups = bots.groups(connection, bot.id)
    return any(is_of(each.id, each.name, chat, bot) for chat in groups for each in form.chats) or any(
        each.id == bot.telegram_id for each in form.chats
    )
