"""`python -m tests.support.plans` writes docs/database.md. It needs PostgreSQL's programs, as the tests do."""

import asyncio
import tempfile
from pathlib import Path

from tests.support.databases import migrated, running
from tests.support.plans.page import FILE, page
from tests.support.plans.paths import Plans, crowded_plans
from tests.support.servers import PostgresServer


def of_url(url: str) -> Plans:
    migrated(url)
    return asyncio.run(crowded_plans(url))


def on_sqlite() -> Plans:
    with tempfile.TemporaryDirectory() as folder:
        return of_url(f"sqlite:///{Path(folder) / 'maskarad.db'}")


def on_postgresql() -> Plans:
    with running(PostgresServer) as server:
        server.execute("CREATE DATABASE plans")
        return of_url(server.url("plans"))


if __name__ == "__main__":
    FILE.write_text(page({"SQLite": on_sqlite(), "PostgreSQL": on_postgresql()}), encoding="utf-8")
