"""Quiet hours: when a persona does not push itself forward, by the clock of the chat."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from maskarad.values import Manners

HOURS = range(24)


def is_quiet(manners: Manners, now: float, *, default_zone: str, default_from: int, default_until: int) -> bool:
    """Whether it is within the quiet hours that were chosen in the chat, else within the default ones. Hours that begin
    when they end are none. A time zone that is not known counts as the default one, and that as UTC."""
    begin, end = _hours(manners, default_from, default_until)
    if begin == end:
        return False
    hour = datetime.fromtimestamp(now, zone_of(manners, default_zone)).hour
    return begin <= hour < end if begin < end else hour >= begin or hour < end


def end_of_quiet(manners: Manners, now: float, *, default_zone: str, default_from: int, default_until: int) -> float:
    """When the quiet hours end that `now` lies in, Unix seconds; `now` itself where it lies in none."""
    if not is_quiet(manners, now, default_zone=default_zone, default_from=default_from, default_until=default_until):
        return now
    _, end = _hours(manners, default_from, default_until)
    here = datetime.fromtimestamp(now, zone_of(manners, default_zone))
    day = here + timedelta(days=1) if here.hour >= end else here
    # Made anew, so that the night in which clocks are changed is as long as it is.
    ends = datetime(day.year, day.month, day.day, end, tzinfo=here.tzinfo)
    return ends.timestamp()


def zone_of(manners: Manners, default_zone: str) -> tzinfo:
    """The time zone that was chosen in a chat, else the default one, else UTC."""
    chosen = _zone(manners.time_zone) if manners.time_zone else None
    return chosen or _zone(default_zone) or UTC


def _hours(manners: Manners, default_from: int, default_until: int) -> tuple[int, int]:
    if manners.quiet_from is None or manners.quiet_until is None:
        return default_from, default_until
    return manners.quiet_from, manners.quiet_until


@lru_cache(maxsize=1_000)
def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
