"""Binding a bot, its settings, and its whitelist."""

from collections.abc import Sequence

from maskarad.manager.callbacks import button
from maskarad.manager.screens.parts import back, built_once, choice, page_of, pager
from maskarad.texts import Words
from maskarad.values import Access, Bot, BotState, Keyboard, OwnedPersona, Persona, Screen, WhitelistEntry

PAGE_SIZE = 8


def ask_token(words: Words, owned: OwnedPersona, *, first: str = "") -> Screen:
    if owned.bot is None:
        question = words.html("bind.question", name=owned.persona.name)
    else:
        question = words.html("bind.question_again", bot=owned.bot.username)
    keyboard = ((button(words.get("button.cancel"), "bc", owned.persona.id),),)
    return Screen(html="\n\n".join(filter(None, (first, question))), keyboard=keyboard)


def card(words: Words, persona: Persona, bot: Bot, *, first: str = "") -> Screen:
    about = words.html(
        "bot.text", name=bot.name, bot=bot.username, persona=persona.name, access=words.get(f"access.{bot.access}")
    )
    privacy = "" if bot.sees_all_group_messages else words.html("bot.privacy")
    state = ""
    if bot.is_stopped:
        state = words.html("admin.bot_is_stopped")
    elif bot.state is BotState.INVALID:
        state = words.html("bot.invalid")
    elif not bot.enabled:
        state = words.html("bot.muted")
    return Screen(
        html="\n\n".join(filter(None, (first, about, privacy, state))),
        keyboard=_card_keyboard(words, bot.persona_id, bot.enabled, bot.is_stopped),
    )


@built_once
def _card_keyboard(words: Words, persona_id: int, enabled: bool, is_stopped: bool) -> Keyboard:
    mute = button(words.get("button.mute" if enabled else "button.unmute"), "be", persona_id, int(not enabled))
    unbind = button(words.get("button.unbind"), "bu", persona_id)
    return (
        (
            button(words.get("button.access"), "ba", persona_id),
            button(words.get("button.whitelist"), "g", persona_id, 0),
        ),
        (
            button(words.get("button.health"), "i", persona_id),
            *(() if is_stopped else (mute,)),
        ),
        (button(words.get("button.decisions"), "bd", persona_id),),
        (button(words.get("button.import"), "bi", persona_id),),
        (
            button(words.get("button.new_token"), "bn", persona_id),
            *(() if is_stopped else (unbind,)),
        ),
        back(words, "p", persona_id),
    )


def access(words: Words, bot: Bot) -> Screen:
    html = words.html("access.question", bot=bot.username)
    return Screen(html=html, keyboard=_access_keyboard(words, bot.persona_id, bot.access))


@built_once
def _access_keyboard(words: Words, persona_id: int, chosen: Access) -> Keyboard:
    rows = tuple(
        (choice(words.get(f"access.{each}"), each is chosen, "bs", persona_id, each.value),) for each in Access
    )
    return (*rows, back(words, "b", persona_id))


def unbind_question(words: Words, persona: Persona, bot: Bot) -> Screen:
    html = words.html("unbind.question", bot=bot.username, name=persona.name)
    return Screen(html=html, keyboard=_unbind_keyboard(words, persona.id))


@built_once
def _unbind_keyboard(words: Words, persona_id: int) -> Keyboard:
    return ((button(words.get("button.unbind_yes"), "by", persona_id),), back(words, "b", persona_id))


def whitelist(words: Words, bot: Bot, entries: Sequence[WhitelistEntry], page: int, *, first: str = "") -> Screen:
    page, shown = page_of(entries, page, PAGE_SIZE)
    rows = tuple((button(f"🗑 {_guest(entry)}", "gx", bot.persona_id, entry.user_id, page),) for entry in shown)
    keyboard = (
        *rows,
        *pager(page, len(entries), PAGE_SIZE, "g", bot.persona_id),
        (button(words.get("button.add_guest"), "ga", bot.persona_id),),
        back(words, "b", bot.persona_id),
    )
    listed = words.html("whitelist.count", count=len(entries)) if entries else words.html("whitelist.empty")
    note = "" if bot.access is Access.WHITELIST else words.html("whitelist.not_in_force")
    parts = (first, words.html("whitelist.title", bot=bot.username), listed, note)
    return Screen(html="\n\n".join(filter(None, parts)), keyboard=keyboard)


def _guest(entry: WhitelistEntry) -> str:
    return entry.name if entry.name == str(entry.user_id) else f"{entry.name} · {entry.user_id}"


def ask_guest(words: Words, bot: Bot, *, first: str = "") -> Screen:
    keyboard = ((button(words.get("button.cancel"), "gc", bot.persona_id),),)
    question = words.html("whitelist.question", bot=bot.username)
    return Screen(html="\n\n".join(filter(None, (first, question))), keyboard=keyboard)
