"""Importing a history: how far it is, and what came of it."""

from datetime import tzinfo

from maskarad.analytics.figures import grouped
from maskarad.analytics.wording import period
from maskarad.manager.callbacks import button
from maskarad.manager.endings import Stored
from maskarad.manager.screens.importing import place_name
from maskarad.texts import Words
from maskarad.values import Bot, Chat, Screen

_BAR = 10


def begun(words: Words, number: int) -> Screen:
    return _under_way(words, number, words.html("importing.begun"))


def fetching(words: Words, number: int, done: int, total: int) -> Screen:
    return _under_way(words, number, words.html("importing.fetching"), done, total)


def checking(words: Words, number: int, done: int, total: int) -> Screen:
    return _under_way(words, number, words.html("importing.checking"), done, total)


def storing(words: Words, number: int, done: int, total: int, rate: float) -> Screen:
    """`rate` is in messages a second."""
    told = words.html("importing.storing", done=grouped(done), total=grouped(total), rate=grouped(round(rate)))
    return _under_way(words, number, told, done, total)


def _under_way(words: Words, number: int, told: str, done: int = 0, total: int = 0) -> Screen:
    html = told
    if total > 0:
        share = min(done / total, 1.0)
        full = int(share * _BAR)
        html = f"{told}\n\n{'▓' * full}{'░' * (_BAR - full)} {int(100 * share)} %"
    return Screen(html=html, keyboard=((button(words.get("button.cancel"), "ik", number),),))


def done(words: Words, bot: Bot, chat: Chat, result: Stored, digest: str, zone: tzinfo) -> Screen:
    """`digest` is what the persona is told of the chat, "" where it is told nothing."""
    numbers = words.html(
        "importing.numbers",
        added=grouped(result.added),
        known=grouped(result.known),
        skipped=grouped(result.skipped),
    )
    about = ""
    if result.people and result.first_at is not None and result.last_at is not None:
        span = period(words, result.first_at, result.last_at, zone)
        about = words.html("importing.about", people=grouped(result.people), period=span)
    title = words.html("importing.done", bot=bot.username, chat=place_name(words, chat))
    told = words.html("importing.digest", digest=digest) if digest else ""
    head = "\n".join(filter(None, (numbers, about)))
    keyboard = ((button(words.get("button.bot"), "b", bot.persona_id),),)
    return Screen(html="\n\n".join(filter(None, (title, head, told))), keyboard=keyboard)
