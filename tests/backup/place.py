"""Where a test's platform keeps its things, and what is in its database."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, insert, select

from maskarad.db.contents import TableContents, fingerprint
from maskarad.db.engine import Query
from maskarad.db.tables import analysis_cache, seen_updates
from maskarad.values import Token
from maskarad.vault import open_vault
from tests.support import rows
from tests.support.databases import connect

T = TypeVar("T")

SECRET_NAME = "Серафима Лиходєєва"


class Place:
    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.data = folder / "data"
        self.backups = self.data / "backups"

    @property
    def is_server(self) -> bool:
        return self.url.startswith("postgres")

    @property
    def variables(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url,
            "DATA_DIR": str(self.data),
            # Nothing is asked of it; without it commands would work in the sandbox.
            "TELEGRAM_API_BASE_URL": "http://127.0.0.1:9",
        }

    def files(self) -> list[str]:
        """All that is in the folder of backups."""
        return sorted(each.name for each in self.backups.iterdir()) if self.backups.exists() else []


def write(url: str, query: Query[T]) -> T:
    """On a connection that is closed again."""

    async def run() -> T:
        database = connect(url)
        try:
            return await database.write(query)
        finally:
            await database.close()

    return asyncio.run(run())


def contents(url: str) -> Mapping[str, TableContents]:
    """What every table holds; which backups are known is told of apart."""
    return write(url, lambda connection: fingerprint(connection, leave_out=["backups"]))


def fill(place: Place, *, lines: int = 20) -> None:
    """A persona with a bot, a chat and what was said in it."""
    sealed = open_vault((), place.data).seal(Token("123456:A-token-of-nobody"))

    def story(connection: Connection) -> None:
        link = rows.link(connection)
        connection.exec_driver_sql("UPDATE platform_identity SET key_check = " + f"'{sealed}'")
        for number in range(lines):
            connection.exec_driver_sql(
                "INSERT INTO chat_contexts (chat_bot_instance_id, message_order, chat_id, user_id, user_name, "
                f"from_persona, text, timestamp) VALUES ({link}, {number}, -1001, 1002, '{SECRET_NAME}', false, "
                f"'line {number} {'ї' * 50}', {number}.5)"
            )

    write(place.url, story)


def store_text(connection: Connection, number: int, text: str) -> None:
    connection.execute(insert(analysis_cache).values(text_hash=f"text {number}", analysis=text, created_at=0.0))


def store_texts(connection: Connection, texts: Sequence[str]) -> None:
    rows_of = [{"text_hash": f"text {number}", "analysis": text} for number, text in enumerate(texts)]
    connection.execute(insert(analysis_cache).values(created_at=0.0), rows_of)


def together(connection: Connection, number: int) -> None:
    """One transaction's rows in two tables."""
    connection.execute(insert(analysis_cache).values(text_hash=f"{number:08}", analysis="x" * 500, created_at=0.0))
    connection.execute(insert(seen_updates).values(bot_instance_id=1, update_id=number, seen_at=0.0))


def count_together(connection: Connection) -> tuple[list[int], list[int]]:
    hashes = connection.execute(select(analysis_cache.c.text_hash).order_by(analysis_cache.c.text_hash)).scalars()
    numbers = connection.execute(select(seen_updates.c.update_id).order_by(seen_updates.c.update_id)).scalars()
    return [int(each) for each in hashes], list(numbers)
