"""Before a schema in use is changed a backup is made."""

import asyncio
import signal
from pathlib import Path

from tests.backup.place import Place, contents, fill
from tests.backup.test_backup import make
from tests.cli.shell import Running, Shell


def kept(shell: Shell) -> list[tuple[str, str]]:
    rows = shell("backup", "list", "--json").json
    assert isinstance(rows, list)
    return [(row["reason"], row["schema"]) for row in rows]


def test_a_database_in_use_is_backed_up_first(shell: Shell, place: Place) -> None:
    fill(place)
    assert shell("db", "downgrade", "0004", "--yes").code == 0
    said = shell("db", "upgrade")
    assert (said.code, said.out.splitlines()[0]) == (0, "schema: 0005")
    assert said.err.startswith(f"backup: {place.backups}/maskarad-")
    assert kept(shell) == [("migration", "0004")]
    after = contents(place.url)
    assert shell("db", "upgrade").err == ""
    assert shell("restore", place.files()[0], "--force").code == 0
    assert contents(place.url) == after


def test_a_new_database_and_whoever_says_so_go_without(shell: Shell, place: Place) -> None:
    assert shell("db", "downgrade", "0004", "--yes").code == 0
    assert shell("db", "upgrade").err == ""
    fill(place)
    assert shell("db", "downgrade", "0004", "--yes").code == 0
    assert shell("db", "upgrade", "--no-backup").err == ""
    assert kept(shell) == []


def test_without_a_backup_the_schema_stays(shell: Shell, place: Place) -> None:
    fill(place)
    assert shell("db", "downgrade", "0004", "--yes").code == 0
    place.backups.write_text("this is no folder")
    said = shell.complaint("db", "upgrade", code=2)
    assert said.startswith("the schema stays as it is, because no backup could be made before: no backup can be wri")
    assert said.endswith("--no-backup goes on without")
    assert shell("db", "current", "--json").json == {"database": "0004", "needed": "0005"}


def test_one_before_a_migration_is_known_once_the_schema_can_tell(shell: Shell, place: Place) -> None:
    fill(place)
    assert shell("db", "downgrade", "0004", "--yes").code == 0
    assert shell("db", "upgrade").code == 0
    make(shell)
    assert {reason for reason, _ in kept(shell)} == {"migration", "manual"}
    assert contents(place.url)


def test_the_platform_makes_one_where_it_migrates_by_itself(bare: Shell, sqlite_url: str, tmp_path: Path) -> None:
    place = Place(tmp_path, sqlite_url)
    bare.set(**place.variables)
    assert bare("persona", "add", "--owner", "1001", "--name", "Mira", "--description", "a tea witch").code == 0
    assert bare("db", "downgrade", "0004", "--yes").code == 0

    async def run() -> str:
        running = await Running.start(
            "run",
            folder=tmp_path,
            PORT="0",
            SANDBOX_PORT="0",
            DATABASE_URL=sqlite_url,
            DATA_DIR=str(place.data),
            BACKUP_DIR=str(place.backups),
        )
        try:
            assert "is running" in await running.line()
            return (await running.end(signal.SIGTERM)).err
        finally:
            await running.close()

    assert f"backup: {place.backups}/maskarad-" in asyncio.run(run())
    assert kept(bare) == [("migration", "0004")]
