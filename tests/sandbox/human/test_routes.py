"""The human side: what it refuses, what it shows, and that it forgets on request."""

from typing import Any

import aiohttp
import pytest

from maskarad.sandbox.person import Sandbox, SandboxRefused
from tests.sandbox.scene import MANAGER_TOKEN, Telegram


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [
        ("POST", "users", {}, 400),
        ("POST", "users", {"first_name": 5}, 400),
        ("POST", "users", {"first_name": "A", "username": "alice_in"}, 409),
        ("POST", "users", {"first_name": "A", "id": 1001}, 409),
        ("POST", "bots", {"name": "B", "username": "luna_test_bot"}, 409),
        ("POST", "bots", {"name": "B", "username": "b_bot", "token": MANAGER_TOKEN}, 409),
        ("POST", "bots", {"name": "B", "username": "b_bot", "token": "no token"}, 400),
        ("POST", "groups", {"title": "G", "creator": 5}, 404),
        ("POST", "chats/-5/messages", {"from": 1001, "text": "x"}, 404),
        ("POST", "chats/1001:5/messages", {"from": 1001, "text": "x"}, 404),
        ("POST", "chats/no such key/messages", {"from": 1001, "text": "x"}, 404),
        ("POST", "faults", {"kind": "fire"}, 400),
        ("POST", "model", {"replies": "not a list"}, 400),
        ("POST", "updates/5", {}, 404),
        ("POST", "updates/x", {}, 400),
        ("GET", "chats?for=x", None, 400),
        ("GET", "calls?after=x", None, 400),
        ("GET", "events.json?after=x", None, 400),
        ("GET", "nowhere", None, 404),
        ("PUT", "users", {}, 405),
    ],
)
async def test_what_makes_no_sense_gets_one_sentence(
    sandbox: Sandbox,
    session: aiohttp.ClientSession,
    alice: int,
    luna: Telegram,
    verb: str,
    path: str,
    body: Any,
    status: int,
) -> None:
    async with session.request(verb, f"{sandbox.address}/sandbox/{path}", json=body) as response:
        assert response.status == status
        answer = await response.json()
    assert list(answer) == ["error"]
    assert answer["error"]


async def test_people_write_only_where_they_are(sandbox: Sandbox, alice: int, luna: Telegram, group: str) -> None:
    stranger = (await sandbox.add_user("Charlie"))["id"]
    for chat in (group, sandbox.private(alice, luna.id)):
        with pytest.raises(SandboxRefused, match="not in this chat"):
            await sandbox.say(chat, stranger, "let me in")
    for text in ("", "  ", "x" * 4097):
        with pytest.raises(SandboxRefused, match="400"):
            await sandbox.say(group, alice, text)


async def test_only_authors_edit_and_bots_see_the_edit(
    sandbox: Sandbox, alice: int, bob: int, luna: Telegram, private: str
) -> None:
    said = await sandbox.say(private, alice, "helo")
    await luna.updates()
    with pytest.raises(SandboxRefused, match="only the author"):
        await sandbox.edit(private, bob, said["message_id"], "mine now")
    await sandbox.edit(private, alice, said["message_id"], "hello")
    [update] = await luna.updates()
    assert update["edited_message"]["text"] == "hello"
    shown = (await sandbox.chat(private))["messages"][-1]
    assert (shown["text"], shown["edited"]) == ("hello", True)


async def test_the_bot_learns_what_becomes_of_it(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str, group: str
) -> None:
    def became(update: dict[str, Any]) -> tuple[str, str]:
        change = update["my_chat_member"]
        return change["old_chat_member"]["status"], change["new_chat_member"]["status"]

    await sandbox.leave(private, alice)
    await sandbox.say(private, alice, "again")
    await sandbox.set_role(group, luna.id, "administrator")
    await sandbox.leave(group, luna.id)
    changes = [became(update) for update in await luna.updates() if "my_chat_member" in update]
    assert changes == [
        ("member", "kicked"),
        ("kicked", "member"),
        ("member", "administrator"),
        ("administrator", "kicked"),
    ]


async def test_each_person_sees_their_own_chats(
    sandbox: Sandbox, alice: int, bob: int, luna: Telegram, private: str, group: str
) -> None:
    await sandbox.say(group, bob, "last word")
    assert [chat["key"] for chat in await sandbox.chats(bob)] == [group]
    assert {chat["key"] for chat in await sandbox.chats(alice)} == {private, group}
    [seen] = await sandbox.chats(bob)
    assert (seen["title"], seen["type"], seen["last_message"]["text"]) == ("Tea at five", "supergroup", "last word")
    shown = await sandbox.chat(group)
    statuses = {member["user"]["id"]: member["status"] for member in shown["members"]}
    assert statuses == {alice: "creator", bob: "member", luna.id: "member"}


async def test_reset_forgets_all_but_the_manager(
    sandbox: Sandbox, session: aiohttp.ClientSession, luna: Telegram, private: str
) -> None:
    await sandbox.order_fault("500", times=9)
    await sandbox.reset()
    assert [bot["token"] for bot in await sandbox.bots()] == [MANAGER_TOKEN]
    assert await sandbox.users() == []
    assert await sandbox.chats() == []
    assert (await luna.answer("getMe"))["error_code"] == 401
    manager = Telegram(sandbox.address, session, MANAGER_TOKEN, 123456)
    assert (await manager.call("getMe"))["id"] == 123456
