"""What it costs to know very many bots: each process reads all of them when it starts, and looks every other second
whether one was added or removed."""

import asyncio
import time
from functools import partial

from benchmarks.scale.figures import Look
from benchmarks.scale.postgres import CountingPostgres
from benchmarks.scale.shares import POSTGRESQL, Shares
from maskarad.db import migrate
from maskarad.db.opening import open_database
from maskarad.jobs.changes import Changes
from maskarad.values import Token

BOTS = 20_000
LOOKS = 10
DATABASE = "bots"
_FILLING = (
    "INSERT INTO users (id, name, language, created_at) SELECT 1, 'Олена', 'uk', 1",
    "INSERT INTO persona_configs (id, owner_id, name, name_key, content, created_at, changed_at) "
    f"SELECT n, 1, 'Мавка ' || n, 'мавка ' || n, '{{}}', 1, 1 FROM generate_series(1, {BOTS}) AS n",
    "INSERT INTO bot_instances (id, persona_config_id, telegram_id, username, name, token, public_id, secret, access, "
    "enabled, state, sees_all_group_messages, created_at, changed_at) "
    "SELECT n, n, 700000 + n, 'mavka' || n || '_bot', 'Мавка', 'sealed', 'public-' || n, 'secret-' || n, "
    f"'public', true, 'working', true, 1, 1 FROM generate_series(1, {BOTS}) AS n",
    "ANALYZE",
)


async def measure(postgres: CountingPostgres) -> Look:
    """On a database of its own. Raises RuntimeError."""
    await asyncio.to_thread(postgres.execute, f"CREATE DATABASE {DATABASE}")
    database = open_database(postgres.url(DATABASE), pool_size=1, max_overflow=0)
    try:
        await database.write(migrate.upgrade)
        await asyncio.to_thread(partial(postgres.execute, *_FILLING, database=DATABASE))
        changes = Changes(
            database,
            open_token=Token,
            on_bot=lambda _bot, _token, _webhook: None,
            on_bot_gone=lambda _bot_id, _owner_id: None,
            on_persona=lambda _persona_id, _owner_id: None,
            clock=time.time,
        )
        await changes.load()
        served, began = Shares({POSTGRESQL: (postgres.pid,)}), time.process_time()
        for _ in range(LOOKS):
            await changes.look()
        return Look(
            bots=BOTS,
            process=(time.process_time() - began) / LOOKS,
            postgres=served.used_by(POSTGRESQL) / LOOKS,
        )
    finally:
        await database.close()
