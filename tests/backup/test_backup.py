"""From a database into a file and back, by the command line."""

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maskarad.backup.orders import order
from maskarad.db import Connection, alerts, processes, schema
from maskarad.db.processes import Process
from tests.backup.place import SECRET_NAME, Place, contents, count_together, fill, together, write
from tests.cli.shell import Shell
from tests.support.databases import SCHEMA
from tests.support.servers import PostgresServer

ROOT = Path(__file__).parent.parent.parent


def make(shell: Shell, *arguments: str) -> str:
    """The name of a new backup."""
    said = shell("backup", "create", "--json", *arguments)
    assert said.code == 0, said
    return str(json.loads(said.out)["file"])


def platform_of(name: str) -> str:
    return name.split("-")[2]


@pytest.mark.parametrize("passphrase", ["", "кінь батарея скоба"])
def test_what_was_there_is_there_again(shell: Shell, place: Place, passphrase: str, empty_target: str) -> None:
    shell.set(BACKUP_PASSPHRASE=passphrase)
    fill(place)
    before = contents(place.url)
    name = make(shell)
    write(place.url, lambda connection: connection.exec_driver_sql("DELETE FROM chat_contexts"))
    write(place.url, lambda connection: together(connection, 1))
    assert contents(place.url) != before
    said = shell("restore", name, "--force")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("restored: the database as it was at ")
    assert contents(place.url) == before
    assert shell("restore", name, "--to", empty_target).code == 0
    assert contents(empty_target) == before
    assert place.files() == [name]
    assert sorted(each.name for each in place.data.iterdir()) == ["backups", "secret.key"]


def test_the_restored_schema_is_the_same(bare: Shell, postgres: PostgresServer, postgres_url: str) -> None:
    bare.set(DATABASE_URL=postgres_url)
    postgres.execute("CREATE DATABASE same_schema")
    name = make(bare)
    assert bare("restore", name, "--to", postgres.url("same_schema")).code == 0
    of_triggers = "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    of_references = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2"
    for question in (SCHEMA, of_triggers, of_references):
        expected = postgres.execute(question, database=postgres_url.rpartition("/")[2])
        assert postgres.execute(question, database="same_schema") == expected
    postgres.execute("DROP DATABASE same_schema")


def test_a_backup_is_its_owners_alone_and_names_nobody(shell: Shell, place: Place) -> None:
    fill(place)
    name = make(shell)
    assert stat.S_IMODE((place.backups / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(place.backups.stat().st_mode) == 0o700
    kind = "postgresql" if place.is_server else "sqlite"
    assert name.startswith("maskarad-")
    assert name.endswith(f"Z-{platform_of(name)}-{kind}-manual.backup")
    listed = shell("backup", "list", "--json")
    [row] = json.loads(listed.out)
    assert (row["file"], row["schema"], row["encrypted"], row["reason"]) == (name, schema.REVISION, False, "manual")
    assert row["made"].endswith(" UTC")
    assert SECRET_NAME not in listed.out + shell("backup", "verify", name).out


def test_whoever_makes_one_is_told_what_else_to_keep(shell: Shell, place: Place) -> None:
    out = shell("backup", "create").out
    assert "not encrypted" in out
    assert f"Keep elsewhere {place.data / 'secret.key'}" in out
    shell.set(MASKARAD_SECRET_KEY="x" * 43 + "=", BACKUP_PASSPHRASE="open sesame")
    out = shell("backup", "create").out
    assert "(encrypted)" in out
    assert "Keep elsewhere MASKARAD_SECRET_KEY" in out
    assert "BACKUP_PASSPHRASE" in out
    assert "open sesame" not in out


def test_tokens_that_cannot_be_opened_are_told_of(shell: Shell, place: Place, empty_target: str) -> None:
    fill(place)
    name = make(shell)
    key = place.data / "secret.key"
    key.rename(place.folder / "kept elsewhere")
    said = shell("restore", name, "--to", empty_target)
    assert said.code == 0
    assert "the secret key that they were stored with is not here; put " in said.err
    assert not key.exists()
    (place.folder / "kept elsewhere").rename(key)
    assert shell("restore", name, "--force", "--to", empty_target).err == ""
    shell.set(MASKARAD_SECRET_KEY="x" * 43 + "=")
    said = shell("restore", name, "--force", "--to", empty_target, "--json")
    assert json.loads(said.out)["tokens_can_be_read"] is False
    assert "the secret key here is another one than that they were stored with; put " in said.err


def test_an_older_schema_is_restored_and_brought_up(shell: Shell, place: Place, empty_target: str) -> None:
    fill(place)
    assert shell("db", "downgrade", "0004", "--yes").code == 0
    name = make(shell)
    said = shell("restore", name, "--to", empty_target, "--json")
    restored = json.loads(said.out)
    assert (restored["from_revision"], restored["revision"]) == ("0004", schema.REVISION)
    shell.set(DATABASE_URL=empty_target)
    assert shell("db", "current", "--json").json == {"database": schema.REVISION, "needed": schema.REVISION}
    assert "Mira" in shell("persona", "list").out


def test_what_ordered_the_backup_is_not_carried_out_again(shell: Shell, place: Place, empty_target: str) -> None:
    write(place.url, lambda connection: order(connection, 1001, "en", 1.0))
    name = make(shell)
    assert shell("restore", name, "--to", empty_target).code == 0
    assert write(empty_target, lambda connection: order(connection, 1001, "en", 2.0)) is not None
    assert write(place.url, lambda connection: order(connection, 1001, "en", 2.0)) is None


def test_who_was_at_work_or_missed_then_is_not_now(shell: Shell, place: Place, empty_target: str) -> None:
    def work(connection: Connection) -> None:
        for name in ("living", "dead"):
            processes.join(
                connection,
                Process(id=name, role="worker turns", polls=False, place="", pid=7, started_at=1.0, seen_at=1.0),
            )
        processes.lose(connection, processes.everyone(connection)[0], now=2.0)
        alerts.see(connection, "model", "", {}, now=2.0, stale=1.0)

    def seen(connection: Connection) -> tuple[int, list[str]]:
        return len(processes.everyone(connection)), [each.name for each in alerts.everything(connection)]

    write(place.url, work)
    assert write(place.url, seen) == (1, ["gone", "model"])
    name = make(shell)
    assert shell("restore", name, "--to", empty_target).code == 0
    assert write(empty_target, seen) == (0, ["model"])


def test_a_backup_made_while_others_write_is_one_moment(shell: Shell, place: Place, empty_target: str) -> None:
    command = [sys.executable, "-m", "tests.backup.writer", place.url]
    with subprocess.Popen(
        command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        committed = [int(process.stdout.readline()) for _ in range(200)][-1]
        name = make(shell)
        process.kill()
        last = [committed, *(int(line) for line in process.stdout.read().splitlines())][-1]
    assert shell("restore", name, "--to", empty_target).code == 0
    one, other = write(empty_target, count_together)
    assert one == other == list(range(1, len(one) + 1))
    assert committed <= len(one) <= last
    assert last > committed, "nothing was written meanwhile"
    assert shell("backup", "verify", name).code == 0


def test_what_was_restored_has_statistics(
    bare: Shell, postgres_url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    place, database = Place(tmp_path, postgres_url), postgres_url.rpartition("/")[2]
    bare.set(**place.variables)
    fill(place, lines=500)
    assert bare("restore", make(bare), "--force").code == 0
    known = "SELECT sum(reltuples) FROM pg_class WHERE relname LIKE 'chat_contexts%' AND relkind = 'r'"
    assert postgres.execute(known, database=database) == "500"


def test_a_scratch_database_stays_empty(bare: Shell, postgres_url: str, postgres: PostgresServer) -> None:
    bare.set(DATABASE_URL=postgres_url)
    name = make(bare)
    postgres.execute("CREATE DATABASE given_scratch")
    assert bare("backup", "verify", name, "--scratch", postgres.url("given_scratch")).code == 0
    assert postgres.execute(SCHEMA, database="given_scratch") == ""
    postgres.execute("DROP DATABASE given_scratch")


def test_verify_notes_when_it_was(shell: Shell, place: Place) -> None:
    name = make(shell)
    said = shell("backup", "verify")
    assert said.out.startswith(f"verified: {name}, ")
    [row] = write(
        place.url,
        lambda connection: connection.exec_driver_sql("SELECT file, reason, verified_at FROM backups").all(),
    )
    assert (row[0], row[1]) == (name, "manual")
    assert row[2] is not None


def test_what_is_older_than_the_daily_ones_goes_with_the_next(shell: Shell, place: Place) -> None:
    platform = platform_of(make(shell))
    [manual] = place.files()
    for day in range(1, 21):
        (place.backups / f"maskarad-202001{day:02}T030000000Z-{platform}-sqlite-daily.backup").touch()
    (place.backups / "notes.txt").touch()
    name = make(shell, "--daily")
    # 6 days beside the new one; 4 weeks: the new one's, and three of January; of months, January's last.
    stay = {manual} | {
        f"maskarad-202001{day:02}T030000000Z-{platform}-sqlite-daily.backup" for day in (20, 19, 18, 17, 16, 15, 12)
    }
    assert set(place.files()) == {*stay, name, "notes.txt"}
    [row] = [each for each in json.loads(shell("backup", "list", "--json").out) if each["file"] == name]
    assert row["kept as"].startswith("day ")
    known = write(place.url, lambda connection: connection.exec_driver_sql("SELECT file FROM backups").all())
    assert {each[0] for each in known} == {*stay, name}


def test_two_platforms_in_one_folder(shell: Shell, place: Place, empty_target: str) -> None:
    """None prunes the other's, tells of them as its own, or tries the other's newest."""
    shell.set(DATABASE_URL=empty_target)
    assert shell("db", "upgrade").code == 0
    others = make(shell)
    for day in range(1, 21):
        (place.backups / f"maskarad-202001{day:02}T030000000Z-{platform_of(others)}-sqlite-daily.backup").touch()
    theirs = place.files()
    shell.set(DATABASE_URL=place.url)
    assert shell.complaint("backup", "verify", code=1).startswith("there are no backups of this platform in ")
    own = make(shell, "--daily")
    assert platform_of(own) != platform_of(others)
    assert shell("backup", "prune").out == "all backups are kept\n"
    assert set(place.files()) == {*theirs, own}
    known = write(place.url, lambda connection: connection.exec_driver_sql("SELECT file FROM backups").all())
    assert [each[0] for each in known] == [own]
    shell.set(DATABASE_URL=empty_target)
    newer = make(shell)
    shell.set(DATABASE_URL=place.url)
    assert shell("backup", "verify").out.startswith(f"verified: {own}, ")
    listed = {row["file"]: row["own"] for row in json.loads(shell("backup", "list", "--json").out)}
    assert (listed[own], listed[others], listed[newer]) == (True, False, False)


def test_what_is_not_in_the_folder_any_more_is_forgotten(shell: Shell, place: Place) -> None:
    (place.backups / make(shell)).unlink()
    name = make(shell)
    known = write(place.url, lambda connection: connection.exec_driver_sql("SELECT file FROM backups").all())
    assert [each[0] for each in known] == [name]


def test_the_newest_is_not_one_from_tomorrow(shell: Shell, place: Place) -> None:
    name = make(shell)
    tomorrow = name.replace(name.split("-")[1], f"{datetime.now(UTC) + timedelta(days=1):%Y%m%dT%H%M%S}000Z")
    (place.backups / tomorrow).touch()
    assert shell("backup", "verify").out.startswith(f"verified: {name}, ")


def test_an_empty_database_is_not_backed_up(shell: Shell, place: Place, empty_target: str) -> None:
    shell.set(DATABASE_URL=empty_target)
    assert shell.complaint("backup", "create", code=1) == "the database is empty: there is nothing to back up"
    assert place.files() == []
