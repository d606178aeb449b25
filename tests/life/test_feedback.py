import pytest

from maskarad.life.feedback import (
    LIKING_HALF_LIFE,
    VALUE_OF,
    Feedback,
    changed_liking,
    present_liking,
    value_of,
)
from maskarad.reactions import LEGAL_REACTIONS

NOW = 1_800_000_000.0
NOTHING = Feedback()


def test_every_legal_reaction_has_a_value_and_nothing_else_has() -> None:
    assert VALUE_OF.keys() == LEGAL_REACTIONS
    assert all(-1 <= value <= 1 for value in VALUE_OF.values())


@pytest.mark.parametrize(
    ("emoji", "sign"),
    [
        (("👍",), 1),
        (("❤\ufe0f",), 1),
        (("❤\u200d🔥",), 1),
        (("👎",), -1),
        (("💩", "🤮"), -1),
        (("👍", "👎"), 0),
        (("😢",), 0),
        (("🧿",), 0),
        ((), 0),
    ],
)
def test_what_a_reaction_is_worth(emoji: tuple[str, ...], sign: int) -> None:
    value = value_of(emoji)
    assert (value > 0) - (value < 0) == sign


def test_liking_fades_within_days() -> None:
    assert present_liking(0.8, NOW, NOW) == pytest.approx(0.8)
    assert present_liking(-0.8, NOW, NOW + LIKING_HALF_LIFE) == pytest.approx(-0.4)
    assert abs(present_liking(0.8, NOW, NOW + 10 * LIKING_HALF_LIFE)) < 0.001


def test_liking_is_bounded_however_many_react() -> None:
    liking = 0.0
    for _ in range(50):
        liking = changed_liking(liking, NOW, NOTHING, -1.0, NOW)
    assert liking == -1.0


def liking_after_days(values: list[float], *, a_day: int) -> float:
    liking, step = 0.0, 86_400.0 / a_day
    for number, value in enumerate(values):
        liking = changed_liking(liking, NOW + number * step, NOTHING, value, NOW + (number + 1) * step)
    return liking


@pytest.mark.parametrize(("a_day", "most"), [(4, 0.3), (40, 0.55)])
def test_being_liked_has_to_be_earned(a_day: int, most: float) -> None:
    three_of_four = [1.0, 1.0, -0.75, 1.0] * 100
    assert 0.1 < liking_after_days(three_of_four, a_day=a_day) < most
    assert liking_after_days([1.0] * 400, a_day=40) > 0.8


def test_a_dislike_weighs_more_than_a_like_and_as_much_when_the_persona_is_liked() -> None:
    liked, disliked = (changed_liking(0.0, NOW, NOTHING, value, NOW) for value in (1.0, -1.0))
    assert -disliked == pytest.approx(2 * liked)
    assert changed_liking(0.8, NOW, NOTHING, -1.0, NOW) == pytest.approx(0.8 + disliked)
    assert changed_liking(-0.8, NOW, NOTHING, -1.0, NOW) == -1.0


@pytest.mark.parametrize("value", [1.0, 0.5, -0.5, -1.0])
@pytest.mark.parametrize("liking", [-0.5, 0.1, 0.6])
def test_a_reaction_taken_back_counts_no_more_now_or_later(liking: float, value: float) -> None:
    after = changed_liking(liking, NOW, NOTHING, value, NOW)
    assert changed_liking(after, NOW, Feedback(value=value, at=NOW), 0.0, NOW) == pytest.approx(liking)
    later = NOW + LIKING_HALF_LIFE
    taken_back = changed_liking(after, NOW, Feedback(value=value, at=NOW), 0.0, later)
    assert taken_back == pytest.approx(liking / 2, abs=0.03)


def test_a_changed_mind_counts_as_if_it_had_been_so_from_the_start() -> None:
    liked = changed_liking(0.0, NOW, NOTHING, 1.0, NOW)
    disliked = changed_liking(liked, NOW, Feedback(value=1.0, at=NOW), -1.0, NOW)
    assert disliked == pytest.approx(changed_liking(0.0, NOW, NOTHING, -1.0, NOW))
