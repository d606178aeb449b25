"""What a process writes of a fault: where it was, never what it said, for that may be people's words."""

import asyncio
import subprocess
import sys

import pytest
import structlog
from structlog.testing import capture_logs

from maskarad.jobs.wakeup import Wakeups
from maskarad.logs import about
from tests.journeys.stage import FRIEND, OWNER, Stage
from tests.support.until import until

SCRIPT = """
import logging, sys
import structlog
from maskarad.errors import TelegramError
from maskarad.logs import configure

def read(words):
    try:
        int(words)
    except ValueError as error:
        raise KeyError(words) from error

configure("info", sys.argv[1])
try:
    read("canary of a person")
except KeyError as error:
    structlog.get_logger().error("update_failed", exc_info=error)
    logging.getLogger("asyncio").error("never retrieved", exc_info=error)
    structlog.get_logger().error("group", exc_info=ExceptionGroup("canary", [error]))
try:
    raise TelegramError("Telegram says no")
except TelegramError:
    structlog.get_logger().exception("own")
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_of_a_foreign_error_only_its_type_and_place_are_written(form: str) -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT, form], capture_output=True, text=True, check=True, timeout=60)
    assert "canary" not in ran.stderr
    assert ran.stderr.count("ValueError") == ran.stderr.count("KeyError") == 3
    assert ran.stderr.count("in read") == 6
    assert "maskarad.errors.TelegramError: Telegram says no" in ran.stderr


async def test_lines_of_an_update_and_of_a_turn_say_whose_they_are(stage: Stage) -> None:
    """Two chats at once: each line of a turn names its own."""
    actor = await stage.actor()
    await stage.sandbox.direct_model(delay=0.2)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        async with stage.playing():
            await asyncio.gather(stage.ask(actor, "привіт", OWNER), stage.ask(actor, "hello", FRIEND))
            await stage.settled(actor)
    answered = [each for each in lines if each["event"] == "turn_answered"]
    assert {each["chat_id"] for each in answered} == {OWNER, FRIEND}
    assert {each["bot_id"] for each in answered} == {actor.bot_id}
    assert all(each["turn"].startswith(f"{each['link_id']}-") for each in answered)
    assert all("update_id" not in each for each in answered)
    outside = [each for each in lines if each["event"] in ("platform_started", "platform_stopped")]
    assert outside
    assert all("chat_id" not in each for each in outside)


async def test_what_a_task_inherits_is_not_said_of_other_work() -> None:
    async def work() -> dict[str, object]:
        with about(bot_id=2):
            return structlog.contextvars.get_contextvars()

    with about(bot_id=1, turn="1-abc"):
        assert await asyncio.create_task(work()) == {"bot_id": 2}
        assert structlog.contextvars.get_contextvars() == {"bot_id": 1, "turn": "1-abc"}
    assert structlog.contextvars.get_contextvars() == {}


async def test_work_that_waited_for_a_place_says_nothing_of_who_made_room() -> None:
    seen: list[dict[str, object]] = []

    async def work(_link_id: int, _bot_id: int) -> None:
        seen.append(structlog.contextvars.get_contextvars())

    wakeups = Wakeups(work, most=1)
    with about(chat_id=1):
        wakeups.ring(1, 1)
        wakeups.ring(2, 1)
    await until(lambda: len(seen) == 2)
    assert seen == [{}, {}]
