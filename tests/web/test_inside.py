"""/metrics and /readyz, asked over real connections: who may see them, and what they tell."""

import asyncio

import orjson
import pytest
from starlette.requests import Request

from maskarad.errors import DatabaseUnavailable, SchemaOutdated
from maskarad.ops.readiness import Finding, Look, findings
from maskarad.telegram.handling import UpdateFailed, counted
from maskarad.values import Event
from maskarad.web.insiders import refusal
from tests.support.counts import sample
from tests.telegram.people import message
from tests.web.house import House

PAGES = ("/metrics", "/readyz")


async def fine() -> Finding:
    return Finding.OK


async def degraded() -> Finding:
    return Finding.DEGRADED


async def off() -> Finding:
    return Finding.OFF


async def away() -> Finding:
    raise DatabaseUnavailable("postgresql://canary:canary@10.0.0.1 does not answer")


async def outdated() -> Finding:
    raise SchemaOutdated("the schema is canary")


async def get(house: House, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    async with house.client.get(house.url + path, headers=headers) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("", 401),
        ("canary", 401),
        ("Bearer canarx", 401),
        ("Bearer канарка", 401),
        ("Basic canary", 401),
        ("Bearer canary", 200),
        ("bearer canary", 200),
    ],
)
async def test_with_a_token_only_who_knows_it_may_see(path: str, authorization: str | None, status: int) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with House().open(metrics_token="canary") as house:
        found, shown = await get(house, path, headers)
        assert found == status
        assert "canary" not in shown
        assert bool(shown) is (status == 200)
        # Through a proxy, too.
        assert (await get(house, path, headers | {"X-Forwarded-For": "203.0.113.5"}))[0] == status


@pytest.mark.parametrize("path", PAGES)
async def test_without_a_token_this_machine_may_see(path: str) -> None:
    async with House().open() as house:
        assert (await get(house, path))[0] == 200
        assert (await get(house, path, {"Host": "localhost:9090"}))[0] == 200


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Forwarded": "for=127.0.0.1"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"x-forwarded-for": ""},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Host": "localhost"},
        {"X-Forwarded-Anything": "1"},
        {"X-Real-IP": "127.0.0.1"},
        {"X-Client-IP": "127.0.0.1"},
        {"True-Client-IP": "127.0.0.1"},
        {"CF-Connecting-IP": "127.0.0.1"},
        {"Via": "1.1 caddy"},
        {"Host": "bots.example.org"},
        {"Host": "rebound.example.org:8080"},
    ],
)
async def test_without_a_token_nobody_sees_through_a_proxy(path: str, headers: dict[str, str]) -> None:
    async with House().open() as house:
        assert await get(house, path, headers) == (404, "")
        assert await get(house, path, headers | {"Authorization": "Bearer None"}) == (404, "")


@pytest.mark.parametrize("path", PAGES)
async def test_behind_a_proxy_that_leaves_no_trace_nobody_sees_without_a_token(path: str) -> None:
    """As nginx does with a bare `proxy_pass`: what it sends is what a client on this machine would."""
    async with House().open(behind_proxy=True) as house:
        assert await get(house, path) == (404, "")
        assert (await get(house, "/healthz"))[0] == 200
    async with House().open(metrics_token="canary", behind_proxy=True) as house:
        assert (await get(house, path))[0] == 401
        assert (await get(house, path, {"Authorization": "Bearer canary"}))[0] == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", None),
        ("127.8.8.8", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("::ffff:10.0.0.1", 404),
        ("10.0.0.1", 404),
        ("203.0.113.5", 404),
        ("2001:db8::1", 404),
        ("", 404),
        ("testclient", 404),
    ],
)
def test_without_a_token_nobody_sees_from_elsewhere(address: str, status: int | None) -> None:
    scope = {
        "type": "http",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "path": "/metrics",
        "query_string": b"",
        "client": (address, 50_000),
        "headers": [(b"host", b"127.0.0.1")],
    }
    assert refusal(Request(scope), None, behind_proxy=False) == status
    assert refusal(Request(scope | {"client": None}), None, behind_proxy=False) == 404


@pytest.mark.parametrize(
    ("looks", "status", "answer"),
    [
        ({}, 200, {"ready": True, "checks": {}}),
        (
            {"database": fine, "cache": degraded, "bots": off},
            200,
            {"ready": True, "checks": {"database": "ok", "cache": "degraded", "bots": "off"}},
        ),
        (
            {"database": away, "schema": outdated, "bots": fine},
            503,
            {"ready": False, "checks": {"database": "failed", "schema": "failed", "bots": "ok"}},
        ),
    ],
)
async def test_readyz_gives_a_word_for_each_check_and_no_reasons(
    looks: dict[str, Look], status: int, answer: object
) -> None:
    async with House().open(looks=looks) as house:
        found, shown = await get(house, "/readyz")
    assert (found, orjson.loads(shown)) == (status, answer)


async def test_a_check_without_an_end_has_failed_and_keeps_no_other_from_its_word() -> None:
    async def endless() -> Finding:
        await asyncio.Event().wait()
        return Finding.OK

    assert await findings({"database": endless, "bots": fine}, patience=0.01) == {
        "database": Finding.FAILED,
        "bots": Finding.OK,
    }


async def test_every_update_is_counted_once_by_kind_and_result() -> None:
    house = House()
    problem: Exception | None = None

    async def handle(_event: Event) -> None:
        if problem is not None:
            raise problem

    edited = {"update_id": 12, "edited_message": message(12)["message"] | {"edit_date": 1}}
    async with house.open(counted(handle, house.metrics)):
        assert await house.post(message(10)) == 200
        assert await house.post(edited) == 200
        assert await house.post({"update_id": 13, "message": {"chat": "canary"}}) == 200
        assert await house.post({"update_id": 14, "poll": {"id": "canary"}}) == 200
        problem = DatabaseUnavailable("canary")
        assert await house.post(message(15)) == 503
        problem = UpdateFailed("canary")
        assert await house.post(message(16)) == 500
        assert await house.post(message(17), secret="canary") == 401
        _, shown = await get(house, "/metrics")
    assert "canary" not in shown
    expected = {
        ("message", "ok"): 1,
        ("edited_message", "ok"): 1,
        ("message", "malformed"): 1,
        ("other", "ok"): 1,
        ("message", "away"): 1,
        ("message", "failed"): 1,
    }
    for kind in ("message", "edited_message", "callback_query", "other"):
        for result in ("ok", "malformed", "failed", "away"):
            counted_now = sample(house.metrics, "maskarad_updates_total", kind=kind, result=result)
            assert counted_now == expected.get((kind, result), 0), (kind, result)
    assert sample(house.metrics, "maskarad_update_seconds_count", kind="message") == 1
    assert sample(house.metrics, "maskarad_errors_total", kind="MalformedUpdate") == 1
    assert sample(house.metrics, "maskarad_errors_total", kind="DatabaseUnavailable") == 1
