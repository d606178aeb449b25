"""What a persona remembers of a chat beside its newest lines."""

from maskarad.memory.people import PersonNote
from maskarad.values import HistoryLine, Value


class Remembered(Value, frozen=True):
    """`summary` covers the lines up to `summarised_to`; `digest` is of what was imported. `relevant` are older lines
    that have to do with what is being said, in the order they were said. Empty is: there is none."""

    summary: str = ""
    summarised_to: int | None = None
    digest: str = ""
    relevant: tuple[HistoryLine, ...] = ()
    people: tuple[PersonNote, ...] = ()


NOTHING = Remembered()
