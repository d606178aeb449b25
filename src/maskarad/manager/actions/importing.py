"""The history of a chat, sent as a file: what is asked about it. Reading and storing happen in the background
(`manager/looks.py`, `manager/stores.py`); the answers in between are a form, so any process goes on with it after any
restart."""

from contextlib import suppress

import msgspec

from maskarad.db import Connection, bots, imports, links, seen
from maskarad.errors import Flooded, NotFound, TelegramUnreachable
from maskarad.manager import errands, forms
from maskarad.manager.asking import question, with_bots
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.forms import ExportChat, Importing, Stale
from maskarad.manager.places import NO_LINK_YET, Place, Places
from maskarad.manager.screens import bots as bot_screens
from maskarad.manager.screens import importing as screens
from maskarad.memory.exports.choosing import is_of
from maskarad.values import MANAGER_BOT_ID, Bot, Document, Incoming, OwnedPersona, Screen, Value

NAMES = (".json", ".html", ".zip")
"""How the names of exports end. What was asked for is read under any name."""


async def ask(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    """From a bot's card."""
    _, bot = visit.owned_bot(number(persona_id))
    form = Importing(persona_id=bot.persona_id, number=visit.update_id)
    await desk.db.write(lambda c: forms.begin(c, visit.user.id, form, now=desk.clock()))
    return Outcome(screen=screens.ask_file(visit.words, form, bot))


class _Taken(Value, frozen=True):
    """What became of a file: an errand, or why there is none."""

    errand_id: int | None = None
    refused: str = ""


class _TooMany(Exception):
    """Others' histories are being stored."""


async def take(desk: Desk, visit: Visit, message: Incoming, document: Document) -> Screen | None:
    """A file came that may be an export. None: an errand tells what becomes of it. Raises AlreadySeen."""
    user_id, bots_of_visitor = visit.user.id, with_bots(visit.account)

    def begin(connection: Connection) -> _Taken:
        now = desk.clock()
        seen.once(connection, MANAGER_BOT_ID, message.update_id, now=now)
        if errands.is_busy(connection, user_id):
            return _Taken(refused="importing.busy")
        if not bots_of_visitor:
            return _Taken(refused="importing.no_bots")
        number, language = message.update_id, visit.words.language
        looking = errands.Looking(user_id=user_id, number=number, language=language, document=document)
        errand_id = errands.order(connection, errands.LOOK, looking, now=now)
        if errand_id is None:
            return _Taken(refused="errands.too_many")
        persona_id = _wanted(forms.load_for_change(connection, user_id), bots_of_visitor)
        forms.begin(connection, user_id, Importing(persona_id=persona_id, number=number, document=document), now=now)
        return _Taken(errand_id=errand_id)

    taken = await desk.db.write(begin)
    if taken.errand_id is None:
        return screens.problem(visit.words.html(taken.refused))
    desk.ring(taken.errand_id)
    return None


def is_export(form: forms.AnyForm | None, document: Document) -> bool:
    """Whether a file is to be read: it is named like an export, or one was asked for."""
    return isinstance(form, Importing) or document.name.lower().endswith(NAMES)


async def take_other(desk: Desk, visit: Visit, form: Importing) -> Screen:
    """Something else came where a file was asked for, or a button to be pressed. Raises AlreadySeen, NotFound."""
    words = visit.words

    def note(connection: Connection) -> bool:
        seen.once(connection, MANAGER_BOT_ID, visit.update_id, now=desk.clock())
        is_read = form.document is None or bool(form.chats)
        is_lost = not is_read and not errands.is_busy(connection, visit.user.id)
        if is_lost:
            forms.leave(connection, visit.user.id, form, now=desk.clock())
        return is_lost

    is_lost = await desk.db.write(note)
    if form.chats:
        return await question(desk.db, desk.sender, visit.account, words, form)
    if form.document is not None:
        return screens.problem(words.html("importing.interrupted" if is_lost else "importing.busy"))
    _, bot = visit.owned_bot(form.persona_id)
    return screens.ask_file(words, form, bot, first=words.html("importing.file_needed"))


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
    user_id = visit.user.id
    errand_id = await desk.db.write(lambda c: errands.cancel(c, user_id, number(form_number), now=desk.clock()))
    if errand_id is not None:
        desk.ring(errand_id)
    with suppress(Stale):  # its question was answered, or another one is open
        await leave(desk, visit, form_number)
    stopped = errand_id is not None
    return Outcome(notice=visit.words.get("toast.stopping" if stopped else "toast.not_under_way"), alert=not stopped)


async def _begin(
    desk: Desk, visit: Visit, form: Importing, document: Document, exported: ExportChat, bot: Bot, place: Place
) -> Outcome:
    """Raises Stale when it was begun already."""

    def settle(connection: Connection) -> int:
        bots.token_of_own(connection, visit.user.id, bot.id)
        if errands.is_busy(connection, visit.user.id, (errands.STORE,)):
            raise Stale
        forms.leave(connection, visit.user.id, form, now=desk.clock())
        link_id = place.link_id
        if link_id == NO_LINK_YET:
            link_id = links.find_or_add(connection, bot.id, place.chat, now=desk.clock()).id
        carrying = errands.Carrying(
            user_id=visit.user.id,
            number=form.number,
            language=visit.words.language,
            document=document,
            exported=exported,
            bot_id=bot.id,
            link_id=link_id,
            stored=imports.added(connection, link_id),
        )
        errand_id = errands.order(connection, errands.STORE, carrying, now=desk.clock())
        if errand_id is None:
            raise _TooMany
        return errand_id

    try:
        desk.ring(await desk.db.write(settle))
    except _TooMany:
        first = screens.problem(visit.words.html("errands.too_many_stored")).html
        return Outcome(screen=await _ask_place(desk, visit, form, bot, first=first))
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


def _wanted(form: forms.AnyForm | None, owned: list[OwnedPersona]) -> int:
    """The persona whose card was opened for this, else the only one with a bot; 0 when that must be asked."""
    ids = [each.persona.id for each in owned]
    if isinstance(form, Importing) and form.document is None and form.persona_id in ids:
        return form.persona_id
    return ids[0] if len(ids) == 1 else 0
