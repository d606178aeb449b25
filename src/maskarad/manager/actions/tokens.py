"""Tokens from @BotFather: taken out of the chat at once, checked, and bound to a persona."""

import re

from maskarad.db import Connection, bots, personas, seen
from maskarad.errors import PersonaHasBot, TelegramError, TokenInvalid, TokenTaken
from maskarad.manager import forms
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.forms import Binding
from maskarad.manager.screens.bots import ask_token, card
from maskarad.manager.screens.personas import card as persona_card
from maskarad.texts import Words
from maskarad.values import MANAGER_BOT_ID, Access, BotProfile, Incoming, OwnedPersona, Screen, Token

_TOKEN = re.compile(r"(?<!\w)\d{5,16}:[A-Za-z0-9_-]{30,64}(?![\w-])")


def find_token(text: str) -> Token | None:
    """The first bot token that stands anywhere in a text."""
    found = _TOKEN.search(text)
    return Token(found.group()) if found else None


async def ask(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    owned = visit.owned(number(persona_id))
    form = Binding(persona_id=owned.persona.id)
    await desk.db.write(lambda c: forms.begin(c, visit.user.id, form, now=desk.clock()))
    return Outcome(screen=ask_token(visit.words, owned))


async def cancel(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    owned = visit.owned(number(persona_id))
    asked = Binding(persona_id=owned.persona.id)
    await desk.db.write(lambda c: forms.leave(c, visit.user.id, asked, now=desk.clock()))
    return Outcome(screen=_card_of(visit.words, owned))


async def take(desk: Desk, visit: Visit, message: Incoming, token: Token) -> Screen:
    """A message with a token in it: deleted whether it was asked for or not. Raises NotFound, AlreadySeen."""
    form = await desk.db.read(lambda c: forms.load_unless_seen(c, visit.user.id, visit.update_id))
    warning = await _delete(desk, visit.words, message)
    if not isinstance(form, Binding):
        await _note_seen(desk, visit)
        screen = visit.fixed.unasked_token
        return Screen(html=warning + screen.html, keyboard=screen.keyboard)
    owned = visit.owned(form.persona_id)
    try:
        return await _bind(desk, visit, owned, token, warning)
    except _Refused as refused:
        await _note_seen(desk, visit)
        return ask_token(visit.words, owned, first=warning + visit.words.html(refused.key))


async def take_other(desk: Desk, visit: Visit, message: Incoming, form: Binding) -> Screen:
    """Something else came where a token was asked for. It may be a token with a slip in it, so it goes too. Raises
    AlreadySeen."""
    warning = await _delete(desk, visit.words, message)
    await _note_seen(desk, visit)
    return ask_token(visit.words, visit.owned(form.persona_id), first=warning + visit.words.html("bind.wrong_shape"))


class _Refused(Exception):
    """The token cannot be bound; `key` says why in the catalogue's words."""

    def __init__(self, key: str) -> None:
        self.key = key


async def _delete(desk: Desk, words: Words, message: Incoming) -> str:
    """What is to be said before anything else: nothing, or that the person must delete the message."""
    try:
        deleted = await desk.sender.delete_message(MANAGER_BOT_ID, message.chat.id, message.message_id)
    except TelegramError:
        deleted = False
    return "" if deleted else words.html("bind.not_deleted") + "\n\n"


async def _note_seen(desk: Desk, visit: Visit) -> None:
    """Raises AlreadySeen when another delivery of the update was quicker."""
    await desk.db.write(lambda c: seen.once(c, MANAGER_BOT_ID, visit.update_id, now=desk.clock()))


async def _bind(desk: Desk, visit: Visit, owned: OwnedPersona, token: Token, warning: str) -> Screen:
    profile = await _profile(desk, token)
    sealed, webhook = desk.vault.seal(token), desk.new_webhook()

    def bind(connection: Connection) -> int:
        seen.once(connection, MANAGER_BOT_ID, visit.update_id, now=desk.clock())
        persona = personas.get_for_change(connection, visit.user.id, owned.persona.id)
        bound = bots.bind(
            connection,
            persona.id,
            profile,
            token=sealed,
            webhook=webhook,
            access=Access.OWNER_ONLY,
            now=desk.clock(),
        )
        forms.end(connection, visit.user.id, now=desk.clock())
        return bound

    try:
        bot_id = await desk.db.write(bind)
    except TokenTaken:
        raise _Refused("bind.taken") from None
    except PersonaHasBot:
        raise _Refused("bind.has_bot") from None
    desk.bot_changed(visit.user.id, bot_id)
    _, bot = (await desk.again(visit)).owned_bot(owned.persona.id)
    done = visit.words.html("bind.renewed" if owned.bot else "bind.done", name=owned.persona.name, bot=bot.username)
    return card(visit.words, owned.persona, bot, first=warning + done)


async def _profile(desk: Desk, token: Token) -> BotProfile:
    if int(token.reveal().split(":")[0]) == desk.own_telegram_id:
        raise _Refused("bind.own")
    try:
        return await desk.sender.get_me(token)
    except TokenInvalid:
        raise _Refused("bind.refused") from None
    except TelegramError:
        raise _Refused("bind.unreachable") from None


def _card_of(words: Words, owned: OwnedPersona) -> Screen:
    return card(words, owned.persona, owned.bot) if owned.bot else persona_card(words, owned)
