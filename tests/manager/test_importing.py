"""Importing a history by sending the file: what is asked, who may, how far it is, and what comes of it."""

import json
import zipfile
from functools import partial
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, select

from maskarad.db import errands, links, tables
from maskarad.db.tables import chat_contexts
from maskarad.errors import ChatGone, FileTooBig, TelegramUnreachable
from maskarad.jobs.held import MOST_ATTEMPTS
from maskarad.jobs.leases import LEASE
from maskarad.manager import errands as import_errands
from maskarad.telegram.files import CLOUD_BYTES
from maskarad.values import MANAGER_BOT_ID, Chat, ChatType, Document, Incoming
from tests.manager.conftest import Platform, on_both_databases, store_personas
from tests.manager.stage import Person, Telegram
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.until import until

SAMPLES = Path(__file__).parent.parent / "data" / "exports"
GROUP_EXPORT = (SAMPLES / "group" / "result.json").read_bytes()
ACCOUNT_EXPORT = (SAMPLES / "account" / "result.json").read_bytes()
KITCHEN = Chat(id=-(10**12) - 1_234_567_890, type=ChatType.SUPERGROUP, title="Kitchen")
GARDEN = Chat(id=-(10**12) - 55, type=ChatType.SUPERGROUP, title="Garden")
STRANGERS = Chat(id=-(10**12) - 66, type=ChatType.SUPERGROUP, title="Strangers")


async def lives(platform: Platform, *chats: Chat, number: int = 1) -> int:
    """Alice's bot Mira, in these chats; Alice administers the Kitchen and the Garden."""

    def store(connection: Connection) -> int:
        bot_id = rows.bot(connection, number)
        for chat in chats:
            links.find_or_add(connection, bot_id, chat, now=rows.NOW)
        return bot_id

    platform.telegram.roles |= {(KITCHEN.id, ALICE.id): "creator", (GARDEN.id, ALICE.id): "administrator"}
    return await platform.database.write(store)


async def sends(person: Person, platform: Platform, content: bytes | Exception, name: str = "result.json") -> str:
    """A file, and what is shown when it has been read."""
    await hands_over(person, platform.telegram, content, name)
    return await settled(person, platform)


async def hands_over(
    person: Person, telegram: Telegram, content: bytes | Exception, name: str = "result.json"
) -> Incoming:
    message_id = next(telegram.message_ids)
    file_id = f"file-{message_id}"
    telegram.files[file_id] = content
    message = Incoming(
        bot_id=MANAGER_BOT_ID,
        update_id=next(person.updates),
        chat=person.chat,
        message_id=message_id,
        sender=person.sender,
        text="[document]",
        sent_at=0.0,
        has_text=False,
        document=Document(file_id=file_id, name=name, size=len(content) if isinstance(content, bytes) else None),
    )
    await person.sends(message)
    return message


async def settled(person: Person, platform: Platform) -> str:
    """What stands there when nothing is under way any more."""

    async def is_over() -> bool:
        mine = [screen.html for (chat, _), screen in platform.telegram.shown.items() if chat == person.sender.id]
        is_awaited = any(html.startswith(("⏳", "🔍", "📥 Storing")) for html in mine)
        return not is_awaited and await is_free(person, platform)

    await until(is_over)
    return person.text


async def is_free(person: Person, platform: Platform) -> bool:
    return not await platform.database.read(lambda c: import_errands.is_busy(c, person.sender.id))


async def remembered(platform: Platform, chat: Chat) -> list[str]:
    def read(connection: Connection) -> list[str]:
        ordered = select(chat_contexts.c.text).order_by(chat_contexts.c.message_order)
        return list(connection.execute(ordered.where(chat_contexts.c.chat_id == chat.id)).scalars())

    return await platform.database.read(read)


@on_both_databases
async def test_an_export_becomes_what_a_bot_remembers(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)
    shown = await sends(alice, platform, GROUP_EXPORT)
    assert shown.startswith("📄 Кухня 🍲\nMessages: 7\n\nIn which chat of @mira1_bot?")
    assert alice.buttons == ["✅ Kitchen", "👤 Your private chat with the bot", "✖️ Cancel"]
    await alice.presses("Kitchen")
    done = await settled(alice, platform)
    assert (
        "Imported. @mira1_bot remembers it: Kitchen\n\nAdded: 7\nAlready there: 0\nService messages skipped: 2" in done
    )
    assert "People: 4" in done
    assert "Before you could read here: 6 messages of 4 people" in done
    assert len(await remembered(platform, KITCHEN)) == 7
    assert files(platform) == 0


async def test_the_same_file_again_adds_nothing(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)
    for expected in ("Added: 7\nAlready there: 0", "Added: 0\nAlready there: 7"):
        await sends(alice, platform, GROUP_EXPORT)
        await alice.presses("Kitchen")
        assert expected in await settled(alice, platform)


async def test_a_bots_card_tells_how_to_make_an_export(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)
    await lives(platform, KITCHEN, number=2)
    await alice.says("/mypersonas")
    assert "Export chat history" in await alice.walks("Mira 2", "🤖 Bot", "Import history")
    assert "I'm waiting for a file" in await alice.says("here it is")
    assert "In which chat of @mira2_bot?" in await sends(alice, platform, GROUP_EXPORT, "no idea")
    assert "Access: " in await alice.presses("Cancel") or "@mira2_bot" in alice.text
    assert "didn't expect" in await alice.says("hello")


async def test_a_zip_of_pages_is_known_by_the_chats_name(alice: Person, platform: Platform) -> None:
    chat = msgspec.structs.replace(KITCHEN, title="Кухня & друзі")
    await lives(platform, GARDEN, chat)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for page in (SAMPLES / "pages").iterdir():
            archive.write(page, f"ChatExport/{page.name}")
    assert "Кухня & друзі" in await sends(alice, platform, packed.getvalue(), "ChatExport.zip")
    assert alice.buttons[:2] == ["✅ Кухня & друзі", "👤 Your private chat with the bot"]
    await alice.presses("Кухня")
    assert "Imported" in await settled(alice, platform)
    assert await remembered(platform, chat) != []
    assert await remembered(platform, GARDEN) == []


async def test_with_several_bots_it_is_asked_which_one(alice: Person, platform: Platform) -> None:
    await lives(platform, GARDEN)
    await lives(platform, KITCHEN, number=2)
    assert "Which bot shall remember this?" in await sends(alice, platform, GROUP_EXPORT)
    assert alice.buttons == ["Mira 1 · @mira1_bot", "✅ Mira 2 · @mira2_bot", "✖️ Cancel"]
    await alice.walks("Mira 2", "Kitchen")
    assert "Imported. @mira2_bot" in await settled(alice, platform)


async def test_a_chat_that_the_export_is_not_of_is_never_filled_by_one_press(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN, GARDEN)
    await sends(alice, platform, GROUP_EXPORT)
    asked = await alice.presses("Garden")
    assert "shall become part of Garden?\n\nEverybody there may hear of it" in asked
    assert await remembered(platform, GARDEN) == []
    await alice.presses("Кухня")
    assert "Added: 7" in await settled(alice, platform)
    assert len(await remembered(platform, GARDEN)) == 7


async def test_of_a_whole_account_the_chat_with_the_bot_is_found(alice: Person, platform: Platform) -> None:
    await lives(platform, GARDEN)
    assert "In this export there are" in await sends(alice, platform, ACCOUNT_EXPORT)
    assert alice.buttons[0] == "✅ 👤 Your private chat with the bot"
    await alice.presses("private chat")
    assert "Imported" in await settled(alice, platform)
    assert await remembered(platform, rows.private(ALICE)) == ["Привіт! Як справи?", "Чудово, заварюю чай"]


async def test_a_chat_of_many_is_chosen_page_by_page(alice: Person, platform: Platform) -> None:
    await lives(platform, GARDEN)
    chats = [
        {"name": f"Chat {number}", "type": "personal_chat", "id": number, "messages": [said(1, "x" * number)]}
        for number in range(1, 11)
    ]
    await sends(alice, platform, json.dumps({"chats": {"list": chats}}).encode())
    await alice.walks("Garden", "▶️", "Chat 10")
    assert "Added: 1" in await settled(alice, platform)
    assert await remembered(platform, GARDEN) == ["x" * 10]


async def test_only_chats_are_offered_in_which_one_may(alice: Person, platform: Platform) -> None:
    telegram = platform.telegram
    other = msgspec.structs.replace(STRANGERS, id=STRANGERS.id - 1, title="Gone")
    await lives(platform, KITCHEN, GARDEN, STRANGERS, other, rows.private(CHARLIE))
    telegram.roles |= {(STRANGERS.id, ALICE.id): "member", (other.id, ALICE.id): ChatGone("bot was kicked")}
    await sends(alice, platform, GROUP_EXPORT)
    assert alice.buttons == ["✅ Kitchen", "👤 Your private chat with the bot", "Garden", "✖️ Cancel"]


async def test_who_is_administrator_no_more_is_turned_away(alice: Person, platform: Platform) -> None:
    telegram = platform.telegram
    await lives(platform, KITCHEN)
    await sends(alice, platform, GROUP_EXPORT)
    kitchen = alice.data("Kitchen")
    telegram.roles[KITCHEN.id, ALICE.id] = "member"
    assert "only by an administrator" in await alice.presses_data(kitchen)
    assert "✅ Kitchen" not in alice.buttons
    telegram.roles[KITCHEN.id, ALICE.id] = TelegramUnreachable("no answer")
    assert "does not answer right now" in await alice.presses_data(kitchen)
    assert await remembered(platform, KITCHEN) == []


async def test_forged_buttons_lead_nowhere(alice: Person, bob: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN, rows.private(CHARLIE))
    telegram = platform.telegram
    await store_personas(platform.database, BOB, "Bobs")
    telegram.roles |= {(KITCHEN.id, BOB.id): "creator"}
    await sends(alice, platform, GROUP_EXPORT)
    [number] = {each.split(":")[2] for each in (alice.data("Kitchen"), alice.data("Cancel"))}
    for link in ("2", "99"):
        assert "only by an administrator" in await alice.presses_data(f"1:il:{number}:{link}")
    await alice.presses_data(f"1:ie:{number}:1:7")
    await bob.says("/start")
    for data in (f"1:il:{number}:1", f"1:ie:{number}:1:0", f"1:iq:{number}", f"1:ib:{number}:1", "1:bi:1"):
        shown = bob.text
        assert await bob.presses_data(data) == shown, data
    assert "In which chat" in alice.text
    assert await remembered(platform, KITCHEN) == []


async def test_old_questions_have_old_buttons(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN, GARDEN)
    await sends(alice, platform, GROUP_EXPORT)
    first = alice.message_id
    await sends(alice, platform, ACCOUNT_EXPORT)
    before = alice.screen
    await alice.presses("Kitchen", on=first)
    assert alice.screen == before
    await alice.presses("Cancel")
    assert alice.text.startswith("🤖") or "@mira1_bot" in alice.text
    await alice.presses("Garden", on=first)
    assert await remembered(platform, KITCHEN) == []


async def test_a_question_survives_a_restart(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)
    await sends(alice, platform, GROUP_EXPORT)
    alice.manager = platform.manager()
    await alice.presses("Kitchen")
    assert "Added: 7" in await settled(alice, platform)


async def test_how_far_it_is_is_told_as_time_goes_by(alice: Person, platform: Platform) -> None:
    telegram = platform.telegram
    await lives(platform, KITCHEN)
    telegram.open.clear()
    await hands_over(alice, telegram, GROUP_EXPORT)
    await until(lambda: "One moment" in alice.text)

    def is_told() -> bool:
        telegram.paused.set()
        return alice.text.endswith("Fetching the file…\n\n▓▓▓▓░░░░░░ 49 %")

    await until(is_told)
    assert alice.buttons == ["✖️ Cancel"]
    telegram.open.set()
    assert "In which chat" in await settled(alice, platform)


async def test_one_at_a_time_for_each_person(alice: Person, platform: Platform) -> None:
    telegram = platform.telegram
    await lives(platform, KITCHEN)
    telegram.open.clear()
    await hands_over(alice, telegram, GROUP_EXPORT)
    await hands_over(alice, telegram, GROUP_EXPORT)
    await until(lambda: "One import at a time" in str(telegram.shown))
    telegram.open.set()
    await until(lambda: "In which chat" in str(telegram.shown))
    assert len(telegram.files) == 2
    assert alice.messages == 2


async def test_a_third_person_waits_in_line(alice: Person, bob: Person, charlie: Person, platform: Platform) -> None:
    telegram = platform.telegram
    people = (alice, bob, charlie)

    def store(connection: Connection) -> None:
        for number, person in enumerate(people, 1):
            rows.bot(connection, number, msgspec.structs.replace(person.sender, language="en"))

    await platform.database.write(store)
    telegram.open.clear()
    for person in people:
        await hands_over(person, telegram, GROUP_EXPORT)
    await until(lambda: [person.messages for person in people] == [1, 1, 1] and files(platform) == 2)
    await charlie.presses("Cancel")
    await until(lambda: "Cancelled" in charlie.text)
    await until(partial(is_free, charlie, platform))
    await hands_over(charlie, telegram, GROUP_EXPORT)
    await until(lambda: charlie.messages == 2)
    assert files(platform) == 2
    telegram.open.set()
    for person in people:
        assert "In which chat" in await settled(person, platform)


async def test_what_is_under_way_can_be_cancelled(alice: Person, platform: Platform) -> None:
    telegram = platform.telegram
    await lives(platform, KITCHEN)
    telegram.open.clear()
    await hands_over(alice, telegram, GROUP_EXPORT)
    await until(lambda: alice.messages == 1)
    cancel = alice.data("Cancel")
    await until(lambda: files(platform) == 1)
    await alice.presses("Cancel")
    assert alice.notice == "Stopping…"
    await until(lambda: "Cancelled" in alice.text)
    assert (alice.messages, files(platform)) == (1, 0)
    await until(partial(is_free, alice, platform))
    await alice.presses_data(cancel)
    assert "not under way here any more" in str(alice.notice)
    telegram.open.set()
    assert "In which chat" in await sends(alice, platform, GROUP_EXPORT)


async def test_what_is_given_back_at_the_end_of_a_process_goes_on_in_the_same_message(
    alice: Person, platform: Platform
) -> None:
    telegram = platform.telegram
    await lives(platform, KITCHEN)
    telegram.open.clear()
    await hands_over(alice, telegram, GROUP_EXPORT)
    await until(lambda: files(platform) == 1)
    await platform.errands.close()
    assert files(platform) == 0
    assert "One moment" in alice.text
    telegram.open.set()
    platform.errands = platform.worker()
    await platform.errands.sweep()
    assert "In which chat" in await settled(alice, platform)
    assert alice.messages == 1


@on_both_databases
async def test_what_a_dead_process_was_reading_is_read_by_another(
    alice: Person, platform: Platform, clock: FakeClock
) -> None:
    telegram = platform.telegram
    await lives(platform, KITCHEN)
    telegram.open.clear()
    await hands_over(alice, telegram, GROUP_EXPORT)
    await until(lambda: files(platform) == 1)
    dead, platform.errands = platform.errands, platform.worker()
    await platform.errands.sweep()
    assert files(platform) == 1
    clock.advance(LEASE + 1)
    await platform.errands.sweep()
    await until(lambda: files(platform) == 2)
    assert "still under way" in await alice.says("so?")
    await dead.renew()
    await until(lambda: files(platform) == 1)
    telegram.open.set()
    await until(lambda: "In which chat" in str(telegram.shown))
    assert alice.messages == 2
    await dead.close()


@on_both_databases
async def test_the_cancel_button_reaches_whichever_process_is_at_it(alice: Person, platform: Platform) -> None:
    telegram = platform.telegram
    await lives(platform, KITCHEN)
    telegram.open.clear()
    await hands_over(alice, telegram, GROUP_EXPORT)
    await until(lambda: files(platform) == 1)
    elsewhere, platform.errands = platform.errands, platform.worker()
    alice.manager = platform.manager()
    await alice.presses("Cancel")
    assert alice.notice == "Stopping…"
    await elsewhere.renew()
    await until(lambda: "Cancelled" in alice.text)
    assert "didn't expect" in await alice.says("so?")
    await elsewhere.close()


async def test_too_many_imports_are_refused_in_a_sentence(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)

    def fill(connection: Connection) -> None:
        for person in range(import_errands.MOST_WAITING):
            looking = import_errands.Looking(
                user_id=10_000 + person, number=1, language="en", document=Document(file_id="x", name="x", size=1)
            )
            import_errands.order(connection, import_errands.LOOK, looking, now=rows.NOW)

    await platform.database.write(fill)
    await hands_over(alice, platform.telegram, GROUP_EXPORT)
    assert "Too many people" in alice.text
    assert "didn't expect" in await alice.says("hm")


async def test_too_many_that_store_leave_the_question_open(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)
    await sends(alice, platform, GROUP_EXPORT)
    later = rows.NOW + 1e9
    others = [
        {
            "kind": "import_store",
            "place": str(person),
            "owner_id": person,
            "payload": "{}",
            "line_at": later,
            "created_at": later,
            "due_at": later,
        }
        for person in range(10_000, 10_000 + import_errands.MOST_WAITING)
    ]
    await platform.database.write(lambda c: c.execute(tables.errands.insert(), others))
    shown = await alice.presses("Kitchen")
    assert shown.startswith("⚠️ Too many people")
    assert "In which chat" in shown
    await platform.database.write(lambda c: c.execute(tables.errands.delete()))
    await alice.presses("Kitchen")
    assert "Added: 7" in await settled(alice, platform)


async def test_what_came_of_it_is_noted_without_words(alice: Person, platform: Platform, clock: FakeClock) -> None:
    """Telegram is away when it is over, and a person of the chat has themselves forgotten before it is back."""
    telegram = platform.telegram
    await lives(platform, KITCHEN)
    await sends(alice, platform, GROUP_EXPORT)
    telegram.open.clear()
    await alice.presses("Kitchen")
    await until(lambda: files(platform) == 1)
    telegram.fails_with = TelegramUnreachable("no answer")
    telegram.open.set()
    await until(partial(is_tried, platform, 1))
    noted = await platform.database.read(lambda c: str(c.execute(select(tables.errands.c.progress)).scalar_one()))
    assert json.loads(noted)["came"].keys() == {"type", "added", "known", "skipped", "people", "first_at", "last_at"}
    await platform.database.write(lambda c: c.execute(tables.conversation_summaries.delete()))
    telegram.fails_with = None
    clock.advance(2.0)
    await platform.errands.sweep()
    done = await settled(alice, platform)
    assert "Added: 7" in done
    assert "Before you could read here" not in done


async def test_a_process_that_was_stopped_past_its_lease_edits_nothing(
    alice: Person, platform: Platform, clock: FakeClock
) -> None:
    telegram, frozen = platform.telegram, Telegram()
    frozen.shown, frozen.files, frozen.message_ids = telegram.shown, telegram.files, telegram.message_ids
    frozen.open.clear()
    await lives(platform, KITCHEN)
    platform.telegram = frozen
    stopped = platform.errands = platform.worker()
    platform.telegram = telegram
    await hands_over(alice, telegram, GROUP_EXPORT)
    await until(lambda: files(platform) == 1)
    clock.advance(LEASE + 1)
    platform.errands = platform.worker()
    await platform.errands.sweep()
    assert "In which chat" in await settled(alice, platform)
    frozen.paused.set()
    await until(lambda: not frozen.paused.is_set())
    await platform.database.write(lambda _: None)
    assert "In which chat" in alice.text
    assert frozen.calls == ["send"]
    await stopped.close()


LOOKING = '{"user_id":1001,"number":7,"language":"en","document":{"file_id":"f","name":"result.json","size":9}}'
CARRYING = """
{"user_id":1001,"number":7,"language":"en","document":{"file_id":"f","name":"result.json","size":9},
"exported":{"id":1234567890,"name":"Кухня","messages":7},"bot_id":1,"link_id":1,"stored":0}"""


@pytest.mark.parametrize(
    ("kind", "payload", "shown"),
    [
        ("import_look", LOOKING, "Cancelled"),
        ("import_store", CARRYING, "Added: 7"),
        ("import_look", LOOKING.replace('"size":9', '"size":"big"'), "Something went wrong here"),
        ("import_store", CARRYING.replace('"stored":0', '"stored":null'), "Something went wrong here"),
    ],
)
async def test_what_another_version_stored_is_carried_out_or_told(
    alice: Person, platform: Platform, kind: str, payload: str, shown: str
) -> None:
    await lives(platform, KITCHEN)
    platform.telegram.files["f"] = GROUP_EXPORT
    new = errands.NewErrand(kind=kind, place=str(ALICE.id), owner_id=ALICE.id, payload=payload)
    errand_id = await platform.database.write(partial(errands.order, new=new, most=9, now=1.0))
    assert errand_id is not None
    platform.ring(errand_id)
    await until(lambda: shown in alice.text)
    await until(partial(is_free, alice, platform))
    failed = await platform.database.read(lambda c: errands.failed(c, most=10))
    assert [each.attempts for each in failed] == ([1] if "wrong" in shown else [])


async def test_what_another_version_noted_is_told_anew(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)
    platform.telegram.files["f"] = GROUP_EXPORT
    row = {"kind": "import_store", "place": str(ALICE.id), "owner_id": ALICE.id, "payload": CARRYING}
    noted = '{"message_id":9,"came":{"type":"dreamt"}}'
    row |= {"progress": noted, "line_at": 1.0, "created_at": 1.0, "due_at": 1.0}
    await platform.database.write(lambda c: c.execute(tables.errands.insert(), [row]))
    await platform.errands.sweep()
    assert "Added: 7" in await settled(alice, platform)


async def test_a_disk_that_takes_no_file(alice: Person, platform: Platform, clock: FakeClock) -> None:
    await lives(platform, KITCHEN)
    platform.folder.write_text("in the way")
    await hands_over(alice, platform.telegram, GROUP_EXPORT)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        await until(partial(is_tried, platform, attempt))
        clock.advance(2.0**attempt)
        await platform.errands.sweep()
    assert "Something went wrong here" in await settled(alice, platform)
    [failed] = await platform.database.read(lambda c: errands.failed(c, most=10))
    assert (failed.kind, failed.place, failed.attempts) == ("import_look", str(ALICE.id), MOST_ATTEMPTS)
    assert failed.error in ("FileExistsError", "NotADirectoryError")
    platform.folder.unlink()
    assert "In which chat" in await sends(alice, platform, GROUP_EXPORT)


async def is_tried(platform: Platform, attempts: int) -> bool:
    """So often, and nobody is at it any more."""
    tried = select(tables.errands.c.attempts).where(tables.errands.c.claim.is_(None))
    return await platform.database.read(lambda c: c.execute(tried).scalar_one_or_none()) == attempts


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b'{"name": "Kitchen", "messages": [', "cut.json", "cut.json"),
        (b'{"weather": "fine"}', "weather.json", "weather.json"),
        (b"PK\x03\x04 no zip at all", "x.zip", "x.zip: this is not an export of Telegram Desktop"),
        (b'{"chats": {"list": []}}', "none.json", "There are no chats in this export."),
        (FileTooBig(CLOUD_BYTES, telegrams=True), "big.zip", "at most 20 MB"),
        (FileTooBig(2**31, telegrams=False), "big.zip", "at most 2048 MB can be sent"),
        (TelegramUnreachable("no answer"), "x.json", "does not answer right now"),
    ],
)
async def test_what_cannot_be_read_is_said_in_a_sentence(
    alice: Person, platform: Platform, content: bytes | Exception, name: str, sentence: str
) -> None:
    await lives(platform, KITCHEN)
    shown = await sends(alice, platform, content, name)
    assert shown.startswith("⚠️ ")
    assert sentence in shown
    assert files(platform) == 0
    assert "didn't expect" in await alice.says("hm")


async def test_the_command_line_is_named_where_telegram_gives_no_more(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)
    assert "maskarad import" in await sends(alice, platform, FileTooBig(CLOUD_BYTES, telegrams=True))


async def test_without_a_bot_there_is_nothing_to_import_into(alice: Person, platform: Platform) -> None:
    await store_personas(platform.database, ALICE, "Mira")
    assert "you have no bot yet" in await sends(alice, platform, GROUP_EXPORT)


async def test_other_files_are_no_exports(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)
    assert "didn't expect" in await sends(alice, platform, b"hello", "poem.txt")


async def test_a_persona_in_the_making_waits(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)
    await alice.says("/createpersona")
    await alice.says("Zoe")
    await sends(alice, platform, GROUP_EXPORT)
    await alice.presses("Kitchen")
    await settled(alice, platform)
    assert "3/11" in await alice.says("a witch")


async def test_the_same_update_again_reads_nothing_twice(alice: Person, platform: Platform) -> None:
    await lives(platform, KITCHEN)
    message = await hands_over(alice, platform.telegram, GROUP_EXPORT)
    await settled(alice, platform)
    calls = list(platform.telegram.calls)
    await alice.sends(message)
    assert platform.telegram.calls == calls


async def test_who_turns_to_something_else_is_not_asked_any_more(alice: Person, platform: Platform) -> None:
    telegram = platform.telegram
    await lives(platform, KITCHEN)
    telegram.open.clear()
    await hands_over(alice, telegram, GROUP_EXPORT)
    await until(lambda: files(platform) == 1)
    first = alice.message_id
    await alice.says("/mypersonas")
    telegram.open.set()
    await settled(alice, platform)
    assert telegram.shown[ALICE.id, first].html.startswith("✖️ Cancelled.")
    assert alice.labels(first) == []


def files(platform: Platform) -> int:
    """How many stand there to be read."""
    return len(list(platform.folder.glob("*")))


def said(number: int, text: str) -> dict[str, object]:
    return {
        "id": number,
        "type": "message",
        "date_unixtime": "1700000000",
        "from": "Боб",
        "from_id": "user1002",
        "text": text,
    }
