"""A message made to hold everybody up: judging it costs no more than any other of its length."""

from time import thread_time

import pytest

from maskarad.intake.address import calls_another, may_call
from maskarad.intake.features import remark_of
from maskarad.intake.interests import Ear
from maskarad.life.addressing import is_to_somebody
from maskarad.life.closings import closing_of
from maskarad.memory.analyzer import analyze
from maskarad.values import Character, Persona, PersonaDraft
from tests.support.remarks import USTYM, said

LONGEST = 4096
"""Letters of a Telegram message."""

QUICK = 0.05
"""Seconds of processor time: what takes a few milliseconds stays below it on a busy machine too."""

ONCE = ("", "?", "а", "and", "Абвг", "Абвг,", "без Устима", "Устиме", "устима")
AGAIN = (
    *(" ", "\n", "\t", "\xa0", "\u200b", "?", "? ", "?  \n", "!", ".", ",", ", ", "_", "-", "a", "а ", "а, ", "aA"),
    *("що ", "що", "and ", "роз", "@a ", "1", "y'", "хто-", "😀", "e\u0301", "\u0301", "Устим ", "устима ", "без "),
)
EAR = Ear(
    Persona(
        id=1,
        owner_id=1,
        version=1,
        content=PersonaDraft(
            name="Мольфар Устим", description="Пасе овець.", language="uk", character=Character(likes="чай, ліс")
        ),
    ),
    analyze,
)


def hostile(again: str) -> list[str]:
    """With something else before it, and a letter at the end that disappoints, or behind it."""
    filling = (again * LONGEST)[:LONGEST]
    return [text for once in ONCE for text in (once + filling[len(once) + 1 :] + "x", filling[len(once) :] + once)]


def judged(text: str) -> None:
    """Everything that is done with a text before, or while, it is stored."""
    message = said(text)
    remark_of(message, USTYM, EAR.names)
    EAR.names.matches(text)
    EAR.names.call(text)
    may_call(text)
    calls_another(text)
    is_to_somebody(message)
    closing_of(text)
    EAR.interests.mentioned_in(text)
    EAR.interests.touched_by(analyze(text))


@pytest.mark.parametrize("again", AGAIN)
def test_no_text_takes_long_to_judge(again: str) -> None:
    for once in ONCE:
        judged(f"{once} слово, word")  # whatever is read when it is first needed
    slowest = 0.0
    for text in hostile(again):
        start = thread_time()
        judged(text)
        slowest = max(slowest, thread_time() - start)
    assert slowest < QUICK
