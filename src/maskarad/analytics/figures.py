"""From days as they are stored to what the panels show: pure arithmetic."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from maskarad.analytics.order import Bar, Order
from maskarad.memory.analysis import Emotion
from maskarad.memory.stats import HOURS, SECONDS_A_DAY, DayOfChat, added, merged_day, most_frequent
from maskarad.values import Value

SHOWN_DAYS = 365
DAILY_UP_TO = 60
"""Days that the mood is shown of day by day; of a longer time it is shown week by week."""

MOST_TOPICS = MOST_BARS = 7
MOST_SAID_TOPICS = 5
MOOD_DAYS = 30
_SMOOTHING = (1.0, 2.0, 3.0, 2.0, 1.0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_decode_day = msgspec.json.Decoder(DayOfChat).decode


class MoodPoint(Value, frozen=True):
    """A day or a week that begins on `day`. `valence` is -1 to 1, None where nothing near was analysed; `emotions` are
    shares of what was felt, nothing of it neutral; they make up 1, or there are none."""

    day: int
    valence: float | None
    emotions: dict[str, float]


class Peak(Value, frozen=True):
    weekday: int
    hour: int


class Figures(Value, frozen=True):
    activity: tuple[tuple[int, ...], ...]
    """Lines by weekday (Monday first) and hour of the chat's own clock."""
    peak: Peak | None
    mood: tuple[MoodPoint, ...]
    step: int
    """Days that a point of the mood stands for."""
    topics: tuple[tuple[str, float], ...]
    bars: tuple[Bar, ...]


def shape(order: Order) -> Figures:
    days = together(order.days)
    table = activity(days, zone_of(order.zone))
    mood, step = mood_over_time(days, order.today)
    return Figures(
        activity=table,
        peak=peak_of(table),
        mood=mood,
        step=step,
        topics=tuple(topics_of(days, MOST_TOPICS)),
        bars=order.bars[:MOST_BARS],
    )


def together(written: Iterable[tuple[int, str]]) -> dict[int, DayOfChat]:
    days: dict[int, DayOfChat] = {}
    for number, data in written:
        day = _decode_day(data)
        days[number] = merged_day(days[number], day) if number in days else day
    return dict(sorted(days.items()))


def zone_of(name: str) -> tzinfo:
    """UTC where the machine does not know the name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def activity(days: Mapping[int, DayOfChat], zone: tzinfo) -> tuple[tuple[int, ...], ...]:
    table = [[0] * HOURS for _ in range(7)]
    for number, day in days.items():
        for hour, lines in enumerate(day.hours):
            if lines:
                local = (_EPOCH + timedelta(days=number, hours=hour)).astimezone(zone)
                table[local.weekday()][local.hour] += lines
    return tuple(tuple(row) for row in table)


def peak_of(table: tuple[tuple[int, ...], ...]) -> Peak | None:
    """The hour of the week in which most is said; None where nothing is."""
    lines, weekday, hour = max(
        (row[hour], -weekday, -hour) for weekday, row in enumerate(table) for hour in range(HOURS)
    )
    return Peak(weekday=-weekday, hour=-hour) if lines else None


def topics_of(days: Mapping[int, DayOfChat], most: int) -> list[tuple[str, float]]:
    """The commonest first, with the weight of the lines about them."""
    topics: dict[str, float] = {}
    for day in days.values():
        topics = added(topics, day.topics)
    return most_frequent(topics, most)


def mood_over_time(days: Mapping[int, DayOfChat], today: int) -> tuple[tuple[MoodPoint, ...], int]:
    """Points without a gap from the first day on which anything was analysed, and how many days a point stands for."""
    felt = {number: day for number, day in days.items() if day.analysed > 0}
    if not felt:
        return (), 1
    first = max(min(felt), today - SHOWN_DAYS + 1)
    step = 1 if today - first < DAILY_UP_TO else 7
    first = today + 1 - step * -(-(today + 1 - first) // step)
    periods = [DayOfChat()] * ((today + 1 - first) // step)
    for number, day in felt.items():
        if first <= number <= today:
            place = (number - first) // step
            periods[place] = merged_day(periods[place], day)
    return tuple(_point(periods, place, first + step * place) for place in range(len(periods))), step


def _point(periods: list[DayOfChat], place: int, day: int) -> MoodPoint:
    analysed = valence = 0.0
    emotions: dict[str, float] = {}
    for offset, share in enumerate(_SMOOTHING, -(len(_SMOOTHING) // 2)):
        if 0 <= place + offset < len(periods):
            near = periods[place + offset]
            analysed += share * near.analysed
            valence += share * near.valence
            emotions = added(emotions, {name: share * weight for name, weight in near.emotions.items()})
    felt = {name: weight for name, weight in emotions.items() if name != Emotion.NEUTRAL.value}
    total = sum(felt.values())
    return MoodPoint(
        day=day,
        valence=valence / analysed if analysed > 0 else None,
        emotions={name: weight / total for name, weight in felt.items()} if total > 0 else {},
    )


def date_of(day: int) -> datetime:
    return _EPOCH + timedelta(days=day)


def days_until(now: float) -> tuple[int, int]:
    """The first and the last day that a picture drawn now shows."""
    today = int(now // SECONDS_A_DAY)
    return today - SHOWN_DAYS + 1, today


class Glance(Value, frozen=True):
    """What is said in words of the last year's days; `valence` is of the last `MOOD_DAYS`, None where nothing was
    analysed."""

    peak: Peak | None
    valence: float | None
    topics: tuple[str, ...]


def glance(days: Mapping[int, DayOfChat], zone: tzinfo, today: int) -> Glance:
    lately = [day for number, day in days.items() if number > today - MOOD_DAYS]
    analysed = sum(day.analysed for day in lately)
    return Glance(
        peak=peak_of(activity(days, zone)),
        valence=sum(day.valence for day in lately) / analysed if analysed > 0 else None,
        topics=tuple(topic for topic, _ in topics_of(days, MOST_SAID_TOPICS)),
    )


def grouped(number: int) -> str:
    """Thousands apart by a narrow space."""
    return f"{number:,}".replace(",", "\u202f")
