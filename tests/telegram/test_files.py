"""Files that people send, and files that they get: the edge and the sandbox's Telegram over real HTTP, and a server
that answers wrong."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from maskarad.errors import FileTooBig, TelegramError, TelegramRefused, TelegramUnreachable, TokenInvalid
from maskarad.sandbox.person import Sandbox
from maskarad.sandbox.server import Options, running
from maskarad.settings import Settings
from maskarad.telegram.bots import BotRegistry
from maskarad.telegram.edge import Edge, open_edge
from maskarad.telegram.files import CLOUD_BYTES, Files
from maskarad.telegram.send import Sender
from maskarad.telegram.transport import CHUNK_BYTES, AiohttpRequest
from maskarad.values import MANAGER_BOT_ID, Button, Document, Event, Incoming, Screen
from tests.sandbox.scene import MANAGER_TOKEN
from tests.telegram.people import token
from tests.telegram.stub import Broken, Cut, Raw, Stub, refusal
from tests.telegram.test_api import everything_about

ALICE = 1001
CHAT = f"{ALICE}:{MANAGER_TOKEN.partition(':')[0]}"
MEGABYTE = 1024 * 1024
PICTURE = b"\x89PNG\r\n" + bytes(range(256)) * 100
SMALL_PIPE = 4096
"""Bytes after which a writer waits for its reader."""
CAPTION = Screen(html="<b>Ваш</b> тиждень", keyboard=((Button(label="Ще", data="v1:more"),),))


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Alice has written to the manager bot."""
    async with running(Options(port=0, manager_token=MANAGER_TOKEN)) as address, Sandbox.at(address) as client:
        await client.add_user("Alice", id=ALICE)
        await client.say(CHAT, ALICE, "/start")
        yield client


@pytest.fixture
async def edge(sandbox: Sandbox) -> AsyncIterator[Edge]:
    given: dict[str, Any] = {
        "telegram_bot_token": SecretStr(MANAGER_TOKEN),
        "telegram_api_base_url": sandbox.address,
        "telegram_max_per_chat_second": 0,
    }
    settings = Settings(_env_file=None, **given)  # type: ignore[call-arg]  # pydantic-settings' own keyword
    async with open_edge(settings) as opened:
        yield opened


async def sent(edge: Edge, sandbox: Sandbox, name: str, content: bytes, **more: Any) -> Document:
    """A document of Alice as the platform hears of it."""
    heard: asyncio.Queue[Event] = asyncio.Queue()
    edge.receive(heard.put)
    await sandbox.send_file(CHAT, ALICE, name, content, **more)
    async with asyncio.timeout(10):
        while True:
            event = await heard.get()
            if isinstance(event, Incoming) and event.document is not None:
                await edge.stop_receiving()
                return event.document


async def test_people_see_pictures_and_save_documents(edge: Edge, sandbox: Sandbox) -> None:
    before = await sandbox.position()
    await edge.sender.send_photo(MANAGER_BOT_ID, ALICE, PICTURE, caption=CAPTION, silent=True)
    picture = await sandbox.next_message(CHAT, after=before)
    assert (picture.text, picture.buttons, picture.silent) == ("Ваш тиждень", ["Ще"], True)
    assert await sandbox.file(str(picture.file_id)) == PICTURE

    name = 'про мене; "все" \\ 100%.json'
    await edge.sender.send_document(MANAGER_BOT_ID, ALICE, b"{}", name, caption=CAPTION, reply_to=picture.id)
    document = await sandbox.next_message(CHAT, after=picture.seq)
    assert document.message["document"]["file_name"] == name
    assert document.message["reply_to_message"]["message_id"] == picture.id
    assert (document.text, document.silent) == ("Ваш тиждень", False)
    assert await sandbox.file(str(document.file_id)) == b"{}"


async def test_what_telegram_does_not_take(edge: Edge, sandbox: Sandbox) -> None:
    long = Screen(html=f"<b>{'x' * 1025}</b>")
    with pytest.raises(TelegramRefused, match=r"(?i)caption is too long"):
        await edge.sender.send_photo(MANAGER_BOT_ID, ALICE, PICTURE, caption=long)
    with pytest.raises(TelegramRefused, match=r"(?i)too big for a photo"):
        await edge.sender.send_photo(MANAGER_BOT_ID, ALICE, bytes(10 * MEGABYTE + 1), caption=CAPTION)
    with pytest.raises(TelegramRefused, match=r"(?i)too large"):
        await edge.sender.send_document(MANAGER_BOT_ID, ALICE, bytes(50 * MEGABYTE + 1), "a", caption=CAPTION)


async def test_a_document_is_fetched_bit_by_bit(edge: Edge, sandbox: Sandbox, tmp_path: Path) -> None:
    content = bytes(range(256)) * (3 * CHUNK_BYTES // 256) + b"the end"
    document = await sent(edge, sandbox, "розмова.json", content, caption="our chat")
    assert (document.name, document.size) == ("розмова.json", len(content))
    heard: list[int] = []
    to = tmp_path / "export.json"
    await edge.files.fetch(MANAGER_BOT_ID, document, to, most_bytes=len(content), on_bytes=heard.append)
    assert to.read_bytes() == content
    assert heard == sorted(heard)
    assert (len(heard) >= 4, heard[-1]) == (True, len(content))


async def test_what_is_above_the_callers_limit_is_not_even_asked_for(
    edge: Edge, sandbox: Sandbox, tmp_path: Path
) -> None:
    document = await sent(edge, sandbox, "a", b"x" * 100)
    to = tmp_path / "a"
    with pytest.raises(FileTooBig) as caught:
        await edge.files.fetch(MANAGER_BOT_ID, document, to, most_bytes=99)
    assert (caught.value.most_bytes, caught.value.telegrams) == (99, False)
    assert await sandbox.calls(method="getFile") == []
    unsaid = Document(file_id=document.file_id, name="a", size=None)
    with pytest.raises(FileTooBig):
        await edge.files.fetch(MANAGER_BOT_ID, unsaid, to, most_bytes=99)
    assert not to.exists()


async def test_what_is_above_telegrams_limit_says_so(edge: Edge, sandbox: Sandbox, tmp_path: Path) -> None:
    document = await sent(edge, sandbox, "big.zip", bytes(20 * MEGABYTE + 1))
    with pytest.raises(FileTooBig) as caught:
        await edge.files.fetch(MANAGER_BOT_ID, document, tmp_path / "a", most_bytes=100 * MEGABYTE)
    assert (caught.value.most_bytes, caught.value.telegrams) == (CLOUD_BYTES, True)


async def test_a_file_that_nobody_sent(edge: Edge, sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(TelegramRefused) as caught:
        await edge.files.fetch(MANAGER_BOT_ID, Document(file_id="x", name="a", size=1), tmp_path / "a", most_bytes=99)
    assert not isinstance(caught.value, FileTooBig)


DOCUMENT = Document(file_id="f", name="a.json", size=6)


@pytest.fixture
def files(
    sender: Sender, registry: BotRegistry, request_pool: AiohttpRequest, stub: Stub, pauses: list[float]
) -> Files:
    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    return Files(sender, registry, request_pool, stub.files_url, sleep=sleep)


async def test_a_broken_line_is_tried_again_from_the_beginning(
    files: Files, stub: Stub, tmp_path: Path, pauses: list[float]
) -> None:
    stub.script("getFile", {"file_id": "f", "file_path": "documents/file 1.json"})
    stub.script("file", Broken(b"abc"), Raw(502, b""), Raw(200, b"abcdef"))
    heard: list[int] = []
    await files.fetch(2, DOCUMENT, tmp_path / "a", most_bytes=6, on_bytes=heard.append)
    assert (tmp_path / "a").read_bytes() == b"abcdef"
    assert heard[-1] == 6
    assert pauses == [0.5, 2.0]
    assert [call.params["path"] for call in stub.of("file")] == ["documents/file 1.json"] * 3


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([Raw(404, b"")], TelegramRefused),
        ([Raw(401, b"")], TokenInvalid),
        ([Broken(b"abc")] * 3, TelegramUnreachable),
        ([Cut()] * 6, TelegramUnreachable),
        ([Raw(429, b"")] * 3, TelegramUnreachable),
        ([Raw(200, b"abcdefg")], FileTooBig),
    ],
    ids=["404", "401", "broken", "cut", "429", "too big"],
)
async def test_what_fails_leaves_nothing_and_tells_no_address(
    files: Files, stub: Stub, tmp_path: Path, answers: list[Any], expected: type[TelegramError]
) -> None:
    stub.script("getFile", {"file_path": "documents/secret-place"})
    stub.script("file", *answers)
    with structlog.testing.capture_logs() as logs, pytest.raises(TelegramError) as caught:
        await files.fetch(2, DOCUMENT, tmp_path / "a", most_bytes=6)
    assert type(caught.value) is expected
    assert not (tmp_path / "a").exists()
    told = everything_about(caught.value) + repr(logs)
    assert [each for each in ("canary", "secret-place", stub.url) if each in told] == []


async def test_a_refused_token_is_told(files: Files, stub: Stub, tmp_path: Path, registry: BotRegistry) -> None:
    stub.script("getFile", refusal(401, "Unauthorized"))
    with pytest.raises(TokenInvalid):
        await files.fetch(2, DOCUMENT, tmp_path / "a", most_bytes=6)
    assert registry.health(2).token_refused_at is not None
    assert stub.of("file", token(2)) == []


async def test_a_bot_api_server_of_ones_own_names_a_file_on_the_disk(files: Files, stub: Stub, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_bytes(b"abcdef")
    stub.script("getFile", *({"file_path": str(path)} for path in (kept, kept, tmp_path / "elsewhere")))
    await files.fetch(2, DOCUMENT, tmp_path / "a", most_bytes=6)
    assert (tmp_path / "a").read_bytes() == b"abcdef"
    with pytest.raises(FileTooBig):
        await files.fetch(2, Document(file_id="f", name="", size=None), tmp_path / "b", most_bytes=5)
    with pytest.raises(TelegramRefused):
        await files.fetch(2, DOCUMENT, tmp_path / "b", most_bytes=6)
    assert not (tmp_path / "b").exists()
    assert kept.exists()


async def test_given_up_it_ends_when_nobody_writes_any_more(files: Files, stub: Stub, tmp_path: Path) -> None:
    to = tmp_path / "slow"
    os.mkfifo(to)
    reader = os.open(to, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, SMALL_PIPE)
    stub.script("getFile", {"file_path": "documents/a"})
    stub.script("file", Raw(200, bytes(MEGABYTE)))
    has_begun = asyncio.Event()
    asyncio.get_running_loop().add_reader(reader, has_begun.set)
    document = Document(file_id="f", name="a", size=MEGABYTE)
    fetching = asyncio.create_task(files.fetch(2, document, to, most_bytes=MEGABYTE))
    async with asyncio.timeout(10):
        await has_begun.wait()
        asyncio.get_running_loop().remove_reader(reader)
        for _ in range(3):
            fetching.cancel()
            await asyncio.sleep(0)
        assert not fetching.done()
        assert to.exists()
        while not fetching.done():
            with suppress(BlockingIOError):
                os.read(reader, MEGABYTE)
            await asyncio.sleep(0)
    os.close(reader)
    assert fetching.cancelled()
    assert not to.exists()


async def test_a_disk_that_does_not_take_it_is_no_trouble_of_telegrams(
    files: Files, stub: Stub, tmp_path: Path, pauses: list[float]
) -> None:
    stub.script("getFile", {"file_path": "documents/a"})
    with pytest.raises(OSError, match="No such file"):
        await files.fetch(2, DOCUMENT, tmp_path / "no such folder" / "a", most_bytes=6)
    assert pauses == []
