"""Pictures and documents, both ways: what is taken, what people see of it, what comes back."""

from io import BytesIO
from typing import Any

import aiohttp
import pytest

from maskarad.sandbox.person import Sandbox, SandboxRefused
from tests.sandbox.scene import Telegram

MEGABYTE = 1024 * 1024
PNG = b"\x89PNG\r\n--x\r\n" + bytes(range(256))


async def upload(luna: Telegram, method: str, kind: str, content: bytes, name: str = "a.bin", **fields: Any) -> Any:
    form = aiohttp.FormData({name: str(value) for name, value in fields.items()}, quote_fields=False)
    form.add_field(kind, BytesIO(content), filename=name, content_type="application/octet-stream")
    async with luna.session.post(f"{luna.address}/bot{luna.token}/{method}", data=form) as response:
        return await response.json()


async def test_people_see_what_bots_send_and_whether_it_rang(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    before = await sandbox.position()
    sent = await upload(luna, "sendPhoto", "photo", PNG, chat_id=alice, caption="look", disable_notification=True)
    assert "silent" not in sent["result"]
    heard = await sandbox.next_message(private, after=before)
    assert (heard.text, heard.silent) == ("look", True)
    assert await sandbox.file(str(heard.file_id)) == PNG

    await luna.call("sendMessage", chat_id=alice, text="ding")
    loud = await sandbox.next_message(private, after=heard.seq)
    assert (loud.silent, loud.file_id) == (False, None)
    assert [each["silent"] for each in (await sandbox.chat(private))["messages"]] == [False, True, False]


async def test_names_of_files_stay_as_they_are(sandbox: Sandbox, alice: int, luna: Telegram, private: str) -> None:
    name = 'a; b=c "d" ґ.json'
    sent = await upload(luna, "sendDocument", "document", b"{}", name, chat_id=alice)
    assert sent["result"]["document"]["file_name"] == name
    file_id = sent["result"]["document"]["file_id"]
    async with luna.session.get(f"{luna.address}/sandbox/files/{file_id}") as response:
        assert response.content_disposition is not None
        assert response.content_disposition.filename == name
        assert response.content_type == "application/octet-stream"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_sizes_that_telegram_does_not_take(luna: Telegram, private: str, alice: int) -> None:
    photo = await upload(luna, "sendPhoto", "photo", bytes(10 * MEGABYTE + 1), chat_id=alice)
    assert photo["description"] == (
        "Bad Request: file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes"
    )
    document = await upload(luna, "sendDocument", "document", bytes(50 * MEGABYTE + 1), chat_id=alice)
    assert (document["error_code"], document["description"]) == (413, "Request Entity Too Large")
    captioned = await upload(luna, "sendPhoto", "photo", PNG, chat_id=alice, caption="x" * 1025)
    assert captioned["description"] == "Bad Request: message caption is too long"


async def test_documents_of_people_reach_the_bot_up_to_its_limit(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    content = bytes(range(256)) * 2000
    asked = await luna.call("sendMessage", chat_id=alice, text="your file?")
    about = {"caption": "розмова", "mime_type": "application/json", "reply_to": asked["message_id"]}
    await sandbox.send_file(private, alice, "result.json", content, **about)
    [update] = await luna.updates()
    message = update["message"]
    document = message["document"]
    assert (message["caption"], message["reply_to_message"]["message_id"]) == ("розмова", asked["message_id"])
    assert [document[name] for name in ("file_name", "mime_type", "file_size")] == [
        "result.json",
        "application/json",
        len(content),
    ]
    file = await luna.call("getFile", file_id=document["file_id"])
    async with luna.session.get(f"{luna.address}/file/bot{luna.token}/{file['file_path']}") as response:
        assert await response.read() == content
    async with luna.session.get(f"{luna.address}/file/bot123:abcdef/{file['file_path']}") as response:
        assert response.status == 401

    big = await sandbox.send_file(private, alice, "big.zip", bytes(20 * MEGABYTE + 1))
    assert await luna.refused("getFile", file_id=big["document"]["file_id"]) == "Bad Request: file is too big"
    unknown = "Bad Request: wrong file_id or the file is temporarily unavailable"
    assert await luna.refused("getFile", file_id="document-999") == unknown


async def test_pictures_of_people(sandbox: Sandbox, alice: int, luna: Telegram, private: str) -> None:
    sent = await sandbox.send_file(private, alice, "me.png", PNG, media="photo")
    [update] = await luna.updates()
    assert update["message"]["photo"] == sent["photo"]
    assert await sandbox.file(sent["photo"][-1]["file_id"]) == PNG


@pytest.mark.parametrize(
    ("size", "more", "status"),
    [
        (0, {}, 400),
        (1, {"media": "telepathy"}, 400),
        (1, {"caption": "x" * 1025}, 400),
        (1, {"reply_to": 999}, 404),
        (10 * MEGABYTE + 1, {"media": "photo"}, 413),
        (64 * MEGABYTE + 1, {}, 413),
    ],
    ids=["empty", "kind", "caption", "reply", "photo", "size"],
)
async def test_what_people_cannot_send(
    sandbox: Sandbox, alice: int, private: str, size: int, more: dict[str, Any], status: int
) -> None:
    with pytest.raises(SandboxRefused) as caught:
        await sandbox.send_file(private, alice, "a.txt", bytes(size), **more)
    assert caught.value.status == status
    with pytest.raises(SandboxRefused, match="no such file"):
        await sandbox.file("document-999")
    assert len((await sandbox.chat(private))["messages"]) == 1


async def test_a_stranger_sends_no_file(sandbox: Sandbox, luna: Telegram, group: str) -> None:
    stranger = (await sandbox.add_user("Charlie"))["id"]
    with pytest.raises(SandboxRefused, match="not in this chat"):
        await sandbox.send_file(group, stranger, "a.txt", b"x")
