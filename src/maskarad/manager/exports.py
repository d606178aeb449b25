"""Exports that were sent to the manager bot: fetched into a file of ours, and looked into."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from maskarad.errors import ExportRefused
from maskarad.memory.exports.checking import OnPart
from maskarad.values import MANAGER_BOT_ID, Document

MOST_BYTES = 2 * 2**30
"""Of one file; Telegram takes as much from people, but gives bots less (`telegram.files.CLOUD_BYTES`)."""


class Fetch(Protocol):
    """As `telegram.files.Files.fetch`."""

    async def __call__(
        self,
        bot_id: int,
        document: Document,
        to: Path,
        *,
        most_bytes: int,
        on_bytes: Callable[[int], None] | None = None,
    ) -> None: ...


class Exports:
    """`folder` holds files for as long as they are read; what a crash leaves there the hourly cleanup takes away.
    `new_name` gives names that nobody else has."""

    def __init__(self, fetch: Fetch, folder: Path, *, new_name: Callable[[], str]) -> None:
        self._fetch = fetch
        self._folder = folder
        self._new_name = new_name

    @asynccontextmanager
    async def fetched(self, document: Document, on_part: OnPart) -> AsyncIterator[Path]:
        """The file, for as long as the block runs. What is refused in the block is told under the document's name.

        Raises FileTooBig, TelegramError's other subclasses, OSError.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / self._new_name()
        size = document.size or 0
        try:
            await self._fetch(
                MANAGER_BOT_ID, document, path, most_bytes=MOST_BYTES, on_bytes=lambda done: on_part(done, size)
            )
            yield path
        except ExportRefused as refused:
            place = refused.values["place"].replace(path.name, document.name or "?")
            raise ExportRefused(refused.reason, **{**refused.values, "place": place}) from None
        finally:
            path.unlink(missing_ok=True)
