"""What the doctor says of real servers; the command around it is in tests/cli/test_doctor.py."""

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from maskarad.db import Connection, backups, bots, migrate, partitioning, polling, processes, schema
from maskarad.db.engine import Database
from maskarad.db.opening import open_database
from maskarad.key_file import KEY_FILE, RETIRED_FILE, KeyFile, Keys, new_key
from maskarad.ops.doctor import examine
from maskarad.ops.finding import Finding
from maskarad.settings import Settings
from maskarad.values import Access, Token, WebhookIdentity
from maskarad.vault import open_vault
from tests.support.disks import disk_of
from tests.support.rows import NOW, persona, profile
from tests.support.servers import PostgresServer, RedisServer


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Of a place where data, database and cache can be looked at; there is no Telegram."""
    given: dict[str, Any] = {
        "_env_file": None,
        "telegram_bot_token": SecretStr("123456:manager-token"),
        "telegram_api_base_url": "http://127.0.0.1:9",
        "database_url": database_url,
        "data_dir": tmp_path,
    }
    return Settings(**given)


async def look(settings: Settings, subject: str) -> Finding:
    async for finding in examine(settings, in_sandbox=False):
        if finding.subject == subject:
            return finding
    raise AssertionError(f"nothing is said of {subject}")


async def store_bot(database: Database, settings: Settings) -> None:
    """With the key of the data folder, which is made for it."""
    sealed = open_vault((), settings.data_dir).seal(Token("7001:a-token-of-a-bot"))

    def store(connection: Connection) -> None:
        bots.bind(
            connection,
            persona(connection),
            profile(),
            token=sealed,
            webhook=WebhookIdentity(public_id="public", secret="secret"),
            access=Access.PUBLIC,
            now=NOW,
        )

    await database.write(store)


async def test_a_database_and_its_key_are_well(settings: Settings, database: Database) -> None:
    assert (await look(settings, "database")).state.endswith("bots: 0")
    assert not (settings.data_dir / KEY_FILE).exists()
    await store_bot(database, settings)
    assert (await look(settings, "database")).state.endswith("bots: 1")
    assert await look(settings, "key") == Finding(subject="key", ok=True, state=str(settings.data_dir / KEY_FILE))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"metrics_token": SecretStr("canary"), "run_mode": "webhook"}, "to whoever sends METRICS_TOKEN"),
        ({"run_mode": "webhook"}, "to nobody; METRICS_TOKEN would change that"),
        ({}, "to this machine"),
    ],
)
async def test_it_says_who_is_shown_how_the_platform_is_doing(
    settings: Settings, given: dict[str, Any], shown: str
) -> None:
    found = await look(settings.model_copy(update=given), "figures")
    assert (found.ok, found.state) == (True, f"/metrics and /readyz are shown {shown}")


async def test_a_lost_key_is_missed_and_not_replaced(settings: Settings, database: Database) -> None:
    await store_bot(database, settings)
    key = settings.data_dir / KEY_FILE
    key.unlink()
    found = await look(settings, "database")
    assert (found.ok, found.state) == (False, "bots are stored, but the key to their tokens is gone")
    assert not key.exists()
    assert await look(settings, "key") == Finding(subject="key", ok=False, state=found.state, todo=found.todo)
    assert "put the old key back into MASKARAD_SECRET_KEY or " in found.todo
    assert not key.exists()


async def test_a_key_that_was_dropped_too_early_is_found_again(settings: Settings, database: Database) -> None:
    await store_bot(database, settings)
    file = KeyFile(settings.data_dir)
    file.retire(file.read().sealing)
    file.write(Keys(sealing=(new_key(),)))
    found = await look(settings, "database")
    assert not found.ok
    retired = settings.data_dir / RETIRED_FILE
    assert found.todo == f"the key is in {retired}: put it into {file.path}, in a line of its own"
    file.path.write_text(file.path.read_text(encoding="utf-8") + retired.read_text(encoding="utf-8"), encoding="utf-8")
    assert (await look(settings, "database")).ok


async def test_the_last_backup_is_told_and_missed_when_it_is_old(settings: Settings, database: Database) -> None:
    assert (await look(settings, "backups")).state.endswith("none yet: a running platform makes the first at once")
    old = backups.Backup(file="old", made_at=time.time() - 30 * 3_600, bytes=1, reason="daily")
    await database.write(partial(backups.remember, made=[old]))
    found = await look(settings, "backups")
    assert not found.ok
    assert "`maskarad backup create`" in found.todo
    assert (await look(settings.model_copy(update={"backup_hour": -1}), "backups")).ok
    new = backups.Backup(file="new", made_at=time.time() - 60, bytes=1, reason="manual")
    await database.write(partial(backups.remember, made=[new]))
    found = await look(settings, "backups")
    made = datetime.fromtimestamp(new.made_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    assert (found.ok, found.state) == (True, f"{settings.data_dir / 'backups'}, the last is of {made}")


async def test_a_folder_for_backups_that_takes_none_is_told(settings: Settings) -> None:
    found = await look(settings.model_copy(update={"backup_dir": Path("/proc/nope")}), "backups")
    assert (found.ok, found.todo) == (False, "let this user write there, or name another in BACKUP_DIR")


async def test_the_room_on_each_disk_is_told(settings: Settings, tmp_path: Path) -> None:
    found = await look(settings, "disk")
    assert found.ok
    assert f" GB free for {tmp_path}" in found.state


async def test_on_a_full_disk_the_database_is_to_stay_where_it_is(settings: Settings, tmp_path: Path) -> None:
    with disk_of("a file system", tmp_path) as disk:
        url = f"sqlite:///{disk.folder / 'maskarad.db'}"
        on_it = settings.model_copy(update={"database_url": url, "data_dir": disk.folder})
        database = open_database(url, pool_size=1, max_overflow=0)
        await database.write(migrate.upgrade)
        await database.close()
        await disk.fill(database)
        found = await look(on_it, "database")
        assert (found.ok, found.todo) == (
            False,
            "make room on that disk and leave the database where it is: all goes on by itself",
        )
        assert (await look(on_it, "disk")).ok is False
        assert (await look(on_it, "data")).todo.startswith("make room")


async def test_another_key_is_told(settings: Settings, database: Database, tmp_path: Path) -> None:
    await store_bot(database, settings)
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    open_vault((), elsewhere.data_dir)
    found = await look(elsewhere, "database")
    assert (found.ok, found.state) == (False, "a bot's token was stored with another key")


async def test_a_key_check_alone_needs_no_key(settings: Settings, database: Database, tmp_path: Path) -> None:
    await database.write(partial(schema.key_check, sealed=open_vault((), settings.data_dir).seal(Token("identity"))))
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    assert (await look(elsewhere, "key")).ok
    assert (await look(elsewhere, "database")).ok
    open_vault((), elsewhere.data_dir)
    assert (await look(elsewhere, "database")).ok


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_key_that_those_at_work_do_not_have_is_told(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    await database.write(partial(schema.key_check, sealed=open_vault((), settings.data_dir).seal(Token("identity"))))
    await database.write(partial(processes.join, process=gateway()))
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    found = await look(elsewhere, "key")
    assert (found.ok, found.state) == (False, "processes at work have another key: gateway intake (host-1, pid 4711)")
    assert found.todo.endswith(f"copy their secret.key to {elsewhere.data_dir / KEY_FILE}")
    assert (await look(elsewhere, "database")).state == found.state
    assert not (elsewhere.data_dir / KEY_FILE).exists()


async def test_a_key_that_others_can_read_is_told(settings: Settings) -> None:
    open_vault((), settings.data_dir)
    key = settings.data_dir / KEY_FILE
    key.chmod(0o644)
    found = await look(settings, "key")
    assert (found.ok, found.todo) == (False, f"run `chmod 600 {key}`")


async def test_redis_is_well_until_it_is_gone(settings: Settings, own_redis: RedisServer) -> None:
    settings = settings.model_copy(update={"redis_url": own_redis.url})
    assert (await look(settings, "cache")).state.startswith("Redis does all that is asked of it")
    own_redis.execute("CONFIG", "SET", "maxmemory", "1")
    full = await look(settings, "cache")
    assert not full.ok
    assert "Redis refuses" in full.state
    own_redis.stop()
    found = await look(settings, "cache")
    assert (found.ok, found.todo) == (False, "check REDIS_URL, and that the server runs, or unset it")


async def test_a_redis_that_lacks_a_command_is_told(settings: Settings, own_redis: RedisServer) -> None:
    """As Redis before 6.2 does."""
    settings = settings.model_copy(update={"redis_url": own_redis.url})
    own_redis.execute("ACL", "SETUSER", "default", "-xautoclaim")
    found = await look(settings, "cache")
    assert "xautoclaim" in found.state
    assert "6.2" in found.todo


async def test_sqlite_is_for_one_process(settings: Settings, sqlite_url: str) -> None:
    settings = settings.model_copy(update={"database_url": sqlite_url})
    assert (await look(settings, "processes")).state == "one at a time, as the database is SQLite"


def process(name: str, *, role: str = "", polls: bool = False, seen_ago: float = 1.0) -> processes.Process:
    now = time.time()
    return processes.Process(
        id=name,
        role=role or name,
        polls=polls,
        place="host-1 boot pids",
        pid=4711,
        started_at=now - 3_600,
        seen_at=now - seen_ago,
    )


def gateway() -> processes.Process:
    return process("gateway", role="gateway intake", polls=True)


def worker() -> processes.Process:
    return process("worker", role="worker turns,delivery,slow")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_the_processes_at_work_are_told(settings: Settings, database: Database) -> None:
    await store_bot(database, settings)
    await database.write(partial(processes.join, process=gateway()))
    await database.write(partial(processes.join, process=worker()))
    await database.write(partial(polling.settle, holder="gateway"))
    found = await look(settings, "processes")
    assert found.ok
    first, second = found.state.split("), ")
    assert first.startswith("gateway intake (host-1, pid 4711, since ")
    assert second.startswith("worker turns,delivery,slow (host-1, pid 4711, since ")
    assert " UTC, seen " in second


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_work_that_nobody_does_is_wrong(settings: Settings, database: Database) -> None:
    nobody = await look(settings, "processes")
    assert (nobody.ok, nobody.state) == (False, "none is running; nobody does intake, turns, delivery, slow")
    assert nobody.todo == "start `maskarad run`, or a gateway and a worker"
    for each in (
        process("gateway", role="gateway intake"),
        process("worker", role="worker turns"),
        process("dead", role="worker delivery,slow", seen_ago=60),
    ):
        await database.write(partial(processes.join, process=each))
    part = await look(settings, "processes")
    assert (part.ok, part.state.rpartition("; ")[2]) == (False, "nobody does delivery, slow")
    assert part.todo == "start a worker: `maskarad worker --queues delivery,slow`"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_is_silent_and_which_bots_nobody_polls_is_wrong(settings: Settings, database: Database) -> None:
    await store_bot(database, settings)
    await database.write(partial(processes.join, process=gateway()))
    await database.write(partial(processes.join, process=worker()))
    await database.write(partial(polling.settle, holder="gateway"))
    await database.write(partial(processes.join, process=process("worker turns", seen_ago=60)))
    silent = await look(settings, "processes")
    assert (silent.ok, silent.state[-9:]) == (False, "silent: 1")
    await database.write(partial(polling.release, holder="gateway", bot_ids=[1]))
    unpolled = await look(settings, "processes")
    assert (unpolled.ok, unpolled.state.partition("; ")[2]) == (False, "nobody polls for @mira1_bot")


async def test_an_old_schema_has_one_advice(settings: Settings, database: Database) -> None:
    await database.write(partial(migrate.downgrade, revision="0003"))
    found = await look(settings, "database")
    assert found.state == f"the database's schema is 0003, this version needs {schema.REVISION}"
    assert found.todo == "run `maskarad db upgrade`"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_history_in_one_table_is_told(settings: Settings, database: Database) -> None:
    assert "one table" not in (await look(settings, "database")).state
    await database.write(partitioning.unite)
    found = await look(settings, "database")
    assert found.ok
    assert "`maskarad db partition`" in found.state


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"username": "nobody-of-that-name", "password": "a-secret"}, "the server refuses this user or this password"),
        ({"database": "nowhere"}, "the server has no database of this name"),
        ({"host": "nowhere.invalid"}, "no address is known for the server's host"),
    ],
    ids=["user", "database", "host"],
)
async def test_why_a_server_cannot_be_used_is_told(
    settings: Settings, database_url: str, change: dict[str, Any], words: str
) -> None:
    url = make_url(database_url).set(**change).render_as_string(hide_password=False)
    found = await look(settings.model_copy(update={"database_url": url}), "database")
    assert (found.ok, found.state) == (False, f"PostgreSQL cannot be used ({words})")
    assert "secret" not in found.todo


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_user_who_may_not_connect_is_told(settings: Settings, postgres: PostgresServer) -> None:
    postgres.execute(
        "CREATE DATABASE closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC", "CREATE ROLE visitor LOGIN"
    )
    url = make_url(postgres.url("closed")).set(username="visitor").render_as_string()
    found = await look(settings.model_copy(update={"database_url": url}), "database")
    assert found.state == "PostgreSQL cannot be used (the server does not let this user into this database)"
    postgres.execute("DROP DATABASE closed", "DROP ROLE visitor")


async def test_a_folder_that_cannot_be_made_is_told(settings: Settings) -> None:
    found = await look(settings.model_copy(update={"data_dir": Path("/proc/nope")}), "data")
    assert (found.ok, found.state) == (False, "/proc cannot be written to")


async def test_looking_at_a_folder_leaves_nothing_in_it(settings: Settings, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())  # noqa: ASYNC240
    assert (await look(settings.model_copy(update={"data_dir": tmp_path / "new" / "data"}), "data")).ok
    assert set(tmp_path.iterdir()) == before  # noqa: ASYNC240
