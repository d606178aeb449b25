"""Who asks too fast."""

from itertools import count

from maskarad.intake.flood import Floods, held_back
from maskarad.values import Chat, ChatType, Decision, Incoming, PartDraft, PartKind, Sender, Verdict
from tests.support.remarks import known, said
from tests.support.rows import NOW

REMARK = PartDraft(kind=PartKind.TEXT, text="slower!")
CALLED = Decision(verdict=Verdict.ANSWER, reason="named", features={"called": 1.0})

numbers = count(1)


def asked(person: int = 5, *, at: float = 0.0, bot_id: int = 1, chat_id: int = -1) -> Incoming:
    """A message of its own, `at` seconds from now."""
    return said(
        "Устиме?",
        bot_id=bot_id,
        chat=Chat(id=chat_id, type=ChatType.GROUP),
        sender=Sender(id=person, name="Bob"),
        message_id=next(numbers),
        sent_at=NOW + at,
    )


def test_one_too_many_in_half_a_minute_is_too_fast_until_the_rate_falls() -> None:
    floods = Floods(most=8, seconds=30.0)
    assert [floods.asks(asked(at=second)) for second in range(10)] == 8 * [False] + 2 * [True]
    assert floods.asks(asked(at=20))
    assert not floods.asks(asked(at=60))


def test_the_same_message_once_more_is_not_counted_again_however_many_came_meanwhile() -> None:
    floods = Floods(most=2, seconds=30.0)
    messages = [asked(at=0.1 * number) for number in range(40)]
    first = [floods.asks(message) for message in messages]
    assert first == [False, False] + 38 * [True]
    assert [floods.asks(message) for message in messages] == first
    assert not floods.asks(asked(at=60))


def test_what_others_ask_does_not_hold_up_what_is_counted_alone() -> None:
    floods = Floods(most=2, seconds=30.0)
    for person in range(6, 12):
        floods.asks(asked(person))
    assert floods.asks(asked(12))
    assert not floods.asks(asked(13), alone=True)
    assert [floods.asks(asked(13), alone=True) for _ in range(2)] == [False, True]


def test_people_chats_and_bots_are_counted_apart() -> None:
    floods = Floods(most=2, seconds=30.0)
    for _ in range(2):
        assert not floods.asks(asked(5))
    assert floods.asks(asked(5))
    assert not floods.asks(asked(6))
    assert not floods.asks(asked(5, chat_id=-2))
    assert not floods.asks(asked(5, bot_id=2))


def test_a_chat_may_ask_three_times_as_much_and_one_who_floods_does_not_use_it_up() -> None:
    floods = Floods(most=2, seconds=30.0)
    for _ in range(50):
        floods.asks(asked(5))
    others = [floods.asks(asked(person)) for person in range(6, 12)]
    assert others == 4 * [False] + 2 * [True]


def test_they_are_told_once_in_ten_minutes_and_only_where_there_would_be_an_answer() -> None:
    first = held_back(CALLED, known(), REMARK, NOW)
    assert (first.verdict, first.reason, first.part) == (Verdict.LISTEN, "flood", REMARK)
    assert held_back(CALLED, known(flood_told_at=NOW - 599), REMARK, NOW).part is None
    assert held_back(CALLED, known(flood_told_at=NOW - 601), REMARK, NOW).part == REMARK
    silent = Decision(verdict=Verdict.LISTEN, reason="silent")
    assert held_back(silent, known(), REMARK, NOW) == silent
