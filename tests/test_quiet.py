"""Quiet hours by the clock of a chat."""

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from maskarad.quiet import end_of_quiet, is_quiet
from maskarad.values import Manners

KYIV = ZoneInfo("Europe/Kyiv")
here_is_quiet = partial(is_quiet, default_zone="UTC", default_from=23, default_until=8)


def at(text: str, zone: ZoneInfo = KYIV) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def night(begin: int | None = 23, end: int | None = 8, zone: str | None = "Europe/Kyiv") -> Manners:
    return Manners(time_zone=zone, quiet_from=begin, quiet_until=end)


@pytest.mark.parametrize(
    ("clock", "quiet"), [("22:59", False), ("23:00", True), ("03:30", True), ("07:59", True), ("08:00", False)]
)
def test_the_night_goes_over_midnight(clock: str, quiet: bool) -> None:
    assert here_is_quiet(night(), at(f"2026-11-21 {clock}")) is quiet


@pytest.mark.parametrize(("clock", "quiet"), [("12:59", False), ("13:00", True), ("14:59", True), ("15:00", False)])
def test_a_rest_at_noon_does_not(clock: str, quiet: bool) -> None:
    assert here_is_quiet(night(13, 15), at(f"2026-11-21 {clock}")) is quiet


def test_what_a_chat_has_not_chosen_is_as_the_platform_has_it() -> None:
    midnight_utc = at("2026-11-21 00:00", ZoneInfo("UTC"))
    assert here_is_quiet(Manners(), midnight_utc)
    assert not here_is_quiet(Manners(time_zone="Asia/Tokyo"), midnight_utc)
    assert not here_is_quiet(night(0, 0), midnight_utc)
    assert not is_quiet(Manners(), midnight_utc, default_zone="UTC", default_from=0, default_until=0)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../../etc/passwd", "Europe", ""])
def test_a_zone_that_does_not_exist_is_the_default_one(zone: str) -> None:
    midnight_utc = at("2026-11-21 00:00", ZoneInfo("UTC"))
    assert here_is_quiet(Manners(time_zone=zone), midnight_utc)
    assert is_quiet(Manners(), midnight_utc, default_zone=zone, default_from=0, default_until=1)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-21 23:30", "2026-11-22 08:00"),
        ("2026-11-22 03:00", "2026-11-22 08:00"),
        ("2026-12-31 23:00", "2027-01-01 08:00"),
        ("2026-10-24 23:00", "2026-10-25 08:00"),
        ("2026-11-21 12:00", "2026-11-21 12:00"),
    ],
    ids=["before midnight", "after midnight", "new year", "clocks are put back", "by day"],
)
def test_when_the_quiet_ends(now: str, end: str) -> None:
    assert end_of_quiet(night(), at(now), default_zone="UTC", default_from=23, default_until=8) == at(end)
