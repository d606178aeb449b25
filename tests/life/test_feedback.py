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


def test_a_reaction_taken_back_counts_no_more_now_or_later() -> None:
    liked = changed_liking(0.1, NOW, NOTHING, 1.0, NOW)
    assert changed_liking(liked, NOW, Feedback(value=1.0, at=NOW), 0.0, NOW) == pytest.approx(0.1)
    later = NOW + LIKING_HALF_LIFE
    assert changed_liking(liked, NOW, Feedback(value=1.0, at=NOW), 0.0, later) == pytest.approx(0.05)


def test_a_changed_mind_counts_from_one_end_to_the_other() -> None:
    liked = changed_liking(0.0, NOW, NOTHING, 1.0, NOW)
    disliked = changed_liking(liked, NOW, Feedback(value=1.0, at=NOW), -1.0, NOW)
    assert disliked == pytest.approx(-liked)
