from zoneinfo import ZoneInfo

import pytest

from maskarad.analytics.figures import Peak, activity, glance, grouped, mood_over_time, shape, together, zone_of
from maskarad.analytics.order import Bar
from maskarad.memory.stats import DayOfChat
from tests.analytics.days import TODAY, days, encode, order

KYIV = ZoneInfo("Europe/Kyiv")
FRIDAY = 20_777


def one_line(hour: int) -> DayOfChat:
    return DayOfChat(hours=tuple(int(each == hour) for each in range(24)))


def felt(valence: float, **emotions: float) -> DayOfChat:
    return DayOfChat(hours=one_line(9).hours, analysed=1.0, valence=valence, emotions=emotions)


def test_hours_are_those_of_the_chats_own_clock() -> None:
    table = activity({FRIDAY: one_line(23)}, KYIV)
    assert [(day, hour) for day, row in enumerate(table) for hour, lines in enumerate(row) if lines] == [(5, 1)]


def test_the_clock_changes_with_summer() -> None:
    winter, summer = FRIDAY, FRIDAY - 140
    hours = {hour for row in (activity({day: one_line(12)}, KYIV) for day in (winter, summer)) for hour in used(row)}
    assert hours == {14, 15}


def used(table: tuple[tuple[int, ...], ...]) -> set[int]:
    return {hour for row in table for hour, lines in enumerate(row) if lines}


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "\0", "A" * 5_000])
def test_a_clock_that_nobody_knows_is_utc(name: str) -> None:
    assert activity({FRIDAY: one_line(7)}, zone_of(name))[4][7] == 1


def test_nothing_makes_empty_figures() -> None:
    figures = shape(order())
    assert (figures.peak, figures.mood, figures.topics, figures.bars) == (None, (), (), ())


def test_one_line_makes_one_point() -> None:
    figures = shape(order(((TODAY, encode(felt(0.5, joy=1.0)).decode()),)))
    assert figures.peak == Peak(weekday=5, hour=11)
    assert [(point.day, point.valence, point.emotions) for point in figures.mood] == [(TODAY, 0.5, {"joy": 1.0})]


def test_a_short_time_is_shown_by_day_and_a_long_one_by_week() -> None:
    for length, step, points in ((1, 1, 1), (60, 1, 60), (61, 7, 9), (365, 7, 53), (5 * 365, 7, 53)):
        known = {TODAY - back: felt(0.1) for back in range(length)}
        mood, shown = mood_over_time(known, TODAY)
        assert (shown, len(mood)) == (step, points)
        assert mood[-1].day + step - 1 == TODAY


def test_the_mood_is_smooth_and_has_gaps_where_nobody_spoke() -> None:
    mood, _ = mood_over_time({TODAY - 20: felt(0.6), TODAY: felt(-0.6)}, TODAY)
    valences = [point.valence for point in mood]
    assert valences[:3] == pytest.approx([0.6] * 3)
    assert valences[3:18] == [None] * 15
    assert valences[18:] == pytest.approx([-0.6] * 3)


def test_emotions_are_shares_without_what_is_neutral() -> None:
    [point], _ = mood_over_time({TODAY: felt(0.0, neutral=8.0, joy=3.0, anger=1.0)}, TODAY)
    assert point.emotions == {"joy": 0.75, "anger": 0.25}


def test_the_same_day_of_several_chats_is_one_day() -> None:
    written = encode(felt(0.5, joy=1.0)).decode()
    [(number, day)] = together([(TODAY, written), (TODAY, written)]).items()
    assert (number, day.lines, day.valence) == (TODAY, 2, 1.0)


def test_only_the_longest_bars_are_shown() -> None:
    figures = shape(order(days(TODAY - 9, TODAY), tuple(Bar(label=str(n), value=99 - n) for n in range(20))))
    assert [bar.value for bar in figures.bars] == list(range(99, 92, -1))
    assert len(figures.topics) == 7


def test_the_mood_at_a_glance_is_that_of_late() -> None:
    known = {TODAY - 40: felt(-1.0), TODAY - 3: felt(0.4), TODAY: felt(0.2)}
    assert glance(known, KYIV, TODAY).valence == pytest.approx(0.3)
    assert glance({TODAY - 40: felt(-1.0)}, KYIV, TODAY).valence is None


def test_thousands_stand_apart() -> None:
    assert [grouped(number) for number in (0, 999, 1_000, 1_234_567)] == [
        "0",
        "999",
        "1\u202f000",
        "1\u202f234\u202f567",
    ]
