"""The stock bots that the benchmarks hold the platform against do what they are measured at."""

from pathlib import Path

import pytest

from benchmarks.people import person
from benchmarks.program import running
from benchmarks.stub import Stub
from benchmarks.talk import Talk

TOKEN = "123456:a-stock-bot-AAAAAAAAAAAAAAAAAAAAAAA"
OTHER_TOKEN = "654321:another-stock-bot-AAAAAAAAAAAAAAAAAA"
FAREWELL = "Received SIGTERM signal"
"""What aiogram says when it is told to end."""


@pytest.mark.parametrize("floor", ["ptb", "ptb_many", "aiogram_bot"])
async def test_a_stock_bot_answers_each_message_through_the_model_and_ends_well(floor: str, tmp_path: Path) -> None:
    async with Stub().running() as stub:
        settings = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_BOT_TOKENS": f"{TOKEN},{OTHER_TOKEN}",
            "TELEGRAM_API_BASE_URL": stub.url,
            "LLM_BASE_URL": f"{stub.url}/v1",
            "LLM_API_KEY": "benchmark-key",
        }
        async with running((f"benchmarks.floors.{floor}",), settings, tmp_path) as program:
            talk = Talk(stub)
            lines = talk.say(TOKEN, map(person, range(3)))
            await talk.all_covered()
    assert {reply.chat_id for reply in talk.replies} == {person(number) for number in range(3)}
    assert {frozenset([line]) for line in lines} == set(stub.prompts.values())
    assert set(program.said().splitlines()) <= {FAREWELL}
