"""Who pays for a turn."""

import pytest

from maskarad.db.purses import Purse
from maskarad.errors import PurseEmpty
from maskarad.turn.payers import first_who_can, payers
from maskarad.values import HistoryLine, Scope


def line(sender: int, *, unread: bool = True, addressed: bool = True) -> HistoryLine:
    return HistoryLine(
        message_order=1,
        sender_id=sender,
        sender_name="",
        from_persona=False,
        text="hello",
        sent_at=1.0,
        unread=unread,
        addressed=addressed,
    )


def test_the_newest_who_asked_is_the_first() -> None:
    assert payers([line(1), line(2), line(1), line(3), line(2)]) == (2, 3, 1)


def test_who_did_not_speak_to_the_persona_pays_for_nobody() -> None:
    assert payers([line(1), line(2, addressed=False), line(3, unread=False)]) == (1,)


def test_where_nobody_did_those_pay_who_may_have_meant_it() -> None:
    assert payers([line(3, unread=False), line(1, addressed=False), line(2, addressed=False)]) == (2, 1)


def empty(scope: Scope, holder: int) -> PurseEmpty:
    return PurseEmpty(Purse(scope=scope, holder=holder, period=1))


async def test_one_with_an_empty_purse_does_not_silence_the_others() -> None:
    async def reserve(user_id: int) -> int:
        if user_id == 1:
            raise empty(Scope.USER, user_id)
        return user_id

    assert await first_who_can((1, 2, 3), reserve) == 2


async def test_when_all_are_empty_it_is_the_first_one_s() -> None:
    async def reserve(user_id: int) -> int:
        raise empty(Scope.USER, user_id)

    with pytest.raises(PurseEmpty) as caught:
        await first_who_can((1, 2), reserve)
    assert caught.value.purse.holder == 1


async def test_a_purse_that_all_need_is_asked_once() -> None:
    asked: list[int] = []

    async def reserve(user_id: int) -> int:
        asked.append(user_id)
        raise empty(Scope.BOT, 7)

    with pytest.raises(PurseEmpty):
        await first_who_can((1, 2), reserve)
    assert asked == [1]
