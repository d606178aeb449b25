import asyncio
import io
import shlex
import sys
from collections.abc import Callable
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
        "from: Кухня 🍲",
        "into: Кухня 🍲",
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
    said = settled("import", GROUP, "--bot", "1", f"--chat={SUPERGROUP.id}", stdin="no\n")
    assert said.code == 1
    assert said.err.startswith(
        "Add 7 messages of the group “Кухня 🍲” to what @mira1_bot remembers of the group “Кухня 🍲”? "
        "Everybody there may hear of it from the persona. [y/N] "
    )
    assert stored(sqlite_url) == 0


def test_it_looks_into_the_file_before_it_asks(settled: Shell, tmp_path: Path) -> None:
    (tmp_path / "wrong.json").write_bytes(b"[]")
    said = settled("import", str(tmp_path / "wrong.json"), "--bot", "1", "--chat", "1001", stdin="yes\n")
    assert said.code == 2
    assert "this is not an export of Telegram Desktop" in said.err
    assert "[y/N]" not in said.err


class Meanwhile(io.StringIO):
    """Says yes after something has happened."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__("yes\n")
        self._happens = happens

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # as StringIO's own is in typeshed
        self._happens()
        return super().readline(size)


def test_a_file_that_is_another_by_the_time_of_the_answer_is_checked_anew(
    settled: Shell, sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(result([message(1)]))
    broken = result([message(number) for number in range(1, 3_000)])[:-3]
    answer = Meanwhile(lambda: file.write_bytes(broken))
    said = settled("import", str(file), "--bot=1", f"--chat={SUPERGROUP.id}", stdin=answer)
    assert said.code == 2
    assert "[y/N]" in said.err
    assert "the file ends in the middle" in said.err
    assert stored(sqlite_url) == 0


@pytest.mark.parametrize(
    ("head", "its_name", "pick"),
    [
        ({"type": "personal_chat", "name": "Alice", "id": 5}, "the private chat “Alice”", "5"),
        ({"type": "public_supergroup", "name": "Кухня 🍲", "id": 5}, "the group “Кухня 🍲”", "5"),
        ({"type": "saved_messages", "name": None, "id": 5}, "the chat “Saved Messages”", "5"),
        ({"type": "personal_chat", "name": "Alice B", "id": None}, "the private chat “Alice B”", "Alice B"),
        ({"type": "personal_chat", "name": None, "id": 5}, "a private chat without a name", "5"),
    ],
)
def test_another_chat_takes_a_yes_or_its_name(
    settled: Shell, sqlite_url: str, tmp_path: Path, head: dict[str, object], its_name: str, pick: str
) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(result([message(1)], **head))
    call = ("import", str(file), "--bot=1", f"--chat={SUPERGROUP.id}")
    asked = settled(*call, stdin="no\n")
    assert asked.err.startswith(
        f"Add 1 message of {its_name} to what @mira1_bot remembers of the group “Кухня 🍲”? "
        "They are not plainly the same chat. Everybody there may hear of it from the persona. [y/N] "
    )
    complaint = settled.complaint(*call, "--yes", code=2)
    assert complaint.startswith(f"{its_name} is not plainly the group “Кухня 🍲”")
    assert complaint.endswith(f"--export-chat {shlex.quote(pick)}")
    assert stored(sqlite_url) == 0
    assert settled(*call, "--yes", "--export-chat", pick).code == 0
    assert stored(sqlite_url) == 1


def test_a_private_chat_is_told_by_the_bot(settled: Shell, sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    call = ("import", str(file), "--bot=1", "--chat=1001")
    file.write_bytes(result([message(1)], type="personal_chat", name="Bob", id=5))
    asked = settled(*call, stdin="no\n")
    assert "remembers of the private chat" in asked.err
    assert "Everybody" not in asked.err
    assert "is not plainly the private chat" in settled.complaint(*call, "--yes", code=2)
    file.write_bytes(result([message(1)], type="bot_chat", name="Mira", id=7001))
    said = settled(*call, "--yes")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("from: Mira\ninto: ")
    assert stored(sqlite_url) == 1


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
