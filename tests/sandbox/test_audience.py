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


async def two_bots(sandbox: Sandbox, session: aiohttp.ClientSession, group: str, **luna: bool) -> list[Telegram]:
    """Echo, who writes, and Luna's twin, who may hear it; both in privacy mode unless told otherwise."""
    bots = [await make_bot(sandbox, session, "Echo"), await make_bot(sandbox, session, "Twin", **luna)]
    for bot in bots:
        await sandbox.join(group, bot.id)
    for bot in bots:
        await bot.updates()
    return bots


async def speak(echo: Telegram, twin: Telegram, group: str) -> None:
    """What Echo says: to nobody, with a mention, with a general command, in reply to the twin, and with its command."""
    said = await twin.call("sendMessage", chat_id=int(group), text="I am the twin")
    for text in ("to nobody", f"@{twin.username} hello", "/help"):
        await echo.call("sendMessage", chat_id=int(group), text=text)
    reply = {"message_id": said["message_id"]}
    await echo.call("sendMessage", chat_id=int(group), text="in reply", reply_parameters=reply)
    await echo.call("sendMessage", chat_id=int(group), text=f"/mood@{twin.username}")


async def test_bots_do_not_hear_each_other_without_the_mode(
    sandbox: Sandbox, session: aiohttp.ClientSession, group: str
) -> None:
    echo, twin = await two_bots(sandbox, session, group, privacy=False)
    await speak(echo, twin, group)
    assert await twin.texts() == []


async def test_the_mode_of_either_bot_lets_replies_and_commands_through(
    sandbox: Sandbox, session: aiohttp.ClientSession, group: str
) -> None:
    echo, twin = await two_bots(sandbox, session, group)
    for listening in (echo, twin):
        await sandbox.change_bot(listening.id, talks_to_bots=True)
        await speak(echo, twin, group)
        heard = [update["message"] for update in await twin.updates()]
        assert [message["text"] for message in heard] == ["in reply", f"/mood@{twin.username}"]
        assert all(message["from"]["is_bot"] for message in heard)
        await sandbox.change_bot(listening.id, talks_to_bots=False)


async def test_with_its_own_mode_and_no_privacy_or_a_role_a_bot_hears_all_others(
    sandbox: Sandbox, session: aiohttp.ClientSession, group: str
) -> None:
    echo, twin = await two_bots(sandbox, session, group, talks_to_bots=True)
    await sandbox.set_role(group, twin.id, "administrator")
    await speak(echo, twin, group)
    assert len(await twin.texts()) == 5
    await sandbox.set_role(group, twin.id, "member")
    await sandbox.change_bot(twin.id, privacy=False)
    await speak(echo, twin, group)
    assert len(await twin.texts()) == 5
    assert await echo.texts() == []


async def test_service_messages_reach_every_bot_of_the_group(
    sandbox: Sandbox, alice: int, bob: int, luna: Telegram, group: str
) -> None:
    await sandbox.leave(group, bob, by=alice)
    await sandbox.join(group, bob, by=alice)
    gone, come = [update["message"] for update in await luna.updates()]
    assert gone["left_chat_member"]["id"] == bob
    assert [each["id"] for each in come["new_chat_members"]] == [bob]
