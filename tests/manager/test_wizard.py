"""Making and editing a persona: every step, skipped, taken back, refused, interrupted, repeated."""

import asyncio

import msgspec
import pytest

from maskarad.db import personas, wizards
from maskarad.db.engine import Database
from maskarad.errors import TelegramUnreachable
from maskarad.manager.steps import MAIN_STEPS, MOST_MOODS
from maskarad.settings import LANGUAGES
from maskarad.values import (
    MANAGER_BOT_ID,
    READY_MOODS,
    Character,
    GroupReply,
    Mood,
    PersonaDraft,
    Spontaneity,
    Style,
    Verbosity,
)
from tests.manager.conftest import MOST_PERSONAS, TEXTS, Platform, make_persona, on_both_databases, store_personas
from tests.manager.stage import Person, Telegram
from tests.support.people import ALICE


async def stored(database: Database, owner_id: int = ALICE.id) -> list[PersonaDraft]:
    return [each.content for each in await database.read(lambda c: personas.owned_by(c, owner_id))]


@on_both_databases
async def test_a_persona_made_with_every_step(alice: Person, database: Database, platform: Platform) -> None:
    await alice.says("/start")
    assert "1/11" in await alice.presses("Make a persona")
    assert "2/11" in await alice.says("  Mira   the\nGreat ")
    assert "3/11" in await alice.says("An old lighthouse keeper\nwho loves riddles")
    assert "4/11" in await alice.presses("Sarcastic")
    assert "5/11" in await alice.presses("Talkative")
    assert "6/11" in await alice.presses("Only when called")
    assert "7/11" in await alice.presses("5")
    assert "8/11" in await alice.presses("Often")
    await alice.presses("Irritation")
    assert "What is the mood called?" in await alice.presses("Add my own mood")
    assert "How does the persona speak in this mood?" in await alice.says("dreamy")
    assert "8/11" in await alice.says("Speaks in half sentences, looks at the stars")
    assert "🗑 dreamy" in alice.buttons
    assert "9/11" in await alice.presses("Next")
    assert "10/11" in await alice.says("anthropic/claude-sonnet-4.5")
    assert "11/11" in await alice.presses("1.2")
    assert "11/11 · 1/7" in await alice.presses("Answer the questions")
    for number, field in enumerate(("born at sea", "stubborn", "says ahoy", "rain", "crowds", "find the map"), 2):
        assert f"{number}/7" in await alice.says(field)
    assert "Almost done" in await alice.says("never speaks of the war")
    assert await stored(database) == []
    assert "🎭 Mira the Great" in await alice.presses("Create")
    assert alice.notice == "The persona is ready!"
    ready = tuple(Mood(key=key) for key in READY_MOODS if key != "irritation")
    [made] = await stored(database)
    own = made.moods[-1]
    assert (own.name, own.text) == ("dreamy", "Speaks in half sentences, looks at the stars")
    assert made == PersonaDraft(
        name="Mira the Great",
        description="An old lighthouse keeper\nwho loves riddles",
        language="en",
        style=Style.SARCASTIC,
        verbosity=Verbosity.TALKATIVE,
        group_reply=GroupReply.MENTIONED_ONLY,
        reply_messages=5,
        spontaneity=Spontaneity.OFTEN,
        moods=(*ready, own),
        model="anthropic/claude-sonnet-4.5",
        temperature=1.2,
        character=Character(
            "born at sea", "stubborn", "says ahoy", "rain", "crowds", "find the map", made.character.taboos
        ),
    )
    assert made.character.taboos == "never speaks of the war"
    assert len(platform.changed_personas) == 1


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_persona_of_a_name_alone_in_every_language(
    language: str, telegram: Telegram, platform: Platform, database: Database
) -> None:
    person = Person(msgspec.structs.replace(ALICE, language=language), telegram, platform.manager())
    words = TEXTS.words(language)
    await person.says("/createpersona")
    await person.says("Міра 🌙 مرحبا")
    seen = []
    while words.get("button.create_now") not in person.buttons:
        seen.append(person.text)
        skips = [each for each in ("button.skip", "button.next") if words.get(each) in person.buttons]
        await person.presses(words.get(skips[0]))
    assert len(seen) == len(MAIN_STEPS) - 1
    for step, text in zip(MAIN_STEPS[1:], seen, strict=True):
        assert words.get(f"step.{step.key}.title") in text
    await person.presses(words.get("button.create_now"))
    assert await stored(database) == [PersonaDraft(name="Міра 🌙 مرحبا", description="", language=language)]


async def test_every_step_can_be_taken_back_with_its_answer_kept(alice: Person) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    await alice.says("a witch")
    await alice.walks("Formal", "Short", "Never", "7", "Rarely", "Next", "Skip", "0.4", "Skip")
    assert "Almost done" in alice.text
    kept = {10: "✅ 0.4", 7: "✅ Rarely", 6: "✅ 7", 5: "✅ Never", 4: "✅ Short", 3: "✅ Formal"}
    for number in range(11, 0, -1):
        await alice.presses("Back")
        assert f"{number}/11" in alice.text
        assert number not in kept or kept[number] in alice.buttons
        assert number != 2 or "Now: a witch" in alice.text
    assert "Now: Mira" in alice.text
    assert "⬅️ Back" not in alice.buttons
    assert "2/11" in await alice.presses("Next")


async def test_back_inside_character_and_moods(alice: Person) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    await alice.walks("Skip", "Skip", "Skip", "Skip", "Skip", "Skip", "Add my own mood")
    assert "What is the mood called?" in alice.text
    assert "Which moods" in await alice.presses("Back")
    await alice.presses("Add my own mood")
    await alice.says("dreamy")
    assert "What is the mood called?" in await alice.presses("Back")
    await alice.says("sleepy")
    await alice.says("yawns a lot")
    assert "🗑 sleepy" in alice.buttons
    await alice.presses("🗑 sleepy")
    assert "🗑 sleepy" not in alice.buttons
    await alice.walks("Next", "Skip", "Skip", "Answer the questions")
    await alice.says("born at sea")
    assert "1/7" in await alice.presses("Back")
    assert "Now: born at sea" in alice.text
    assert "Now" not in await alice.presses("Clear")
    assert "2/7" in await alice.presses("Skip")
    await alice.walks("Back", "Back")
    assert "Seven short questions" in alice.text


async def test_a_name_that_exists_keeps_the_wizard_going(alice: Person, database: Database) -> None:
    await make_persona(alice, "Mira")
    await alice.says("/createpersona")
    text = await alice.says("  MIRA ")
    assert "already have a persona called MIRA" in text
    assert "1/11" in text
    assert "2/11" in await alice.says("Luna")
    assert len(await stored(database)) == 1


@on_both_databases
async def test_a_name_taken_meanwhile_is_asked_again_with_everything_kept(alice: Person, database: Database) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    await alice.says("a witch")
    await alice.walks("Formal", "Skip", "Skip", "Skip", "Skip", "Next", "Skip", "Skip", "Skip")
    await store_personas(database, ALICE, "mira")
    text = await alice.presses("Create")
    assert "already have a persona called Mira" in text
    assert "1/11" in text
    text = await alice.says("Mira II")
    assert "Almost done" in text
    assert "a witch" in text
    assert "Formal" in text
    await alice.presses("Create")
    assert [each.name for each in await stored(database)] == ["mira", "Mira II"]


async def test_a_wizard_goes_on_after_a_restart(alice: Person, platform: Platform, telegram: Telegram) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    await alice.says("a witch")
    restarted = Person(ALICE, telegram, platform.manager())
    assert "4/11" in await restarted.presses("Sarcastic")
    again = Person(ALICE, telegram, platform.manager())
    text = await again.says("/createpersona")
    assert "unfinished persona" in text
    assert "4/11" in text
    await again.presses("Back")
    assert "✅ Sarcastic" in again.buttons


@on_both_databases
async def test_the_same_message_twice_moves_once(alice: Person, platform: Platform, telegram: Telegram) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    message = alice.last_update
    assert message is not None
    before = len(telegram.calls)
    await alice.sends(message)  # type: ignore[arg-type]
    await platform.manager().on_message(message)  # type: ignore[arg-type]
    assert len(telegram.calls) == before
    assert "2/11" in alice.text


@on_both_databases
async def test_two_quick_presses_move_once(alice: Person) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    skip = alice.data("Skip")
    await asyncio.gather(alice.presses_data(skip), alice.presses_data(skip))
    assert "3/11" in alice.text
    await alice.presses_data(skip)
    assert alice.notice == "This button is out of date."


@on_both_databases
async def test_create_pressed_twice_makes_one(alice: Person, database: Database) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    await alice.walks(*["Skip"] * 6, "Next", *["Skip"] * 3)
    create = alice.data("Create")
    await asyncio.gather(*(alice.presses_data(create) for _ in range(3)))
    assert len(await stored(database)) == 1
    assert "🎭 Mira" in alice.text


async def test_a_button_of_an_earlier_step_changes_nothing(alice: Person) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    await alice.presses("Skip")
    sarcastic = alice.data("Sarcastic")
    await alice.walks("Formal", "Short")
    await alice.presses_data(sarcastic)
    assert alice.notice == "This button is out of date."
    await alice.walks("Back", "Back")
    assert "✅ Formal" in alice.buttons


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("x" * 65, "That's 65 characters, but at most 64 fit."),
        ("   ", "at least one letter"),
        ("\u200b\u2060", "at least one letter"),
        ("[photo]", "only read text"),
    ],
)
async def test_a_name_that_will_not_do_is_asked_again(name: str, complaint: str, alice: Person) -> None:
    await alice.says("/createpersona")
    text = await alice.says(name)
    assert complaint in text
    assert "1/11" in text
    assert "2/11" in await alice.says("Mira")


@pytest.mark.parametrize("name", ["x" * 64, "🦊", "مريم", "<b>&amp;", "{name}", 'O\'Neil "the" 3rd', "7"])
async def test_any_name_a_person_can_have_will_do(name: str, alice: Person, database: Database) -> None:
    await make_persona(alice, name)
    assert f"🎭 {name}" in alice.text
    assert [each.name for each in await stored(database)] == [name]


async def test_a_description_may_have_2000_characters_and_no_more(alice: Person, database: Database) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    assert "That's 2001 characters, but at most 2000 fit." in await alice.says("x" * 2001)
    assert "3/11" in await alice.says("🦊" * 2000)
    await alice.presses("Back")
    await alice.walks("Next", *["Skip"] * 5, "Next", *["Skip"] * 3)
    await alice.presses("Create")
    assert (await stored(database))[0].description == "🦊" * 2000


async def test_a_model_must_look_like_one(alice: Person) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    await alice.walks(*["Skip"] * 6, "Next")
    assert "9/11" in alice.text
    assert "doesn't look like a model's id" in await alice.says("the good one")
    assert "10/11" in await alice.says("openai/gpt-4o-mini:free")


async def test_a_message_where_a_button_is_wanted(alice: Person) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    await alice.presses("Skip")
    text = await alice.says("sarcastic please")
    assert "choose with the buttons" in text
    assert "3/11" in text


async def test_moods_have_limits(alice: Person, database: Database) -> None:
    await make_persona(alice)
    await alice.walks("Edit", "Moods")
    for number in range(MOST_MOODS - len(READY_MOODS)):
        await alice.presses("Add my own mood")
        await alice.says(f"mood {number}")
        await alice.says("some text")
    await alice.presses("Add my own mood")
    assert "at most" in await alice.says("one more")
    await alice.presses("Back")
    await alice.presses("Joy")
    await alice.presses("Add my own mood")
    assert "already a mood called MOOD 1" in await alice.says("MOOD 1")
    assert "That's 33 characters" in await alice.says("x" * 33)
    await alice.says("one more")
    assert "That's 501 characters" in await alice.says("x" * 501)
    await alice.says("fits")
    assert len((await stored(database))[0].moods) == MOST_MOODS
    await alice.presses("Joy")
    assert "12 moods at most" in str(alice.notice)
    assert alice.alert
    assert len((await stored(database))[0].moods) == MOST_MOODS


@on_both_databases
async def test_buttons_of_one_wizard_do_nothing_to_the_next(alice: Person, database: Database) -> None:
    earlier = []
    await alice.says("/createpersona")
    earlier.append(alice.message_id)
    await alice.says("Mira")
    earlier.append(alice.message_id)
    await alice.says("a witch")
    await alice.walks(*["Skip"] * 5, "Next", *["Skip"] * 3)
    earlier.append(alice.message_id)
    await alice.says("/createpersona")
    await alice.presses("Create")
    await alice.says("/createpersona")
    for message_id in earlier:
        await alice.finds_out_of_date(message_id)
    assert "2/11" in await alice.says("Luna")
    for message_id in earlier:
        await alice.finds_out_of_date(message_id)
    assert "3/11" in await alice.says("the moon")
    assert [each.name for each in await stored(database)] == ["Mira"]


async def test_an_answered_prompt_leaves_no_button_that_acts(alice: Person) -> None:
    """Cancel alone still does what it says: the same persona is in the making."""
    prompts = []

    async def answers(text: str) -> None:
        prompts.append(alice.message_id)
        await alice.says(text)

    await alice.says("/createpersona")
    await answers("Mira")
    await answers("a witch")
    await alice.walks(*["Skip"] * 5, "Add my own mood")
    await answers("dreamy")
    await answers("looks at the stars")
    await alice.presses("Next")
    await answers("some/model")
    await alice.walks("0.4", "Answer the questions")
    for number in range(7):
        await answers(f"answer {number}")
    assert "Almost done" in alice.text
    summary = alice.screen
    for message_id in prompts:
        for label in alice.labels(message_id):
            if "Cancel" not in label:
                await alice.presses(label, on=message_id)
                assert alice.notice == "This button is out of date.", label
    assert alice.screen == summary
    await alice.presses("Cancel", on=prompts[0])
    assert alice.notice is None
    assert "didn't expect a message" in await alice.says("hello")


async def test_cancel_under_a_wizard_that_waits_leaves_the_open_question_alone(alice: Person) -> None:
    await make_persona(alice)
    await alice.says("/createpersona")
    wizard = alice.message_id
    await alice.says("/mypersonas")
    await alice.walks("Mira", "Edit", "Name")
    edit = alice.message_id
    await alice.presses("Cancel", on=wizard)
    assert alice.notice is None
    assert "✅ Saved." in await alice.says("Luna")
    assert alice.message_id != edit
    assert "unfinished persona" not in await alice.says("/createpersona")


async def test_back_under_an_answered_edit_does_nothing_to_the_next(alice: Person, database: Database) -> None:
    await make_persona(alice)
    await alice.walks("Edit", "Model")
    first = alice.message_id
    await alice.says("some/model")
    await alice.finds_out_of_date(first)
    await alice.presses("Name")
    await alice.finds_out_of_date(first)
    await alice.says("Luna")
    assert [each.name for each in await stored(database)] == ["Luna"]


@on_both_databases
async def test_the_answer_that_ends_an_edit_says_nothing_the_second_time(alice: Person, telegram: Telegram) -> None:
    await make_persona(alice)
    await alice.walks("Edit", "Name")
    await alice.says("Luna")
    telegram.calls.clear()
    await alice.sends(alice.last_update)  # type: ignore[arg-type]
    assert telegram.calls == []


async def test_cancel_forgets_the_draft(alice: Person, database: Database) -> None:
    await alice.says("/createpersona")
    await alice.says("Mira")
    assert "Cancelled." in await alice.presses("Cancel")
    assert "didn't expect a message" in await alice.says("a witch")
    await alice.says("/createpersona")
    assert "1/11" in alice.text
    assert await stored(database) == []


async def test_the_limit_of_personas(alice: Person, database: Database) -> None:
    await alice.says("/createpersona")
    await alice.says("One too many")
    await alice.walks(*["Skip"] * 6, "Next", *["Skip"] * 3)
    await store_personas(database, ALICE, *map(str, range(MOST_PERSONAS)))
    await alice.presses("Create")
    assert alice.notice == "You can have 8 personas at most. Delete one to make another."
    assert alice.alert
    assert len(await stored(database)) == MOST_PERSONAS


async def test_at_the_limit_no_wizard_begins(alice: Person, platform: Platform, telegram: Telegram) -> None:
    await alice.says("/start")
    await store_personas(platform.database, ALICE, *map(str, range(MOST_PERSONAS)))
    later = Person(ALICE, telegram, platform.manager())
    await later.presses("Make a persona")
    assert later.alert
    assert "at most" in await later.says("/createpersona")
    assert "didn't expect a message" in await later.says("Mira")


@on_both_databases
async def test_edit_every_step_of_a_persona(alice: Person, database: Database, platform: Platform) -> None:
    await make_persona(alice)
    await alice.presses("Edit")
    assert "What shall we change?" in alice.text
    for label, choice in (
        ("Style", "Brief"),
        ("Length", "Short"),
        ("In groups", "Answers everything"),
        ("Messages", "10"),
        ("Speaks first", "Sometimes"),
        ("Temperature", "0.2"),
    ):
        await alice.walks(label, choice)
        assert "What shall we change?" in alice.text
        assert alice.notice == "Saved"
    for label, answer in (("Name", "Luna"), ("Description", "the moon"), ("Model", "some/model")):
        await alice.presses(label)
        assert "✅ Saved." in await alice.says(answer)
    await alice.walks("Character", "Biography")
    assert "Seven short questions" in await alice.says("fell from the sky")
    assert "✅ Biography" in alice.buttons
    await alice.walks("Back", "Back")
    assert "🎭 Luna" in alice.text
    [edited] = await stored(database)
    assert (edited.name, edited.description, edited.model) == ("Luna", "the moon", "some/model")
    assert (edited.style, edited.verbosity, edited.group_reply) == (Style.BRIEF, Verbosity.CONCISE, GroupReply.ALWAYS)
    assert (edited.reply_messages, edited.spontaneity, edited.temperature) == (10, Spontaneity.SOMETIMES, 0.2)
    assert edited.character == Character(biography="fell from the sky")
    assert len(platform.changed_personas) == 11


async def test_an_edited_text_can_be_cleared_but_not_the_name(alice: Person, database: Database) -> None:
    await make_persona(alice)
    await alice.walks("Edit", "Model")
    await alice.says("some/model")
    await alice.walks("Model", "Clear")
    assert "Model: default" in alice.text
    assert (await stored(database))[0].model is None
    await alice.presses("Name")
    assert "🧹 Clear" not in alice.buttons
    await alice.presses_data(alice.data("Back").replace(":wb:", ":wc:"))
    assert "can't be left empty" in str(alice.notice)


async def test_leaving_an_edit_ends_the_question(alice: Person, database: Database) -> None:
    await make_persona(alice)
    await alice.walks("Edit", "Name", "Back")
    assert "didn't expect a message" in await alice.says("Luna")
    await alice.says("/mypersonas")
    await alice.walks("Mira", "Edit", "Name")
    await alice.says("/menu")
    assert "didn't expect a message" in await alice.says("Luna")
    assert (await stored(database))[0].name == "Mira"


@on_both_databases
async def test_an_edit_to_a_name_of_another_persona(alice: Person, database: Database) -> None:
    await make_persona(alice, "Luna")
    await make_persona(alice, "Mira")
    await alice.walks("Edit", "Name")
    assert "already have a persona called Luna" in await alice.says("Luna")
    await store_personas(database, ALICE, "Sol")
    assert "already have a persona called Sol" in await alice.says("Sol")
    assert "✅ Saved." in await alice.says("MIRA")
    assert [each.name for each in await stored(database)] == ["Luna", "MIRA", "Sol"]


@on_both_databases
async def test_an_edit_in_the_midst_of_creating_loses_nothing(alice: Person) -> None:
    await make_persona(alice)
    await alice.says("/createpersona")
    await alice.says("Luna")
    await alice.says("/mypersonas")
    await alice.walks("Mira", "Edit", "Description")
    assert "✅ Saved." in await alice.says("a witch")
    text = await alice.says("/createpersona")
    assert "unfinished persona" in text
    assert "2/11" in text
    await alice.presses("Back")
    assert "Now: Luna" in alice.text


@on_both_databases
async def test_a_persona_deleted_elsewhere_while_it_is_edited(alice: Person, database: Database) -> None:
    await make_persona(alice)
    persona_id = int(alice.data("Edit").split(":")[-1])
    await alice.walks("Edit", "Name")
    await database.write(lambda c: personas.remove(c, ALICE.id, persona_id))
    assert "not there any more" in await alice.says("Luna")
    assert "didn't expect a message" in await alice.says("Luna")
    await alice.presses_data(f"1:wv:{persona_id}:s:brief")
    assert alice.notice == "That is not there any more."
    await alice.says("/mypersonas")
    assert "no personas yet" in alice.text


async def test_delete_asks_and_deletes(alice: Person, database: Database, platform: Platform) -> None:
    await make_persona(alice)
    assert "Delete Mira? This cannot be undone." in await alice.presses("Delete")
    assert "Style: Neutral" in await alice.presses("Back")
    await alice.presses("Delete")
    confirm = alice.data("Yes, delete")
    assert "no personas yet" in await alice.presses("Yes, delete")
    assert alice.notice == "Mira is deleted"
    assert await stored(database) == []
    await alice.presses_data(confirm)
    assert alice.notice == "That is not there any more."
    assert len(platform.changed_personas) == 2


@pytest.mark.parametrize(
    "state", ["", "{}", "[]", '{"type":"creating"}', '{"type":"flying","step":"n"}', "\x00", "null"]
)
async def test_a_state_that_cannot_be_read_is_none(state: str, alice: Person, database: Database) -> None:
    await alice.says("/start")
    state = state.replace("\x00", "?")
    await database.write(lambda c: wizards.save(c, MANAGER_BOT_ID, ALICE.id, state, now=1.0))
    assert "didn't expect a message" in await alice.says("hello")
    assert "1/11" in await alice.says("/createpersona")


async def test_a_state_of_a_later_version_is_not_guessed_at(alice: Person, database: Database) -> None:
    await alice.says("/createpersona")
    state = await database.read(lambda c: wizards.load(c, MANAGER_BOT_ID, ALICE.id))
    assert state is not None
    later = state.replace('"version":1', '"version":2')
    assert later != state
    await database.write(lambda c: wizards.save(c, MANAGER_BOT_ID, ALICE.id, later, now=1.0))
    assert "didn't expect a message" in await alice.says("Mira")


async def test_what_could_not_be_shown_is_still_done(alice: Person, telegram: Telegram) -> None:
    await alice.says("/createpersona")
    telegram.fails_with = TelegramUnreachable("no answer")
    await alice.says("Mira")
    telegram.fails_with = None
    await alice.presses_data("1:wz")
    assert "2/11" in alice.text
