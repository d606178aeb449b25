"""The chat page in a real browser: every test presses what a person would press and reads what a person would see.

Bots are driven with raw Bot API calls. A page that logs an error or asks another host for anything fails its test.
"""

import asyncio
import contextlib
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from maskarad.sandbox.server import Options, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHROMIUM = "/usr/bin/chromium"
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
MANAGER_TOKEN = "700001:the-manager-of-the-page-tests"
KINDS = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
DESKTOP = {"width": 1200, "height": 800}
PHONE = {"width": 360, "height": 740}
HOSTILE = "<img src=x onerror=\"window.caught='yes'\"><b>bold?</b>"

OpenPage = Callable[..., Awaitable[Page]]


class Desk:
    """The sandbox from beside the page: its human side, and bots over the Bot API."""

    def __init__(self, http: aiohttp.ClientSession, address: str) -> None:
        self.address = address
        self._http = http
        self._offsets: dict[str, int] = {}

    async def post(self, path: str, **body: Any) -> Any:
        async with self._http.post(f"{self.address}/sandbox{path}", json=body) as answer:
            found = await answer.json()
            assert answer.status < 400, found
            return found

    async def get(self, path: str) -> Any:
        async with self._http.get(f"{self.address}/sandbox{path}") as answer:
            return await answer.json()

    async def call(self, token: str, method: str, **parameters: Any) -> Any:
        async with self._http.post(f"{self.address}/bot{token}/{method}", json=parameters) as answer:
            found = await answer.json()
            assert found["ok"], found
            return found["result"]

    async def upload(
        self, token: str, method: str, kind: str, content: bytes, name: str = "a.png", **fields: Any
    ) -> Any:
        form = aiohttp.FormData({name: str(value) for name, value in fields.items()})
        form.add_field(kind, content, filename=name)
        async with self._http.post(f"{self.address}/bot{token}/{method}", data=form) as answer:
            found = await answer.json()
            assert found["ok"], found
            return found["result"]

    async def update(self, token: str, kind: str) -> Any:
        """The bot's next update of that kind; other kinds before it are confirmed and dropped."""
        async with asyncio.timeout(10):
            while True:
                waiting = {"offset": self._offsets.get(token, 0), "timeout": 5, "limit": 1, "allowed_updates": KINDS}
                for update in await self.call(token, "getUpdates", **waiting):
                    self._offsets[token] = update["update_id"] + 1
                    if kind in update:
                        return update[kind]

    async def person(self, first_name: str, **more: Any) -> Any:
        return await self.post("/users", first_name=first_name, **more)

    async def bot(self, name: str, username: str, **more: Any) -> Any:
        return await self.post("/bots", name=name, username=username, **more)

    async def group(self, title: str, creator: Any, *members: Any) -> Any:
        group = await self.post("/groups", title=title, creator=creator["id"])
        for member in members:
            await self.post(f"/chats/{group['key']}/join", user=member["id"], by=creator["id"])
        return group

    async def says(self, person: Any, key: str, text: str, **more: Any) -> Any:
        return await self.post(f"/chats/{key}/messages", **{"from": person["id"]}, text=text, **more)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    async with running(Options(port=0, manager_token=MANAGER_TOKEN)) as address, aiohttp.ClientSession() as http:
        yield Desk(http, address)


@pytest_asyncio.fixture(loop_scope="module")
async def open_page(browser: Browser, desk: Desk) -> AsyncIterator[OpenPage]:
    """Opens the page as a person (or as nobody yet), each time in a browser profile of its own. The page draws a
    person's chats once it follows events, so that nothing that happens afterwards can escape it."""
    wrong: list[str] = []
    async with contextlib.AsyncExitStack() as profiles:

        async def opened(person: Any = None, chat: str = "", **options: Any) -> Page:
            context = await browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
            profiles.push_async_callback(context.close)
            if person is not None:
                await context.add_init_script(f"localStorage['maskarad.who'] ??= '{person['id']}'")
            page = await context.new_page()
            watch(page, desk.address, wrong)
            await page.goto(f"{desk.address}/{f'#/chat/{chat}' if chat else ''}")
            if person is not None:
                await expect(page.get_by_role("button", name="You are")).to_be_attached()
            return page

        yield opened
    assert wrong == []


def watch(page: Page, address: str, wrong: list[str]) -> None:
    """Notes errors of the page. Refused calls and a cut feed are noted by Chromium too; the page says those itself."""

    def console(message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text and "ERR_" not in message.text:
            wrong.append(message.text)

    page.on("console", console)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(address) else wrong.append(request.url))


def bubble(page: Page, text: str) -> Locator:
    return page.get_by_role("log").get_by_role("article").filter(has_text=text)


def row(page: Page, title: str) -> Locator:
    return page.get_by_role("navigation").get_by_role("link").filter(has_text=title)


def writing(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


async def write(page: Page, text: str) -> None:
    await writing(page).fill(text)
    await writing(page).press("Enter")


async def choose(page: Page, message: Locator, action: str) -> None:
    await message.hover()
    await message.get_by_role("button", name="Message actions").click()
    await page.get_by_role("menuitem", name=action).click()


def keyboard(*labels: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": label, "callback_data": f"data:{label}"} for label in labels]]}


async def private(desk: Desk) -> tuple[Any, str, str]:
    """A person who has written to a bot: the person, the bot's token and the chat's key."""
    alice = await desk.person("Alice")
    bot = await desk.bot("Harlequin", "harlequin_bot")
    key = f"{alice['id']}:{bot['id']}"
    await desk.says(alice, key, "Good evening")
    return alice, bot["token"], key


async def test_a_first_visit_takes_one_press_and_leads_to_the_manager(desk: Desk, open_page: OpenPage) -> None:
    page = await open_page()
    await page.get_by_role("button", name="Come in").click()
    await page.get_by_role("main").get_by_role("button", name="Start").click()
    message = await desk.update(MANAGER_TOKEN, "message")
    [person] = await desk.get("/users")
    assert (message["text"], message["from"]["id"]) == ("/start", person["id"])
    await expect(bubble(page, "/start")).to_be_visible()
    await desk.call(MANAGER_TOKEN, "sendMessage", chat_id=person["id"], text="Welcome backstage")
    await expect(bubble(page, "Welcome backstage")).to_be_visible()
    await page.reload()
    await expect(bubble(page, "Welcome backstage")).to_be_visible()
    await expect(page.get_by_role("button", name=f"You are {person['first_name']}")).to_be_visible()


async def test_what_is_written_reaches_the_bot_and_its_answer_appears(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    page = await open_page(alice, key)
    await desk.update(token, "message")
    await writing(page).press_sequentially("First line")
    await writing(page).press("Shift+Enter")
    await writing(page).press_sequentially("second line")
    await writing(page).press("Enter")
    assert (await desk.update(token, "message"))["text"] == "First line\nsecond line"
    await expect(writing(page)).to_have_value("")
    await desk.call(token, "sendMessage", chat_id=alice["id"], text="I heard both lines")
    await expect(bubble(page, "I heard both lines")).to_be_visible()
    await expect(row(page, "Harlequin")).to_contain_text("I heard both lines")


async def test_unread_messages_are_counted_until_the_chat_is_opened(desk: Desk, open_page: OpenPage) -> None:
    alice, token, _ = await private(desk)
    page = await open_page(alice)
    await expect(row(page, "Harlequin")).to_contain_text("Good evening")
    for text in ("One", "Two", "Three"):
        await desk.call(token, "sendMessage", chat_id=alice["id"], text=text)
    await expect(row(page, "Harlequin").get_by_label("3 unread")).to_be_visible()
    await expect(page).to_have_title("(3) Maskarad sandbox")
    await page.reload()
    await expect(row(page, "Harlequin").get_by_label("3 unread")).to_be_visible()
    await row(page, "Harlequin").click()
    await expect(bubble(page, "Three")).to_be_visible()
    await expect(row(page, "Harlequin").get_by_label("unread")).to_have_count(0)
    await expect(page).to_have_title("Maskarad sandbox")


async def test_a_pressed_button_waits_and_shows_the_answer(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    page = await open_page(alice, key)
    sent = await desk.call(
        token, "sendMessage", chat_id=alice["id"], text="Mood?", reply_markup=keyboard("Joy", "Gloom")
    )
    joy = page.get_by_role("button", name="Joy")
    await joy.click()
    query = await desk.update(token, "callback_query")
    assert (query["data"], query["message"]["message_id"]) == ("data:Joy", sent["message_id"])
    await expect(joy).to_have_attribute("aria-busy", "true")
    await desk.call(token, "answerCallbackQuery", callback_query_id=query["id"], text="Joy it is")
    await expect(page.get_by_role("status").filter(has_text="Joy it is")).to_be_visible()
    await expect(joy).not_to_have_attribute("aria-busy", "true")

    await page.get_by_role("button", name="Gloom").click()
    query = await desk.update(token, "callback_query")
    await desk.call(token, "answerCallbackQuery", callback_query_id=query["id"], text="Are you sure?", show_alert=True)
    await expect(page.get_by_role("dialog")).to_contain_text("Are you sure?")
    await page.get_by_role("button", name="OK").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)

    edited = {"chat_id": alice["id"], "message_id": sent["message_id"]}
    await desk.call(token, "editMessageText", **edited, text="Gloom it is", reply_markup=keyboard("Back"))
    await expect(bubble(page, "Gloom it is")).to_contain_text("edited")
    await expect(page.get_by_role("button", name="Back", exact=True)).to_be_visible()
    await expect(joy).to_have_count(0)


async def test_typing_edits_deletions_and_reactions_are_seen_live(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    page = await open_page(alice, key)
    await desk.update(token, "message")
    await desk.call(token, "sendChatAction", chat_id=alice["id"], action="typing")
    await expect(page.get_by_role("log").get_by_text("Harlequin typing")).to_have_count(1)
    await expect(page.get_by_role("button", name="About Harlequin")).to_contain_text("typing…")
    sent = await desk.call(token, "sendMessage", chat_id=alice["id"], text="Fisrt thoughts")
    await expect(page.get_by_role("log").get_by_text("Harlequin typing")).to_have_count(0)
    at = {"chat_id": alice["id"], "message_id": sent["message_id"]}
    await desk.call(token, "editMessageText", **at, text="First thoughts")
    await expect(bubble(page, "First thoughts")).to_contain_text("edited")
    await expect(bubble(page, "Fisrt")).to_have_count(0)

    reaction = [{"type": "emoji", "emoji": "🔥"}]
    evening = (await desk.get(f"/chats/{key}"))["messages"][0]["message_id"]
    await desk.call(token, "setMessageReaction", chat_id=alice["id"], message_id=evening, reaction=reaction)
    await expect(bubble(page, "Good evening").get_by_role("button", name="🔥 1")).to_be_visible()
    await choose(page, bubble(page, "First thoughts"), "👍")
    assert (await desk.update(token, "message_reaction"))["new_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    mine = bubble(page, "First thoughts").get_by_role("button", name="👍 1")
    await expect(mine).to_have_attribute("aria-pressed", "true")
    await mine.click()
    await expect(mine).to_have_count(0)

    await desk.call(token, "deleteMessage", **at)
    await expect(bubble(page, "First thoughts")).to_have_count(0)


async def test_own_messages_are_edited_answered_and_deleted_by_the_menu(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    page = await open_page(alice, key)
    sent = await desk.call(token, "sendMessage", chat_id=alice["id"], text="Who is there?")
    await choose(page, bubble(page, "Who is there?"), "Reply")
    await write(page, "It is me")
    await expect(bubble(page, "It is me").get_by_role("button", name="Go to the message")).to_contain_text(
        "Who is there?"
    )
    message = await desk.update(token, "message")
    assert message["text"] == "Good evening"
    assert (await desk.update(token, "message"))["reply_to_message"]["message_id"] == sent["message_id"]
    await choose(page, bubble(page, "It is me"), "Edit")
    await expect(writing(page)).to_have_value("It is me")
    await write(page, "It is I")
    assert (await desk.update(token, "edited_message"))["text"] == "It is I"
    await expect(bubble(page, "It is I")).to_contain_text("edited")
    await choose(page, bubble(page, "It is I"), "Delete")
    await expect(bubble(page, "It is I")).to_have_count(0)


async def test_a_quote_leads_to_what_it_quotes(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    for number in range(200):
        await desk.call(token, "sendMessage", chat_id=alice["id"], text=f"Line number {number}.")
    first = (await desk.get(f"/chats/{key}"))["messages"][0]["message_id"]
    await desk.says(alice, key, "Back to the beginning", reply_to=first)
    page = await open_page(alice, key)
    await expect(bubble(page, "Back to the beginning")).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Show earlier messages")).to_have_count(1)
    await bubble(page, "Back to the beginning").get_by_role("button", name="Go to the message").click()
    evening = page.get_by_role("log").get_by_role("article").first
    await expect(evening).to_contain_text("Good evening")
    await expect(evening).to_be_in_viewport()


async def test_reading_above_is_not_disturbed_by_what_comes_below(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    for number in range(60):
        await desk.call(token, "sendMessage", chat_id=alice["id"], text=f"Line number {number}.")
    page = await open_page(alice, key)
    await expect(bubble(page, "Line number 59.")).to_be_in_viewport()
    await bubble(page, "Line number 20.").scroll_into_view_if_needed()
    down = page.get_by_role("button", name="To the newest message")
    await expect(down).to_be_visible()
    await desk.call(token, "sendMessage", chat_id=alice["id"], text="News from below")
    await expect(down).to_contain_text("1")
    await expect(bubble(page, "Line number 20.")).to_be_in_viewport()
    await down.click()
    await expect(bubble(page, "News from below")).to_be_in_viewport()
    await expect(down).to_be_hidden()
    await desk.call(token, "sendMessage", chat_id=alice["id"], text="And more")
    await expect(bubble(page, "And more")).to_be_in_viewport()


async def test_markup_of_people_and_bots_is_never_markup_of_the_page(desk: Desk, open_page: OpenPage) -> None:
    alice = await desk.person(HOSTILE[:60])
    bot = await desk.bot(HOSTILE[:60], "hostile_bot")
    key = f"{alice['id']}:{bot['id']}"
    await desk.says(alice, key, HOSTILE)
    await desk.group(HOSTILE, alice, bot)
    page = await open_page(alice, key)
    answer = {"chat_id": alice["id"], "text": f"Bot: {HOSTILE}", "reply_markup": keyboard("<i>press</i>")}
    await desk.call(bot["token"], "sendMessage", **answer)
    await expect(bubble(page, f"Bot: {HOSTILE}")).to_be_visible()
    await expect(page.get_by_role("button", name="<i>press</i>")).to_be_visible()
    await page.get_by_role("button", name="<i>press</i>").click()
    query = await desk.update(bot["token"], "callback_query")
    await desk.call(bot["token"], "answerCallbackQuery", callback_query_id=query["id"], text=HOSTILE)
    await expect(page.get_by_role("status").filter(has_text=HOSTILE)).to_be_visible()
    await page.get_by_role("button", name="New group").click()
    await expect(page.get_by_role("dialog").get_by_role("checkbox")).to_have_count(2)
    assert await page.locator("img[src=x], main b, main i:not(.dots i)").count() == 0
    assert await page.evaluate("window.caught") is None


async def test_entities_are_shown_and_a_spoiler_opens(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    page = await open_page(alice, key)
    text = (
        "🎭 <b>bold <i>both</i></b> <u>under</u> <s>gone</s> <code>x = 1</code> "
        "<a href='https://example.com/a'>a link</a> <tg-spoiler>the butler</tg-spoiler>\n"
        "<blockquote>said once</blockquote><pre><code class='language-python'>print()</code></pre>"
    )
    await desk.call(token, "sendMessage", chat_id=alice["id"], text=text, parse_mode="HTML")
    message = bubble(page, "bold both")
    shown = {"b": "bold both", "b i": "both", "u": "under", "s": "gone", "blockquote": "said once", "pre": "print()"}
    for selector, inside in shown.items():
        await expect(message.locator(selector)).to_have_text(inside)
    await expect(message.locator("code").first).to_have_text("x = 1")
    link = message.get_by_role("link", name="a link")
    assert await link.get_attribute("href") == "https://example.com/a"
    assert "noopener" in (await link.get_attribute("rel") or "")
    await expect(message.get_by_text("the butler")).to_be_hidden()
    await message.get_by_role("button", name="Spoiler").click()
    await expect(message.get_by_text("the butler")).to_be_visible()
    await write(page, "/mood now")
    await desk.update(token, "message")
    assert (await desk.update(token, "message"))["text"] == "/mood now"
    await bubble(page, "/mood now").get_by_role("button", name="/mood").click()
    assert (await desk.update(token, "message"))["text"] == "/mood"


async def test_a_new_bot_gives_a_token_to_copy(desk: Desk, open_page: OpenPage) -> None:
    alice = await desk.person("Alice")
    page = await open_page(alice, permissions=["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="New bot").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).fill("Pantalone")
    await dialog.get_by_label("Username").fill("maskarad_manager_bot")
    await dialog.get_by_label("Privacy mode").uncheck()
    await dialog.get_by_role("button", name="Make the bot").click()
    await expect(page.get_by_role("alert")).to_have_text("the username maskarad_manager_bot is taken")
    await dialog.get_by_label("Username").fill("pantalone_bot")
    await dialog.get_by_role("button", name="Make the bot").click()
    await expect(dialog).to_contain_text("paste it into the chat with Maskarad")
    await dialog.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("status").filter(has_text="Token copied.")).to_be_visible()
    made = next(bot for bot in await desk.get("/bots") if bot["username"] == "pantalone_bot")
    assert await page.evaluate("navigator.clipboard.readText()") == made["token"]
    assert made["privacy"] is False
    await dialog.get_by_role("button", name="Open Maskarad").click()
    await expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    await expect(row(page, "Pantalone")).to_be_visible()


async def test_a_group_is_made_and_several_tabs_are_several_people(desk: Desk, open_page: OpenPage) -> None:
    alice, bob = await desk.person("Alice"), await desk.person("Bob")
    bot = await desk.bot("Harlequin", "harlequin_bot", privacy=False)
    page, his = await open_page(alice), await open_page(bob)
    await page.get_by_role("button", name="New group").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Title").fill("Piazza")
    await dialog.get_by_label("Bob").check()
    await dialog.get_by_label("Harlequin").check()
    await dialog.get_by_role("button", name="Make the group").click()
    await expect(page.get_by_role("log")).to_contain_text("Alice added Bob")
    await expect(page.get_by_role("button", name="About Piazza")).to_contain_text("2 people, 1 bot")
    await row(his, "Piazza").click()
    await write(his, "Good evening all")
    await expect(bubble(page, "Good evening all")).to_contain_text("Bob")
    group = (await desk.update(bot["token"], "message"))["chat"]["id"]
    await desk.call(bot["token"], "sendMessage", chat_id=group, text="Good evening, Bob")
    for tab in (page, his):
        await expect(bubble(tab, "Good evening, Bob")).to_contain_text("Harlequin")


async def test_members_are_added_promoted_and_removed(desk: Desk, open_page: OpenPage) -> None:
    alice, bob = await desk.person("Alice"), await desk.person("Bob")
    bot = await desk.bot("Harlequin", "harlequin_bot")
    group = await desk.group("Piazza", alice, bob)
    page = await open_page(alice, group["key"])
    await page.get_by_role("button", name="Members").click()
    dialog = page.get_by_role("dialog")

    async def act(name: str, action: str) -> None:
        await dialog.get_by_role("button", name=f"Actions for {name}").click()
        await page.get_by_role("menuitem", name=action).click()

    await dialog.get_by_label("Who to add").select_option("Harlequin (bot)")
    await dialog.get_by_role("button", name="Add").click()
    harlequin = dialog.get_by_role("listitem").filter(has_text="Harlequin")
    await expect(harlequin).to_contain_text("bot, privacy mode on")
    assert (await desk.update(bot["token"], "my_chat_member"))["new_chat_member"]["status"] == "member"
    await act("Harlequin", "Make administrator")
    await expect(harlequin).to_contain_text("administrator")
    assert (await desk.update(bot["token"], "my_chat_member"))["new_chat_member"]["status"] == "administrator"
    await act("Harlequin", "Turn privacy mode off")
    await expect(harlequin).to_contain_text("reads everything")
    await act("Bob", "Remove from the group")
    await expect(dialog.get_by_role("listitem").filter(has_text="Bob")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("log")).to_contain_text("Alice removed Bob")


async def test_another_person_is_one_press_away(desk: Desk, open_page: OpenPage) -> None:
    alice, _, key = await private(desk)
    page = await open_page(alice, key)
    await page.get_by_role("button", name="You are Alice").click()
    await page.get_by_role("dialog").get_by_label("First name").fill("Галя")
    await page.get_by_role("dialog").get_by_label("Language").select_option("uk")
    await page.get_by_role("button", name="Make this person").click()
    await expect(page.get_by_role("button", name="You are Галя")).to_be_visible()
    await expect(page.get_by_role("log")).to_have_count(0)
    await row(page, "Harlequin").click()
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(bubble(page, "/start")).to_be_visible()
    await page.get_by_role("button", name="You are Галя").click()
    await page.get_by_role("dialog").get_by_role("button", name="Alice").click()
    await row(page, "Harlequin").click()
    await expect(bubble(page, "Good evening")).to_be_visible()


async def test_a_blocked_bot_is_started_again(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    page = await open_page(alice, key)
    await page.get_by_role("button", name="About this bot").click()
    await page.get_by_role("button", name="Block the bot").click()
    assert (await desk.update(token, "my_chat_member"))["new_chat_member"]["status"] == "kicked"
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Unblock and start again").click()
    assert (await desk.update(token, "my_chat_member"))["new_chat_member"]["status"] == "member"
    await expect(writing(page)).to_be_visible()


async def test_placeholders_are_sent_and_shown(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    page = await open_page(alice, key)
    await desk.update(token, "message")
    for choice in ("Photo", "Voice", "Sticker", "Document"):
        await page.get_by_role("button", name="Send a photo").click()
        await page.get_by_role("menuitem", name=choice).click()
        assert choice.lower() in await desk.update(token, "message")
    for label in ("Photo", "Voice message", "Sticker"):
        await expect(page.get_by_role("log").get_by_role("img", name=label)).to_be_visible()
    await expect(bubble(page, "notes.txt")).to_be_visible()


async def test_pictures_are_looked_at_and_documents_saved(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    page = await open_page(alice, key)
    await desk.upload(token, "sendPhoto", "photo", a_png(), chat_id=alice["id"], caption="Look", disable_notification=1)
    picture = bubble(page, "Look").get_by_role("img", name="Photo")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("node => [node.naturalWidth, node.naturalHeight]") == [300, 200]
    await expect(bubble(page, "Look").get_by_title("Sent without a sound")).to_be_visible()
    await expect(picture).to_be_in_viewport(ratio=1)
    page_of_a_stranger = b"<script>document.title = 'caught'</script>"
    await desk.upload(token, "sendDocument", "document", page_of_a_stranger, "me.html", chat_id=alice["id"])
    async with page.expect_download() as saving:
        await bubble(page, "me.html").get_by_title("Save the file").click()
    saved = await saving.value
    assert saved.suggested_filename == "me.html"
    assert (await asyncio.to_thread((await saved.path()).read_bytes)) == page_of_a_stranger


async def test_own_files_are_sent(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    page = await open_page(alice, key)
    await desk.update(token, "message")
    for choice, kind, name in (("Picture…", "photo", "me.png"), ("File…", "document", "розмова.json")):
        await writing(page).fill(f"This is {kind}")
        await page.get_by_role("button", name="Send a photo").click()
        async with page.expect_file_chooser() as choosing:
            await page.get_by_role("menuitem", name=choice).click()
        await (await choosing.value).set_files({"name": name, "mimeType": "image/png", "buffer": a_png()})
        message = await desk.update(token, "message")
        assert message["caption"] == f"This is {kind}"
        file = message["photo"][-1] if kind == "photo" else message["document"]
        assert file["file_size"] == len(a_png())
    assert file["file_name"] == "розмова.json"
    await expect(page.get_by_role("log").get_by_role("img", name="Photo")).to_be_visible()
    await expect(writing(page)).to_have_value("")


async def test_a_bot_is_let_hear_other_bots(desk: Desk, open_page: OpenPage) -> None:
    alice, _, key = await private(desk)
    page = await open_page(alice, key)
    await page.get_by_role("button", name="About Harlequin").click()
    await page.get_by_role("dialog").get_by_label("Bot-to-Bot Communication Mode").check()
    await expect(page.get_by_role("dialog").get_by_label("Bot-to-Bot Communication Mode")).to_be_checked()
    assert next(bot for bot in await desk.get("/bots") if bot["name"] == "Harlequin")["talks_to_bots"] is True


def a_png() -> bytes:
    """300 by 200 points of one colour."""
    rows = (b"\0" + b"\x9b\x1b\x30" * 300) * 200
    header = struct.pack(">2I5B", 300, 200, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


async def test_names_from_right_to_left_keep_their_place(desk: Desk, open_page: OpenPage) -> None:
    alice = await desk.person("علي", last_name="🎻")
    bob = await desk.person("Bob")
    group = await desk.group("ساحة", bob, alice)
    await desk.says(alice, group["key"], "مرحبا بالجميع 123")
    page = await open_page(bob, group["key"])
    message = bubble(page, "مرحبا")
    await expect(message.locator("bdi").first).to_have_text("علي 🎻")
    assert await message.locator(".text").evaluate("node => getComputedStyle(node).direction") == "rtl"
    await expect(row(page, "ساحة")).to_contain_text("علي 🎻")


async def test_the_keyboard_alone_is_enough(desk: Desk, open_page: OpenPage) -> None:
    alice, token, key = await private(desk)
    page = await open_page(alice, key)
    await expect(writing(page)).to_be_focused()
    await desk.call(token, "sendMessage", chat_id=alice["id"], text="Mood?", reply_markup=keyboard("Joy"))
    await page.get_by_role("button", name="Joy").focus()
    await page.keyboard.press("Enter")
    assert (await desk.update(token, "callback_query"))["data"] == "data:Joy"
    actions = bubble(page, "Mood?").get_by_role("button", name="Message actions")
    await actions.focus()
    await page.keyboard.press("Enter")
    for _ in range(8):
        await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="Reply")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(actions).to_be_focused()


async def test_after_a_cut_the_page_catches_up(browser: Browser, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        options = Options(port=free.getsockname()[1], state=tmp_path / "state")
    wrong: list[str] = []
    async with aiohttp.ClientSession() as http, await browser.new_context() as context:
        page = await context.new_page()
        async with running(options) as address:
            desk = Desk(http, address)
            alice, token, key = await private(desk)
            watch(page, address, wrong)
            await page.goto(address)
            await page.get_by_role("button", name="Alice").click()
            await row(page, "Harlequin").click()
            await expect(bubble(page, "Good evening")).to_be_visible()
        cut = page.get_by_role("status").filter(has_text="The sandbox is not answering")
        await expect(cut).to_be_visible()
        async with running(options):
            await desk.call(token, "sendMessage", chat_id=alice["id"], text="While you were away")
            await expect(bubble(page, "While you were away")).to_be_visible(timeout=20_000)
            await expect(cut).to_be_hidden()
            await desk.says(alice, key, "And live again")
            await expect(bubble(page, "And live again")).to_be_visible()
    assert wrong == []


async def test_a_phone_shows_the_list_then_the_chat(desk: Desk, open_page: OpenPage) -> None:
    alice, token, _ = await private(desk)
    page = await open_page(alice, viewport=PHONE, has_touch=True, is_mobile=True)
    await expect(page.get_by_role("main")).to_be_hidden()
    await row(page, "Harlequin").tap()
    await expect(page.get_by_role("navigation")).to_be_hidden()
    await desk.call(
        token, "sendMessage", chat_id=alice["id"], text="x" * 400, reply_markup=keyboard("Yes", "No", "Perhaps")
    )
    await page.get_by_role("button", name="Perhaps").tap()
    assert (await desk.update(token, "callback_query"))["data"] == "data:Perhaps"
    await write(page, "From a phone")
    await expect(bubble(page, "From a phone")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    await page.get_by_role("button", name="Back to the chats").tap()
    await expect(row(page, "Harlequin")).to_contain_text("From a phone")
    await row(page, "Harlequin").tap()
    await page.go_back()
    await expect(page.get_by_role("navigation")).to_be_visible()


async def test_pictures_of_a_scene(desk: Desk, open_page: OpenPage) -> None:
    """Plays an evening and keeps what it looks like under `build/screenshots`."""
    evening = await an_evening(desk)
    await picture(await open_page(), "welcome")
    for scheme in ("light", "dark"):
        page = await open_page(evening["anna"], evening["piazza"], color_scheme=scheme)
        await desk.call(evening["dottore"], "sendChatAction", chat_id=int(evening["piazza"]), action="typing")
        await expect(page.get_by_role("button", name="About Piazza")).to_contain_text("Dottore typing…")
        await picture(page, f"desktop-{scheme}")
    await row(page, "Maskarad").click()
    await expect(page.get_by_role("button", name="My personas")).to_be_visible()
    await picture(page, "desktop-manager-dark")
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    page = await open_page(evening["anna"], **phone)
    await expect(row(page, "Piazza").get_by_label("unread")).to_be_visible()
    await picture(page, "phone-list")
    await row(page, "Piazza").tap()
    await expect(bubble(page, "splendid catastrophe")).to_be_in_viewport()
    await picture(page, "phone-chat")
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


async def picture(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    taken = await page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")
    assert taken.startswith(b"\x89PNG")


async def an_evening(desk: Desk) -> dict[str, Any]:
    anna = await desk.person("Anna", username="anna")
    pavlo = await desk.person("Павло")
    ali = await desk.person("علي", last_name="🎻")
    harlequin = await desk.bot("Harlequin", "harlequin_bot", privacy=False)
    dottore = await desk.bot("Dottore", "dottore_bot", privacy=False)
    await desk.bot("Pantalone", "pantalone_bot")
    await welcome_backstage(desk, anna)
    piazza = (await desk.group("Piazza San Marco", anna, pavlo, ali, harlequin, dottore))["key"]

    async def bot_says(bot: Any, text: str, **more: Any) -> Any:
        return await desk.call(bot["token"], "sendMessage", chat_id=int(piazza), text=text, **more)

    await desk.says(pavlo, piazza, "Has anyone seen the posters for tonight?")
    asked = await desk.says(ali, piazza, "مرحبا بالجميع، هل أنتم مستعدون للعرض؟")
    await desk.says(anna, piazza, "Harlequin, what do you make of them?")
    quoted = {"reply_parameters": {"message_id": asked["message_id"]}}
    said = "Posters? I only look at mirrors. Tonight is a <b>triumph</b>, or at least a <i>splendid catastrophe</i>."
    answer = await bot_says(harlequin, said, parse_mode="HTML", **quoted)
    await bot_says(harlequin, "Ask me again after the second act 🎭")
    reacted = f"/chats/{piazza}/messages/{answer['message_id']}/react"
    for person, emoji in ((anna, "🔥"), (pavlo, "👏"), (ali, "🔥")):
        await desk.post(reacted, **{"from": person["id"]}, emoji=emoji)
    await desk.post(f"/chats/{piazza}/messages", **{"from": pavlo["id"]}, media="voice")
    await desk.says(anna, piazza, "@dottore_bot and your diagnosis?")
    return {"anna": anna, "piazza": piazza, "dottore": dottore["token"]}


async def welcome_backstage(desk: Desk, anna: Any) -> None:
    await desk.says(anna, f"{anna['id']}:{MANAGER_TOKEN.partition(':')[0]}", "/start")
    text = "<b>Good evening, Anna.</b>\nA persona is a character with a bot of its own. It remembers who said what."
    buttons = [["🎭 My personas", "👤 Profile"], ["❔ Help"]]
    rows = [[{"text": label, "callback_data": label} for label in line] for line in buttons]
    sent = {"chat_id": anna["id"], "text": text, "parse_mode": "HTML", "reply_markup": {"inline_keyboard": rows}}
    await desk.call(MANAGER_TOKEN, "sendMessage", **sent)
