"""Which backups stay. Of those that the clock made: the newest of each of the last 7 days, 4 weeks and 6 months that
have any, by UTC. Of those that somebody asked for, and of those before migrations, the last ones."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime

from maskarad.backup.archive import Reason
from maskarad.backup.folder import Stamp
from maskarad.db.backups import AHEAD

DAYS, WEEKS, MONTHS = 7, 4, 6
LAST: Mapping[Reason, int] = {"manual": 10, "migration": 3}


def kept(stamps: Sequence[Stamp], *, now: float) -> dict[str, str]:
    """Of one platform's, the names of those that stay, each with the reason; the newest of all is among them. What a
    clock made that was ahead takes nobody's place."""
    reasons = {each.name: "made by a clock that was ahead" for each in stamps if each.made_at > now + AHEAD}
    in_time = [each for each in stamps if each.name not in reasons]
    newest_first = sorted(in_time, key=lambda each: (each.made_at, each.name), reverse=True)
    daily = [each for each in newest_first if each.reason == "daily"]
    for word, most, period in (("day", DAYS, _day), ("week", WEEKS, _week), ("month", MONTHS, _month)):
        for name, of in _newest_of_each(daily, period, most).items():
            reasons.setdefault(name, f"{word} {of}")
    for reason, most in LAST.items():
        for each in [each for each in newest_first if each.reason == reason][:most]:
            reasons.setdefault(each.name, f"one of the last {most} ({reason})")
    return reasons


def _newest_of_each(newest_first: Sequence[Stamp], period: Callable[[date], str], most: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in newest_first:
        of = period(datetime.fromtimestamp(each.made_at, UTC).date())
        if of not in found and len(found) < most:
            found[of] = each.name
    return {name: of for of, name in found.items()}


def _day(day: date) -> str:
    return day.isoformat()


def _week(day: date) -> str:
    return "{}-W{:02d}".format(*day.isocalendar()[:2])


def _month(day: date) -> str:
    return f"{day:%Y-%m}"
