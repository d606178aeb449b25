"""What the manager bot shows, built anew for every press. The words are the platform's catalogue."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from benchmarks.before.models import BotInstance, PersonaConfig
from maskarad.manager.callbacks import encode
from maskarad.texts import Words
from maskarad.values import CHARACTER_FIELDS, READY_MOODS

PAGE_SIZE = 6
SHOWN_DESCRIPTION = 600
STEPS = {
    "n": "name",
    "d": "description",
    "s": "style",
    "v": "verbosity",
    "g": "group_reply",
    "r": "reply_messages",
    "a": "spontaneity",
    "m": "moods",
    "o": "model",
    "t": "temperature",
    "c": "character",
}
"""What can be changed of a persona, by its code in callback data."""


class Screen(NamedTuple):
    html: str
    keyboard: InlineKeyboardMarkup


def menu(words: Words) -> Screen:
    keyboard = [
        [_button(words.get("button.personas"), "ps", 0)],
        [_button(words.get("button.create"), "wz")],
        [_button(words.get("button.profile"), "u"), _button(words.get("button.help"), "h")],
    ]
    return Screen(words.html("menu.text"), InlineKeyboardMarkup(keyboard))


def persona_list(words: Words, personas: Sequence[PersonaConfig], page: int) -> Screen:
    pages = max(1, -(-len(personas) // PAGE_SIZE))
    page = min(page, pages - 1)
    keyboard = [
        [_button(_list_label(each), "p", each.id)] for each in personas[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
    ]
    if pages > 1:
        turns = (("◀️", (page - 1) % pages), (f"{page + 1}/{pages}", page), ("▶️", (page + 1) % pages))
        keyboard.append([_button(label, "ps", target) for label, target in turns])
    keyboard.append([_button(words.get("button.create"), "wz")])
    keyboard.append([_button(words.get("button.back"), "m")])
    return Screen(words.html("personas.title", count=len(personas)), InlineKeyboardMarkup(keyboard))


def card(words: Words, persona: PersonaConfig, bot: BotInstance | None) -> Screen:
    about_bot = words.html("card.bot", bot=bot.username) if bot else words.html("card.no_bot")
    to_bot = ("button.bot", "b") if bot else ("button.bind", "bn")
    keyboard = [
        [_button(words.get(to_bot[0]), to_bot[1], persona.id)],
        [
            _button(words.get("button.edit"), "e", persona.id),
            _button(words.get("button.delete"), "pd", persona.id),
        ],
        [_button(words.get("button.back"), "ps", 0)],
    ]
    return Screen(f"{_described(words, persona)}\n\n{about_bot}", InlineKeyboardMarkup(keyboard))


def edit(words: Words, persona: PersonaConfig) -> Screen:
    buttons = [_button(words.get(f"step.{key}.title"), "wo", persona.id, code) for code, key in STEPS.items()]
    keyboard = [buttons[start : start + 2] for start in range(0, len(buttons), 2)]
    keyboard.append([_button(words.get("button.back"), "p", persona.id)])
    html = f"{_described(words, persona)}\n\n{words.html('wizard.what_to_change')}"
    return Screen(html, InlineKeyboardMarkup(keyboard))


def _button(label: str, action: str, *arguments: int | str) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=encode(action, *arguments))


def _list_label(persona: PersonaConfig) -> str:
    bot = persona.bot_instance
    return f"🎭 {persona.name} · @{bot.username}" if bot else f"🎭 {persona.name}"


def _described(words: Words, persona: PersonaConfig) -> str:
    content: dict[str, Any] = json.loads(persona.content)
    about = words.html(
        "card.text",
        style=words.get(f"style.{content['style']}"),
        verbosity=words.get(f"verbosity.{content['verbosity']}"),
        group_reply=words.get(f"group_reply.{content['group_reply']}"),
        reply_messages=content["reply_messages"],
        spontaneity=words.get(f"spontaneity.{content['spontaneity']}"),
        moods=", ".join(_mood_name(words, mood) for mood in content["moods"]) or words.get("word.none"),
        model=content["model"] or words.get("word.default"),
        temperature=content["temperature"],
        told=sum(bool(content["character"][field]) for field in CHARACTER_FIELDS),
        fields=len(CHARACTER_FIELDS),
    )
    parts = [words.html("card.name", name=persona.name)]
    if content["description"]:
        parts.append(words.html("card.description", text=_shortened(content["description"])))
    return "\n\n".join([*parts, about])


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_DESCRIPTION else text[: SHOWN_DESCRIPTION - 1].rstrip() + "…"


def _mood_name(words: Words, mood: dict[str, str]) -> str:
    return words.get(f"mood.{mood['key']}.name") if mood["key"] in READY_MOODS else mood["name"]
