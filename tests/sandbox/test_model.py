"""The scripted model through the client the product uses, and its failures on order."""

import asyncio
import contextlib
import time

import aiohttp
import openai
import orjson
import pytest
from openai import AsyncOpenAI

from maskarad.sandbox.person import Sandbox

SYSTEM = 'You play Luna, a fictional character. Answer as {"response": ["…"]}. Your mood now: joy. Bright.'


def client(sandbox: Sandbox, key: str = "sk-test-1234") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{sandbox.address}/v1", api_key=key, max_retries=0, timeout=5)


async def ask(sandbox: Sandbox, *lines: str, system: str = SYSTEM) -> dict[str, list[str]]:
    content = "\n".join(orjson.dumps({"from": "Alice", "text": line}).decode() for line in lines)
    async with client(sandbox) as model:
        answer = await model.chat.completions.create(
            model="any/model",
            messages=[{"role": "system", "content": system}, {"role": "user", "content": content}],
        )
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    found: dict[str, list[str]] = orjson.loads(answer.choices[0].message.content or "")
    return found


async def test_it_answers_remembers_and_is_recorded(sandbox: Sandbox) -> None:
    told = await ask(sandbox, "My cat is called Biscuit.", "What is my cat's name?")
    assert told == {"response": ["Your cat is called Biscuit."]}
    assert await ask(sandbox, "My cat is called Biscuit.", "What is my cat's name?") == told
    [first, _] = await sandbox.model_requests()
    assert first["key_tail"] == "1234"
    assert first["body"]["model"] == "any/model"


SUMMING_UP = 'You keep the memory of a chat in which "Luna" takes part. Answer with one JSON object: {"summary": "…"}.'


async def summary(sandbox: Sandbox, *lines: dict[str, str]) -> str:
    content = "\n".join(orjson.dumps(line).decode() for line in lines)
    async with client(sandbox) as model:
        answer = await model.chat.completions.create(
            model="m", messages=[{"role": "system", "content": SUMMING_UP}, {"role": "user", "content": content}]
        )
    told: dict[str, str] = orjson.loads(answer.choices[0].message.content or "")
    assert told.keys() == {"summary"}
    return told["summary"]


async def test_it_sums_up_who_spoke_about_what_and_what_they_told(sandbox: Sandbox) -> None:
    lines = (
        {"remembered": "Carol moved to Lviv."},
        {"on": "2026-03-02", "from": "Alice", "text": "My cat is called Biscuit."},
        {"on": "2026-03-02", "from": "Bob", "text": "Shall we go to the mountains on Sunday?"},
        {"on": "2026-03-02", "from": "Alice", "text": "The mountains, yes!"},
    )
    told = await summary(sandbox, *lines)
    assert told == await summary(sandbox, *lines)
    assert told.startswith("Carol moved to Lviv. Spoke: Alice, Bob; about: mountains,")
    assert "Alice has told: cat is called Biscuit." in told


async def test_a_summary_is_in_the_language_of_the_chat_and_does_not_grow_for_ever(sandbox: Sandbox) -> None:
    told = " ".join(f"Речення номер {number} про давнє." for number in range(60))
    found = await summary(
        sandbox, {"remembered": told}, {"on": "2026-03-02", "from": "Леся", "text": "Купила вчора новий чайник"}
    )
    assert len(found.split()) <= 200
    assert "Речення номер 59 про давнє." in found
    assert "Речення номер 0 " not in found
    assert "Розмовляли: Леся; про таке: купила, вчора" in found


async def test_streams_in_chunks_with_usage_when_asked(sandbox: Sandbox) -> None:
    await sandbox.direct_model(replies=["verbatim answer"], chunk_delay=0.01)
    async with client(sandbox) as model:
        stream = await model.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert (len(pieces), "".join(pieces)) == (2, "verbatim answer")
    assert chunks[-1].usage is not None
    assert chunks[-2].choices[0].finish_reason == "stop"


@pytest.mark.parametrize("key", ["", "bad-key"])
async def test_a_bad_key_is_refused(sandbox: Sandbox, key: str) -> None:
    async with client(sandbox, key or "bad-") as model:
        with pytest.raises(openai.AuthenticationError):
            await model.models.list()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 429, "retry_after": 2}, openai.RateLimitError),
        ({"status": 500}, openai.InternalServerError),
        ({"status": 503}, openai.InternalServerError),
        ({"status": 401}, openai.AuthenticationError),
        ({"kind": "cut"}, openai.APIConnectionError),
    ],
)
async def test_failures_on_order(sandbox: Sandbox, fault: dict[str, object], error: type[Exception]) -> None:
    await sandbox.direct_model(faults=[fault])
    with pytest.raises(error) as raised:
        await ask(sandbox, "hello")
    if "retry_after" in fault:
        assert isinstance(raised.value, openai.APIStatusError)
        assert raised.value.response.headers["retry-after"] == "2"
    assert (await ask(sandbox, "hello"))["response"]


async def test_broken_answers_on_order(sandbox: Sandbox) -> None:
    await sandbox.direct_model(faults=[{"kind": "empty"}, {"kind": "hang"}])
    async with client(sandbox) as model:
        asked = model.chat.completions
        empty = await asked.create(model="m", messages=[{"role": "user", "content": "hi"}])
        assert empty.choices[0].message.content == ""
        with pytest.raises(openai.APITimeoutError):
            await asked.create(model="m", messages=[{"role": "user", "content": "hi"}], timeout=0.2)


async def test_a_page_of_html_on_order(sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
    await sandbox.direct_model(faults=[{"kind": "html"}])
    url, key = f"{sandbox.address}/v1/chat/completions", {"Authorization": "Bearer sk"}
    async with session.post(url, json={"messages": []}, headers=key) as response:
        assert (response.status, response.content_type) == (200, "text/html")
    async with session.post(url, data=b"{", headers=key) as response:
        assert response.status == 400


async def test_a_stream_can_break_off(sandbox: Sandbox) -> None:
    await sandbox.direct_model(replies=["half of this is lost"], faults=[{"kind": "cut_stream"}])
    async with client(sandbox) as model:
        stream = await model.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        with pytest.raises(openai.APIConnectionError):
            _ = [chunk async for chunk in stream]


async def test_a_delay_holds_answers_back_side_by_side(sandbox: Sandbox) -> None:
    await sandbox.direct_model(delay=0.3)
    started = time.monotonic()
    await asyncio.gather(*(ask(sandbox, "hello") for _ in range(10)))
    assert 0.3 <= time.monotonic() - started < 3


async def counted(sandbox: Sandbox, *lines: dict[str, object]) -> list[str]:
    content = "\n".join(orjson.dumps({"from": "Alice", **line}).decode() for line in lines)
    async with client(sandbox) as model:
        answer = await model.chat.completions.create(
            model="m", messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": content}]
        )
    told: dict[str, list[str]] = orjson.loads(answer.choices[0].message.content or "")
    return told["response"]


async def test_as_a_teller_it_names_the_numbers_of_the_new_lines(sandbox: Sandbox) -> None:
    await sandbox.direct_model(script="count")
    answers = [
        await counted(sandbox, {"text": "old №1"}, {"text": "one №2", "new": True}, {"text": "two №3", "new": True})
        for _ in range(3)
    ]
    assert sorted(len(parts) for parts in answers) == [1, 2, 3]
    numbers = [request["seq"] for request in await sandbox.model_requests()]
    for number, parts in zip(numbers, answers, strict=True):
        of = len(parts)
        assert parts == [f"№2 №3 (answer {number}, part {part} of {of})" for part in range(1, of + 1)]
    assert await counted(sandbox, {"text": "nobody counts this", "new": True}) == []
    assert await ask(sandbox, "hello") == {"response": ["Hello, Alice! Good to see you."]}


async def test_its_temper_is_drawn_from_a_seed_and_recorded(sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
    url, key = f"{sandbox.address}/v1/chat/completions", {"Authorization": "Bearer sk"}

    async def failures() -> list[object]:
        await sandbox.direct_model(temper={"fails": 0.5, "seed": 7})
        seen = (await sandbox.model_requests())[-1:]
        for _ in range(20):
            with contextlib.suppress(aiohttp.ClientError):
                await (await session.post(url, json={"messages": []}, headers=key)).read()
        return [each["fault"] for each in await sandbox.model_requests(after=seen[0]["seq"] if seen else 0)]

    first = await failures()
    assert await failures() == first
    assert None in first
    assert len(set(first)) > 3
