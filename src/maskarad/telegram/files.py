"""Files that people send: from Telegram to a file of ours, bit by bit."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from typing import ParamSpec

import structlog

from maskarad.errors import FileTooBig, TelegramRefused, TelegramUnreachable
from maskarad.telegram.bots import BotRegistry
from maskarad.telegram.limits import Sleep
from maskarad.telegram.send import RETRY_PAUSES, Sender
from maskarad.telegram.transport import AiohttpRequest
from maskarad.values import Document

log = structlog.get_logger()

CLOUD_BYTES = 20 * 1024 * 1024
"""What Telegram's own Bot API gives bots at most (getFile: "up to 20MB"); a Bot API server of one's own gives all."""

P = ParamSpec("P")
OnBytes = Callable[[int], None]


class Files:
    """`base_url` is where `/bot<token>/<file_path>` leads to the files that getFile names."""

    def __init__(
        self,
        sender: Sender,
        registry: BotRegistry,
        request: AiohttpRequest,
        base_url: str,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._sender = sender
        self._registry = registry
        self._request = request
        self._prefix = f"{base_url}/bot"
        self._sleep = sleep

    async def fetch(
        self,
        bot_id: int,
        document: Document,
        to: Path,
        *,
        most_bytes: int,
        on_bytes: OnBytes | None = None,
    ) -> None:
        """Download a file that was sent to this bot. `on_bytes` hears how much has come, from the beginning again when
        the line broke and the download is repeated. When this raises, nothing stands at `to`.

        Raises FileTooBig; TelegramRefused when Telegram does not know the file; TokenInvalid, Flooded,
        TelegramUnreachable; OSError when `to` cannot be written.
        """
        if document.size is not None and document.size > most_bytes:
            raise FileTooBig(most_bytes, telegrams=False)
        path = await self._path(bot_id, document)
        with _whole_or_not_at_all(to):
            if Path(path).is_absolute():
                await _on_thread(_copy, Path(path), to, most_bytes)
            else:
                await self._download(bot_id, path, to, most_bytes, on_bytes)

    async def _path(self, bot_id: int, document: Document) -> str:
        try:
            return await self._sender.get_file_path(bot_id, document.file_id)
        except TelegramRefused as error:
            if "file is too big" not in str(error).lower():
                raise
        raise FileTooBig(CLOUD_BYTES, telegrams=True)

    async def _download(self, bot_id: int, path: str, to: Path, most_bytes: int, on_bytes: OnBytes | None) -> None:
        pauses = iter(RETRY_PAUSES)
        while True:
            try:
                await _write(self._chunks(bot_id, path), to, most_bytes, on_bytes)
                return
            except TelegramUnreachable as error:
                pause = next(pauses, None)
                if pause is None:
                    raise
                log.info("telegram_retry", error=str(error), seconds=pause)
                await self._sleep(pause)

    async def _chunks(self, bot_id: int, path: str) -> AsyncGenerator[bytes, None]:
        token = self._registry.token(bot_id)
        async with aclosing(self._request.stream(f"{self._prefix}{token.reveal()}/{path}")) as chunks:
            async for chunk in chunks:
                yield chunk


async def _on_thread(work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Cancelled, it ends when the thread has ended: nobody writes to a file that is closed or removed then."""
    thread = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        await asyncio.shield(thread)
    except asyncio.CancelledError:
        while not thread.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([thread])
        raise


@contextmanager
def _whole_or_not_at_all(file: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise


async def _write(chunks: AsyncGenerator[bytes, None], to: Path, most_bytes: int, on_bytes: OnBytes | None) -> None:
    done = 0
    async with aclosing(chunks):
        with to.open("wb") as file:
            async for chunk in chunks:
                done += len(chunk)
                if done > most_bytes:
                    raise FileTooBig(most_bytes, telegrams=False)
                await _on_thread(file.write, chunk)
                if on_bytes is not None:
                    on_bytes(done)


def _copy(path: Path, to: Path, most_bytes: int) -> None:
    """A Bot API server of one's own, started with --local, names a file on the machine that it shares with us."""
    try:
        size = path.stat().st_size
    except OSError:
        size = None
    if size is None:
        raise TelegramRefused("the Bot API server's files are not to be read from here")
    if size > most_bytes:
        raise FileTooBig(most_bytes, telegrams=False)
    shutil.copyfile(path, to)
