"""The picture of /analytics: four panels on a card as high as a phone. Run in the drawing process only."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import msgspec

from maskarad.analytics.card import FAINT, MUTED, PANEL, TRACK, WIDTH, Card, glyphs
from maskarad.analytics.figures import Figures, MoodPoint, date_of, grouped, shape
from maskarad.analytics.glyphs import drawable
from maskarad.analytics.order import Labels, Order
from maskarad.memory.stats import HOURS, added, most_frequent

MARGIN, GAP, PADDING = 36, 24, 32
TITLE, HEADING, SMALL = 46, 32, 27
HEAD = 84
"""Height of a panel's heading with what is left free above and below."""

ACTIVITY_ROW, WEEKDAYS = 36, 72
ACTIVITY_HEIGHT = HEAD + 7 * ACTIVITY_ROW + 64
MOOD_LINE, MOOD_STRIP, LEGEND_ROW = 190, 54, 42
BAR_ROW = 62
DATES_BY_MONTH = 120
"""Days from which on the axis names months with their years."""

COLUMN = (WIDTH - 2 * MARGIN - GAP) / 2

LINE, GOOD, BAD = "#f2f5f9", "#ffd166", "#5b8def"
TOPIC_BAR, BAR, OWN_BAR = "#9d9bf4", "#4fb3bf", "#f78c6b"
EMOTIONS = {
    "joy": "#ffd166",
    "sadness": "#5b8def",
    "anger": "#ef5b5b",
    "fear": "#a678de",
    "surprise": "#4fd1c5",
    "disgust": "#8bb34f",
}
_HEAT = ("#2a364a", "#20506f", "#1d7f8c", "#4fb286", "#b5d66b", "#ffe27a")


def draw(order: Order) -> bytes:
    """A PNG, `WIDTH` pixels wide."""
    order = _drawable(order)
    figures, labels = shape(order), order.labels
    legend = _legend(figures, labels)
    mood_height = HEAD + MOOD_LINE + MOOD_STRIP + 92 + LEGEND_ROW * len(legend)
    bars_height = HEAD + BAR_ROW * max(3, len(figures.topics), len(figures.bars)) + 16
    subtitle = labels.subtitle.split("\n")
    top = MARGIN + 62 + 38 * len(subtitle) + 18
    card = Card(round(top + ACTIVITY_HEIGHT + mood_height + bars_height + 2 * GAP + MARGIN))
    _head(card, labels.title, subtitle)
    _activity(card, top, figures, labels)
    _mood(card, top + ACTIVITY_HEIGHT + GAP, mood_height, figures, labels, legend)
    bars_top = top + ACTIVITY_HEIGHT + mood_height + 2 * GAP
    _topics(card, MARGIN, bars_top, bars_height, figures, labels)
    _people(card, MARGIN + COLUMN + GAP, bars_top, bars_height, figures, labels)
    return card.png()


def _drawable(order: Order) -> Order:
    labels, signs = order.labels, glyphs()
    bars = tuple(
        msgspec.structs.replace(bar, label=drawable(bar.label, signs) or labels.nameless.format(number=number))
        for number, bar in enumerate(order.bars, 1)
    )
    subtitle = "\n".join(drawable(line, signs) for line in labels.subtitle.split("\n"))
    labels = msgspec.structs.replace(labels, title=drawable(labels.title, signs), subtitle=subtitle)
    return msgspec.structs.replace(order, labels=labels, bars=bars)


def _head(card: Card, title: str, subtitle: Sequence[str]) -> None:
    room = WIDTH - 2 * MARGIN - 16
    card.text(MARGIN + 8, MARGIN + 26, card.fitted(title, TITLE, room, bold=True), TITLE, bold=True)
    for number, line in enumerate(subtitle):
        card.text(MARGIN + 8, MARGIN + 86 + 38 * number, card.fitted(line, SMALL, room), SMALL, color=MUTED)


def _panel(card: Card, x: float, y: float, width: float, height: float, heading: str) -> None:
    card.box(x, y, width, height, PANEL, radius=26)
    card.text(x + PADDING, y + 44, card.fitted(heading, HEADING, width - 2 * PADDING, bold=True), HEADING, bold=True)


def _activity(card: Card, y: float, figures: Figures, labels: Labels) -> None:
    width = WIDTH - 2 * MARGIN
    _panel(card, MARGIN, y, width, ACTIVITY_HEIGHT, labels.activity)
    if figures.peak is None:
        _nothing(card, MARGIN + width / 2, y + ACTIVITY_HEIGHT / 2 + 20, labels)
    else:
        day, hour = labels.weekdays[figures.peak.weekday], figures.peak.hour
        said = labels.peak.format(day=day, start=f"{hour}:00", end=f"{(hour + 1) % HOURS}:00")
        card.text(MARGIN + width - PADDING, y + 44, said, SMALL, color=MUTED, side="right")
        _heat_map(card, MARGIN + PADDING, y + HEAD, width - 2 * PADDING, figures, labels)


def _heat_map(card: Card, x: float, y: float, width: float, figures: Figures, labels: Labels) -> None:
    most = max(max(row) for row in figures.activity)
    cell = (width - WEEKDAYS) / HOURS
    for weekday, row in enumerate(figures.activity):
        middle = y + ACTIVITY_ROW * (weekday + 0.5)
        card.text(x, middle, labels.weekdays[weekday], SMALL, color=MUTED)
        for hour, lines in enumerate(row):
            left, top = x + WEEKDAYS + cell * hour, y + ACTIVITY_ROW * weekday
            card.box(left + 2, top + 2, cell - 4, ACTIVITY_ROW - 4, _heat(lines / most), radius=7)
    for hour in range(0, HOURS, 3):
        place = x + WEEKDAYS + cell * (hour + 0.5)
        card.text(place, y + 7 * ACTIVITY_ROW + 24, str(hour), SMALL, color=MUTED, side="center")


def _heat(share: float) -> str:
    """The square root lets quiet hours be told from silent ones."""
    place = share**0.5 * (len(_HEAT) - 1)
    lower = min(int(place), len(_HEAT) - 2)
    mixed = [
        round(
            int(_HEAT[lower][at : at + 2], 16) * (lower + 1 - place)
            + int(_HEAT[lower + 1][at : at + 2], 16) * (place - lower)
        )
        for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _legend(figures: Figures, labels: Labels) -> list[list[str]]:
    """The emotions that were felt, the commonest first, three to a row."""
    felt: dict[str, float] = {}
    for point in figures.mood:
        felt = added(felt, point.emotions)
    names = [name for name, _ in most_frequent(felt, len(EMOTIONS)) if name in EMOTIONS and name in labels.emotions]
    return [names[first : first + 3] for first in range(0, len(names), 3)]


def _mood(card: Card, y: float, height: float, figures: Figures, labels: Labels, legend: list[list[str]]) -> None:
    width = WIDTH - 2 * MARGIN
    _panel(card, MARGIN, y, width, height, labels.mood)
    left, right = MARGIN + PADDING, MARGIN + width - PADDING
    if not figures.mood:
        _nothing(card, MARGIN + width / 2, y + height / 2 + 20, labels)
        return
    top, strip = y + HEAD, y + HEAD + MOOD_LINE + 18
    axis = left + max(card.width_of(word, SMALL) for word in (labels.good, labels.bad)) + 18
    card.text(left, top + 12, labels.good, SMALL, color=MUTED)
    card.text(left, top + MOOD_LINE - 12, labels.bad, SMALL, color=MUTED)
    _mood_line(card, axis, top, right - axis, figures.mood)
    _emotions(card, axis, strip, right - axis, figures.mood)
    _dates(card, axis, strip + MOOD_STRIP + 26, right - axis, figures, labels)
    for number, row in enumerate(legend):
        for column, name in enumerate(row):
            x, middle = left + 10 + column * (right - left) / 3, strip + MOOD_STRIP + 78 + LEGEND_ROW * number
            card.dot(x, middle, 10, EMOTIONS[name])
            card.text(x + 24, middle, labels.emotions[name], SMALL, color=MUTED)


def _mood_line(card: Card, x: float, y: float, width: float, mood: Sequence[MoodPoint]) -> None:
    known = [abs(point.valence) for point in mood if point.valence is not None]
    reach = min(1.0, max(0.2, 1.1 * max(known)))
    middle = y + MOOD_LINE / 2
    card.slab(x, middle - 1, width, 2, FAINT)
    for stretch in _stretches(mood):
        heights = [
            (x + width * (place + 0.5) / len(mood), valence / reach * MOOD_LINE / 2) for place, valence in stretch
        ]
        if len(heights) == 1:
            card.dot(heights[0][0], middle - heights[0][1], 9, LINE)
            continue
        ends = (heights[0][0], middle), (heights[-1][0], middle)
        whole = _with_crossings(heights)
        card.area([ends[0], *((at, middle - max(0.0, height)) for at, height in whole), ends[1]], GOOD, 0.45)
        card.area([ends[0], *((at, middle - min(0.0, height)) for at, height in whole), ends[1]], BAD, 0.55)
        card.line([(at, middle - height) for at, height in heights], LINE, 2.6)


def _with_crossings(heights: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points, and those at which the line between two of them crosses zero."""
    whole = [heights[0]]
    for (before, low), (after, high) in pairwise(heights):
        if low * high < 0:
            whole.append((before + (after - before) * low / (low - high), 0.0))
        whole.append((after, high))
    return whole


def _stretches(mood: Sequence[MoodPoint]) -> Iterator[list[tuple[int, float]]]:
    """Points without a gap between them."""
    for is_known, stretch in groupby(enumerate(mood), key=lambda item: item[1].valence is not None):
        if is_known:
            yield [(place, point.valence) for place, point in stretch if point.valence is not None]


def _emotions(card: Card, x: float, y: float, width: float, mood: Sequence[MoodPoint]) -> None:
    card.box(x, y, width, MOOD_STRIP, TRACK, radius=8)
    for place, point in enumerate(mood):
        left, right = (round(x + width * each / len(mood)) for each in (place, place + 1))
        top = y
        for name, color in EMOTIONS.items():
            share = point.emotions.get(name, 0.0)
            card.slab(left, top, right - left, MOOD_STRIP * share, color)
            top += MOOD_STRIP * share


def _dates(card: Card, x: float, y: float, width: float, figures: Figures, labels: Labels) -> None:
    first, last = figures.mood[0].day, figures.mood[-1].day + figures.step - 1
    days = last - first
    shown = _month if days > DATES_BY_MONTH else _date
    card.text(x, y, shown(first, labels), SMALL, color=MUTED)
    if days > 0:
        card.text(x + width, y, shown(last, labels), SMALL, color=MUTED, side="right")
    if days > 20:
        card.text(x + width / 2, y, shown((first + last) // 2, labels), SMALL, color=MUTED, side="center")


def _date(day: int, labels: Labels) -> str:
    date = date_of(day)
    return f"{date.day} {labels.months[date.month - 1]}"


def _month(day: int, labels: Labels) -> str:
    date = date_of(day)
    return f"{labels.months_alone[date.month - 1]} {date.year}"


def _topics(card: Card, x: float, y: float, height: float, figures: Figures, labels: Labels) -> None:
    _panel(card, x, y, COLUMN, height, labels.topics)
    most = max((weight for _, weight in figures.topics), default=0.0)
    if not figures.topics:
        _nothing(card, x + COLUMN / 2, y + height / 2 + 20, labels)
    for number, (topic, weight) in enumerate(figures.topics):
        name = labels.topic_names.get(topic, topic)
        _bar(card, x, y, number, name, "", weight / most, TOPIC_BAR)


def _people(card: Card, x: float, y: float, height: float, figures: Figures, labels: Labels) -> None:
    _panel(card, x, y, COLUMN, height, labels.bars)
    most = max((bar.value for bar in figures.bars), default=0)
    if most == 0:
        _nothing(card, x + COLUMN / 2, y + height / 2 + 20, labels)
        return
    for number, bar in enumerate(figures.bars):
        _bar(card, x, y, number, bar.label, grouped(bar.value), bar.value / most, OWN_BAR if bar.own else BAR)


def _bar(card: Card, x: float, y: float, number: int, name: str, value: str, share: float, color: str) -> None:
    left, width, top = x + PADDING, COLUMN - 2 * PADDING, y + HEAD + BAR_ROW * number
    room = width - (card.width_of(value, SMALL) + 20 if value else 0)
    card.text(left, top + 14, card.fitted(name, SMALL, room), SMALL)
    card.text(left + width, top + 14, value, SMALL, color=MUTED, side="right")
    card.box(left, top + 36, width, 10, TRACK, radius=5)
    card.box(left, top + 36, max(10.0, width * share), 10, color, radius=5)


def _nothing(card: Card, x: float, y: float, labels: Labels) -> None:
    card.text(x, y, labels.nothing_yet, SMALL, color=MUTED, side="center")
