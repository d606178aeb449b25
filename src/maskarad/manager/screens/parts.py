"""Pieces that several screens are made of."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

from maskarad.manager.callbacks import button
from maskarad.texts import Words
from maskarad.values import Button, Keyboard

T = TypeVar("T")

CHOSEN = "✅ "

built_once = lru_cache(maxsize=2_048)
"""For keyboards that depend on the language and a few ids only: the same arguments give the same object, which the
sender then need not write out again either. The longest unused are forgotten."""


def back(words: Words, action: str, *arguments: int | str) -> tuple[Button, ...]:
    return (button(words.get("button.back"), action, *arguments),)


def choice(label: str, chosen: bool, action: str, *arguments: int | str) -> Button:
    return button(CHOSEN + label if chosen else label, action, *arguments)


def columns(buttons: Sequence[Button], width: int) -> Keyboard:
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))


def page_of(items: Sequence[T], page: int, size: int) -> tuple[int, Sequence[T]]:
    """The page that exists and is nearest to the one asked for, counted from 0, and what stands on it."""
    page = max(0, min(page, (len(items) - 1) // size))
    return page, items[page * size : (page + 1) * size]


def pager(page: int, count: int, size: int, action: str, *arguments: int | str) -> Iterable[tuple[Button, ...]]:
    """A row to turn pages with, where there is more than one; `action` takes the page as its last argument."""
    pages = (count + size - 1) // size
    if pages < 2:
        return
    here = button(f"{page + 1}/{pages}", action, *arguments, page)
    before = button("◀️", action, *arguments, (page - 1) % pages)
    after = button("▶️", action, *arguments, (page + 1) % pages)
    yield (before, here, after)


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
