"""Of which alerts operators are to be told, and when: together what belongs together, and never in a storm."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from maskarad.db.alerts import Alert
from maskarad.ops.conditions import CONDITIONS
from maskarad.values import Value

AGAIN_AFTER = 600.0
"""Seconds between two messages of the same alert: who else it concerns, or for whom it is over while others still have
it."""

YOUNG = 1 / 3
"""Share of the time for which a condition has to hold: whatever has it for as long is told of with the oldest."""

MOST_ALERTS = 8
"""In one message, which Telegram takes up to 4,096 characters."""


class Telling(Value, frozen=True):
    """What one message tells: what began, what is over that was told before, and what came and went while nothing could
    be told."""

    began: tuple[Alert, ...] = ()
    over: tuple[Alert, ...] = ()
    passed: tuple[Alert, ...] = ()

    @property
    def all(self) -> Sequence[Alert]:
        return (*self.began, *self.over, *self.passed)

    def only(self, keep: Callable[[Alert], bool]) -> "Telling":
        began, over, passed = (tuple(filter(keep, each)) for each in (self.began, self.over, self.passed))
        return Telling(began=began, over=over, passed=passed)


def to_tell(alerts: Iterable[Alert], now: float) -> Telling:
    """Of alerts that this version knows, by name."""
    known = sorted((each for each in alerts if each.name in CONDITIONS), key=attrgetter("name"))
    telling = [_of_one(list(each), now) for _, each in groupby(known, key=attrgetter("name"))]
    telling = [each for each in telling if each.all][:MOST_ALERTS]
    return Telling(
        began=tuple(alert for each in telling for alert in each.began),
        over=tuple(alert for each in telling for alert in each.over),
        passed=tuple(alert for each in telling for alert in each.passed),
    )


def _of_one(alerts: Sequence[Alert], now: float) -> Telling:
    known = [each for each in alerts if each.told_at is not None]
    still = [each for each in known if each.over_at is None]
    over = [each for each in known if each.over_at is not None]
    new = [each for each in alerts if each.told_at is None and each.over_at is None]
    is_settled = all(each.told_at is None or each.told_at + AGAIN_AFTER <= now for each in known)
    is_over = not still or any(each.over_at is not None and each.over_at + AGAIN_AFTER <= now for each in over)
    return Telling(
        began=tuple(_begun(new)) if is_settled else (),
        over=tuple(over) if is_over else (),
        passed=tuple(each for each in alerts if each.told_at is None and each.over_at is not None),
    )


def _begun(new: Sequence[Alert]) -> Iterable[Alert]:
    if not any(has_held(each) for each in new):
        return ()
    return (each for each in new if has_held(each, YOUNG))


def is_open(alert: Alert) -> bool:
    """It is so, whether or not there has been a way to tell operators."""
    if alert.over_at is not None:
        return False
    return alert.told_at is not None or (alert.name in CONDITIONS and has_held(alert))


def has_held(alert: Alert, share: float = 1.0) -> bool:
    """Long enough to be told of."""
    return alert.held >= share * CONDITIONS[alert.name].holds
