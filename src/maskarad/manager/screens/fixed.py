"""Screens and keyboards that depend on the language only: built once and shown as the same objects ever after."""

import msgspec

from maskarad.manager.callbacks import button
from maskarad.manager.screens.parts import back, choice
from maskarad.settings import LANGUAGES
from maskarad.texts import Texts, Words
from maskarad.values import Keyboard, Screen, Value


class Fixed(Value, frozen=True):
    words: Words
    menu: Screen
    hint: Screen
    """The menu for somebody who wrote what nobody asked for."""
    unknown_command: Screen
    cancelled: Screen
    nothing_to_cancel: Screen
    gone: Screen
    unasked_token: Screen
    help: Screen
    language: Screen
    no_personas: Screen
    profile_keyboard: Keyboard


def fixed(texts: Texts, language: str) -> Fixed:
    words = texts.words(language)
    menu = _menu(words)

    def menu_after(key: str) -> Screen:
        return msgspec.structs.replace(menu, html=f"{words.html(key)}\n\n{menu.html}")

    return Fixed(
        words=words,
        menu=menu,
        hint=menu_after("menu.hint"),
        unknown_command=menu_after("menu.unknown_command"),
        cancelled=menu_after("menu.cancelled"),
        nothing_to_cancel=menu_after("menu.nothing_to_cancel"),
        gone=menu_after("menu.gone"),
        unasked_token=menu_after("bind.unasked"),
        help=Screen(html=words.html("help.text"), keyboard=(back(words, "m"),)),
        language=_language(words),
        no_personas=_no_personas(words),
        profile_keyboard=((button(words.get("button.language"), "l"),), back(words, "m")),
    )


def _menu(words: Words) -> Screen:
    keyboard = (
        (button(words.get("button.personas"), "ps", 0),),
        (button(words.get("button.create"), "wz"),),
        (button(words.get("button.profile"), "u"), button(words.get("button.help"), "h")),
    )
    return Screen(html=words.html("menu.text"), keyboard=keyboard)


def _language(words: Words) -> Screen:
    rows = tuple((choice(words.get(f"language.{each}"), each == words.language, "lc", each),) for each in LANGUAGES)
    return Screen(html=words.html("language.question"), keyboard=(*rows, back(words, "u")))


def _no_personas(words: Words) -> Screen:
    keyboard = ((button(words.get("button.create"), "wz"),), back(words, "m"))
    return Screen(html=words.html("personas.empty"), keyboard=keyboard)
