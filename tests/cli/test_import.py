import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from maskarad.db import links
from maskarad.db.tables import chat_contexts
from maskarad.values import Chat, ChatType
from tests.cli.shell import Shell
from tests.memory.export_files import GROUP_ID, SAMPLES, message, result
from tests.support.databases import connect
from tests.support.people import ALICE
from tests.support.rows import NOW, bot, private

SUPERGROUP = Chat(id=-(10**12) - GROUP_ID, type=ChatType.SUPERGROUP, title="Кухня 🍲")
GROUP = str(SAMPLES / "group")


def with_rows(url: str, work: Any) -> Any:
    async def run() -> Any:
        database = connect(url)
        try:
            return await database.write(work)
        finally:
            await database.close()

    return asyncio.run(run())


@pytest.fixture
def settled(home: Shell, sqlite_url: str) -> Shell:
    """A bot that is in a group and in a private chat, and another one that is nowhere."""

    def settle(connection: Connection) -> None:
        bot_id = bot(connection)
        links.find_or_add(connection, bot_id, SUPERGROUP, now=NOW)
        links.find_or_add(connection, bot_id, private(ALICE), now=NOW)
        bot(connection, 2)

    with_rows(sqlite_url, settle)
    return home


def stored(url: str) -> int:
    count = select(func.count()).select_from(chat_contexts)
    return int(with_rows(url, lambda connection: connection.execute(count).scalar_one()))


def test_a_history_is_imported_and_summed_up(settled: Shell, sqlite_url: str) -> None:
    said = settled("import", GROUP, "--bot", "@mira1_bot", "--chat", "кухня 🍲", "--yes")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[:-1] == [
        "chat: Кухня 🍲",
        "added: 7",
        "already there: 0",
        "skipped service messages: 2",
        "people: 4",
        "first: 2023-12-30",
        "last: 2024-01-01",
    ]
    assert said.out.splitlines()[-1].startswith("seconds: ")
    assert stored(sqlite_url) == 7
    again = settled("import", GROUP, "--bot", "1", "--chat", str(SUPERGROUP.id), "--yes", "--json").json
    assert isinstance(again, dict)
    assert (again["added"], again["already_there"], again["skipped_service_messages"]) == (0, 7, 2)


def test_it_asks_first(settled: Shell, sqlite_url: str) -> None:
    said = settled("import", GROUP, "--bot", "1", "--chat", "1001", stdin="no\n")
    assert said.code == 1
    assert said.err.startswith("Add group to what @mira1_bot remembers of 1001? [y/N] ")
    assert stored(sqlite_url) == 0


def test_a_chat_of_an_account_is_chosen(settled: Shell, sqlite_url: str) -> None:
    account = str(SAMPLES / "account")
    complaint = settled.complaint("import", account, "--bot=1", f"--chat={SUPERGROUP.id}", "--yes", code=2)
    assert complaint == (
        "There are several chats in this export; say which one is meant, by name or id: "
        "Mira (7001), Saved Messages (1001), Kitchen (2002)"
    )
    call = ("import", account, "--bot=1", f"--chat={SUPERGROUP.id}", "--yes", "--export-chat")
    assert "no such chat" in settled.complaint(*call, "Hall", code=2)
    assert stored(sqlite_url) == 0
    assert settled(*call, "kitchen").code == 0
    assert stored(sqlite_url) == 1


def test_a_broken_file_is_one_sentence(settled: Shell, sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(result([message(1), {**message(2), "text": 5}]))
    call = ("import", str(file), "--bot=1", "--chat=1001", "--yes")
    assert settled.complaint(*call, code=2).startswith("result.json, message 2: this is not as Telegram Desktop writes")
    file.write_bytes(result([message(1)])[:-3])
    assert settled.complaint(*call, code=2).startswith("result.json, byte ")
    file.unlink()
    assert settled.complaint(*call, code=2) == "There is no file result.json"
    assert stored(sqlite_url) == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--bot", "7", "--chat", "1001"), "--bot: there is no bot 7; `maskarad bot list` lists them"),
        (("--bot", "@nobody_bot", "--chat", "1001"), "--bot: there is no bot @nobody_bot"),
        (("--bot", "1", "--chat", "5"), "--chat: @mira1_bot is in no chat 5; it knows Кухня 🍲"),
        (("--bot", "1", "--chat", ""), "--chat: @mira1_bot is in no chat"),
        (("--bot", "@Mira2_bot", "--chat", "1001"), "--chat: @mira2_bot is in no chat 1001; it knows none yet"),
    ],
)
def test_bots_and_chats_that_are_not_there(settled: Shell, options: tuple[str, ...], words: str) -> None:
    assert settled.complaint("import", GROUP, *options, "--yes", code=2).startswith(words)


def test_who_watches_sees_how_far_it_is(settled: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(result(message(number) for number in range(1, 9_001)))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    said = settled("import", str(tmp_path), "--bot=1", f"--chat={SUPERGROUP.id}", "--yes")
    assert said.code == 0
    assert "Checking" in said.err
    assert "Storing" in said.err
    assert "100%" in said.err
    assert "messages/s" in said.err
