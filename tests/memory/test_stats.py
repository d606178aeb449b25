"""Learning at once or bit by bit comes to the same."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskarad.memory.analysis import Analysis, Emotion
from maskarad.memory.stats import (
    MOST_DAY_TOPICS,
    MOST_EMOJI,
    MOST_TOPICS,
    Acquaintance,
    DayOfChat,
    Learned,
    Tally,
    day_of,
    merged,
)
from maskarad.values import Value


class Line(Value, frozen=True):
    user_id: int
    at: float
    text: str
    valence: int | None
    """In quarters, so that sums are exact; None: not analysed."""


def analysis(valence: float, *topics: str, emotion: Emotion = Emotion.JOY) -> Analysis:
    return Analysis(
        emotion=emotion,
        confidence=1.0,
        valence=valence,
        topics=topics,
        keywords=(),
        language="uk",
        question=False,
        spam=0.0,
    )


def learned(lines: list[Line]) -> Learned:
    tally = Tally()
    for line in lines:
        found = None if line.valence is None else analysis(line.valence / 4, "music")
        tally.add(line.user_id, f"name at {line.at}", line.text, line.at, analysis=found, to_persona=True)
    return tally.learned()


LINES = st.lists(
    st.builds(
        Line,
        user_id=st.integers(1, 3),
        at=st.integers(0, 10 * 86_400).map(float),
        text=st.sampled_from(["hello", "🙂🙂", "так 🔥"]),
        valence=st.none() | st.integers(-4, 4),
    ),
    max_size=30,
)


@given(LINES, LINES)
def test_two_halves_make_the_whole(one: list[Line], other: list[Line]) -> None:
    halves, whole = merged(learned(one), learned(other)), learned([*one, *other])
    assert halves.days == whole.days
    assert halves.people.keys() == whole.people.keys()
    for user_id, person in whole.people.items():
        half = halves.people[user_id]
        assert half.treatment == pytest.approx(person.treatment)
        assert unnamed(half) == unnamed(person)


def unnamed(person: Acquaintance) -> Acquaintance:
    """Without the running mean, which is rounded, and without the name: who knows which of two was the later."""
    return msgspec.structs.replace(person, name="", treatment=0.0, treatment_kept=0.0)


def test_a_day_counts_the_personas_lines_too_but_feels_only_peoples() -> None:
    tally = Tally()
    tally.add_own(86_400.0 + 3_600.0)
    tally.add(1, "Боб", "як смачно", 86_400.0 + 7_200.0, analysis=analysis(0.5, "food"), weight=2.0)
    [(number, day)] = tally.learned().days.items()
    assert number == day_of(86_400.0) == 1
    assert (day.hours[1], day.hours[2], day.lines, day.own) == (1, 1, 2, 1)
    assert (day.analysed, day.valence, day.emotions, day.topics) == (2.0, 1.0, {"joy": 2.0}, {"food": 2.0})
    assert [person.name for person in tally.learned().people.values()] == ["Боб"]


def test_treatment_is_what_was_said_to_the_persona_of_late() -> None:
    tally = Tally()
    for _ in range(50):
        tally.add(1, "Боб", "дурень", 0.0, analysis=analysis(-1.0), to_persona=True)
    rude = tally.learned().people[1].treatment
    for _ in range(50):
        tally.add(1, "Боб", "дякую", 1.0, analysis=analysis(1.0), to_persona=True)
        tally.add(1, "Боб", "усі дурні", 1.0, analysis=analysis(-1.0))
    kind = tally.learned().people[1].treatment
    assert -1.0 <= rude < -0.9
    assert 0.9 < kind <= 1.0


def test_a_name_is_the_newest_lines_even_when_older_ones_are_learned_later() -> None:
    now, before = Tally(), Tally()
    now.add(1, "Bob", "hi", 1_000.0)
    before.add(1, "Bobby", "hi", 10.0)
    person = merged(now.learned(), before.learned()).people[1]
    assert (person.name, person.first_at, person.last_at, person.messages) == ("Bob", 10.0, 1_000.0, 2)


def test_rows_stay_small_and_keep_what_is_frequent() -> None:
    tally = Tally()
    for number in range(100):
        for _ in range(number):
            tally.add(1, "Bob", chr(0x1F600 + number % 60), 0.0, analysis=analysis(0.0, f"topic {number}"))
    day, person = tally.learned().days[0], tally.learned().people[1]
    assert len(day.topics) == MOST_DAY_TOPICS
    assert (len(person.pattern.topics), len(person.pattern.emoji)) == (MOST_TOPICS, MOST_EMOJI)
    assert min(day.topics.values()) == 100 - MOST_DAY_TOPICS
    assert len(msgspec.json.encode(day)) < 1_000
    assert len(msgspec.json.encode(person.pattern)) < 1_000


def test_a_stored_day_is_read_as_it_was_written() -> None:
    day = DayOfChat(own=3, emotions={"joy": 1.5})
    assert msgspec.json.decode(msgspec.json.encode(day), type=DayOfChat) == day
