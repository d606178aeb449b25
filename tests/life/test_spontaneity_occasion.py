"""When a persona may speak unasked."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskarad.db.stirring import Candidate
from maskarad.life.occasion import DAY, HOUR, MEAN_PAUSES, WEEK, Rules, day_of, next_pause, start_of_day, when
from maskarad.quiet import is_quiet
from maskarad.values import Chat, ChatType, GroupReply, Manners, PersonaDraft, Spontaneity

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC).timestamp()
"""A Wednesday afternoon."""

RULES = Rules()
MEAN = MEAN_PAUSES[Spontaneity.OFTEN]


def persona(**more: Any) -> PersonaDraft:
    return PersonaDraft(
        **({"name": "Mira", "description": "", "language": "en", "spontaneity": Spontaneity.OFTEN} | more)
    )


def candidate(**more: Any) -> Candidate:
    """Of a group in which somebody wrote three hours ago."""
    calm: dict[str, Any] = {
        "link_id": 1,
        "bot_id": 1,
        "chat": Chat(id=-5, type=ChatType.SUPERGROUP),
        "welcome": True,
        "busy": False,
        "stir_at": NOW - 1,
        "last_message_at": NOW - 3 * HOUR,
        "spoke_at": NOW - 3 * HOUR,
        "stirred_at": 0.0,
        "stirs": 0,
        "stirs_day": 0,
        "ignored": 0,
        "liking": 0.0,
        "liking_at": 0.0,
        "manners": Manners(),
    }
    return Candidate(**(calm | more))


def asked(
    found: Candidate, content: PersonaDraft | None = None, rules: Rules = RULES, now: float = NOW
) -> float | None:
    return when(found, content or persona(), rules, now=now, chance=lambda: 0.5)


def at(hour: int, minute: int = 0) -> float:
    return datetime(2026, 11, 18, hour, minute, tzinfo=UTC).timestamp()


def test_into_a_silence_at_once() -> None:
    assert asked(candidate()) == NOW


@pytest.mark.parametrize(
    ("found", "content"),
    [
        (candidate(), persona(spontaneity=Spontaneity.NEVER)),
        (candidate(welcome=False), persona()),
        (candidate(last_message_at=NOW - WEEK - 1), persona()),
        (candidate(), persona(group_reply=GroupReply.NEVER)),
    ],
    ids=["its owner wants none", "it is not welcome", "the chat is dead", "it never speaks in groups"],
)
def test_it_has_no_business_there(found: Candidate, content: PersonaDraft) -> None:
    assert asked(found, content) is None


def test_who_never_speaks_in_groups_may_in_private() -> None:
    alone = candidate(chat=Chat(id=5, type=ChatType.PRIVATE))
    assert asked(alone, persona(group_reply=GroupReply.NEVER)) == NOW


def test_none_a_day_is_never() -> None:
    assert asked(candidate(), rules=Rules(per_day=0)) is None


def test_not_while_something_is_to_be_done_there() -> None:
    assert asked(candidate(busy=True)) == NOW + 60


@pytest.mark.parametrize("spoken", [{"last_message_at": NOW - 44 * 60}, {"spoke_at": NOW - 44 * 60}])
def test_not_into_a_running_talk_nor_right_after_its_own_line(spoken: dict[str, float]) -> None:
    again = asked(candidate(**spoken))
    assert again is not None
    assert NOW + 60 <= again <= NOW + 46 * 60
    assert asked(candidate(**dict.fromkeys(spoken, NOW - 45 * 60))) == NOW


def test_no_more_often_a_day_than_is_allowed() -> None:
    today = day_of(Manners(), RULES, NOW)
    assert asked(candidate(stirs=2, stirs_day=today)) == NOW
    assert asked(candidate(stirs=3, stirs_day=today - 1)) == NOW
    tomorrow = asked(candidate(stirs=3, stirs_day=today), rules=Rules(quiet_from=0, quiet_until=0))
    assert tomorrow == at(0) + DAY + HOUR / 2
    # And then the night is to be slept through.
    assert asked(candidate(stirs=3, stirs_day=today)) == at(8, 30) + DAY


def test_the_day_is_the_chats() -> None:
    manners = Manners(time_zone="Asia/Tokyo", quiet_from=0, quiet_until=0)
    late = at(15, 30)
    assert day_of(manners, RULES, late) == day_of(Manners(), RULES, late) + 1
    used_up = candidate(
        manners=manners, stirs=3, stirs_day=day_of(manners, RULES, late), last_message_at=late - 3 * HOUR
    )
    # Midnight in Tokyo is 15:00 UTC; half an hour is the chance.
    assert asked(used_up, now=late) == at(15, 30) + DAY


def test_it_lets_people_sleep_by_the_clock_of_their_chat() -> None:
    night = at(2)
    assert asked(candidate(last_message_at=night - 3 * HOUR, spoke_at=0.0), now=night) == at(8, 30)
    in_tokyo = candidate(manners=Manners(time_zone="Asia/Tokyo"))
    assert asked(in_tokyo) == at(23, 30)
    own_hours = candidate(manners=Manners(quiet_from=14, quiet_until=16))
    assert asked(own_hours) == at(16, 30)


@pytest.mark.parametrize(("ignored", "pauses"), [(0, 0), (1, 0), (2, 2), (3, 4), (4, 8)])
def test_ignored_twice_its_pauses_double(ignored: int, pauses: int) -> None:
    """Seen from just before the end of the pause and from the end."""
    rules = Rules(quiet_from=0, quiet_until=0)
    stirred = {"ignored": ignored, "stirred_at": NOW, "spoke_at": NOW}
    ends = NOW + max(pauses * MEAN, HOUR)
    silent = candidate(**stirred, last_message_at=NOW - HOUR)
    assert asked(silent, rules=rules, now=ends) == ends
    if pauses:
        assert asked(silent, rules=rules, now=ends - 60) == ends
        assert asked(silent, rules=rules, now=ends - 2 * MEAN + 1) == ends - MEAN + 1


def test_ignored_as_often_as_can_be_it_still_tries_once_a_week() -> None:
    rules = Rules(quiet_from=0, quiet_until=0)
    silent = candidate(ignored=40, stirred_at=NOW - WEEK, spoke_at=NOW - WEEK)
    assert asked(silent, rules=rules) == NOW


def test_disliked_it_waits_longer() -> None:
    disliked = {"liking": -1.0, "liking_at": NOW, "spoke_at": NOW - MEAN}
    assert asked(candidate(**disliked)) == NOW + MEAN
    assert asked(candidate(**(disliked | {"spoke_at": NOW - 4 * MEAN}))) == NOW
    assert asked(candidate(**(disliked | {"liking": 1.0}))) == NOW
    long_ago = disliked | {"liking_at": NOW - 30 * DAY}
    assert asked(candidate(**(long_ago | {"spoke_at": NOW - HOUR}))) == NOW


@pytest.mark.parametrize(("rate", "mean"), MEAN_PAUSES.items())
def test_its_rate_sets_the_pauses(rate: Spontaneity, mean: float) -> None:
    pauses = [next_pause(rate, lambda share=share: share) for share in (0.0, 0.5, 1.0)]  # type: ignore[misc]
    assert pauses == [0.5 * mean, mean, 1.5 * mean]


def test_never_has_no_pause() -> None:
    assert next_pause(Spontaneity.NEVER, lambda: 0.5) is None


def test_midnights() -> None:
    assert start_of_day(NOW, UTC) == at(0)
    assert start_of_day(NOW, UTC, days=1) == at(0) + DAY


@given(
    now=st.floats(NOW, NOW + 400 * DAY),
    chance=st.floats(0.0, 1.0, exclude_max=True),
    since=st.floats(0.0, 2 * WEEK),
    spoke=st.floats(0.0, 2 * WEEK),
    ignored=st.integers(0, 2_000),
    stirs=st.integers(0, 5),
    days=st.integers(0, 1),
    liking=st.floats(-1.0, 1.0),
    busy=st.booleans(),
    zone=st.sampled_from([None, "Europe/Kyiv", "Pacific/Kiritimati", "America/St_Johns", "No/Where"]),
    hours=st.one_of(st.none(), st.tuples(st.integers(0, 23), st.integers(0, 23))),
)
def test_whatever_there_is_it_never_pushes_itself_forward(
    now: float,
    chance: float,
    since: float,
    spoke: float,
    ignored: int,
    stirs: int,
    days: int,
    liking: float,
    busy: bool,
    zone: str | None,
    hours: tuple[int, int] | None,
) -> None:
    begin, end = hours or (None, None)
    manners = Manners(time_zone=zone, quiet_from=begin, quiet_until=end)
    found = candidate(
        last_message_at=now - since,
        spoke_at=now - spoke,
        stirred_at=now - spoke,
        ignored=ignored,
        stirs=stirs,
        stirs_day=day_of(manners, RULES, now) - days,
        liking=liking,
        liking_at=now - spoke,
        busy=busy,
        manners=manners,
    )
    at = when(found, persona(), RULES, now=now, chance=lambda: chance)
    assert (at is None) == (since > WEEK)
    if at is None:
        return
    assert at >= now
    in_quiet = is_quiet(manners, at, default_zone="UTC", default_from=RULES.quiet_from, default_until=RULES.quiet_until)
    # A single hour a day that is not quiet may be skipped by the clocks; it is asked again then.
    assert not in_quiet or (hours is not None and (hours[0] - hours[1]) % 24 == 1 and at > now)
    if at == now:
        assert not busy
        assert min(since, spoke) >= RULES.min_pause - 1e-3
        assert days or stirs < RULES.per_day
