"""Which backups stay."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from maskarad.backup.archive import Reason
from maskarad.backup.folder import Stamp, name_of, stamp_of, stamps
from maskarad.backup.retention import DAYS, LAST, MONTHS, WEEKS, kept

REASONS: Sequence[Reason] = ("daily", "manual", "migration")
BEGAN = 1_700_000_000.0
DAY = 86_400.0
NOW = BEGAN + 500 * DAY
PLATFORM = "0123abcd"

moments = st.integers(0, 500 * 24 * 3_600_000).map(lambda thousandths: BEGAN + thousandths / 1_000)
histories = st.lists(st.tuples(moments, st.sampled_from(REASONS)), max_size=120, unique_by=lambda each: each[0])


def backup(made_at: float, reason: Reason = "daily") -> Stamp:
    stamp = stamp_of(name_of(made_at, PLATFORM, "sqlite", reason))
    assert stamp is not None
    return stamp


def newest_first(history: Sequence[tuple[float, Reason]]) -> list[Stamp]:
    return sorted((backup(*each) for each in history), key=lambda each: (each.made_at, each.name), reverse=True)


PERIODS: Sequence[tuple[int, Callable[[date], object]]] = (
    (DAYS, lambda day: day),
    (WEEKS, lambda day: day.isocalendar()[:2]),
    (MONTHS, lambda day: (day.year, day.month)),
)


@given(histories)
def test_the_newest_stays_and_no_more_than_is_allowed(history: list[tuple[float, Reason]]) -> None:
    there = newest_first(history)
    stay = kept(there, now=NOW)
    assert stay.keys() <= {each.name for each in there}
    for reason in REASONS:
        of_reason = [each for each in there if each.reason == reason]
        if of_reason:
            assert of_reason[0].name in stay
    count = Counter(each.reason for each in there if each.name in stay)
    assert count["daily"] <= DAYS + WEEKS + MONTHS
    assert all(count[reason] <= most for reason, most in LAST.items())


@given(histories)
def test_each_that_stays_is_the_newest_of_a_period(history: list[tuple[float, Reason]]) -> None:
    there = newest_first(history)
    daily = [each for each in there if each.reason == "daily"]
    justified = {each.name for reason, most in LAST.items() for each in [x for x in there if x.reason == reason][:most]}
    for most, period in PERIODS:
        newest: dict[object, str] = {}
        for each in daily:
            newest.setdefault(period(datetime.fromtimestamp(each.made_at, UTC).date()), each.name)
        justified |= set(list(newest.values())[:most])
    assert kept(there, now=NOW).keys() == justified


@given(histories)
def test_what_was_pruned_once_stays_pruned_alike(history: list[tuple[float, Reason]]) -> None:
    there = newest_first(history)
    stay = kept(there, now=NOW)
    assert kept([each for each in there if each.name in stay], now=NOW).keys() == stay.keys()


def test_a_year_of_days() -> None:
    there = [backup(BEGAN + day * DAY) for day in range(365)]
    stay = kept(there, now=NOW)
    ages = sorted((there[-1].made_at - each.made_at) // DAY for each in there if each.name in stay)
    assert ages[:7] == [0, 1, 2, 3, 4, 5, 6]
    assert len(ages) == 14
    assert max(ages) > 120


def test_those_of_a_clock_that_was_ahead_take_nobodys_place() -> None:
    ahead = [backup(NOW + number * DAY) for number in range(1, 300)]
    there = [backup(NOW - number * DAY) for number in range(100)]
    assert kept([*ahead, *there], now=NOW).keys() == kept(there, now=NOW).keys() | {each.name for each in ahead}


@given(moments, st.sampled_from(REASONS))
def test_a_name_tells_the_time(made_at: float, reason: Reason) -> None:
    stamp = backup(made_at, reason)
    assert abs(stamp.made_at - made_at) < 0.001
    assert (stamp.platform, stamp.database, stamp.reason) == (PLATFORM, "sqlite", reason)


def test_other_files_are_nobodys_backups(tmp_path: Path) -> None:
    wrong = f"maskarad-20261399T000000000Z-{PLATFORM}-sqlite-daily.backup"
    names = ("notes.txt", wrong, "x" + name_of(BEGAN, PLATFORM, "sqlite", "daily"))
    for name in names:
        (tmp_path / name).touch()
    assert stamps(tmp_path) == []
    assert stamps(tmp_path / "nowhere") == []
