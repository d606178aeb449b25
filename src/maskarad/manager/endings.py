"""What came of an import: noted with its errand in ids and numbers, and put into words only when it is shown."""

import msgspec

from maskarad.errors import ExportRefused, FileTooBig, Flooded, NotFound, TelegramUnreachable
from maskarad.manager.forms import Stale
from maskarad.manager.screens.importing import problem
from maskarad.texts import Words
from maskarad.values import Screen, Value


class Asked(Value, frozen=True, tag="asked"):
    """Something is to be chosen now: the question stands in the person's form."""


class Stored(Value, frozen=True, tag="stored"):
    """The numbers of what was stored, as `ImportResult` has them."""

    added: int
    known: int
    skipped: int
    people: int | None = None
    first_at: float | None = None
    last_at: float | None = None


class Sentence(Value, frozen=True, tag="sentence"):
    """Nothing more is to come; `values` fill the text that `key` names."""

    key: str
    values: dict[str, str | int] = msgspec.field(default_factory=dict)


Came = Asked | Stored | Sentence

CANCELLED = Sentence(key="importing.cancelled")
FAILED = Sentence(key="importing.failed")
GONE = Sentence(key="importing.gone")


def told(words: Words, sentence: Sentence) -> Screen:
    html = words.html(sentence.key, **sentence.values)
    return Screen(html=html) if sentence.key == CANCELLED.key else problem(html)


def sentence_of(error: Exception) -> Sentence:
    """Of what nobody tries again."""
    match error:
        case Stale():
            return CANCELLED
        case ExportRefused():
            return Sentence(key=f"importing.refused.{error.reason}", values=dict(error.values))
        case FileTooBig():
            key = "importing.too_big_for_bots" if error.telegrams else "importing.too_big"
            return Sentence(key=key, values={"most": error.most_bytes // 2**20})
        case TelegramUnreachable() | Flooded():
            return Sentence(key="importing.unreachable")
        case NotFound():
            return GONE
        case _:
            return Sentence(key="importing.not_given")
