"""Privacy mode in groups: who gets which message."""

import aiohttp

from maskarad.sandbox.person import Sandbox
from tests.sandbox.scene import Telegram, make_bot


async def test_a_private_bot_sees_commands_and_replies_but_not_talk_or_a_bare_mention(
    sandbox: Sandbox, alice: int, bob: int, luna: Telegram, group: str
) -> None:
    await sandbox.say(group, alice, "nice weather")
    await sandbox.say(group, alice, f"@{luna.username} hello")
    await sandbox.say(group, bob, f"/mood@{luna.username} joy")
    await sandbox.say(group, bob, "/mood@somebody_else_bot")
    said = await luna.call("sendMessage", chat_id=int(group), text="I am here")
    answered = await sandbox.say(group, bob, "good", reply_to=said["message_id"])
    await sandbox.say(group, alice, "what is good?", reply_to=answered["message_id"])
    assert await luna.texts() == [f"/mood@{luna.username} joy", "good", "what is good?"]


async def test_a_general_command_goes_to_the_bot_that_wrote_last(
    sandbox: Sandbox, session: aiohttp.ClientSession, alice: int, luna: Telegram, group: str
) -> None:
    other = await make_bot(sandbox, session, "Other")
    await sandbox.join(group, other.id)
    await luna.updates()
    await sandbox.say(group, alice, "/nobody_spoke_yet")
    await luna.call("sendMessage", chat_id=int(group), text="mine")
    await sandbox.say(group, alice, "/help")
    await sandbox.say(group, alice, f"/help@{other.username}")
    assert await luna.texts() == ["/nobody_spoke_yet", "/help"]
    assert await other.texts() == ["/nobody_spoke_yet", f"/help@{other.username}"]


async def test_without_privacy_or_as_administrator_a_bot_sees_all_but_other_bots(
    sandbox: Sandbox, session: aiohttp.ClientSession, alice: int, luna: Telegram, group: str
) -> None:
    open_bot = await make_bot(sandbox, session, "Open", privacy=False)
    await sandbox.join(group, open_bot.id)
    await sandbox.set_role(group, luna.id, "administrator")
    await open_bot.updates()
    await luna.updates()
    await sandbox.say(group, alice, "small talk")
    await luna.call("sendMessage", chat_id=int(group), text="from a bot")
    assert await open_bot.texts() == ["small talk"]
    assert await luna.texts() == ["small talk"]
    assert (await open_bot.call("getMe"))["can_read_all_group_messages"] is True


async def test_service_messages_reach_every_bot_of_the_group(
    sandbox: Sandbox, alice: int, bob: int, luna: Telegram, group: str
) -> None:
    await sandbox.leave(group, bob, by=alice)
    await sandbox.join(group, bob, by=alice)
    gone, come = [update["message"] for update in await luna.updates()]
    assert gone["left_chat_member"]["id"] == bob
    assert [each["id"] for each in come["new_chat_members"]] == [bob]
