"""Binding a bot, its settings, its whitelist, its health, and unbinding it."""

import msgspec
import pytest

from maskarad.db import bots, links
from maskarad.db.engine import Database
from maskarad.errors import Flooded, TelegramUnreachable, TokenInvalid
from maskarad.values import Access, BotState, Chat, ChatType, Sender, StoredBot, WebhookIdentity
from tests.manager.conftest import (
    MIRA_BOT,
    OTHER_TOKEN,
    OWN_TOKEN,
    SECOND_TOKEN,
    TOKEN,
    Platform,
    SeenHealth,
    bind_bot,
    make_persona,
    on_both_databases,
)
from tests.manager.stage import Person, Telegram
from tests.support.people import BOB

UNKNOWN_TOKEN = "700009:AAHunknown-token_456789abcdefghijkl"


async def all_bots(database: Database) -> list[StoredBot]:
    return await database.read(bots.everyone)


@on_both_databases
async def test_a_pasted_token_is_deleted_and_bound(
    alice: Person, platform: Platform, telegram: Telegram, database: Database
) -> None:
    await make_persona(alice)
    assert "A bot for Mira" in await alice.presses("Bind a bot")
    text = await alice.says(f"Use this token to access the HTTP API:\n{TOKEN}\nKeep it secret")
    assert telegram.deleted == [(alice.chat.id, alice.last_update.message_id)]  # type: ignore[union-attr]
    assert "Mira now lives in @mira_bot" in text
    assert "talks only to you" in text
    assert "In groups the bot hears neither its name nor mentions yet" in text
    assert '<a href="https://t.me/mira_bot">' in alice.screen.html
    [stored] = await all_bots(database)
    assert stored.bot.access is Access.OWNER_ONLY
    assert TOKEN not in stored.token
    assert platform.vault.open(stored.token).reveal() == TOKEN
    assert stored.webhook.public_id != stored.webhook.secret
    assert platform.changed_bots == [stored.bot.id]
    assert "@mira_bot" in await alice.presses("Back")


async def test_the_token_is_deleted_before_telegram_is_asked(alice: Person, telegram: Telegram) -> None:
    await make_persona(alice)
    await alice.presses("Bind a bot")
    telegram.calls.clear()
    await alice.says(TOKEN)
    assert telegram.calls == ["delete", "getMe", "send"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("what is a token?", "doesn't look like a token"),
        ("7001:short", "doesn't look like a token"),
        ("[photo]", "doesn't look like a token"),
        (UNKNOWN_TOKEN, "Telegram doesn't accept this token"),
        (OWN_TOKEN, "my own token"),
    ],
)
async def test_a_wrong_token_is_deleted_and_asked_again(
    text: str, complaint: str, alice: Person, telegram: Telegram, database: Database
) -> None:
    await make_persona(alice)
    await alice.presses("Bind a bot")
    assert complaint in await alice.says(text)
    assert len(telegram.deleted) == 1
    assert await all_bots(database) == []
    assert "now lives in" in await alice.says(TOKEN)


@pytest.mark.parametrize("error", [TelegramUnreachable("no answer"), Flooded(60)])
async def test_telegram_out_of_reach_is_said(error: Exception, alice: Person, telegram: Telegram) -> None:
    await make_persona(alice)
    await alice.presses("Bind a bot")
    telegram.profiles[TOKEN] = error
    assert "isn't answering right now" in await alice.says(TOKEN)
    telegram.profiles[TOKEN] = MIRA_BOT
    assert "now lives in" in await alice.says(TOKEN)


async def test_a_message_that_cannot_be_deleted_is_pointed_out(alice: Person, telegram: Telegram) -> None:
    await make_persona(alice)
    await alice.presses("Bind a bot")
    telegram.can_delete = False
    text = await alice.says(TOKEN)
    assert "Please delete it yourself" in text
    assert "now lives in" in text


@pytest.mark.parametrize("edited", [False, True])
async def test_a_token_nobody_asked_for_is_deleted_and_not_used(
    edited: bool, alice: Person, telegram: Telegram, database: Database
) -> None:
    await make_persona(alice)
    text = await alice.says(f"look: {TOKEN}!", edited=edited)
    assert "didn't use it" in text
    assert len(telegram.deleted) == 1
    assert "getMe" not in telegram.calls
    assert await all_bots(database) == []


@on_both_databases
async def test_a_bot_of_somebody_else_is_refused_without_saying_whose(
    alice: Person, bob: Person, database: Database
) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    await make_persona(bob, "Luna")
    await bob.presses("Bind a bot")
    text = await bob.says(SECOND_TOKEN)
    assert "already taken" in text
    assert "Alice" not in text
    assert "Mira" not in text
    assert len(await all_bots(database)) == 1


@on_both_databases
async def test_the_same_bot_again_is_a_new_token(alice: Person, database: Database, platform: Platform) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    [before] = await all_bots(database)
    await database.write(lambda c: bots.mark_invalid(c, before.bot.id, version=before.bot.version, now=1.0))
    assert "new token of @mira_bot" in await alice.presses("New token")
    assert "new token of @mira_bot is in place" in await alice.says(SECOND_TOKEN)
    [after] = await all_bots(database)
    assert after.bot.id == before.bot.id
    assert after.bot.state is BotState.WORKING
    assert platform.vault.open(after.token).reveal() == SECOND_TOKEN


@on_both_databases
async def test_a_second_bot_for_a_persona_is_refused(alice: Person, database: Database) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    await alice.presses("New token")
    assert "already has another bot" in await alice.says(OTHER_TOKEN)
    assert [each.bot.username for each in await all_bots(database)] == ["mira_bot"]


async def test_a_token_message_twice_binds_once(
    alice: Person, telegram: Telegram, platform: Platform, database: Database
) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    [bound] = await all_bots(database)
    telegram.calls.clear()
    await alice.sends(alice.last_update)  # type: ignore[arg-type]
    assert telegram.calls == []
    assert await all_bots(database) == [bound]
    assert platform.changed_bots == [bound.bot.id]


@pytest.mark.parametrize("text", ["what is a token?", UNKNOWN_TOKEN, OWN_TOKEN])
async def test_a_refused_token_twice_is_refused_once(text: str, alice: Person, telegram: Telegram) -> None:
    await make_persona(alice)
    await alice.presses("Bind a bot")
    await alice.says(text)
    telegram.calls.clear()
    await alice.sends(alice.last_update)  # type: ignore[arg-type]
    assert telegram.calls == []
    assert "now lives in" in await alice.says(TOKEN)


async def test_an_unasked_token_twice_is_answered_once(alice: Person, telegram: Telegram) -> None:
    await alice.says(TOKEN)
    telegram.calls.clear()
    await alice.sends(alice.last_update)  # type: ignore[arg-type]
    assert telegram.calls == []


async def test_an_old_cancel_does_not_end_the_question_that_is_open_now(alice: Person) -> None:
    await make_persona(alice, "Luna")
    await make_persona(alice)
    await alice.presses("Bind a bot")
    binding = alice.message_id
    await alice.says(TOKEN)
    await alice.finds_out_of_date(binding)
    await alice.walks("My list", "Add a person")
    inviting = alice.message_id
    await alice.finds_out_of_date(binding)
    await alice.says("42")
    await alice.finds_out_of_date(inviting)
    await alice.says("/mypersonas")
    await alice.walks("Luna", "Bind a bot")
    await alice.finds_out_of_date(binding)
    await alice.finds_out_of_date(inviting)
    assert "Luna now lives in" in await alice.says(OTHER_TOKEN)


async def test_binding_can_be_cancelled(alice: Person) -> None:
    await make_persona(alice)
    await alice.presses("Bind a bot")
    assert "no bot yet" in await alice.presses("Cancel")
    assert "didn't use it" in await alice.says(TOKEN)


async def test_access_is_changed(alice: Person, database: Database) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    assert "Who may talk to @mira_bot?" in await alice.presses("Access")
    assert "✅ Only me" in alice.buttons
    for label, access in (("Everyone", Access.PUBLIC), ("People from my list", Access.WHITELIST)):
        await alice.presses(label)
        assert f"✅ {label}" in alice.buttons
        assert alice.notice == "Saved"
        assert (await all_bots(database))[0].bot.access is access
    assert "Who may talk to it: People from my list" in await alice.presses("Back")


async def test_a_muted_bot_is_disabled_until_unmuted(alice: Person, database: Database, platform: Platform) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    assert "answers nobody" in await alice.presses("Mute")
    assert not (await all_bots(database))[0].bot.enabled
    assert "answers nobody" not in await alice.presses("Unmute")
    assert (await all_bots(database))[0].bot.enabled
    assert len(platform.changed_bots) == 3


async def test_unbind_asks_and_unbinds(alice: Person, database: Database) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    assert "Unbind @mira_bot from Mira?" in await alice.presses("Unbind")
    await alice.presses("Back")
    confirm = alice.data("Unbind").replace(":bu:", ":by:")
    await alice.walks("Unbind", "Yes, unbind")
    assert "no bot yet" in alice.text
    assert alice.notice == "The bot is unbound"
    assert await all_bots(database) == []
    await alice.presses_data(confirm)
    assert alice.notice == "That is not there any more."


@on_both_databases
async def test_deleting_a_persona_removes_its_bot(alice: Person, database: Database, platform: Platform) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    await alice.presses("Back")
    assert "everything it remembers will be erased" in await alice.presses("Delete")
    await alice.presses("Yes, delete")
    assert await all_bots(database) == []
    assert len(platform.changed_bots) == 2


@on_both_databases
async def test_people_are_let_in_and_put_out(alice: Person, bob: Person, database: Database) -> None:
    await bob.says("/start")
    await make_persona(alice)
    await bind_bot(alice)
    text = await alice.presses("My list")
    assert "The list is empty" in text
    assert "not in use now" in text
    await alice.presses("Add a person")
    assert "Боб may talk to the bot now" in await alice.says("@BOB")
    await alice.presses("Add a person")
    assert "555 may talk" in await alice.says("555")
    await alice.presses("Add a person")
    assert "Eve may talk" in await alice.says("hello", forwarded=Sender(id=777, name="Eve"))
    assert "3 people" in alice.text
    assert alice.buttons[:3] == ["🗑 555", "🗑 Eve · 777", f"🗑 Боб · {BOB.id}"]
    assert (await all_bots(database))[0].bot.whitelist == {555, 777, BOB.id}
    await alice.presses("🗑 Eve")
    assert alice.notice == "Removed from the list"
    assert "2 people" in alice.text
    assert (await all_bots(database))[0].bot.whitelist == {555, BOB.id}


@pytest.mark.parametrize(
    ("text", "forwarded", "complaint"),
    [
        ("@nobody_here", None, "haven't met @nobody_here"),
        ("my friend Bob", None, "a forwarded message, a numeric id or a @username"),
        ("0", None, "a forwarded message"),
        ("9" * 30, None, "a forwarded message"),
        ("-1001", None, "a forwarded message"),
        ("[photo]", None, "a forwarded message"),
        ("hi", Sender(id=0, name="Shy <b>"), "Shy <b> hides their account"),
        ("hi", Sender(id=-1001, name="News"), "Only people"),
        ("hi", Sender(id=9, name="Robot", is_bot=True), "Only people"),
    ],
)
async def test_who_cannot_be_let_in_is_asked_again(
    text: str, forwarded: Sender | None, complaint: str, alice: Person, database: Database
) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    await alice.walks("My list", "Add a person")
    assert complaint in await alice.says(text, forwarded=forwarded)
    assert (await all_bots(database))[0].bot.whitelist == frozenset()
    assert "may talk" in await alice.says("42")


async def test_a_long_list_has_pages_and_stays_on_them(alice: Person, database: Database) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    await alice.presses("My list")
    for number in range(10, 20):
        await alice.presses("Add a person")
        await alice.says(str(number))
    await alice.presses("▶️")
    assert alice.buttons[:5] == ["🗑 18", "🗑 19", "◀️", "2/2", "▶️"]
    await alice.presses("🗑 18")
    assert alice.buttons[0] == "🗑 19"
    await alice.presses("🗑 19")
    assert alice.buttons[0] == "🗑 10"


async def test_adding_to_the_list_can_be_cancelled(alice: Person) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    await alice.walks("My list", "Add a person", "Cancel")
    assert "My list for @mira_bot" in alice.text
    assert "didn't expect a message" in await alice.says("42")


async def test_somebody_added_twice_is_one_entry(alice: Person) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    await alice.presses("My list")
    for name in ("Eve", "Eva"):
        await alice.presses("Add a person")
        await alice.says("hi", forwarded=Sender(id=777, name=name))
    assert "1 person" in alice.text
    assert alice.buttons[0] == "🗑 Eva · 777"


async def test_health_shows_what_is_known(alice: Person, platform: Platform, database: Database) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    [stored] = await all_bots(database)
    text = await alice.presses("Health")
    assert "The token is valid" in text
    assert "it sees only commands and replies to its own messages, and hears neither its name nor mentions" in text
    assert "/setprivacy" in text
    assert "Nothing heard from Telegram" in text
    assert "It is in no groups" in text
    await database.write(
        lambda c: links.find_or_add(c, stored.bot.id, Chat(id=-5, type=ChatType.SUPERGROUP, title="Tea <3"), now=1.0)
    )
    await database.write(lambda c: links.find_or_add(c, stored.bot.id, Chat(id=5, type=ChatType.PRIVATE), now=1.0))
    for seconds, words in ((30, "just now"), (180, "3 minutes ago"), (7200, "2 hours ago"), (90_000, "1 day ago")):
        platform.health[stored.bot.id] = SeenHealth(last_update_at=platform.clock() - seconds)
        assert words in await alice.presses("Check now")
    assert "It is in 1 group:\n• Tea <3" in alice.text
    platform.health[stored.bot.id] = SeenHealth(conflict_since=1.0)
    assert "Another program uses the same token" in await alice.presses("Check now")


@on_both_databases
async def test_a_live_check_stores_what_telegram_says(
    alice: Person, telegram: Telegram, database: Database, platform: Platform
) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    await alice.presses("Health")
    [before] = await all_bots(database)
    telegram.calls.clear()
    await alice.presses("Check now")
    assert telegram.calls == ["answer", "getMe", "edit"]
    assert await all_bots(database) == [before]
    telegram.profiles[TOKEN] = msgspec.structs.replace(MIRA_BOT, username="mira2_bot", sees_all_group_messages=True)
    text = await alice.presses("Check now")
    assert "How is @mira2_bot?" in text
    assert "Privacy mode is off" in text
    assert "neither its name nor mentions" not in await alice.presses("Back")
    await alice.presses("Health")
    telegram.profiles[TOKEN] = TokenInvalid("Unauthorized")
    assert "Telegram doesn't accept the token" in await alice.presses("Check now")
    assert (await all_bots(database))[0].bot.state is BotState.INVALID
    assert "no longer accepts the token" in await alice.presses("Back")
    telegram.profiles[TOKEN] = TelegramUnreachable("no answer")
    await alice.presses("Health")
    assert "isn't answering right now" in await alice.presses("Check now")
    telegram.profiles[TOKEN] = MIRA_BOT
    assert "The token is valid" in await alice.presses("Check now")
    [after] = await all_bots(database)
    assert (after.bot.state, after.webhook, after.token) == (
        BotState.WORKING,
        before.webhook,
        before.token,
    )
    assert len(platform.changed_bots) == 4


async def test_a_stored_token_that_cannot_be_read_is_said(alice: Person, database: Database) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    other = WebhookIdentity(public_id="p", secret="s")
    await database.write(
        lambda c: bots.bind(c, 1, MIRA_BOT, token="not ours", webhook=other, access=Access.PUBLIC, now=1.0)
    )
    await alice.presses("Health")
    assert "can't read the stored token" in await alice.presses("Check now")


@on_both_databases
async def test_a_bot_unbound_elsewhere_leaves_dead_buttons(alice: Person, database: Database) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    mute = alice.data("Mute")
    await alice.walks("My list", "Add a person")
    [stored] = await all_bots(database)
    await database.write(lambda c: bots.unbind(c, stored.bot.id))
    assert "not there any more" in await alice.says("42")
    await alice.presses_data(mute)
    assert alice.notice == "That is not there any more."


async def test_a_question_is_remembered_over_a_restart(
    alice: Person, platform: Platform, telegram: Telegram, database: Database
) -> None:
    await make_persona(alice)
    await alice.presses("Bind a bot")
    assert "now lives in" in await Person(alice.sender, telegram, platform.manager()).says(TOKEN)
    await alice.says("/mypersonas")
    restarted = Person(alice.sender, telegram, platform.manager())
    await restarted.walks("Mira", "🤖 Bot", "My list", "Add a person")
    assert "may talk" in await Person(alice.sender, telegram, platform.manager()).says("42")
    assert (await all_bots(database))[0].bot.whitelist == {42}


async def test_a_token_in_the_midst_of_the_wizard_leaves_the_wizard_where_it_was(alice: Person) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    assert "didn't use it" in await alice.says(TOKEN)
    assert "2/11" in await alice.says("/createpersona")
    assert "3/11" in await alice.says("a witch")
