import shutil
from pathlib import Path

import msgspec
import pytest

from maskarad.memory.exports.texts import id_of_name
from maskarad.memory.exports.values import ExportedChat, ExportedMessage
from tests.memory.export_files import BEGIN, GROUP_ID, SAMPLES, message, read, result, said, zipped

GROUP = SAMPLES / "group" / "result.json"
ACCOUNT = SAMPLES / "account" / "result.json"
PAGES = SAMPLES / "pages"

OLENA, TARAS = id_of_name("Олена Коваль"), id_of_name("Тарас")


def one(path: Path, data: object) -> ExportedMessage:
    path.write_bytes(result([data]))
    [read_message] = said(path)
    return read_message


def test_everything_of_a_group_is_read() -> None:
    [(found, messages)] = read(GROUP)
    assert found.chat == ExportedChat(id=GROUP_ID, name="Кухня 🍲", type="private_supergroup")
    assert (found.messages, found.skipped) == (9, 2)
    assert [each is None for each in messages] == [False, True, False, False, False, False, True, False, False]
    older, _, formatted, sticker, photo, document, _, own, voice = messages
    assert older == ExportedMessage(
        id=-999999998,
        sent_at=1703952251.0,
        sender_id=1001,
        sender_name="Олена Коваль",
        text="Перенесімо чат у супергрупу?",
    )
    assert formatted == ExportedMessage(
        id=2,
        sent_at=1704103200.0,
        edited_at=1704103500.0,
        sender_id=1001,
        sender_name="Олена Коваль",
        text="Рецепт борщу & салату тут: сторінка, https://example.org Тарасе\nбуряк < 3",
        html='Рецепт <b>борщу &amp; салату</b> тут: <a href="https://example.org/?a=1&amp;b=2">сторінка</a>, '
        'https://example.org <a href="tg://user?id=1002">Тарасе</a>\n'
        '<pre><code class="language-python">буряк &lt; 3</code></pre>',
    )
    assert sticker is not None
    assert (sticker.text, sticker.media, sticker.reply_to) == ("[sticker 😋]", "sticker", 2)
    assert photo is not None
    assert (photo.text, photo.media) == ("дивіться", "photo")
    assert photo.sender_id == -1001234567890, "the group itself, as the Bot API writes it"
    assert document is not None
    assert (document.text, document.media) == ("[document: menu.pdf]", "document")
    assert (document.forwarded_from, document.sender_name) == ("Новини кухні", "Deleted Account")
    assert own is not None
    assert (own.sender_id, own.text) == (7001, "Bell and sun\u2028shine")
    assert voice is not None
    assert (voice.text, voice.media) == ("[voice]", "voice")


def test_an_account_is_read_chat_by_chat() -> None:
    bot_chat, saved, group = read(ACCOUNT)
    assert [each[0].chat for each in (bot_chat, saved, group)] == [
        ExportedChat(id=7001, name="Mira", type="bot_chat"),
        ExportedChat(id=1001, name="Saved Messages", type="saved_messages"),
        ExportedChat(id=2002, name="Kitchen", type="private_group"),
    ]
    assert [each.text for each in bot_chat[1] if each] == ["Привіт! Як справи?", "Чудово, заварюю чай"]
    assert [each.text for each in saved[1] if each] == ["Купити липу"]
    assert [each.text for each in group[1] if each] == ["Who cooks today?"]


def test_pages_are_read_in_their_order(tmp_path: Path) -> None:
    [(found, messages)] = read(PAGES)
    assert found.chat == ExportedChat(id=0, name="Кухня & друзі", type="")
    assert (found.messages, found.skipped) == (6, 1)
    service, formatted, sticker, forwarded, photo, document = messages
    assert service is None
    assert formatted == ExportedMessage(
        id=2,
        sent_at=1704110400.0,
        sender_id=OLENA,
        sender_name="Олена Коваль",
        text="Рецепт борщу & салату тут: сторінка, https://example.org\n#обід секрет",
        html='Рецепт <b>борщу &amp; салату</b> тут: <a href="https://example.org/?a=1&amp;b=2">сторінка</a>, '
        "https://example.org\n#обід <tg-spoiler>секрет</tg-spoiler>",
    )
    assert sticker is not None
    assert (sticker.text, sticker.media, sticker.reply_to) == ("[sticker 😋]", "sticker", 2)
    assert sticker.sender_id == OLENA, "a message that joins the one before has no name of its own"
    assert forwarded is not None
    assert (forwarded.sender_name, forwarded.text) == ("Mira 1", "Завтра <свято>")
    assert forwarded.forwarded_from == "Новини кухні"
    assert photo is not None
    assert (photo.sender_id, photo.text, photo.media) == (TARAS, "ось він", "photo")
    assert (photo.reply_to, photo.forwarded_from, photo.sent_at) == (2, None, 1704200400.0)
    assert document is not None
    assert (document.sender_id, document.text) == (TARAS, "[document: menu.pdf]")


def test_a_first_page_brings_the_others_along() -> None:
    assert len(said(PAGES / "messages.html")) == 5
    assert [each.id for each in said(PAGES / "messages2.html")] == [5, 6]


def test_an_export_may_be_zipped_or_lie_in_folders(tmp_path: Path) -> None:
    pages = {f"ChatExport/{file.name}": file.read_bytes() for file in PAGES.iterdir()}
    archive = zipped(tmp_path / "pages.zip", {**pages, "ChatExport/photos/photo_1.jpg": b"\xff\xd8"})
    assert read(archive)[0][1] == read(PAGES)[0][1]
    archive = zipped(tmp_path / "export.zip", {"DataExport/result.json": ACCOUNT.read_bytes()})
    assert read(archive) == read(ACCOUNT)
    shutil.copytree(PAGES, tmp_path / "out" / "chats" / "chat_01")
    shutil.copytree(PAGES, tmp_path / "out" / "chats" / "chat_02")
    assert [len(messages) for _, messages in read(tmp_path / "out")] == [6, 6]


def test_of_both_forms_json_is_read(tmp_path: Path) -> None:
    shutil.copytree(PAGES, tmp_path / "both")
    shutil.copy(GROUP, tmp_path / "both")
    assert read(tmp_path / "both") == read(GROUP)


def test_many_pages_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (1, 2, 10, 11):
        page = (PAGES / "messages2.html").read_text().replace('id="message', f'id="message{number}00')
        (tmp_path / f"messages{number if number > 1 else ''}.html").write_text(page)
    assert [each.id for each in said(tmp_path)] == [1005, 1006, 2005, 2006, 10005, 10006, 11005, 11006]


def test_whatever_the_order_and_the_layout_of_the_fields(tmp_path: Path) -> None:
    chat = msgspec.json.decode(GROUP.read_bytes().replace(rb"\x07", b""))
    for number, layout in enumerate((msgspec.json.encode(chat), msgspec.json.format(msgspec.json.encode(chat)))):
        (tmp_path / f"{number}.json").write_bytes(b"\xef\xbb\xbf \n" + layout + b"\n")
        assert read(tmp_path / f"{number}.json") == read(GROUP)
    turned = dict(reversed(chat.items()))
    (tmp_path / "turned.json").write_bytes(msgspec.json.encode(turned))
    assert read(tmp_path / "turned.json") == read(GROUP)


def test_messages_that_lie_across_chunks(tmp_path: Path) -> None:
    texts = [f"{'ї' * (number * 37 % 4000)}{number}" for number in range(700)]
    file = tmp_path / "result.json"
    file.write_bytes(result(message(number + 1, text) for number, text in enumerate(texts)))
    assert file.stat().st_size > 5 * 256 * 1024
    assert [each.text for each in said(file)] == texts


@pytest.mark.parametrize(
    ("fields", "text", "medium"),
    [
        ({"media_type": "animation", "file": "a.mp4"}, "[gif]", "animation"),
        ({"media_type": "video_file", "file": "a.mp4"}, "[video]", "video"),
        ({"media_type": "video_message", "file": "a.mp4"}, "[video message]", "video_note"),
        ({"media_type": "audio_file", "file": "a.mp3"}, "[audio]", "audio"),
        ({"media_type": "sticker", "file": "a.webp"}, "[sticker]", "sticker"),
        ({"media_type": "hologram", "file": "files/a.h"}, "[document: a.h]", "document"),
        ({"file": "(File not included.)", "file_name": "план.odt"}, "[document: план.odt]", "document"),
        ({"file": "(File not included.)"}, "[document]", "document"),
        ({"photo": "(File not included.)"}, "[photo]", "photo"),
        ({"place_name": "Café", "location_information": {"latitude": 1.5}}, "[place]", "venue"),
        ({"location_information": {"latitude": 1.5, "longitude": 2}}, "[location]", "location"),
        ({"contact_information": {"first_name": "A"}}, "[contact]", "contact"),
        ({"poll": {"question": "?", "answers": []}}, "[poll]", "poll"),
        ({"game_title": "Lumberjack"}, "[game]", "game"),
    ],
)
def test_media_without_words_become_a_word(tmp_path: Path, fields: dict[str, object], text: str, medium: str) -> None:
    read_message = one(tmp_path / "result.json", message(1, "", **fields))
    assert (read_message.text, read_message.media) == (text, medium)
    captioned = one(tmp_path / "result.json", message(1, "look", **fields))
    assert (captioned.text, captioned.media) == ("look", medium)


def test_who_wrote_it(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    ids = {
        "user5": 5,
        "chat5": -5,
        "channel5": -1000000000005,
        5: 5,
        (1 << 32) + 5: -5,
        (2 << 32) + 5: -1000000000005,
    }
    assert {each: one(file, message(1, from_id=each)).sender_id for each in ids} == ids
    nobody = message(1)
    del nobody["from_id"]
    assert one(file, nobody).sender_id == id_of_name("Боб")


def test_dates_of_old_exports_are_taken_for_utc(tmp_path: Path) -> None:
    old = message(1, date="2023-11-14T22:13:20", edited="2023-11-14T22:13:25")
    del old["date_unixtime"]
    read_message = one(tmp_path / "result.json", old)
    assert (read_message.sent_at, read_message.edited_at) == (BEGIN, BEGIN + 5)
    page = (PAGES / "messages2.html").read_text().replace(" UTC-03:30", "")
    (tmp_path / "messages.html").write_text(page)
    assert said(tmp_path / "messages.html")[0].sent_at == 1704187800.0


def test_a_reply_into_another_chat_is_none_of_this_one(tmp_path: Path) -> None:
    elsewhere = message(9, reply_to_message_id=3, reply_to_peer_id="channel77")
    assert one(tmp_path / "result.json", elsewhere).reply_to is None


def test_texts_and_names_are_cleaned(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    written = result([message(1, [" a", {"type": "spoiler", "text": "b"}, {"type": "bold", "text": "HALF"}])])
    file.write_bytes(written.replace(b"HALF", rb"\ud83d\u0007").replace("Боб".encode(), rb" Bo\nb\u0000"))
    [read_message] = said(file)
    assert (read_message.text, read_message.html) == ("ab", "a<tg-spoiler>b</tg-spoiler>")
    assert read_message.sender_name == "Bo b"
