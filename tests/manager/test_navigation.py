"""Looking around: what each button shows, in three languages, and what it costs."""

import msgspec
import pytest

from maskarad.db import users
from maskarad.db.engine import Database
from maskarad.errors import ChatGone
from maskarad.manager.bot import Manager
from maskarad.settings import LANGUAGES
from maskarad.values import Incoming, Keyboard, Press, Sender
from tests.manager.conftest import TEXTS, TOKEN, Platform, make_persona, on_both_databases, store_personas
from tests.manager.stage import Person, Telegram
from tests.support.databases import CountStatements
from tests.support.people import ALICE
from tests.support.rows import GROUP


async def test_a_stranger_is_greeted_and_known_from_then_on(alice: Person, database: Database) -> None:
    assert "Hello!" in await alice.says("/start")
    known = await database.read(lambda c: users.find_by_username(c, "@ALICE"))
    assert known == Sender(id=ALICE.id, name="Alice", username="ALICE")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_menu_profile_help_and_language_in_every_language(
    language: str, telegram: Telegram, manager: Manager
) -> None:
    person = Person(msgspec.structs.replace(ALICE, language=f"{language}-XX"), telegram, manager)
    words = TEXTS.words(language)
    await person.says("/start")
    assert person.screen.html == words.html("menu.text")
    for name, expected in (("help", "help.text"), ("personas", "personas.empty")):
        await person.presses(words.get(f"button.{name}"))
        assert person.screen.html == words.html(expected)
        await person.presses(words.get("button.back"))
        assert person.screen.html == words.html("menu.text")
    await person.presses(words.get("button.profile"))
    assert words.get(f"language.{language}") in person.text
    await person.presses(words.get("button.language"))
    assert person.buttons[LANGUAGES.index(language)] == f"✅ {words.get(f'language.{language}')}"


@pytest.mark.parametrize("code", ["de", None, "zz-ZZ-zz"])
async def test_somebody_of_another_language_gets_the_platforms_own(
    code: str | None, telegram: Telegram, manager: Manager
) -> None:
    person = Person(msgspec.structs.replace(ALICE, language=code), telegram, manager)
    assert "Hello!" in await person.says("/start")


async def test_a_chosen_language_stays_chosen(alice: Person, platform: Platform, telegram: Telegram) -> None:
    await alice.says("/language")
    assert "Вітаю" in await alice.presses("Українська")
    after_restart = Person(msgspec.structs.replace(ALICE, language="ru"), telegram, platform.manager())
    assert "Вітаю" in await after_restart.says("/start")


async def test_commands_show_their_screens(alice: Person) -> None:
    assert "Personas: 0 of 8" in await alice.says("/profile")
    assert "Answers: 0 of 200" in alice.text
    assert "no personas yet" in await alice.says("/mypersonas")
    assert "How it works" in await alice.says("/help")
    assert "Which language" in await alice.says("/language")
    assert "What is the persona called?" in await alice.says("/createpersona")
    assert alice.text.startswith("1/11")
    assert "Cancelled." in await alice.says("/cancel")
    assert "nothing to cancel" in await alice.says("/cancel")
    assert "don't know that command" in await alice.says("/frobnicate")
    assert "Hello!" in await alice.says("/menu")


async def test_a_text_nobody_asked_for_shows_the_menu_with_a_hint(alice: Person) -> None:
    assert "didn't expect a message" in await alice.says("hello there")
    assert "🎭 My personas" in alice.buttons


async def test_the_list_has_six_a_page_and_turns_both_ways(alice: Person, database: Database) -> None:
    await store_personas(database, ALICE, *(f"Persona {number}" for number in range(1, 9)))
    await alice.says("/mypersonas")
    assert "You have 8 personas." in alice.text
    first = ["🎭 Persona 1", "🎭 Persona 2", "🎭 Persona 3", "🎭 Persona 4", "🎭 Persona 5", "🎭 Persona 6"]
    assert alice.buttons[:9] == [*first, "◀️", "1/2", "▶️"]
    await alice.presses("▶️")
    assert alice.buttons[:5] == ["🎭 Persona 7", "🎭 Persona 8", "◀️", "2/2", "▶️"]
    await alice.presses("▶️")
    assert alice.buttons[0] == "🎭 Persona 1"
    await alice.presses_data("1:ps:999999")
    assert alice.buttons[0] == "🎭 Persona 7"


async def test_six_personas_need_no_pager(alice: Person, database: Database) -> None:
    await store_personas(database, ALICE, *(f"Persona {number}" for number in range(1, 7)))
    await alice.says("/mypersonas")
    assert "◀️" not in alice.buttons
    assert alice.buttons[5] == "🎭 Persona 6"


async def test_a_card_shows_everything_of_a_persona(alice: Person) -> None:
    await make_persona(alice, "Mira <3")
    card = alice.text
    for line in ("🎭 Mira <3", "Style: Neutral", "Length: As needed", "When called or it fits", "up to 3", "Joy"):
        assert line in card
    assert "temperature 0.8" in card
    assert "0 of 7" in card
    assert "no bot yet" in card
    await alice.walks("Back", "Mira <3")
    assert alice.text == card


async def test_a_screens_keyboard_is_built_once(alice: Person, bob: Person) -> None:
    for person in (alice, bob):
        await make_persona(person)
        await person.walks("Back", "Back")
    seen: dict[str, list[Keyboard]] = {}
    way = ("1:m", "1:h", "1:u", "1:l", "1:ps:0", "Mira", "Edit", "Back", "Delete", "Back")
    for _ in range(2):
        for place, step in enumerate(way):
            await (alice.presses_data(step) if step.startswith("1:") else alice.presses(step))
            if step != "1:ps:0":  # its labels are people's own words
                seen.setdefault(f"{place} {step}", []).append(alice.screen.keyboard)
    for step, (first, second) in seen.items():
        assert first is second, step
    await bob.presses_data("1:m")
    await alice.presses_data("1:m")
    assert bob.screen.keyboard is alice.screen.keyboard


async def test_a_bots_card_keeps_its_keyboard_until_the_bot_changes(alice: Person) -> None:
    await make_persona(alice)
    await alice.presses("Bind a bot")
    await alice.says(TOKEN)
    await alice.presses_data("1:b:1")
    before = alice.screen.keyboard
    await alice.presses("Access")
    chosen = alice.screen.keyboard
    await alice.presses("Back")
    assert alice.screen.keyboard is before
    await alice.presses("Access")
    assert alice.screen.keyboard is chosen
    await alice.presses("Back")
    await alice.presses("Mute")
    assert alice.screen.keyboard is not before
    assert alice.screen.keyboard != before


@on_both_databases
async def test_pressing_costs_no_statement_warm_and_one_cold(
    alice: Person, platform: Platform, telegram: Telegram, statements: CountStatements
) -> None:
    await make_persona(alice)
    for label in ("Edit", "Style", "Back", "Back", "Back", "Mira", "Delete", "Back", "Back", "Back", "Help", "Back"):
        with statements(platform.database) as seen:
            await alice.presses(label)
        assert seen.count == 0, (label, seen)
    cold = Person(ALICE, telegram, platform.manager())
    with statements(platform.database) as seen:
        await cold.presses("My personas")
    assert seen.count == 1, seen
    with statements(platform.database) as seen:
        await cold.presses("Mira")
    assert seen.count == 0, seen


async def test_what_was_spent_is_read_every_ten_seconds_at_most(
    alice: Person, platform: Platform, statements: CountStatements
) -> None:
    await alice.says("/profile")
    platform.clock.advance(9)
    with statements(platform.database) as seen:
        await alice.presses_data("1:u")
    assert seen.count == 0
    platform.clock.advance(2)
    with statements(platform.database) as seen:
        await alice.presses_data("1:u")
    assert seen.count == 1


async def test_a_keyboard_of_the_language_alone_is_the_same_object_each_time(alice: Person, bob: Person) -> None:
    await alice.says("/start")
    await bob.says("/start")
    assert alice.screen.keyboard is bob.screen.keyboard


async def test_a_press_on_a_message_that_is_gone_gets_a_new_message(alice: Person) -> None:
    await alice.says("/start")
    await alice.presses_data("1:h", on=5)
    assert "How it works" in alice.text
    assert alice.messages == 2


async def test_a_new_name_is_noted(alice: Person, telegram: Telegram, manager: Manager) -> None:
    await alice.says("/start")
    renamed = Person(msgspec.structs.replace(ALICE, name="Alice <b>B</b>", username="alice_b"), telegram, manager)
    assert "👤 Alice <b>B</b>" in await renamed.says("/profile")


async def test_the_manager_is_silent_in_groups_and_to_bots(alice: Person, telegram: Telegram) -> None:
    await alice.says("/start")
    message = alice.last_update
    assert isinstance(message, Incoming)
    bot = msgspec.structs.replace(message.sender, is_bot=True)
    before = len(telegram.calls)
    await alice.manager.on_message(msgspec.structs.replace(message, chat=GROUP, update_id=900))
    await alice.manager.on_message(msgspec.structs.replace(message, sender=bot, update_id=901))
    assert len(telegram.calls) == before


async def test_a_button_pressed_in_a_group_shows_nothing_there(alice: Person, telegram: Telegram) -> None:
    await make_persona(alice)
    await alice.presses("Edit")
    press = alice.last_update
    assert isinstance(press, Press)
    telegram.calls.clear()
    await alice.manager.on_press(msgspec.structs.replace(press, chat=GROUP, callback_query_id="elsewhere"))
    assert telegram.calls == ["answer"]


async def test_an_edited_message_is_no_second_message(alice: Person) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    before = alice.messages
    await alice.says("Mirabel", edited=True)
    assert alice.messages == before
    assert "2/11" in alice.text


async def test_somebody_who_blocked_the_bot_breaks_nothing(alice: Person, telegram: Telegram) -> None:
    await alice.says("/createpersona")
    telegram.fails_with = ChatGone("Forbidden: bot was blocked by the user")
    await alice.says("Mira")
    telegram.fails_with = None
    assert "Now" not in await alice.says("/createpersona")
    assert "2/11" in alice.text
