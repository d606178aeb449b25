"""The secret key is exchanged while people talk, and whoever is killed in between leaves everything readable."""

import asyncio
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

from maskarad.app import Platform
from maskarad.db import Connection, bots, secrets
from maskarad.db.engine import Database
from maskarad.db.tables import bot_instances, processes
from maskarad.errors import MaskaradError, WrongSecretKey
from maskarad.key_file import KEY_FILE, RETIRED_FILE, KeyFile, new_key
from maskarad.ops import rotation
from maskarad.settings import Settings
from maskarad.vault import Vault, fingerprint, open_vault
from tests.cli.shell import Running, Said
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import Actor, Stage
from tests.security.rows import resting_bots
from tests.support.until import until

MANY = 450
"""Bots: three batches."""

WITHIN = 20.0
LIMITS = [name.upper() for name in Settings.model_fields if name.startswith("limit_")]


class Keyring:
    """The key file of the stage, and `maskarad secrets` as a process beside those that serve."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.file = KeyFile(stage.settings.data_dir)

    @property
    def newest(self) -> str:
        return self.file.read().sealing[0]

    def environment(self) -> dict[str, str]:
        settings = self.stage.settings
        assert settings.telegram_bot_token is not None
        return {
            "TELEGRAM_BOT_TOKEN": settings.telegram_bot_token.get_secret_value(),
            "TELEGRAM_API_BASE_URL": settings.telegram_api_base_url,
            "DATABASE_URL": settings.database_url,
            "DATA_DIR": str(settings.data_dir),
        }

    async def begin(self, *arguments: str, **more: str) -> Running:
        folder = self.stage.settings.data_dir
        return await Running.start("secrets", *arguments, folder=folder, **(self.environment() | more))

    async def run(self, *arguments: str, **more: str) -> Said:
        return await (await self.begin(*arguments, **more)).end()

    async def tokens(self) -> list[str]:
        return await self.stage.database.read(lambda c: list(c.execute(select(bot_instances.c.token)).scalars()))

    async def sealed_with(self, key: str) -> int:
        vault = Vault([key])
        return sum(map(vault.is_newest, await self.tokens()))


@pytest.fixture
def keyring(stage: Stage) -> Keyring:
    open_vault((), stage.settings.data_dir)
    return Keyring(stage)


@pytest.fixture
async def serving(stage: Stage, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[list[PlatformProcess]]:
    """Two real processes on PostgreSQL, one on SQLite, which takes no more."""
    count = 1 if stage.settings.database_file else 2
    more = {"FLOOD_MESSAGES": "0", **dict.fromkeys(LIMITS, "0")}
    if count > 1:
        more["REDIS_URL"] = str(request.getfixturevalue("redis_url"))
    async with AsyncExitStack() as running:
        made = []
        for number in range(count):
            folder = tmp_path / f"process{number}"
            folder.mkdir()
            made.append(PlatformProcess(stage.settings, folder, "run", **more))
            running.push_async_callback(made[-1].close)
        yield made


class Talk:
    """Somebody who asks and asks, and gets an answer each time."""

    def __init__(self, stage: Stage, actor: Actor) -> None:
        self.answered = 0
        self._ended = False
        self._stage, self._actor = stage, actor

    async def go_on(self) -> None:
        while not self._ended:
            assert (await self._stage.ask(self._actor, f"питання {self.answered}")).text
            self.answered += 1

    def end(self) -> None:
        self._ended = True


async def test_processes_with_the_old_key_answer_throughout(
    stage: Stage, keyring: Keyring, serving: list[PlatformProcess]
) -> None:
    actor, old = await stage.actor(), keyring.newest
    vault = open_vault((), stage.settings.data_dir)
    await stage.database.write(partial(resting_bots, vault=vault, count=MANY))
    for each in serving:
        await each.start()
    talk = Talk(stage, actor)
    talking = asyncio.create_task(talk.go_on())
    await until(lambda: talk.answered > 2, WITHIN)

    rotated = await keyring.run("rotate")
    assert (rotated.code, rotated.err) == (0, "")
    assert f"tokens sealed anew: {MANY + 1}" in rotated.out
    new = keyring.newest
    assert new != old
    assert await keyring.sealed_with(new) == MANY + 1
    # One bound with the new key, and one that every process has to open anew.
    bound = await stage.actor("Мавка")
    assert (await stage.ask(bound, "ти тут?")).text
    await stage.database.write(lambda c: bots.set_enabled(c, bound.bot_id, True, now=2.0))
    assert (await stage.ask(bound, "і досі?")).text

    finished = await keyring.run("rotate", "--finish")
    assert (finished.code, finished.err) == (0, "")
    assert keyring.file.read().every == (new,)
    late = await stage.actor("Лісовик")
    assert (await stage.ask(late, "а ти?")).text
    before = talk.answered
    await until(lambda: talk.answered > before + 2 or talking.done(), WITHIN)
    talk.end()
    await talking
    for each in serving:
        assert "bot_not_served" not in each.log()
        assert await each.stop() == 0
        await each.start()
    assert (await stage.ask(actor, "після перезапуску")).text


async def test_the_old_key_is_kept_for_backups_from_its_time(stage: Stage, keyring: Keyring) -> None:
    await stage.actor()
    old = keyring.newest
    backup = await keyring.tokens()
    await keyring.run("rotate")
    finished = await keyring.run("rotate", "--finish")
    kept = stage.settings.data_dir / RETIRED_FILE
    assert str(kept) in finished.out
    assert kept.read_text().split() == [old]
    assert {stat.S_IMODE(file.stat().st_mode) for file in (kept, keyring.file.path)} == {0o600}
    with pytest.raises(WrongSecretKey):
        open_vault((), stage.settings.data_dir).open(backup[0])
    # What the platform's documentation says to do: the old key below the new one, and another rotation.
    keyring.file.path.write_text(keyring.file.path.read_text() + kept.read_text())
    await stage.database.write(lambda c: _restore(c, backup[0]))
    assert (await keyring.run("check")).code == 0
    newest = keyring.newest
    assert (await keyring.run("rotate")).code == 0
    assert keyring.newest == newest
    assert await keyring.sealed_with(newest) == 1


def _restore(connection: Connection, sealed: str) -> None:
    connection.execute(bot_instances.update().values(token=sealed))


async def test_killed_while_sealing_everything_opens_and_a_second_run_goes_on(stage: Stage, keyring: Keyring) -> None:
    count, old = 3_000, keyring.newest
    vault = open_vault((), stage.settings.data_dir)
    await stage.database.write(partial(resting_bots, vault=vault, count=count))
    running = await keyring.begin("rotate")

    async def has_begun() -> bool:
        return len(keyring.file.read().sealing) == 2 and await keyring.sealed_with(keyring.newest) > 0

    await until(has_begun, WITHIN)
    assert (await running.end(signal.SIGKILL)).code == -signal.SIGKILL
    new = keyring.newest
    done = await keyring.sealed_with(new)
    assert 0 < done < count
    assert await keyring.sealed_with(old) == count - done
    for sealed in await keyring.tokens():
        vault.open(sealed)  # with what a process had in memory before, and the file

    finished = await keyring.run("rotate", "--finish")
    assert (finished.code, finished.out) == (
        0,
        f"tokens sealed anew: {count - done}\n" + finished.out.split("\n", 1)[1],
    )
    assert await keyring.sealed_with(new) == count
    assert keyring.file.read().every == (new,)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_key_that_a_process_does_not_know_is_not_used(stage: Stage, keyring: Keyring) -> None:
    """One on another machine has a key file of its own. Killed or refused there, the next run goes on with that key."""
    await stage.actor()
    old = keyring.newest
    await stage.database.write(partial(_join, keys=[old]))
    waiting = await keyring.begin("rotate")
    await until(lambda: keyring.file.read().coming is not None, WITHIN)
    await waiting.end(signal.SIGKILL)
    coming = keyring.file.read().coming
    assert coming is not None

    refused = await keyring.run("rotate", "--finish")
    assert (refused.code, await keyring.sealed_with(old)) == (2, 1)
    refused = await keyring.run("rotate")
    assert refused.code == 2
    assert "another-host, pid 1" in refused.err
    assert keyring.file.read().sealing == (old,)
    assert keyring.file.read().coming == coming

    await stage.database.write(partial(_join, keys=[old, coming]))
    assert (await keyring.run("rotate")).code == 0
    assert await keyring.sealed_with(coming) == 1
    refused = await keyring.run("rotate", "--finish")
    assert "still seal with an old key: run intake" in refused.err
    assert keyring.file.read().sealing == (coming, old)
    await stage.database.write(partial(_join, keys=[coming, old]))
    assert (await keyring.run("rotate", "--finish")).code == 0


def _join(connection: Connection, keys: list[str]) -> None:
    """A process that lives and has these keys; it was last seen in a minute, so that it lives as long as a test."""
    connection.execute(delete(processes))
    values = {
        "id": "elsewhere",
        "role": "run intake,turns",
        "polls": True,
        "place": "another-host boot pid",
        "pid": 1,
        "started_at": 1.0,
        "seen_at": 4e9,
        "keys": " ".join(map(fingerprint, keys)),
    }
    connection.execute(insert(processes).values(values))


async def test_keys_in_the_environment_are_changed_by_hand_in_three_rounds(stage: Stage, keyring: Keyring) -> None:
    await stage.actor()
    old, new = keyring.newest, new_key()
    keyring.file.path.unlink()
    [stored] = await keyring.tokens()
    said = await keyring.run("rotate", MASKARAD_SECRET_KEY=old)
    assert said.code == 2
    assert "1. MASKARAD_SECRET_KEY=OLD,NEW everywhere" in said.err
    said = await keyring.run("rotate", MASKARAD_SECRET_KEY=f"{new},{old}")
    assert (said.code, await keyring.sealed_with(new)) == (0, 1)
    assert (await keyring.run("rotate", "--finish", MASKARAD_SECRET_KEY=f"{new},{old}")).code == 0
    assert not keyring.file.path.exists()
    assert [stored] != await keyring.tokens()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_running_process_with_the_old_key_in_its_environment_is_not_locked_out(
    stage: Stage, keyring: Keyring, serving: list[PlatformProcess], tmp_path: Path
) -> None:
    old, new = keyring.newest, new_key()
    actor = await stage.actor()
    [process] = serving
    for keys, code in ((old, 2), (f"{old},{new}", 2), (f"{new},{old}", 0)):
        folder = tmp_path / f"round{code}{len(keys)}"
        folder.mkdir()
        process = PlatformProcess(stage.settings, folder, "run", MASKARAD_SECRET_KEY=keys)
        await process.start()
        try:
            assert (await keyring.run("rotate", MASKARAD_SECRET_KEY=f"{new},{old}")).code == code
            assert (await stage.ask(actor, "ти тут?")).text
        finally:
            await process.stop()
    assert await keyring.sealed_with(new) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_processes_on_a_server_tell_which_keys_they_have(
    stage: Stage, keyring: Keyring, serving: list[PlatformProcess]
) -> None:
    old, new = keyring.newest, new_key()
    await stage.actor()
    await serving[0].start()
    said = await keyring.run("rotate", MASKARAD_SECRET_KEY=f"{new},{old}")
    assert said.code == 2
    assert "do not have the newest key" in said.err
    assert await keyring.sealed_with(old) == 1
    said = await keyring.run("check", MASKARAD_SECRET_KEY=f"{new},{old}")
    assert (said.code, "tokens sealed with an older key: 1\n" in said.out) == (1, True)
    assert "key check sealed with: an older key\n" in said.out
    # The file of this process changes, and its row follows.
    keyring.file.path.write_text(f"{new}\n{old}\n")
    said = await keyring.run("rotate")
    assert (said.code, await keyring.sealed_with(new)) == (0, 1)


async def test_other_keys_than_the_platforms_change_nothing(stage: Stage, keyring: Keyring) -> None:
    await stage.actor()
    async with stage.playing():
        pass  # the first process leaves the key check
    before = await keyring.tokens()
    said = await keyring.run("rotate", MASKARAD_SECRET_KEY=f"{new_key()},{new_key()}")
    assert (said.code, "is not the key it was stored with" in said.err) == (1, True)
    said = await keyring.run("rotate", DATA_DIR=str(stage.settings.data_dir / "elsewhere"))
    assert (said.code, "where is the platform's key?" in said.err) == (2, True)
    assert not (stage.settings.data_dir / "elsewhere" / KEY_FILE).exists()
    assert await keyring.tokens() == before


async def test_only_one_rotation_at_a_time(keyring: Keyring) -> None:
    with keyring.file.locked() as ours:
        assert ours
        said = await keyring.run("rotate")
    assert (said.code, "another `maskarad secrets rotate`" in said.err) == (2, True)


async def test_a_token_bound_anew_meanwhile_stays(database: Database, tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    await database.write(partial(resting_bots, vault=Vault([old]), count=2))
    tokens = await database.read(partial(secrets.tokens, after=0, most=10))
    bound = Vault([new]).seal(Vault([old]).open(tokens[0][1]))

    class Stop(MaskaradError): ...

    asked = 0

    async def known() -> None:
        nonlocal asked
        asked += 1
        if asked == 2:  # the batch was read, and is about to be written
            await database.write(partial(secrets.reseal, bot_id=tokens[0][0], old=tokens[0][1], new=bound))
        if asked == 3:
            raise Stop

    with pytest.raises(Stop):
        await rotation.reseal(database, Vault([new, old]), known)
    after = await database.read(partial(secrets.tokens, after=0, most=10))
    assert after[0][1] == bound
    assert Vault([new]).is_newest(after[1][1])


async def test_a_key_that_was_dropped_is_refused(stage: Stage, keyring: Keyring) -> None:
    await stage.actor()
    async with stage.playing():
        pass
    old = keyring.newest
    assert (await keyring.run("rotate")).code == 0
    assert (await keyring.run("rotate", "--finish")).code == 0
    async with stage.playing():
        pass
    keyring.file.path.write_text(old)
    refused = Platform(stage.settings)
    with pytest.raises(WrongSecretKey):
        await refused.start(alone=True)
    await refused.stop()
