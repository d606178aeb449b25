"""Importing a history: how to send it, and where it goes."""

from collections.abc import Sequence

from maskarad.analytics.figures import grouped
from maskarad.manager.callbacks import button
from maskarad.manager.forms import ExportChat, Importing
from maskarad.manager.places import Place
from maskarad.manager.screens.parts import choice, columns, page_of, pager, shortened
from maskarad.texts import Words
from maskarad.values import Bot, Button, Chat, ChatType, Keyboard, OwnedPersona, Screen

PAGE_SIZE = 8
LONGEST_LABEL = 48
LONGEST_TITLE = 64


def ask_file(words: Words, form: Importing, bot: Bot, *, first: str = "") -> Screen:
    question = words.html("importing.question", bot=bot.username)
    return Screen(html="\n\n".join(filter(None, (first, question))), keyboard=_leave(words, form))


def ask_bot(words: Words, form: Importing, owned: Sequence[OwnedPersona], fitting: frozenset[int]) -> Screen:
    """`fitting` are ids of personas whose bots are in a chat of the export."""
    buttons = [
        choice(_label(f"{persona.name} · @{bot.username}"), persona.id in fitting, "ib", form.number, persona.id)
        for persona, bot in ((each.persona, each.bot) for each in owned)
        if bot is not None
    ]
    html = f"{_found(words, form)}\n\n{words.html('importing.which_bot')}"
    return Screen(html=html, keyboard=(*columns(buttons, 1), *_leave(words, form)))


def ask_place(words: Words, form: Importing, bot: Bot, places: Sequence[Place], *, first: str = "") -> Screen:
    buttons = [choice(place_name(words, each.chat), each.fits, "il", form.number, each.link_id) for each in places]
    question = words.html("importing.which_chat", bot=bot.username)
    return Screen(
        html="\n\n".join(filter(None, (first, _found(words, form), question))),
        keyboard=(*columns(buttons, 1), *_leave(words, form)),
    )


def ask_exported(words: Words, form: Importing, place: Place, page: int) -> Screen:
    """Which chat of the export is meant, where none is plainly this one."""
    page, shown = page_of(form.chats, page, PAGE_SIZE)
    rows = tuple((_exported(words, form, place, page * PAGE_SIZE + index, each),) for index, each in enumerate(shown))
    key = "importing.which_exported_private" if place.chat.type is ChatType.PRIVATE else "importing.which_exported"
    return Screen(
        html=words.html(key, chat=place_name(words, place.chat)),
        keyboard=(
            *rows,
            *pager(page, len(form.chats), PAGE_SIZE, "ip", form.number, place.link_id),
            *_leave(words, form),
        ),
    )


def _exported(words: Words, form: Importing, place: Place, index: int, chat: ExportChat) -> Button:
    label = f"{_label(_name(words, chat.name))} · {grouped(chat.messages)}"
    return button(label, "ie", form.number, place.link_id, index)


def taken(words: Words, exported: ExportChat, bot: Bot, chat: Chat) -> Screen:
    html = words.html(
        "importing.taken", name=_name(words, exported.name), bot=bot.username, chat=place_name(words, chat)
    )
    return Screen(html=html)


def problem(sentence: str) -> Screen:
    return Screen(html=f"⚠️ {sentence}")


def _found(words: Words, form: Importing) -> str:
    if len(form.chats) == 1:
        [chat] = form.chats
        return words.html("importing.found", name=_name(words, chat.name), messages=grouped(chat.messages))
    return words.html("importing.found_several", count=len(form.chats))


def place_name(words: Words, chat: Chat) -> str:
    if chat.type is ChatType.PRIVATE:
        return words.get("importing.private_chat")
    return _label(chat.title or str(chat.id))


def _name(words: Words, name: str) -> str:
    return shortened(name, LONGEST_TITLE) if name else words.get("importing.nameless")


def _label(text: str) -> str:
    return shortened(text, LONGEST_LABEL)


def _leave(words: Words, form: Importing) -> Keyboard:
    return ((button(words.get("button.cancel"), "iq", form.number),),)
