"""A process that writes: `python -m tests.backup.writer URL` stores numbered transactions until it is killed, and says
the number of each once it is committed."""

import asyncio
import sys
from functools import partial

from tests.backup.place import together
from tests.support.databases import connect


async def write(url: str) -> None:
    database = connect(url)
    number = 0
    while True:
        number += 1
        await database.write(partial(together, number=number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1]))
