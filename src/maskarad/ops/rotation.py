"""The secret key is exchanged while the platform runs. At no moment is anything sealed with a key that a process does
not have:

1. The new key becomes known everywhere, and seals nothing yet.
2. It becomes the one to seal with. What is stored is sealed anew, a batch a transaction, each token only if it is still
   the one that was read.
3. When nothing is sealed with the old key and nobody seals with it, it is dropped.

What keys a process has it tells with every beat, by fingerprints (`processes.keys`). A process that is alone on its
SQLite file has no such row; by the key check one knows which key it seals with, as it renews that when it starts.
Killed at any point, everything can be read, and another run goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from maskarad.db import Connection, moments, processes, secrets
from maskarad.db.engine import Database
from maskarad.errors import WrongSecretKey
from maskarad.jobs.presence import PRESUMED_DEAD
from maskarad.values import Value
from maskarad.vault import Vault

BATCH = 200

PATIENCE = 8.0
"""Seconds in which every process that reads the same key file has told of a new key in it."""

SETTLING = 1.0
"""Seconds in which what somebody has sealed is stored, or never will be."""

MOST_PASSES = 20

Sleep = Callable[[float], Awaitable[None]]


class Standing(Value, frozen=True):
    """How many things are sealed: with the newest key, with an older one at hand, with none at hand."""

    newest: int
    older: int
    unreadable: int

    def __add__(self, other: "Standing") -> "Standing":
        return Standing(
            newest=self.newest + other.newest,
            older=self.older + other.older,
            unreadable=self.unreadable + other.unreadable,
        )


NOTHING = Standing(newest=0, older=0, unreadable=0)


async def standing(database: Database, vault: Vault) -> Standing:
    check = await database.read(secrets.key_check)
    found, after = NOTHING if check is None else _judge(vault, check), 0
    while batch := await database.read(partial(secrets.tokens, after=after, most=BATCH)):
        found = sum((_judge(vault, sealed) for _, sealed in batch), start=found)
        after = batch[-1][0]
    return found


def _judge(vault: Vault, sealed: str) -> Standing:
    if vault.is_newest(sealed):
        return Standing(newest=1, older=0, unreadable=0)
    try:
        vault.open(sealed)
    except WrongSecretKey:
        return Standing(newest=0, older=0, unreadable=1)
    return Standing(newest=0, older=1, unreadable=0)


async def reseal(database: Database, vault: Vault, still_known: Callable[[], Awaitable[None]]) -> int:
    """Seal everything with the newest key; returns how many tokens were sealed anew. `still_known` raises when there is
    a process without that key, and is asked before every batch."""
    count = 0
    for _ in range(MOST_PASSES):
        await still_known()
        # First the check: who does not have the key does not start from now on.
        await _reseal_check(database, vault)
        changed = await _pass(database, vault, still_known)
        count += changed
        if not changed:
            break
    return count


async def _reseal_check(database: Database, vault: Vault) -> None:
    check = await database.read(secrets.key_check)
    if check is not None and not vault.is_newest(check):
        new = vault.seal(vault.open(check))
        await database.write(partial(secrets.reseal_key_check, old=check, new=new))


async def _pass(database: Database, vault: Vault, still_known: Callable[[], Awaitable[None]]) -> int:
    count, after = 0, 0
    while batch := await database.read(partial(secrets.tokens, after=after, most=BATCH)):
        after = batch[-1][0]
        changes = [(bot_id, sealed, new) for bot_id, sealed in batch if (new := _anew(vault, sealed)) is not None]
        if changes:
            await still_known()
            count += await database.write(partial(_write, changes=changes))
    return count


def _anew(vault: Vault, sealed: str) -> str | None:
    """None for what is sealed with the newest key, or with none that is at hand."""
    if vault.is_newest(sealed):
        return None
    try:
        return vault.seal(vault.open(sealed))
    except WrongSecretKey:
        return None


def _write(connection: Connection, changes: Sequence[tuple[int, str, str]]) -> int:
    return sum(secrets.reseal(connection, bot_id, old=old, new=new) for bot_id, old, new in changes)


async def settle(sleep: Sleep = asyncio.sleep) -> None:
    """Until what somebody has just sealed is stored."""
    await sleep(SETTLING)


async def without_key(database: Database, key: str, *, as_newest: bool = False) -> Sequence[str]:
    """Living processes that do not have the key of this fingerprint, or do not seal with it; for people to read. One
    that is alone on its SQLite file is not among them."""

    def read(connection: Connection) -> tuple[Sequence[processes.Process], float]:
        if connection.dialect.name == "sqlite":
            return (), 0.0
        return processes.everyone(connection), moments.now(connection)

    everyone, now = await database.read(read)
    return [
        f"{each.role} ({each.place.partition(' ')[0] or 'host unknown'}, pid {each.pid})"
        for each in everyone
        if now - each.seen_at <= PRESUMED_DEAD
        and key not in (each.key_fingerprints[:1] if as_newest else each.key_fingerprints)
    ]


async def until_known(
    database: Database, key: str, *, as_newest: bool = False, patience: float = PATIENCE, sleep: Sleep = asyncio.sleep
) -> Sequence[str]:
    """Wait until every process has the key, or seals with it; returns those that did not within `patience` seconds."""
    ends_at = asyncio.get_running_loop().time() + patience
    while missing := await without_key(database, key, as_newest=as_newest):
        if asyncio.get_running_loop().time() > ends_at:
            break
        await sleep(0.2)
    return missing
