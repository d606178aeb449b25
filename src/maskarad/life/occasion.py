"""When a persona may speak unasked in a chat: from what the link knows and the persona's rate. Times are seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from maskarad.db.stirring import Candidate
from maskarad.life.feedback import DISLIKED, present_liking
from maskarad.quiet import end_of_quiet, zone_of
from maskarad.values import ChatType, GroupReply, Manners, PersonaDraft, Spontaneity, Value

HOUR, DAY, WEEK = 3600.0, 86_400.0, 7 * 86_400.0

MEAN_PAUSES = {Spontaneity.RARELY: DAY, Spontaneity.SOMETIMES: 8 * HOUR, Spontaneity.OFTEN: 3 * HOUR}
"""Between two lines unasked in one chat where nobody sleeps; a persona whose rate is not here never speaks so."""

IGNORED_OFTEN = 2
"""After so many lines unasked in a row to which nobody said anything, the pauses double each time."""

DISLIKE_LENGTHENS = 3.0
"""A persona whose lines are as disliked as can be waits so many pauses more."""

BUSY_PAUSE = 60.0


class Rules(Value, frozen=True):
    """What the platform's operator has set; zone and quiet hours are for chats that have chosen none."""

    min_pause: float = 45 * 60.0
    per_day: int = 3
    zone: str = "UTC"
    quiet_from: int = 23
    quiet_until: int = 8


def next_pause(rate: Spontaneity, chance: Callable[[], float]) -> float | None:
    """Until a persona next thinks of speaking in a chat; None: it never does."""
    mean = MEAN_PAUSES.get(rate)
    return None if mean is None else mean * (0.5 + chance())


def when(
    candidate: Candidate, content: PersonaDraft, rules: Rules, *, now: float, chance: Callable[[], float]
) -> float | None:
    """When the persona may speak there: `now` itself means at once, a later time that it is to be asked again then,
    None that it has no business there for the present. `chance` gives numbers from 0 to 1."""
    mean = MEAN_PAUSES.get(content.spontaneity)
    if mean is None or not rules.per_day or not _has_business(candidate, content, now):
        return None
    at = max(
        now,
        now + BUSY_PAUSE if candidate.busy else now,
        _rested(candidate, rules, now, chance),
        _missed(candidate, mean, now),
        _within_the_day(candidate, rules, now, chance),
    )
    ends = end_of_quiet(
        candidate.manners,
        at,
        default_zone=rules.zone,
        default_from=rules.quiet_from,
        default_until=rules.quiet_until,
    )
    return at if ends == at else ends + HOUR * chance()


def day_of(manners: Manners, rules: Rules, now: float) -> int:
    """The number of the day that it is in a chat."""
    return datetime.fromtimestamp(now, zone_of(manners, rules.zone)).toordinal()


def start_of_day(now: float, zone: tzinfo, *, days: int = 0) -> float:
    """The midnight before `now`, or that so many days later."""
    here = datetime.fromtimestamp(now, zone) + timedelta(days=days)
    return datetime(here.year, here.month, here.day, tzinfo=here.tzinfo).timestamp()


def _has_business(candidate: Candidate, content: PersonaDraft, now: float) -> bool:
    in_group = candidate.chat.type is not ChatType.PRIVATE
    if not candidate.welcome or (in_group and content.group_reply is GroupReply.NEVER):
        return False
    return now - candidate.last_message_at <= WEEK


def _rested(candidate: Candidate, rules: Rules, now: float, chance: Callable[[], float]) -> float:
    """Not into a running talk, nor right after a word of its own."""
    rested = max(candidate.last_message_at, candidate.spoke_at) + rules.min_pause
    return rested if rested <= now else rested + rules.min_pause * chance()


def _missed(candidate: Candidate, mean: float, now: float) -> float:
    """Not where nobody takes it up, or where it is disliked. It looks again after one pause, for people may come back
    any time."""
    doubled = 2.0 ** min(max(candidate.ignored - IGNORED_OFTEN + 1, 0), 10)
    liking = present_liking(candidate.liking, candidate.liking_at, now)
    if candidate.ignored < IGNORED_OFTEN and liking > DISLIKED:
        return now
    disliked = 1.0 - DISLIKE_LENGTHENS * liking if liking <= DISLIKED else 1.0
    spoke_at = max(candidate.stirred_at, candidate.spoke_at)
    return min(spoke_at + min(mean * doubled * disliked, WEEK), now + mean)


def _within_the_day(candidate: Candidate, rules: Rules, now: float, chance: Callable[[], float]) -> float:
    if candidate.stirs < rules.per_day or candidate.stirs_day != day_of(candidate.manners, rules, now):
        return now
    return start_of_day(now, zone_of(candidate.manners, rules.zone), days=1) + HOUR * chance()
