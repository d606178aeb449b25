"""The Bot API's door: addresses, bodies, envelopes, faults, the record of calls."""

import time

import aiohttp
import pytest

from maskarad.sandbox.person import Sandbox
from maskarad.sandbox.server import Options
from tests.sandbox.scene import Telegram, make_bot, served


async def test_addresses_that_are_no_bots_or_no_methods(luna: Telegram) -> None:
    async def answer(path: str) -> tuple[int, str]:
        async with luna.session.get(f"{luna.address}{path}") as response:
            return response.status, (await response.json())["description"]

    assert await answer(f"/bot{luna.token}/sendTelepathy") == (404, "Not Found")
    assert await answer("/bot123:abcdef/getMe") == (401, "Unauthorized")
    assert await answer("/botnonsense/getMe") == (404, "Not Found")
    assert await answer("/bot123:abcdef") == (404, "Not Found")
    assert await answer(f"/file/bot{luna.token}/photos/none.jpg") == (404, "Not Found")


async def test_method_names_are_case_insensitive_and_params_come_in_any_body(luna: Telegram, private: str) -> None:
    url = f"{luna.address}/bot{luna.token}/SENDmessage"
    fields = {"chat_id": "1001", "text": "hi +&=", "disable_notification": "True"}
    multipart = aiohttp.FormData(fields, default_to_multipart=True)
    for request in ({"params": fields}, {"data": fields}, {"data": multipart}, {"json": fields}):
        async with luna.session.post(url, **request) as response:
            assert (await response.json())["result"]["text"] == "hi +&="


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"chat_id": {}}', b"[" * 100_000])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "multipart/form-data; boundary=x", "?"])
async def test_hostile_bodies_are_refused(luna: Telegram, body: bytes, kind: str) -> None:
    for method in ("sendMessage", "setMessageReaction", "sendPhoto", "setMyCommands"):
        url = f"{luna.address}/bot{luna.token}/{method}"
        async with luna.session.post(url, data=body, headers={"Content-Type": kind}) as response:
            assert response.status == 400
            assert (await response.json())["ok"] is False


async def test_a_revoked_token_ends_with_401(sandbox: Sandbox, luna: Telegram) -> None:
    renewed = await sandbox.revoke_token(luna.id)
    assert (await luna.answer("getMe"))["error_code"] == 401
    again = Telegram(luna.address, luna.session, renewed["token"], luna.id)
    assert (await again.call("getMe"))["id"] == luna.id


async def test_faults_on_order(sandbox: Sandbox, luna: Telegram, private: str) -> None:
    async def status() -> int:
        return int((await luna.answer("sendMessage", chat_id=1001, text="x")).get("error_code", 200))

    await sandbox.order_fault("429", method="sendMessage", retry_after=7, times=2)
    limited = await luna.answer("sendMessage", chat_id=1001, text="x")
    assert limited["parameters"] == {"retry_after": 7}
    assert limited["description"] == "Too Many Requests: retry after 7"
    assert [await status(), await status()] == [429, 200]

    for kind in ("500", "401", "403"):
        await sandbox.order_fault(kind, bot=luna.id, chat=1001)
        assert [await status(), await status()] == [int(kind), 200]

    await sandbox.order_fault("502", chat=5)
    assert await status() == 200
    await sandbox.clear_faults()

    await sandbox.order_fault("slow", seconds=0.2)
    started = time.monotonic()
    assert await status() == 200
    assert time.monotonic() - started >= 0.2


async def test_a_cut_call_may_have_happened_or_not(sandbox: Sandbox, luna: Telegram, private: str) -> None:
    for after in ("before", "done"):
        await sandbox.order_fault("cut", after=after)
        with pytest.raises(aiohttp.ClientError):
            await luna.answer("sendMessage", chat_id=1001, text=f"cut {after}")
    texts = [message["text"] for message in (await sandbox.chat(private))["messages"]]
    assert texts == ["/start", "cut done"]


async def test_a_fault_may_last_and_hit_a_share_of_the_calls(sandbox: Sandbox, luna: Telegram, private: str) -> None:
    await sandbox.order_fault("500", lasting=60, share=0.5)
    seen = [(await luna.answer("sendMessage", chat_id=1001, text=str(number)))["ok"] for number in range(40)]
    assert 5 < seen.count(False) < 35
    calls = await sandbox.calls(method="sendMessage")
    assert [call["fault"] for call in calls] == [None if ok else "500" for ok in seen]


async def test_calls_are_recorded_without_tokens(sandbox: Sandbox, luna: Telegram, private: str) -> None:
    await luna.call("sendmessage", chat_id=1001, text="hi")
    await luna.refused("sendMessage", chat_id=1, text="hi")
    calls = await sandbox.calls(bot=luna.id, method="sendMessage")
    assert [(call["method"], call["status"], call["params"]["chat_id"]) for call in calls] == [
        ("sendMessage", 200, 1001),
        ("sendMessage", 400, 1),
    ]
    assert luna.token not in str(calls)
    assert await sandbox.calls(after=calls[-1]["seq"]) == []


async def test_flood_limits_when_asked_for(session: aiohttp.ClientSession) -> None:
    with served(Options(port=0, flood=True)) as address:
        async with Sandbox.at(address) as sandbox:
            luna = await make_bot(sandbox, session, "Luna")
            people = [(await sandbox.add_user("P", id=number))["id"] for number in (1, 2)]
            for person in people:
                await sandbox.say(sandbox.private(person, luna.id), person, "/start")
            answers = [await luna.answer("sendMessage", chat_id=1, text="x") for _ in range(5)]
            assert [answer["ok"] for answer in answers[:3]] == [True, True, True]
            assert answers[-1]["parameters"]["retry_after"] == 1
            assert (await luna.answer("sendMessage", chat_id=2, text="other chats go on"))["ok"]
