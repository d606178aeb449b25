"""/admin: what operators see and do, and that nobody else sees or does any of it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import func, select

from maskarad.backup.orders import KIND as BACKUP
from maskarad.backup.orders import BackupOrder
from maskarad.db import Connection, alerts, backups, bots, polling, processes, purses, stops
from maskarad.db import errands as errand_rows
from maskarad.db.backups import Backup
from maskarad.db.engine import Database
from maskarad.db.processes import Process
from maskarad.db.purses import Bill, Purse, Share, Spent
from maskarad.db.tables import bot_instances, seen_updates, users, wizard_states
from maskarad.manager.actions.table import ACTIONS
from maskarad.manager.commands import command_menus
from maskarad.ops.report import Figures, ProcessReport
from maskarad.purse.limits import period_of
from maskarad.settings import LANGUAGES
from maskarad.values import MANAGER_BOT_ID, Press, Scope
from tests.manager.conftest import (
    MIRA_BOT,
    OPERATOR,
    SECOND_TOKEN,
    TEXTS,
    Platform,
    bind_bot,
    make_persona,
    on_both_databases,
)
from tests.manager.stage import Person, Telegram
from tests.support.databases import CountStatements
from tests.support.people import ALICE, BOB, CHARLIE

ARGUMENTS = {"at": ("b",), "al": ("0",), "ac": ("b", "1"), "as": ("u", "1002"), "ay": ("u", "1002"), "ag": ("b", "1")}
OPERATORS = sorted(code for code, entry in ACTIONS.items() if entry.for_operators)


async def spend(platform: Platform, scope: Scope, holder: int, spent: Spent) -> None:
    purse = Purse(scope=scope, holder=holder, period=period_of(scope, platform.clock()))

    def pay(connection: Connection) -> None:
        shares = [Share(purse=purse, amount=spent)]
        others = [each for each in (Scope.USER, Scope.BOT, Scope.OWNER) if each is not scope]
        shares += [Share(purse=Purse(scope=each, holder=9, period=0), amount=Spent()) for each in others]
        purses.pay(connection, Bill(differences=tuple(shares)))

    await platform.database.write(pay)


async def mira(alice: Person, database: Database) -> int:
    """Alice's persona and bot."""
    await make_persona(alice)
    await bind_bot(alice)
    [stored] = await database.read(bots.everyone)
    return stored.bot.id


def report(platform: Platform, role: str = "run", *, id: str = "", **figures: object) -> ProcessReport:
    """Of a process that works alone, or with an `id` of one of several that poll."""
    now = platform.clock()
    process = Process(
        id=id, role=f"{role} intake", polls=bool(id), place="host 1", pid=7, started_at=now - 7200, seen_at=now
    )
    told = Figures(**{"at": now, "lag": 0.004, "resident": 150 * 2**20, **figures})  # type: ignore[arg-type]
    return ProcessReport(process=process, figures=told)


async def test_for_strangers_there_is_no_such_command(alice: Person) -> None:
    await alice.says("/start")
    assert await alice.says("/admin") == await alice.says("/nonsense")
    assert "I don't know that command" in alice.text


@pytest.mark.parametrize("code", OPERATORS)
async def test_a_strangers_forged_button_is_an_old_button(
    code: str, alice: Person, bob: Person, platform: Platform, database: Database
) -> None:
    await bob.says("/start")
    await mira(alice, database)
    before = alice.screen
    await alice.presses_data(":".join(("1", code, *ARGUMENTS.get(code, ()))))
    assert (alice.notice, alice.alert) == ("This button is out of date.", False)
    assert alice.screen is before
    assert await database.read(stops.stopped_users) == frozenset()
    assert await database.read(stops.list_bots) == []
    assert platform.stops_told == 0
    assert await database.read(lambda c: errand_rows.ordered(c, [BACKUP], "all")) == []


@pytest.mark.parametrize("data", ["1:ac:x:1", "1:ac:b:-1", "1:ac:b:99", "1:ay:b:99", "1:at:x", "1:ac:b:" + "9" * 30])
async def test_an_operators_forged_button_changes_nothing(data: str, dana: Person, platform: Platform) -> None:
    before = await dana.says("/admin")
    await dana.presses_data(data)
    assert dana.notice == "That is not there any more."
    assert dana.text == before
    assert platform.stops_told == 0


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_screen_can_be_shown_in_every_language(
    language: str, alice: Person, telegram: Telegram, platform: Platform, database: Database
) -> None:
    await mira(alice, database)
    await spend(platform, Scope.BOT, 1, Spent(messages=1234, tokens=2_500_000, money=420_000))
    await spend(platform, Scope.USER, CHARLIE.id, Spent(messages=2, tokens=900, money=4_000))
    platform.reports = (
        report(platform, "gateway", model_ok=12, deaf=(1,), deaf_count=1),
        report(platform, "worker", model_failed=3, model_reason="timeout"),
    )
    operator = Person(msgspec.structs.replace(OPERATOR, language=language), telegram, platform.manager())
    words = TEXTS.words(language)
    await operator.says("/admin")
    for button in ("refresh_admin", "top_users", "back", "top_bots"):
        await operator.presses(words.get(f"button.{button}"))
    for button in ("@mira_bot", "button.stop_bot", "button.stop_yes", "button.allow", "button.owner"):
        await operator.presses(words.get(button) if button.startswith("button") else button)
    for button in ("stop_user", "stop_yes", "back", "back", "find", "cancel"):
        await operator.presses(words.get(f"button.{button}"))
    await operator.presses(words.get("button.stopped", number=1))
    assert len(operator.buttons) == 2


@on_both_databases
async def test_one_screen_says_whether_all_is_well(
    dana: Person, alice: Person, platform: Platform, database: Database
) -> None:
    text = await dana.says("/admin")
    assert "All is well" in text
    assert "Bots: none yet" in text
    assert "Queue: nobody waits" in text
    assert "Backup: none yet" in text
    await mira(alice, database)
    now = platform.clock()
    await spend(platform, Scope.BOT, 1, Spent(messages=1234, tokens=2_500_000, money=420_000))
    await spend(platform, Scope.OWNER, ALICE.id, Spent(messages=5000, tokens=9_000_000, money=8_104_000))
    for holder, scope, money in ((7, Scope.USER, 400_000), (8, Scope.USER, 399_999), (7, Scope.OWNER, 16_000_000)):
        await spend(platform, scope, holder, Spent(messages=1, tokens=1, money=money))
    await spend(platform, Scope.OWNER, 8, Spent(messages=16_000, tokens=1, money=0))
    await database.write(
        lambda c: backups.remember(
            c, [Backup(file="a", made_at=now - 5 * 3600, bytes=int(14.2 * 2**20), reason="daily")]
        )
    )
    platform.reports = (report(platform, model_ok=40),)
    text = await dana.presses("Refresh")
    for line in (
        "• run: up 2 hours, 150 MB, loop lag 4 ms",
        "Bots: 1 working",
        "Today: 1\u202f234 answers",
        "Model: 40 calls in 5 minutes, none failed",
        "Spent: $0.42 today, $24.10 this month",
        "Over 80 % of a limit: people: 1, owners: 2",
        "Backup: 5 hours ago, 14.2 MB",
    ):
        assert line in text


@on_both_databases
async def test_each_deaf_bot_is_counted_once_by_whoever_polls_for_it_and_works_no_more(
    dana: Person, alice: Person, platform: Platform, database: Database
) -> None:
    bot_id = await mira(alice, database)
    now = platform.clock()
    deaf = {"deaf": (bot_id,), "deaf_count": 1}
    first, second = (report(platform, "gateway", id=each, **deaf) for each in ("a", "b"))

    def poll(connection: Connection) -> None:
        """The first process receives for both bots."""
        processes.join(connection, first.process)
        assert polling.settle(connection, "a")
        processes.join(connection, second.process)

    await database.write(poll)
    platform.reports = (first, second)
    assert "Bots: ⚠️ 1 deaf" in await dana.says("/admin")
    platform.reports = (report(platform, "gateway", id="a"), second)
    assert "Bots: 1 working\n" in await dana.presses("Refresh")
    platform.reports = (report(platform, "gateway", id="a", at=now - 60, **deaf), second)
    text = await dana.presses("Refresh")
    assert "Bots: 1 working\n" in text
    assert "silent, last figures 1 minute ago" in text


async def test_two_that_do_the_same_are_told_apart_by_their_places(dana: Person, platform: Platform) -> None:
    first = report(platform, "worker", id="a")
    second = msgspec.structs.replace(first, process=msgspec.structs.replace(first.process, id="b", pid=8))
    platform.reports = (report(platform, "gateway", id="c"), first, second)
    text = await dana.says("/admin")
    assert [line.split(":")[0] for line in text.splitlines() if ": up 2 hours" in line] == [
        "• gateway",
        "• host/worker/7",
        "• host/worker/8",
    ]


async def test_its_time_is_of_a_zone_that_it_names(dana: Person, platform: Platform) -> None:
    there = datetime.fromtimestamp(platform.clock(), ZoneInfo("Europe/Kyiv"))
    assert (await dana.says("/admin")).startswith(f"🛠 Operator's desk · {there:%H:%M:%S} EET\n")


async def test_what_is_wrong_stands_first_with_what_to_do(dana: Person, platform: Platform, database: Database) -> None:
    """Nobody could be told of it."""
    now = platform.clock()

    def fail(connection: Connection) -> None:
        alerts.see(connection, "model", "", {"failed": 9, "reason": "timeout"}, now=now - 600, stale=now)
        alerts.see(connection, "model", "", {"failed": 9, "reason": "timeout"}, now=now, stale=now - 900)

    await database.write(fail)
    platform.reports = (report(platform, model_failed=9, model_reason="timeout"),)
    text = await dana.says("/admin")
    assert "All is well" not in text
    assert text.splitlines()[2].startswith("🔴")
    assert "9 failed – the model took too long to answer" in text


async def test_an_open_of_the_screen_costs_few_statements(
    dana: Person, platform: Platform, statements: CountStatements
) -> None:
    await dana.says("/admin")
    with statements(platform.database) as seen:
        await dana.presses("Refresh")
    assert seen.count <= 8, seen


async def test_a_backup_is_ordered_once_and_told_of_in_the_operators_language(dana: Person, database: Database) -> None:
    await dana.says("/admin")
    before = dana.text
    await dana.presses("Back up now")
    assert dana.notice == "The backup is being made. I'll write when it is done."
    await dana.presses("Back up now")
    assert dana.notice == "A backup is being made already."
    assert dana.text == before
    [order] = await database.read(lambda c: errand_rows.ordered(c, [BACKUP], "all"))
    assert msgspec.json.decode(order.payload, type=BackupOrder) == BackupOrder(asker_id=OPERATOR.id, language="en")


@on_both_databases
async def test_a_bot_is_stopped_after_a_question_and_its_owner_cannot_help_it(
    dana: Person, alice: Person, platform: Platform, database: Database, telegram: Telegram
) -> None:
    bot_id = await mira(alice, database)
    await spend(platform, Scope.BOT, bot_id, Spent(messages=1000, tokens=1_000, money=420_000))
    await dana.says("/admin")
    await dana.presses("🤖 Bots")
    assert dana.buttons[0] == "🤖 @mira_bot · $0.42 · 50 %"
    assert "Answers: 1\u202f000 of 2\u202f000" in await dana.presses("@mira_bot")
    assert "Stop @mira_bot?" in await dana.presses("Stop the bot")
    assert await database.read(stops.list_bots) == []
    assert "State: ⛔ stopped just now" in await dana.presses("Yes, stop")
    assert platform.stops_told == 1
    [stored] = await database.read(bots.everyone)
    assert stored.bot.is_stopped
    assert not stored.bot.is_at_work
    fresh = Person(ALICE, telegram, platform.manager())
    await fresh.walks("Back", "Bot")
    assert "An operator of this platform has stopped the bot" in fresh.text
    for data in ("1:be:1:0", "1:be:1:1", "1:by:1", "1:py:1"):
        await fresh.presses_data(data)
    assert fresh.alert
    assert "it can't be unmuted, unbound or deleted" in str(fresh.notice)
    await fresh.presses_data("1:bn:1")
    await fresh.says(SECOND_TOKEN)
    [stored] = await database.read(bots.everyone)
    assert (stored.bot.is_stopped, stored.bot.telegram_id) == (True, MIRA_BOT.telegram_id)
    await dana.presses("Allow again")
    [stored] = await database.read(bots.everyone)
    assert not stored.bot.is_stopped


@pytest.mark.parametrize(
    ("language", "asked", "own"),
    [
        ("uk", "Зупинити цю людину: Alice (@alice)?", "Заразом зупиниться 1 бот цієї людини."),
        ("ru", "Остановить этого человека: Alice (@alice)?", "Заодно остановится 1 бот этого человека."),
    ],
)
async def test_whom_it_asks_about_stands_in_no_case(
    language: str, asked: str, own: str, alice: Person, telegram: Telegram, platform: Platform, database: Database
) -> None:
    """A name cannot be declined."""
    await mira(alice, database)
    operator = Person(msgspec.structs.replace(OPERATOR, language=language), telegram, platform.manager())
    await operator.says("/admin")
    text = await operator.presses_data(f"1:as:u:{ALICE.id}")
    assert text.startswith(f"⛔ {asked}\n")
    assert text.endswith(f"\n{own}")


@on_both_databases
async def test_a_stopped_person_takes_their_bots_along_and_hears_one_sentence_a_day(
    dana: Person, alice: Person, platform: Platform, database: Database, telegram: Telegram
) -> None:
    await mira(alice, database)
    await dana.says("/admin")
    await dana.presses("Find a bot or a person")
    assert "Personas: 1, bots: 1" in await dana.says("@alice")
    assert "1 bot of theirs stops too." in await dana.presses("Stop this person")
    await dana.presses("Yes, stop")
    assert "State: ⛔ stopped with its owner" in await dana.presses("@mira_bot")
    await platform.look()
    known, before = await database.read(everything_kept), alice.messages
    text = await alice.says("hello?")
    assert "An operator of this platform has stopped your account" in text
    for said in ("/start", "/mypersonas", SECOND_TOKEN, "why?"):
        await alice.says(said)
    elsewhere = Person(ALICE, telegram, platform.manager())
    await elsewhere.says("and here?")
    assert alice.messages == before + 1
    pressed = press_of(alice)
    await platform.manager().on_press(pressed)
    assert telegram.answers[pressed.callback_query_id] == (None, False)
    assert alice.messages == before + 1
    assert await database.read(everything_kept) == known
    platform.clock.advance(86_401)
    await alice.says("and today?")
    assert alice.messages == before + 2
    await dana.presses("Owner")
    await dana.presses("Allow again")
    await platform.look()
    assert "Hello!" in await alice.says("/start")
    [stored] = await database.read(bots.everyone)
    assert not stored.bot.is_stopped


def everything_kept(connection: Connection) -> object:
    """What the manager bot writes; that somebody was told is no word of theirs."""
    known = select(users.c.id, users.c.name, users.c.username, users.c.language).order_by(users.c.id)
    statements = (known, select(wizard_states), select(func.count()).select_from(seen_updates), select(bot_instances))
    return [connection.execute(each).all() for each in statements]


def press_of(person: Person) -> Press:
    return Press(
        bot_id=MANAGER_BOT_ID,
        update_id=10_000,
        callback_query_id="unanswered",
        sender=person.sender,
        chat=person.chat,
        message_id=person.message_id,
        data="1:m",
    )


async def test_a_bot_of_a_stopped_owner_goes_on_with_the_owner(dana: Person, alice: Person, database: Database) -> None:
    bot_id = await mira(alice, database)
    await dana.says("/admin")
    for data in ("1:ay:u:1001", f"1:ay:b:{bot_id}", f"1:ag:b:{bot_id}"):
        await dana.presses_data(data)
    assert dana.notice == "It is allowed again when its owner is"
    await dana.presses_data("1:ag:u:1001")
    [stored] = await database.read(bots.everyone)
    assert not stored.bot.is_stopped


async def test_an_operator_cannot_be_stopped(dana: Person, database: Database) -> None:
    await dana.says("/admin")
    await dana.presses("Find")
    assert "Operator, can't be stopped" in await dana.says(str(OPERATOR.id))
    assert not [label for label in dana.buttons if "Stop" in label]
    await dana.presses_data(f"1:ay:u:{OPERATOR.id}")
    assert "This is an operator" in str(dana.notice)
    assert await database.read(stops.stopped_users) == frozenset()


async def test_whoever_is_named_is_found(dana: Person, alice: Person, bob: Person, database: Database) -> None:
    await mira(alice, database)
    await bob.says("/start")
    await dana.says("/admin")
    await dana.presses("Find")
    assert "I need a @username" in await dana.says("who is that?")
    assert "I don't know @nobody_here" in await dana.says("@nobody_here")
    assert "🤖 Mira · @mira_bot" in await dana.says("https://t.me/Mira_Bot")
    for named, found in (("700001", "@mira_bot"), ("@bob", "Боб"), ("4242", "4242")):
        await dana.says("/admin")
        await dana.presses("Find")
        assert found in await dana.says(named)
    await dana.says("/admin")
    await dana.presses("Find")
    assert "👤 Боб (@bob)" in await dana.says("look at this", forwarded=BOB)
    await dana.walks("Stop this person", "Yes, stop", "Back", "Back", "Stopped: 1", "Боб")
    assert "Stopped just now" in dana.text


async def test_a_number_that_is_a_bots_here_and_may_be_a_persons_offers_both(
    dana: Person, alice: Person, database: Database
) -> None:
    bot_id = await mira(alice, database)
    await dana.says("/admin")
    await dana.presses("Find")
    await dana.says(str(bot_id))
    assert dana.buttons[:2] == ["🤖 @mira_bot", f"👤 {bot_id}"]
    assert "The platform doesn't know them yet" in await dana.presses(f"👤 {bot_id}")
    await dana.says("/admin")
    await dana.presses("Find")
    assert "doesn't know them" not in await dana.says(str(ALICE.id))


async def test_the_number_of_the_stopped_is_that_of_their_list_to_which_back_leads(
    dana: Person, alice: Person, database: Database
) -> None:
    await mira(alice, database)
    await dana.says("/admin")
    await dana.presses_data(f"1:ay:u:{ALICE.id}")
    await dana.says("/admin")
    await dana.presses("Stopped: 1")
    listed = dana.text
    assert [each for each in dana.buttons if each.startswith("⛔")] == ["⛔ Alice"]
    await dana.presses("Alice")
    assert await dana.presses("Back") == listed


@pytest.mark.parametrize(
    "figures",
    [{"model_failed": 3, "model_reason": "timeout"}, {"deaf": (1,), "deaf_count": 1}, {"at": 0.0}],
)
async def test_all_is_well_only_where_nothing_below_says_otherwise(
    figures: dict[str, Any], dana: Person, alice: Person, platform: Platform, database: Database
) -> None:
    await mira(alice, database)
    platform.reports = (report(platform, model_ok=1),)
    assert "🟢 All is well" in await dana.says("/admin")
    platform.reports = (report(platform, **figures),)
    text = await dana.presses("Refresh")
    assert "🟡 It works, but look" in text
    assert "All is well" not in text


async def test_the_form_of_somebody_who_is_no_operator_any_more_finds_nobody(
    dana: Person, alice: Person, telegram: Telegram, platform: Platform, database: Database
) -> None:
    await mira(alice, database)
    await dana.says("/admin")
    await dana.presses("Find")
    platform.operators = frozenset()
    text = await Person(OPERATOR, telegram, platform.manager()).says("@mira_bot")
    assert "I didn't expect a message" in text


def test_only_operators_menus_have_the_command() -> None:
    usual, operators = command_menus(TEXTS, "en"), command_menus(TEXTS, "en", for_operators=True)
    for language, menu in usual.items():
        assert set(operators[language]) - set(menu) == {"admin"}
        assert [name for name in operators[language] if name != "admin"] == list(menu)


@on_both_databases
async def test_the_profile_shows_what_was_spent_of_what_is_allowed(
    alice: Person, platform: Platform, database: Database
) -> None:
    assert "Your bots" not in await alice.says("/profile")
    bot_id = await mira(alice, database)
    platform.clock.advance(11)
    await spend(platform, Scope.USER, ALICE.id, Spent(messages=12, tokens=30_000, money=4_000))
    await spend(platform, Scope.BOT, bot_id, Spent(messages=1000, tokens=1_500_000, money=420_000))
    await spend(platform, Scope.BOT, 77, Spent(messages=9, tokens=9, money=9))
    await spend(platform, Scope.OWNER, ALICE.id, Spent(messages=3400, tokens=12_000_000, money=4_100_000))
    text = await alice.says("/profile")
    assert "Your conversations today\nAnswers: 12 of 200\nTokens: 30k of 1.5M\nMoney: under $0.01 of $0.50" in text
    assert "@mira_bot: 1\u202f000 answers, 1.5M tokens, $0.42 – 50 %" in text
    assert "month\nAnswers: 3\u202f400 of 20\u202f000\nTokens: 12M of 150M\nMoney: $4.10 of $20.00" in text
