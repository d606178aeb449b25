"""The platform's own HTTP, asked over real connections."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
import structlog

from maskarad.errors import DatabaseUnavailable, IntakeFull, TelegramRefused
from maskarad.metrics import Metrics
from maskarad.ops.readiness import Finding, Look
from maskarad.telegram.handling import UpdateFailed, bounded
from maskarad.values import BotState, Event, Incoming
from maskarad.web.app import BODY_BYTES, build_app
from maskarad.web.server import HttpServer
from tests.telegram.people import bot, message, store_nothing, token, webhook
from tests.web.house import House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House().open() as opened:
        yield opened


async def test_an_update_is_stored_for_its_bot(house: House) -> None:
    assert await house.post(message(10, text="привіт")) == 200
    (event,) = house.events
    assert isinstance(event, Incoming)
    assert (event.bot_id, event.update_id, event.text) == (2, 10, "привіт")
    assert house.registry.health(2).last_update_at == 1_000.0


async def test_a_bot_that_an_update_comes_in_for_is_not_deaf(house: House) -> None:
    """Another process has told Telegram what this one could not."""
    house.registry.failed(2, TelegramRefused("Bad Request: bad webhook"))
    assert await house.post(message(10)) == 200
    assert house.registry.health(2).last_error is None


async def test_200_comes_only_after_the_commit() -> None:
    committing, committed = asyncio.Event(), asyncio.Event()

    async def handle(_event: Event) -> None:
        committing.set()
        await committed.wait()

    async with House().open(handle) as house:
        answer = asyncio.ensure_future(house.post(message(10)))
        await asyncio.wait_for(committing.wait(), 5)
        assert not answer.done()
        committed.set()
        assert await answer == 200


async def test_when_too_many_wait_telegram_keeps_the_update() -> None:
    begun, go_on, stored = asyncio.Event(), asyncio.Event(), []

    async def handle(event: Event) -> None:
        begun.set()
        await go_on.wait()
        stored.append(event.update_id)

    async with House().open(bounded(handle, 1, most_waiting=1)) as house:
        in_work = asyncio.ensure_future(house.post(message(10)))
        await asyncio.wait_for(begun.wait(), 5)
        others = [asyncio.ensure_future(house.post(message(number))) for number in (11, 12)]
        [refused], [waiting] = await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
        go_on.set()
        assert (await refused, await in_work, await waiting) == (503, 200, 200)
    assert len(stored) == 2


@pytest.mark.parametrize("secret", [None, "", "secret-3", "secret-2 ", "SECRET-2", "секрет"])
async def test_a_wrong_secret_is_401(house: House, secret: str | None) -> None:
    assert await house.post(message(10), secret=secret) == 401
    assert house.events == []


@pytest.mark.parametrize("path", ["/telegram/public-3", "/telegram/", "/telegram/2", "/telegram/public-2/x", "/x"])
async def test_an_unknown_id_is_404(house: House, path: str) -> None:
    assert await house.post(message(10), path=path) == 404


async def test_bots_that_are_not_served_are_404(house: House) -> None:
    house.registry.put(bot(2, enabled=False), token(2), webhook(2))
    assert await house.post(message(10)) == 404
    house.registry.put(bot(2, state=BotState.INVALID), token(2), webhook(2))
    assert await house.post(message(10)) == 404
    house.registry.remove(2)
    assert await house.post(message(10)) == 404


async def test_other_methods_are_refused(house: House) -> None:
    async with house.client.get(house.url + "/telegram/public-2") as answer:
        assert answer.status == 405


async def test_a_body_above_1_mib_is_413(house: House) -> None:
    assert await house.post(io.BytesIO(b" " * (BODY_BYTES + 1))) == 413


async def test_a_body_above_1_mib_without_a_length_is_413(house: House) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    assert await house.post(chunks()) == 413


async def test_an_update_of_almost_1_mib_is_taken(house: House) -> None:
    assert await house.post(message(10, text="a" * (BODY_BYTES - 1_000))) == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5_000],
    ids=str,
)
async def test_what_is_no_json_object_is_400(house: House, body: bytes) -> None:
    assert await house.post(body) == 400
    assert await house.post(message(10)) == 200


async def test_an_update_that_cannot_be_read_is_passed_over(house: House) -> None:
    """Refused, Telegram would deliver it again and again, and nothing else of its chat meanwhile."""
    assert await house.post(b'{"update_id": 1, "message": {"chat": 5}}') == 200
    assert house.events == []


async def test_kinds_we_do_not_use_are_taken_and_forgotten(house: House) -> None:
    assert await house.post({"update_id": 1, "channel_post": {}}) == 200
    assert house.events == []


async def test_broken_surrogates_are_taken(house: House) -> None:
    body = orjson.dumps(message(10, text="TEXT")).replace(b"TEXT", b"a\\ud83d!")
    assert await house.post(body) == 200
    assert isinstance(house.events[0], Incoming)
    assert house.events[0].text == "a!"


async def test_a_database_that_is_away_and_a_full_process_are_503_and_a_fault_of_ours_500() -> None:
    errors = [DatabaseUnavailable("gone"), IntakeFull("full"), UpdateFailed("a fault of ours")]

    async def handle(_event: Event) -> None:
        if errors:
            raise errors.pop(0)

    async with House().open(handle) as house:
        assert [await house.post(message(10)) for _ in range(4)] == [503, 503, 500, 200]


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("abc", 400),
        ("-1", 400),
        ("+5", 400),
        ("", 400),
        ("5, 5", 400),
        ("٣", 400),
        ("2000000", 413),
        ("9" * 5_000, 413),
    ],
)
async def test_lengths_that_are_none_or_too_much(length: str, status: int) -> None:
    """Asked without a server in between: uvicorn refuses some of these itself."""
    app = build_app(House().registry, store_nothing, looks={}, metrics=Metrics())
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body is not to be read")

    async def send(part: Any) -> None:
        sent.append(part)

    headers = [(b"x-telegram-bot-api-secret-token", b"secret-2"), (b"content-length", length.encode())]
    scope = {"type": "http", "method": "POST", "path": "/telegram/public-2", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    assert sent[0]["status"] == status


async def fine() -> Finding:
    return Finding.OK


async def failed() -> Finding:
    return Finding.FAILED


async def degraded() -> Finding:
    return Finding.DEGRADED


async def off() -> Finding:
    return Finding.OFF


async def gone() -> Finding:
    raise DatabaseUnavailable("gone")


async def endless() -> Finding:
    await asyncio.Event().wait()
    return Finding.OK


async def test_a_process_that_is_stopping_is_not_well_and_warns_nobody() -> None:
    async with House().open(looks={"running": failed}) as house:
        with structlog.testing.capture_logs() as logs:
            async with house.client.get(house.url + "/healthz") as answer:
                assert answer.status == 503
    assert logs == []


@pytest.mark.parametrize(
    ("looks", "status", "told"),
    [
        ({"running": fine}, 200, []),
        ({"running": fine, "manager": off}, 200, []),
        ({"running": fine, "database": gone}, 503, ["database"]),
        ({"running": failed, "database": fine}, 503, ["running"]),
        ({"running": fine, "database": endless}, 503, ["database"]),
        ({"running": fine, "database": fine, "manager": degraded}, 200, ["manager"]),
        ({"running": fine, "schema": failed, "cache": degraded, "bots": failed}, 200, []),
    ],
)
async def test_healthz_names_what_fails(looks: dict[str, Look], status: int, told: list[str]) -> None:
    async with (
        House().open(looks=looks, patience=0.01) as house,
        house.client.get(house.url + "/healthz") as answer,
    ):
        assert (answer.status, await answer.json()) == (status, {"ok": not told, "failed": told})
        assert await house.post(message(10)) == 200


async def test_stopping_lets_requests_in_work_end() -> None:
    in_work = asyncio.Event()
    stored: list[Event] = []

    async def handle(event: Event) -> None:
        in_work.set()
        await asyncio.sleep(0.2)
        stored.append(event)

    house = House()
    server = HttpServer(build_app(house.registry, handle, looks={}, metrics=Metrics()), "127.0.0.1", 0)
    await server.start()
    house.url = f"http://127.0.0.1:{server.port}"
    async with aiohttp.ClientSession() as house.client:
        answer = asyncio.ensure_future(house.post(message(10)))
        await asyncio.wait_for(in_work.wait(), 5)
        await server.stop()
        assert await answer == 200
    assert len(stored) == 1
