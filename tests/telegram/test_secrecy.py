"""Whatever goes wrong, no token is in any log line, warning, error or health report."""

import asyncio
import logging
import time
import warnings
from collections.abc import MutableMapping
from typing import Any

import pytest
import structlog

from maskarad.db.engine import Database
from maskarad.errors import TelegramError
from maskarad.jobs.quarantine import Quarantine
from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.limits import FloodLimits
from maskarad.telegram.pollers import Pollers
from maskarad.telegram.send import REPEAT_PAUSES, Sender
from maskarad.telegram.transport import AiohttpRequest
from maskarad.telegram.webhooks import Webhooks
from maskarad.values import Event, Piece, Screen
from tests.telegram.people import MANAGER_TOKEN, Notices, bot, message, token, webhook
from tests.telegram.stub import Cut, Raw, Stub, refusal
from tests.telegram.test_api import everything_about

ECHO = refusal(400, f"Bad Request: {MANAGER_TOKEN.reveal()} {token(2).reveal()}")
TROUBLE = [
    Cut(),
    Raw(502, b"<html>", "text/html"),
    Raw(200, b"nonsense"),
    ECHO,
    refusal(429, "Too Many Requests", retry_after=1),
    refusal(409, "Conflict: terminated by other getUpdates request"),
    refusal(404, "Not Found"),
]


async def no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


async def fail(_event: Event) -> None:
    raise ZeroDivisionError


def written(log: MutableMapping[str, Any]) -> str:
    error = log.get("exc_info")
    return repr(log) + (everything_about(error) if isinstance(error, BaseException) else "")


async def test_no_token_is_ever_written(
    api: BotApi, stub: Stub, database: Database, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    registry = Notices().registry()
    registry.put(bot(2), token(2), webhook(2))
    limits = FloodLimits(per_bot_second=0, per_chat_second=0, per_group_minute=0, clock=time.monotonic, patience=0.5)
    sender = Sender(api, limits, registry, sleep=no_wait)
    seen: list[str] = []
    stub.script("getUpdates", [message(1), {"update_id": 2, "message": 5}], *TROUBLE[:4])
    stub.script("setWebhook", *TROUBLE)
    with warnings.catch_warnings(record=True) as warned, structlog.testing.capture_logs() as logs:
        webhooks = Webhooks(api, registry, url_base="https://masks.example", sleep=no_wait)
        handle = Quarantine(fail, database, clock=time.time, metrics=Metrics()).handle
        pollers = Pollers(
            api, registry, handle, poll_seconds=0.1, silence_seconds=0.1, jitter=lambda: 0.0, metrics=Metrics()
        )
        webhooks.start()
        pollers.start()
        for trouble in TROUBLE:
            stub.script("sendMessage", trouble)
            stub.script("editMessageText", *[trouble] * (1 + len(REPEAT_PAUSES)))
            stub.script("sendPhoto", trouble)
            for call in (
                sender.send_text(2, 5, Piece(text="x")),
                sender.send_photo(2, 7, b"x", caption=Screen(html="x")),
                sender.edit_text(2, 6, 7, Piece(text="x")),
            ):
                with pytest.raises(TelegramError) as caught:
                    await call
                seen.append(everything_about(caught.value))
        async with AiohttpRequest(pool_size=1, pool_timeout=1, read_timeout=1) as closed_port:
            nowhere = BotApi(closed_port, closed_port, "http://127.0.0.1:1", metrics=Metrics())
            with pytest.raises(TelegramError) as caught:
                await nowhere.call(token(2), "getMe")
            seen.append(everything_about(caught.value))
        await stub.until(lambda: len(stub.of("getUpdates")) >= 8, 30.0)
        await pollers.stop()
        await webhooks.stop()
    seen += map(written, logs)
    seen += [str(each.message) for each in warned]
    seen += [record.getMessage() + repr(record.args) for record in caplog.records]
    seen += [repr(served.health) + repr(served.token) for served in registry]
    seen += capfd.readouterr()
    names = {log["event"] for log in logs}
    assert names >= {"poll_interrupted", "update_failed", "update_malformed", "webhook_retry", "telegram_retry"}
    assert [each for each in seen if "canary" in each.lower()] == []
