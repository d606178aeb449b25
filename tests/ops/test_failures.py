from maskarad.db.failed_updates import MOST_ASIDE, FailedUpdate
from maskarad.ops.failures import Failures, state_of

NEWEST = FailedUpdate(bot_id=2, update_id=9, error="KeyError", attempts=5, first_at=0.0, last_at=60.0, requeued_at=None)


def test_it_is_told_when_no_more_can_be_put_aside() -> None:
    some = state_of(Failures(updates=MOST_ASIDE - 1, newest=NEWEST, errands=[]))
    assert some == f"updates put aside: {MOST_ASIDE - 1}, the newest 1970-01-01 00:01 UTC, KeyError"
    assert "stays with Telegram" in state_of(Failures(updates=MOST_ASIDE, newest=NEWEST, errands=[]))
