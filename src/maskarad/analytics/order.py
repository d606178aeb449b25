"""What the drawing process is told: figures as they are stored and all the words of the picture."""

import msgspec

from maskarad.values import Value


class Labels(Value, frozen=True):
    """The words of a picture, in one language."""

    title: str
    subtitle: str
    activity: str
    mood: str
    topics: str
    bars: str
    """The headings of the four panels."""
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    """After a day's number; `months_alone` stand without one."""
    months_alone: tuple[str, ...]
    peak: str
    """With `{day}`, `{start}` and `{end}`: when most is said."""
    good: str
    bad: str
    nothing_yet: str
    nameless: str
    """With `{number}`: somebody whose name cannot be drawn."""
    emotions: dict[str, str]
    topic_names: dict[str, str]


class Bar(Value, frozen=True):
    label: str
    value: int
    own: bool = False
    """It is the persona's."""


class Order(Value, frozen=True):
    """`days` are numbers since 1970 (UTC) with the JSON of a `DayOfChat`, several of a number where there are several
    chats; `today` is the last day shown; `zone` an IANA name."""

    labels: Labels
    days: tuple[tuple[int, str], ...]
    bars: tuple[Bar, ...]
    today: int
    zone: str


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Order).decode
