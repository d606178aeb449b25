"""Events: the stream and the long poll tell the same story, whole objects in order."""

import asyncio

import aiohttp
import orjson
import pytest

from maskarad.sandbox.person import Sandbox
from tests.sandbox.scene import Telegram


async def test_every_act_is_told_with_its_chat(sandbox: Sandbox, alice: int, luna: Telegram) -> None:
    before = await sandbox.position()
    chat = sandbox.private(alice, luna.id)
    said = await sandbox.say(chat, alice, "one")
    await sandbox.edit(chat, alice, said["message_id"], "two")
    await sandbox.react(chat, alice, said["message_id"], "👍")
    await sandbox.delete(chat, said["message_id"])
    await sandbox.leave(chat, alice)
    events, last = await sandbox.events(before)
    kinds = ["chat", "message", "edited", "reaction", "deleted", "membership"]
    assert [event["kind"] for event in events] == kinds
    assert {event["chat"] for event in events} == {chat}
    assert [event["seq"] for event in events] == list(range(before + 1, last + 1))
    assert events[2]["edited"]["text"] == "two"
    assert events[3]["reactions"] == {"👍": [alice]}
    assert events[4]["message_id"] == said["message_id"]


async def test_the_stream_goes_on_from_a_number(
    sandbox: Sandbox, session: aiohttp.ClientSession, alice: int, private: str
) -> None:
    before = await sandbox.position()
    await sandbox.say(private, alice, "past\nand\n\npresent")
    async with session.get(f"{sandbox.address}/sandbox/events", params={"after": before}) as stream:
        assert stream.content_type == "text/event-stream"
        assert await stream.content.readuntil(b"\n\n") == b": welcome\n\n"
        await sandbox.say(private, alice, "now")
        frames = [(await stream.content.readuntil(b"\n\n")).decode().split("\n") for _ in range(2)]
    assert [frame[:2] for frame in frames] == [[f"id: {before + n}", "event: message"] for n in (1, 2)]
    texts = [orjson.loads(frame[2].removeprefix("data: "))["message"]["text"] for frame in frames]
    assert texts == ["past\nand\n\npresent", "now"]


async def test_waiting_ends_with_the_event_or_with_the_time(sandbox: Sandbox, alice: int, private: str) -> None:
    before = await sandbox.position()
    waiting = asyncio.create_task(sandbox.next_message(private, after=before, from_bot=False))
    await sandbox.say(private, alice, "here")
    assert (await waiting).text == "here"
    with pytest.raises(TimeoutError):
        await sandbox.next_message(private, after=before, timeout=0.05)
