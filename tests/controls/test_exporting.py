"""Files of what is kept of somebody: nobody waits for them, and each person has one at a time."""

import asyncio

from maskarad.controls.exporting import MOST_WAITING, Exporting
from maskarad.errors import DatabaseUnavailable
from maskarad.memory.dossier import File
from maskarad.texts import load_texts
from maskarad.values import Bot, Screen, Sender
from tests.support.people import ALICE, BOB
from tests.support.remarks import USTYM
from tests.support.until import until

WORDS = load_texts().words("en")


class Telegram:
    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> None:
        self.said.append((chat_id, content.html))

    async def send_document(self, bot_id: int, chat_id: int, data: bytes, name: str, *, caption: Screen) -> None:
        self.said.append((chat_id, f"{name}: {caption.html}"))


class Clerk:
    """Makes files when told to; `failure` comes in place of the next one."""

    def __init__(self, *, is_whole: bool = True) -> None:
        self.go_on = asyncio.Event()
        self.failure: Exception | None = None
        self._is_whole = is_whole

    async def make(self, bot: Bot, person: Sender) -> File:
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        return File(data=b"{}", messages=2, is_whole=self._is_whole)


async def test_one_at_a_time_for_each_person_and_a_new_one_after_that() -> None:
    clerk, telegram = Clerk(is_whole=False), Telegram()
    exporting = Exporting(clerk.make, telegram)
    assert [exporting.take(USTYM, person, WORDS) for person in (BOB, BOB, ALICE)] == [True, False, True]
    assert telegram.said == []
    clerk.go_on.set()
    await until(lambda: len(telegram.said) == 2)
    told = "Ustym_bot.json: All I keep about you, and 2 messages.\nOlder messages did not fit."
    assert telegram.said == [(BOB.id, told), (ALICE.id, told)]
    await until(lambda: exporting.take(USTYM, BOB, WORDS))
    await exporting.close()


async def test_only_so_many_wait_and_what_is_under_way_at_the_end_is_given_up() -> None:
    clerk, telegram = Clerk(), Telegram()
    exporting = Exporting(clerk.make, telegram)
    people = [Sender(id=number, name="somebody") for number in range(1, MOST_WAITING + 2)]
    assert [exporting.take(USTYM, person, WORDS) for person in people] == MOST_WAITING * [True] + [False]
    await exporting.close()
    assert telegram.said == []
    assert exporting.take(USTYM, people[-1], WORDS)
    await exporting.close()


async def test_whoever_gets_no_file_is_told_so() -> None:
    clerk, telegram = Clerk(), Telegram()
    clerk.failure = DatabaseUnavailable("gone")
    clerk.go_on.set()
    exporting = Exporting(clerk.make, telegram)
    assert exporting.take(USTYM, BOB, WORDS)
    await until(lambda: telegram.said != [])
    assert telegram.said == [(BOB.id, WORDS.html("me.file_failed"))]
