"""Whatever a file holds: it is read, or it is refused with a sentence that says where."""

import shutil
import stat
import struct
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskarad.errors import ExportRefused
from maskarad.settings import LANGUAGES
from maskarad.texts import load_texts
from tests.memory.export_files import SAMPLES, message, mutated, read, result, zipped

GROUP = (SAMPLES / "group" / "result.json").read_bytes()
ACCOUNT = (SAMPLES / "account" / "result.json").read_bytes()
PAGE = (SAMPLES / "pages" / "messages.html").read_bytes()
EMPTY = result([])


def refused(path: Path) -> ExportRefused:
    """The refusal that must come, after it was put into words in every language."""
    with pytest.raises(ExportRefused) as caught:
        read(path)
    for language in LANGUAGES:
        sentence = load_texts().get(language, f"importing.refused.{caught.value.reason}", **caught.value.values)
        assert caught.value.values["place"] in sentence
    return caught.value


def refusal_of(content: bytes, folder: Path, name: str = "result.json") -> tuple[str, str]:
    """Why and where."""
    (folder / name).write_bytes(content)
    error = refused(folder / name)
    return error.reason, error.values["place"]


@pytest.mark.parametrize(
    ("content", "reason", "place"),
    [
        (b"", "foreign", "result.json"),
        (b"\xff\xd8\xff\xe0 a picture", "foreign", "result.json"),
        (b"[1, 2]", "foreign", "result.json"),
        (b"{}", "foreign", "result.json"),
        (b'{"chats": 5}', "foreign", "result.json"),
        (b"<html><body>A page</body></html>", "foreign", "result.json"),
        (b'{"messages": [{]}', "broken", "result.json, byte 15"),
        (b'{"messages": [{"id": 1, "type": "service"} 2]}', "broken", "result.json, byte 43"),
        (b'{"messages": [] "id": 1}', "broken", "result.json, byte 16"),
        (b'{"messages": [], id: 1}', "broken", "result.json, byte 17"),
        (b'{"messages": []} {', "broken", "result.json, byte 17"),
        (b'{"id": NaN, "messages": []}', "broken", "result.json, byte 7"),
        (b'{"a": "\\q", "messages": []}', "broken", "result.json, byte 7"),
        (b'{"id": 1' + b"0" * 5000 + b', "messages": []}', "broken", "result.json, byte 7"),
        (b'{"id": 1e999, "messages": []}', "odd", "result.json, chat 1"),
        (b'{"id": true, "messages": []}', "odd", "result.json, chat 1"),
        (b'{"name": 1, "messages": []}', "odd", "result.json, chat 1"),
        (b'{"a": ' + b"[" * 100_000, "nested", "result.json, byte 14"),
        (b'{"messages": [' + b'{"text":' * 100_000, "nested", "result.json, byte 14"),
        (b'{"messages": [{"text": "' + b"a" * 3_000_000 + b'"}]}', "large", "result.json, byte 14"),
        (b'{"messages": [{"text": "' + b"a" * 3_000_000, "large", "result.json, byte 14"),
        (EMPTY.replace(b"Kitchen", b"Kitch\xffen"), "encoding", "result.json, byte 17"),
        (EMPTY + b"\xd0", "encoding", f"result.json, byte {len(EMPTY)}"),
        (result([5]), "odd", "result.json, message 1"),
        (result([message(1), {**message(2), "id": "2"}]), "odd", "result.json, message 2"),
    ],
)
def test_what_is_no_export_is_refused_with_the_place(content: bytes, reason: str, place: str, tmp_path: Path) -> None:
    assert refusal_of(content, tmp_path) == (reason, place)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 2**40},
        {"id": -(2**70)},
        {"id": 1.5},
        {"id": None},
        {"text": 5},
        {"text": [5]},
        {"text": [{"type": "bold"}]},
        {"from_id": "robot1"},
        {"from_id": "user" + "9" * 17},
        {"from_id": 2**40},
        {"from_id": -1},
        {"from": ["Bob"]},
        {"date_unixtime": 1700000000},
        {"date_unixtime": "yesterday"},
        {"date_unixtime": "-5"},
        {"date_unixtime": "9" * 400},
        {"date_unixtime": "9" * 5000},
        {"date_unixtime": None, "date": "yesterday"},
        {"date_unixtime": None, "date": "9999-12-31T23:59:59"},
        {"edited_unixtime": "x"},
        {"reply_to_message_id": 2**50},
        {"photo": 1},
        {"sticker_emoji": {}},
    ],
)
def test_wrong_values_are_refused_with_the_number_of_the_message(fields: dict[str, object], tmp_path: Path) -> None:
    content = result([message(1), message(2), {**message(3), **fields}])
    assert refusal_of(content, tmp_path) == ("odd", "result.json, message 3")


@pytest.mark.parametrize("content", [GROUP.strip(), ACCOUNT.strip(), PAGE.strip()], ids=["group", "account", "page"])
def test_a_file_that_ends_in_the_middle_is_refused_wherever_it_ends(content: bytes, tmp_path: Path) -> None:
    for end in (*range(2, len(content), 97), *range(len(content) - 12, len(content))):
        reason, _ = refusal_of(content[:end], tmp_path)
        # In the middle of a letter it is no UTF-8; of a page's beginning nobody can say what it was to be.
        assert reason in ("truncated", "encoding", "foreign"), content[:end][-60:]


def test_the_place_is_counted_in_bytes(tmp_path: Path) -> None:
    content = result([message(number, "ї" * 1000) for number in range(1, 600)])
    assert len(content) > 2 * 256 * 1024
    cut = content.rindex(b'"text"')
    assert refusal_of(content[:cut] + b"?" + content[cut + 1 :], tmp_path) == ("broken", f"result.json, byte {cut}")
    assert refusal_of(content[:cut] + b"\xff" + content[cut + 1 :], tmp_path) == (
        "encoding",
        f"result.json, byte {cut}",
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda page: page.replace(b'id="message4"', b'id="first"'), "odd"),
        (lambda page: page.replace(b'id="message4"', b'id="message99999999999999"'), "odd"),
        (lambda page: page.replace(b"01.01.2024 14:02:00", b"41.01.2024 14:02:00"), "odd"),
        (lambda page: page.replace(b"01.01.2024 14:02:00", b"today"), "odd"),
        (lambda page: page.replace(b"UTC+02:00", b"UTC+99:00"), "odd"),
        (lambda page: page.replace(b"go_to_message2", b"go_to_message99999999999999"), "odd"),
        (lambda page: page.replace(b"<strong>", b"<strong>" * 100), "odd"),
        (lambda page: page.replace(b'<div class="from_name">', b"<div>"), "odd"),
        (lambda page: page.replace(b"page_body chat_page", b"page_body"), "foreign"),
        (lambda page: page.replace("секрет".encode(), b"a" * 3_000_000), "large"),
        (lambda page: page.replace("секрет".encode(), b"\xff"), "encoding"),
        (lambda page: page.replace(b"</html>", b""), "truncated"),
    ],
)
def test_pages_of_another_make_are_refused(change: Callable[[bytes], bytes], reason: str, tmp_path: Path) -> None:
    refusal, place = refusal_of(change(PAGE), tmp_path, "messages.html")
    assert refusal == reason
    assert "messages.html" in place


@pytest.mark.parametrize("filling", [b"<", b"<a ", b"<b>", b"</b>", b"&", b'<a href="', b"&#", b"\n", b"<a href = "])
def test_a_hostile_page_is_read_in_no_time(filling: bytes, tmp_path: Path) -> None:
    """The time limit of a test would end it."""
    page = PAGE.replace("секрет".encode(), filling * (900_000 // len(filling)))
    (tmp_path / "messages.html").write_bytes(page)
    with suppress(ExportRefused):
        read(tmp_path / "messages.html")


@pytest.mark.parametrize(
    "pieces",
    [
        '<div class="media_wrap"><div class="media media_file"><div class="title">' + "<br>" * 200_000 + "</div>" * 3,
        f'<div class="text"><a href="https://a.a/{"a" * 4000}">' + "x<b></b>" * 100_000 + "</div>",
    ],
    ids=["a title of many lines", "a long address of many pieces"],
)
def test_a_message_of_many_pieces_costs_no_more_than_it_has(pieces: str, tmp_path: Path) -> None:
    (tmp_path / "messages.html").write_bytes(
        PAGE.replace(b'<div class="text">', f'{pieces}<div class="text">'.encode(), 1)
    )
    tracemalloc.start()
    try:
        read(tmp_path / "messages.html")
        assert tracemalloc.get_traced_memory()[1] < 250 * 2**20
    finally:
        tracemalloc.stop()


def test_long_names_are_not_kept(tmp_path: Path) -> None:
    long = [message(number, **{"from": f"{number}" + "n" * 900_000}) for number in range(1, 41)]
    (tmp_path / "result.json").write_bytes(result(long))
    tracemalloc.start()
    try:
        read(tmp_path / "result.json")
        assert tracemalloc.get_traced_memory()[0] < 4 * 2**20
    finally:
        tracemalloc.stop()


def account(chat: bytes, count: int) -> bytes:
    return b'{"chats": {"list": [' + b",".join([chat] * count) + b"]}}"


def test_chats_without_end_are_not_listed(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(account(b'{"messages": []}', 30_000))
    assert read(file) == []
    one = b'{"messages": [{"id": 1, "type": "service"}]}'
    file.write_bytes(account(one, 20_001))
    assert refused(file).reason == "many_chats"
    halves = {"result.json": account(one, 10_001), "more/result.json": account(one, 10_000)}
    assert refused(zipped(tmp_path / "halves.zip", halves)).reason == "many_chats"


def test_escapes_of_telegram_desktops_own_are_read_in_no_time(tmp_path: Path) -> None:
    content = result([message(1, "HERE"), message(2, "there")]).replace(b"HERE", rb"a\x0B\\x0B" * 80_000)
    (tmp_path / "result.json").write_bytes(content)
    [(_, [first, _])] = read(tmp_path / "result.json")
    assert first is not None
    assert first.text.startswith("a\\x0Ba\\x0Ba")
    assert refusal_of(content.replace(b"there", rb"\x0Z"), tmp_path)[0] == "broken"


def test_zip_files_that_mean_harm_are_refused(tmp_path: Path) -> None:
    def link(info: zipfile.ZipInfo) -> None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16

    assert refused(zipped(tmp_path / "a.zip", {"result.json": b"/etc/passwd"}, link)).reason == "symlink"
    for name in ("../result.json", "/result.json", "a/../../result.json", "C:/result.json", "..\\result.json"):
        assert refused(zipped(tmp_path / "b.zip", {"result.json": EMPTY, name: EMPTY})).reason == "path"
    bomb = result([message(1, "a" * 10)]) + b" " * 40_000_000
    assert refused(zipped(tmp_path / "c.zip", {"result.json": bomb})).reason == "bomb"
    parts = {f"{number}/result.json": EMPTY + b" " * 10_000_000 for number in range(2)}
    assert refused(zipped(tmp_path / "parts.zip", parts)).reason == "bomb"
    assert refused(zipped(tmp_path / "d.zip", {"holiday.jpg": b"\xff\xd8"})).reason == "foreign"


def claims(archive: Path, *, size: int | None = None, flags: int = 0) -> Path:
    """Change what a zip's directory says of its only file (PKWARE's APPNOTE, 4.3.12)."""
    content = bytearray(archive.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= flags
    if size is not None:
        content[entry + 24 : entry + 28] = struct.pack("<I", size)
    archive.write_bytes(content)
    return archive


def test_zip_files_that_claim_what_is_not_so_are_refused(tmp_path: Path) -> None:
    files = {"result.json": result([message(number, str(number)) for number in range(1, 2000)])}
    assert refused(claims(zipped(tmp_path / "a.zip", files), flags=1)).reason == "encrypted"
    assert refused(claims(zipped(tmp_path / "b.zip", files), size=2**32 - 2)).reason == "bomb"
    assert refused(claims(zipped(tmp_path / "c.zip", files), size=1000)).reason in ("archive", "truncated")
    damaged = zipped(tmp_path / "d.zip", files)
    content = bytearray(damaged.read_bytes())
    content[200:300] = bytes(100)
    damaged.write_bytes(content)
    assert refused(damaged).reason in ("archive", "broken", "odd")
    (tmp_path / "e.zip").write_bytes(damaged.read_bytes()[:-30])
    assert refused(tmp_path / "e.zip").reason == "foreign"


def lists(path: Path, count: int, name: bytes = b"a", *, in_zip64: bool) -> Path:
    """A zip whose directory lists one file that often (APPNOTE, 4.3.12 to 4.3.16)."""
    rest = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, 0, 0, 0, len(name), 0)
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + rest + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    content = b"PK\x03\x04" + rest + name
    at, size = len(content), count * len(entry)
    content += entry * count
    if in_zip64:
        end = len(content)
        content += b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, at)
        content += b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
        content += b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    else:
        told = count & 0xFFFF
        content += b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, told, told, size, at, 7) + b"comment"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("in_zip64", [False, True])
def test_zip_files_of_files_without_end_are_not_listed(in_zip64: bool, tmp_path: Path) -> None:
    assert refused(lists(tmp_path / "a.zip", 50_000, in_zip64=in_zip64)).reason == "foreign"
    assert refused(lists(tmp_path / "b.zip", 50_001, in_zip64=in_zip64)).reason == "many_files"
    assert refused(lists(tmp_path / "c.zip", 600, b"a" * 60_000, in_zip64=in_zip64)).reason == "many_files"
    tracemalloc.start()
    try:
        refused(lists(tmp_path / "d.zip", 300_000, in_zip64=in_zip64))
        assert tracemalloc.get_traced_memory()[1] < 80 * 2**20
    finally:
        tracemalloc.stop()


def test_ten_gigabytes_are_not_even_begun(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(EMPTY)
    with file.open("r+b") as sparse:
        sparse.truncate(10 * 2**30)
    assert refused(file).reason == "huge"


def test_links_in_folders_are_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_bytes(EMPTY)
    folder = tmp_path / "export"
    folder.mkdir()
    assert refused(folder).reason == "foreign"
    assert refused(tmp_path / "nothing.json").reason == "missing"
    (folder / "result.json").symlink_to(elsewhere)
    assert refused(folder).reason == "symlink"
    shutil.copytree(SAMPLES / "pages", tmp_path / "pages")
    (tmp_path / "pages" / "messages3.html").symlink_to(elsewhere)
    assert refused(tmp_path / "pages" / "messages.html").reason == "symlink"


def either(content: bytes, suffix: str) -> None:
    """Read twice with the same outcome, or refused at the first reading."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"result{suffix}"
        file.write_bytes(content)
        try:
            found = read(file)
        except ExportRefused:
            return
        for chat, messages in found:
            assert len(messages) == chat.messages
            assert sum(each is None for each in messages) == chat.skipped


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    either(content, ".json")
    either(b'{"messages": [' + content, ".json")
    either(b"<html>" + content, ".html")
    either(b"PK\x03\x04" + content, ".zip")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([GROUP, ACCOUNT, PAGE]), st.integers(0, 2**32), st.integers(1, 4))
def test_mutated_exports(content: bytes, seed: int, count: int) -> None:
    either(mutated(content, seed, count), ".html" if content is PAGE else ".json")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_mutated_archives(seed: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = zipped(Path(folder) / "a.zip", {"export/result.json": GROUP})
        either(mutated(archive.read_bytes(), seed, count), ".zip")
