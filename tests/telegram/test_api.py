import asyncio
import json
import traceback
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskarad.errors import (
    ChatGone,
    ChatMoved,
    Conflict,
    Flooded,
    MarkupRefused,
    NothingSent,
    TelegramError,
    TelegramRefused,
    TelegramUnreachable,
    TokenInvalid,
    Unchanged,
    WebhookActive,
)
from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.transport import AiohttpRequest
from maskarad.values import Token
from tests.telegram.stub import Cut, Hang, Raw, Stub, refusal

CANARY = "123456789:AAcanary-CANARY-canary-CANARY-12345"
TOKEN = Token(CANARY)


async def failure_of(api: BotApi, **options: Any) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        await api.call(TOKEN, "sendMessage", {"chat_id": 1, "text": "x"}, **options)
    return caught.value


def everything_about(error: BaseException) -> str:
    """Text, repr and attributes of an error and of all it refers to, and the traceback as a log would have it."""
    seen: list[str] = ["".join(traceback.format_exception(error))]
    rest: list[BaseException | None] = [error]
    while rest:
        each = rest.pop()
        if each is not None:
            seen += [str(each), repr(each), repr(each.args), repr(getattr(each, "__dict__", ""))]
            rest += [each.__cause__, each.__context__]
    return "\n".join(seen)


async def test_a_call_gives_the_result_and_sends_json(api: BotApi, stub: Stub) -> None:
    stub.script("sendMessage", {"message_id": 9})
    assert await api.call(TOKEN, "sendMessage", {"chat_id": 1, "text": "привіт 😀", "silent": None}) == {
        "message_id": 9
    }
    (call,) = stub.calls
    assert call.token == CANARY
    assert call.params == {"chat_id": 1, "text": "привіт 😀"}


def case_name(value: object) -> str:
    """Short, and the same in every process, whatever the answer holds."""
    if isinstance(value, Raw):
        return f"{value.status} {value.body[:40].decode(errors='replace')}"
    return value.__name__ if isinstance(value, type) else type(value).__name__


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal(401, "Unauthorized"), TokenInvalid),
        (refusal(404, "Not Found"), TokenInvalid),
        (refusal(404, "Not Found: method not found"), TelegramRefused),
        (refusal(403, "Forbidden: bot was blocked by the user"), ChatGone),
        (refusal(400, "Bad Request: chat not found"), ChatGone),
        (refusal(400, "Bad Request: message is not modified: specified new message content"), Unchanged),
        (refusal(400, "Bad Request: can't parse entities: Unsupported start tag"), MarkupRefused),
        (refusal(400, "Bad Request: message is too long"), TelegramRefused),
        (refusal(409, "Conflict: terminated by other getUpdates request"), Conflict),
        (refusal(409, "Conflict: can't use getUpdates method while webhook is active"), WebhookActive),
        (refusal(500, "Internal Server Error"), TelegramUnreachable),
        (Raw(502, b"<html>Bad Gateway</html>", "text/html"), TelegramUnreachable),
        (Raw(200, b"<html>a proxy</html>", "text/html"), TelegramUnreachable),
        (Raw(200, b"[]"), TelegramUnreachable),
        (Raw(200, b'{"ok": true}'), TelegramUnreachable),
        (Raw(429, b'{"ok":false,"parameters":[1]}'), TelegramUnreachable),
        (Raw(200, b"[" * 100_000), TelegramUnreachable),
        (Cut(), TelegramUnreachable),
    ],
    ids=case_name,
)
async def test_each_refusal_says_what_to_do(api: BotApi, stub: Stub, answer: object, expected: type) -> None:
    stub.script("sendMessage", answer)
    error = await failure_of(api)
    assert type(error) is expected
    assert "canary" not in everything_about(error).lower()


async def test_429_says_how_long(api: BotApi, stub: Stub) -> None:
    stub.script("sendMessage", refusal(429, "Too Many Requests: retry after 7", retry_after=7))
    error = await failure_of(api)
    assert isinstance(error, Flooded)
    assert error.retry_after == 7


async def test_a_moved_chat_says_where_to(api: BotApi, stub: Stub) -> None:
    stub.script("sendMessage", refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1002))
    error = await failure_of(api)
    assert isinstance(error, ChatMoved)
    assert error.new_chat_id == -1002


async def test_no_answer_in_time_is_unreachable(api: BotApi, stub: Stub) -> None:
    stub.script("sendMessage", Hang())
    error = await failure_of(api, timeout=0.2)
    assert type(error) is TelegramUnreachable
    assert "canary" not in everything_about(error).lower()


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:1", "http://no-such-host.invalid", "http://[::broken"],
)
async def test_where_nobody_answers_nothing_was_sent(base_url: str) -> None:
    async with AiohttpRequest(pool_size=1, pool_timeout=2.0, read_timeout=2.0) as request:
        error = await failure_of(BotApi(request, request, base_url, metrics=Metrics()))
    assert isinstance(error, NothingSent)
    assert "canary" not in everything_about(error).lower()


async def test_no_free_connection_means_nothing_was_sent(stub: Stub) -> None:
    async with AiohttpRequest(pool_size=1, pool_timeout=0.2, read_timeout=5.0) as request:
        api = BotApi(request, request, stub.url, metrics=Metrics())
        stub.script("getMe", Hang())
        hanging = asyncio.create_task(api.call(TOKEN, "getMe"))
        await stub.until(lambda: bool(stub.calls))
        error = await failure_of(api)
        hanging.cancel()
    assert isinstance(error, NothingSent)
    assert "canary" not in everything_about(error).lower()


async def test_telegrams_words_are_kept_without_the_token(api: BotApi, stub: Stub) -> None:
    stub.script("sendMessage", refusal(400, f"Bad Request: {CANARY} said the stub" + "x" * 5000))
    error = await failure_of(api)
    assert "said the stub" in str(error).lower()
    assert len(str(error)) <= 200
    assert "canary" not in everything_about(error).lower()


async def test_half_an_emoji_is_read_and_written(api: BotApi, stub: Stub) -> None:
    stub.script("sendMessage", Raw(200, b'{"ok":true,"result":{"text":"a\\ud83d"}}'))
    answer = await api.call(TOKEN, "sendMessage", {"chat_id": 1, "text": "b\ud83d", "extra": [{"c": "\udc00"}]})
    assert answer == {"text": "a\ud83d"}
    assert stub.calls[0].params == {"chat_id": 1, "text": "b?", "extra": [{"c": "?"}]}


async def test_many_calls_share_few_connections(api: BotApi, stub: Stub) -> None:
    await asyncio.gather(*(api.call(TOKEN, "getMe") for _ in range(100)))
    assert len(stub.calls) == 100
    assert len({call.connection for call in stub.calls}) <= 4


async def test_long_polls_never_keep_a_message_waiting(api: BotApi, stub: Stub) -> None:
    polls = [
        asyncio.create_task(api.call(TOKEN, "getUpdates", {"timeout": 30}, timeout=60, long_poll=True))
        for _ in range(20)
    ]
    await stub.until(lambda: len(stub.of("getUpdates")) == 20)
    async with asyncio.timeout(2):
        await api.call(TOKEN, "sendMessage", {"chat_id": 1, "text": "x"})
    assert stub.open_calls == 20
    for poll in polls:
        poll.cancel()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
answers = st.fixed_dictionaries(
    {},
    optional={
        "ok": json_values,
        "result": json_values,
        "description": json_values,
        "error_code": json_values,
        "parameters": json_values
        | st.fixed_dictionaries({}, optional={"retry_after": json_values, "migrate_to_chat_id": json_values}),
    },
)


@given(status=st.sampled_from([200, 302, 400, 401, 403, 404, 409, 418, 429, 500, 503]), answer=answers)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_a_server_answers_only_our_errors_come_out(
    api: BotApi, stub: Stub, status: int, answer: dict[str, object]
) -> None:
    stub.script("sendMessage", Raw(status, json.dumps(answer).encode()))
    outcome = await asyncio.gather(api.call(TOKEN, "sendMessage", {"chat_id": 1}), return_exceptions=True)
    assert isinstance(outcome[0], TelegramError) or status == 200
