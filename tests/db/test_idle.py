"""A process that stands still in the middle of a transaction."""

import asyncio
import os
import signal
import sys

import pytest

from maskarad.db import links
from maskarad.db.engine import Database
from tests.support import rows

HOLDS = """
import asyncio, sys
from maskarad.db import links
from maskarad.db.opening import open_database

def hold(connection):
    links.set_muted(connection, 1, True)
    print("holds", flush=True)
    sys.stdin.readline()

database = open_database(sys.argv[1], pool_size=1, max_overflow=0)
asyncio.run(database.write(hold))
"""


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_it_does_not_hold_its_rows_for_ever(database: Database, database_url: str) -> None:
    await database.write(rows.link)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDS, database_url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"holds\n"
        os.kill(process.pid, signal.SIGSTOP)
        await database.write(lambda connection: links.set_muted(connection, 1, False))
    finally:
        process.kill()
        await process.wait()
