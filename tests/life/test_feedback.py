import pytest

from maskarad.db.reactions import Reacted
from maskarad.life.feedback import (
    COUNTED_FOR,
    DISLIKED,
    LIKED,
    LIKING_HALF_LIFE,
    VALUE_OF,
    liking_of,
    present_liking,
    value_of,
)
from maskarad.reactions import LEGAL_REACTIONS

NOW = 1_800_000_000.0


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


def put(*values: float, by: int | None = None, at: float = NOW) -> list[Reacted]:
    """By a person each, or all of them by one."""
    return [Reacted(user_id=by or number, value=value, at=at) for number, value in enumerate(values, start=1)]


def liking(reacted: list[Reacted], now: float = NOW, *, one_alone: bool = False) -> float:
    return liking_of(reacted, now, one_alone=one_alone)


def test_liking_is_bounded_however_many_react() -> None:
    assert -1.0 < liking(put(*[-1.0] * 500)) < -0.95
    assert 0.95 < liking(put(*[1.0] * 500)) < 1.0
    assert liking([]) == 0.0


@pytest.mark.parametrize(("a_day", "most"), [(4, 0.3), (40, 0.55)])
def test_being_liked_has_to_be_earned(a_day: int, most: float) -> None:
    def over_days(values: list[float]) -> float:
        step = 86_400.0 / a_day
        return liking([Reacted(user_id=n, value=value, at=NOW - n * step) for n, value in enumerate(values)])

    assert 0.1 < over_days([1.0, 1.0, -0.75, 1.0] * 100) < most
    assert over_days([1.0] * 400) > 0.15


def test_a_single_dislike_is_felt_and_a_single_like_is_not_yet() -> None:
    assert liking(put(-1.0)) <= DISLIKED
    assert 0 < liking(put(1.0)) < LIKED
    assert liking(put(1.0, 1.0)) >= LIKED
    assert liking(put(-1.0, 1.0)) < 0


def test_one_person_does_not_decide_for_a_group() -> None:
    grumbler = put(*[-1.0] * 50, by=1)
    assert liking(grumbler) == liking(put(-1.0))
    assert liking([*grumbler, *put(0.0, 1.0, 1.0)]) == pytest.approx(0.0)
    assert liking(put(*[1.0] * 50, by=1)) == liking(put(1.0))


def test_who_is_alone_with_it_decides() -> None:
    assert liking(put(*[-1.0] * 50, by=1), one_alone=True) < -0.9
    assert liking(put(1.0, 1.0, by=1), one_alone=True) >= LIKED


def test_what_is_taken_back_never_counted_and_the_others_still_do() -> None:
    many = put(*[-1.0] * 12)
    assert liking(many[2:]) == liking(put(*[-1.0] * 10)) < -0.7


def test_old_reactions_count_less() -> None:
    old = put(-1.0, at=NOW - LIKING_HALF_LIFE)
    assert liking(put(-1.0)) < liking(old) < 0
    assert liking(old) == pytest.approx(liking(put(-0.5)))
    assert abs(liking(put(-1.0, at=NOW - COUNTED_FOR))) < 0.01
