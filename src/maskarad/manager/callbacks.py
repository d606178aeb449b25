"""Callback data: a version, an action and its arguments, `1:p:42`, at most 64 bytes as Telegram demands.

Whoever can write to the bot can send any callback data: it names things and proves nothing.
"""

import re

from maskarad.errors import NotFound
from maskarad.values import Button, Value

VERSION = "1"
"""To be raised when an action code or an argument changes its meaning: buttons of older versions then answer with a
notice."""

MOST_BYTES = 64
_MOST_NUMBER = 2**63 - 1
_SHAPE = re.compile(rf"{VERSION}:[a-z]{{1,2}}(?::[a-z0-9_.-]+)*", re.ASCII)


class Call(Value, frozen=True):
    action: str
    arguments: tuple[str, ...]


def encode(action: str, *arguments: int | str) -> str:
    data = ":".join((VERSION, action, *map(str, arguments)))
    assert len(data) <= MOST_BYTES
    assert _SHAPE.fullmatch(data)
    return data


def decode(data: str) -> Call | None:
    """What a button asks for; None for data that `encode` of this version cannot have made."""
    if len(data) > MOST_BYTES or not _SHAPE.fullmatch(data):
        return None
    _, action, *arguments = data.split(":")
    return Call(action=action, arguments=tuple(arguments))


def button(label: str, action: str, *arguments: int | str) -> Button:
    return Button(label=label, data=encode(action, *arguments))


def number(argument: str) -> int:
    """An argument that must be an id or a count. Raises NotFound: there is nothing under a forged one."""
    if not argument.isdecimal() or int(argument) > _MOST_NUMBER:
        raise NotFound("the button carries no number")
    return int(argument)
