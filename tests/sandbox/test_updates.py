"""Update queues as bots meet them: order, confirmation, allowed kinds, conflicts."""

import asyncio

from maskarad.sandbox.person import Sandbox
from tests.sandbox.scene import Telegram


async def test_an_update_comes_again_until_a_later_offset_confirms_it(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    await sandbox.say(private, alice, "one")
    await sandbox.say(private, alice, "two")

    first = await luna.call("getUpdates")
    again = await luna.call("getUpdates")
    assert [update["message"]["text"] for update in first] == ["one", "two"]
    assert again == first

    rest = await luna.call("getUpdates", offset=first[0]["update_id"] + 1)
    assert [update["message"]["text"] for update in rest] == ["two"]
    assert await luna.call("getUpdates", offset=first[1]["update_id"] + 1) == []


async def test_a_negative_offset_keeps_only_the_last_ones(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    for text in ("one", "two", "three"):
        await sandbox.say(private, alice, text)
    assert [each["message"]["text"] for each in await luna.call("getUpdates", offset=-1)] == ["three"]
    assert len(await luna.call("getUpdates")) == 1


async def test_a_long_poll_answers_when_something_happens(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    polling = asyncio.create_task(luna.call("getUpdates", timeout=20))
    await sandbox.say(private, alice, "hello")
    async with asyncio.timeout(5):
        assert (await polling)[0]["message"]["text"] == "hello"


async def test_a_second_poller_ends_the_first_with_409(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    first = asyncio.create_task(luna.refused("getUpdates", timeout=20))
    await asyncio.wait({first}, timeout=0.1)
    second = asyncio.create_task(luna.call("getUpdates", timeout=20))
    assert await first == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    await sandbox.say(private, alice, "still here?")
    assert len(await second) == 1


async def test_allowed_updates_are_remembered_and_an_empty_list_means_the_default(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    await luna.call("getUpdates", allowed_updates=["message_reaction"])
    said = await sandbox.say(private, alice, "unheard")
    await sandbox.react(private, alice, said["message_id"], "👍")
    kinds = [set(update) - {"update_id"} for update in await luna.updates()]
    assert kinds == [{"message_reaction"}]

    await luna.call("getUpdates", allowed_updates=[])
    await sandbox.react(private, alice, said["message_id"], None)
    await sandbox.say(private, alice, "heard")
    assert await luna.texts() == ["heard"]


async def test_polling_is_refused_while_a_webhook_is_set(luna: Telegram) -> None:
    await luna.call("setWebhook", url="http://127.0.0.1:9/never")
    assert await luna.refused("getUpdates") == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )
    assert (await luna.answer("deleteWebhook"))["description"] == "Webhook was deleted"
    assert (await luna.answer("deleteWebhook"))["description"] == "Webhook is already deleted"
    assert await luna.call("getUpdates") == []


async def test_past_updates_can_be_delivered_again_and_raw_ones_as_they_are(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    await sandbox.say(private, alice, "once")
    [first] = await luna.updates()
    await sandbox.redeliver(luna.id, first["update_id"])
    assert await luna.call("getUpdates", offset=first["update_id"] + 1) == [first]

    put = await sandbox.inject_update(luna.id, {"message": {"chat": "nonsense"}})
    assert put["update_id"] == first["update_id"] + 1
    forged = await sandbox.inject_update(luna.id, {"update_id": 1, "strange": None})
    assert await luna.call("getUpdates") == [forged, put]
