"""What is remembered for a while only."""

import gc
from weakref import ref

from maskarad.recent import Recent
from tests.support.clock import FakeClock


class Thing:
    """Something that can be seen to be gone."""


def test_what_was_put_is_known_for_so_many_seconds(clock: FakeClock) -> None:
    recent: Recent[str, int] = Recent(seconds=10, most=100, clock=clock)
    recent.put("tea", 1)
    clock.advance(9)
    assert (recent.get("tea"), "tea" in recent) == (1, True)
    clock.advance(1)
    assert (recent.get("tea"), "tea" in recent) == (None, False)


def test_what_is_put_again_is_known_for_as_long_again(clock: FakeClock) -> None:
    recent: Recent[str, int] = Recent(seconds=10, most=100, clock=clock)
    recent.put("tea", 1)
    clock.advance(9)
    recent.put("tea", 2)
    clock.advance(9)
    assert recent.get("tea") == 2


def test_nothing_is_kept_of_those_who_have_long_been_silent(clock: FakeClock) -> None:
    recent: Recent[int, Thing] = Recent(seconds=10, most=1_000, clock=clock)
    things = [Thing() for _ in range(100)]
    for number, thing in enumerate(things):
        recent.put(number, thing)
    kept = [ref(thing) for thing in things]
    del things, thing
    clock.advance(10)
    recent.put(1_000, Thing())
    gc.collect()
    assert [each() for each in kept] == 100 * [None]


def test_of_too_many_those_go_that_were_put_first(clock: FakeClock) -> None:
    recent: Recent[int, int] = Recent(seconds=10, most=3, clock=clock)
    for number in range(5):
        recent.put(number, number)
    assert [number for number in range(5) if number in recent] == [2, 3, 4]
