"""PostgreSQL by its own programs: pg_dump writes, pg_restore and psql read."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from subprocess import PIPE, Popen
from tempfile import TemporaryFile
from typing import IO

from maskarad.backup.failures import BackupFailed, RestoreRefused, ScratchRefused
from maskarad.db.contents import ROWS_AT_ONCE, TableContents, summed
from maskarad.errors import MaskaradError

PIECE_BYTES = 2**20

Contents = Mapping[str, TableContents]
OnRows = Callable[[int], None]
"""Hears of how many more rows were gone through."""

INSTALL = "install PostgreSQL's client programs (Debian: postgresql-client) in the server's version or a newer one"

_VERSION = re.compile(r"\(PostgreSQL\) ([0-9]+)")
_STATE = re.compile(r"ERROR:\s+([0-9A-Z]{5})\b")
_DEPENDED_ON = "2BP01"
_NO_RIGHT = "42501"
_PSQL = ("psql", "--no-psqlrc", "--quiet", "--no-password", "--tuples-only", "--set=ON_ERROR_STOP=1")
_NUMBERS_ONLY = ("--set=VERBOSITY=sqlstate", "--set=SHOW_CONTEXT=never")
"""psql's sentences about errors quote rows, that is, people's words."""

_ALIKE = (
    "SET client_encoding = 'UTF8'; SET extra_float_digits = 1; SET statement_timeout = 0; "
    "SET idle_in_transaction_session_timeout = 0;"
)
"""Whatever the server, the database or the account are set to, a row has one text."""
_END = r"\."
"""Of an answer: no row looks so."""
_TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = '{schema}'::regnamespace "
    "AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
)


def dump(
    environment: Mapping[str, str], *, snapshot: str, schema: str, server: int, write: Callable[[bytes], None]
) -> None:
    """All of a schema as pg_dump's own form, not compressed; `snapshot` is exported by somebody whose transaction lasts
    as long as this does, `server` is the server's major version. Raises BackupFailed."""
    version = version_of("pg_dump", BackupFailed)
    if version < server:
        raise BackupFailed(f"pg_dump is of version {version}, the server of {server}: {INSTALL}")
    command = ("pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--no-password")
    chosen = (f"--schema={_pattern(schema)}", f"--snapshot={snapshot}")
    with TemporaryFile() as said, _running([*command, *chosen], environment, stdout=PIPE, stderr=said) as dumping:
        assert dumping.stdout is not None
        while piece := dumping.stdout.read(PIECE_BYTES):
            write(piece)
        if dumping.wait():
            raise BackupFailed(f"pg_dump failed: {_last_word(said)}")


def contents(environment: Mapping[str, str], *, snapshot: str, schema: str, on_rows: OnRows) -> Contents:
    """What each table of the schema holds, in an exported snapshot; by the same text of each row as `restore` tells of
    them. Raises BackupFailed."""
    version_of("psql", BackupFailed)
    with TemporaryFile() as said, _psql(environment, said) as running:
        try:
            _say(running, f"BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '{snapshot}';")
            return _contents(running, schema, on_rows)
        except BrokenPipeError:
            running.wait()
            raise BackupFailed(f"the database could not be read (SQLSTATE {_state_in(said) or 'unknown'})") from None


def restore(
    environment: Mapping[str, str],
    *,
    schema: str,
    before: str,
    pieces: Iterable[bytes],
    check: Callable[[Contents], None],
    on_rows: OnRows,
    keep: bool = True,
) -> None:
    """Run `before` and then all of a dump of that schema in one transaction, which is committed when `pieces` has come
    to its end without an error and `check` has let pass what the tables hold then: whatever ends this process earlier,
    the database stays as it was, as it does without `keep`. Raises RestoreRefused, and what `pieces` and `check`
    raise."""
    for program in ("pg_restore", "psql"):
        version_of(program, RestoreRefused)
    with TemporaryFile() as said, TemporaryFile() as said_before, _psql(environment, said) as running:
        assert running.stdin is not None
        try:
            _say(running, f"\\o {os.devnull}\nBEGIN;\n{before}\n{_making(schema)}")
            unpacked = _unpack(environment, schema, pieces, running.stdin, said_before)
            if unpacked:
                _say(running, "\\o")
                check(_contents(running, schema, on_rows))
                _say(running, "COMMIT;" if keep else "ROLLBACK;")
            running.stdin.close()
        except BrokenPipeError:
            unpacked = False
        if running.wait() or not unpacked:
            raise RestoreRefused(_why(said, said_before))


def execute(environment: Mapping[str, str], statement: str) -> None:
    """What cannot be done within a transaction. Raises ScratchRefused."""
    version_of("psql", ScratchRefused)
    command = [*_PSQL, *_NUMBERS_ONLY, f"--command={statement}"]
    with TemporaryFile() as said, _running(command, environment, stdout=subprocess.DEVNULL, stderr=said) as running:
        if running.wait():
            state = _state_in(said)
            if state == _NO_RIGHT:
                raise ScratchRefused(
                    "this user may not make databases on the server: name an empty one to try the backup in, "
                    "--scratch postgresql://…, or allow it with ALTER ROLE … CREATEDB"
                )
            raise ScratchRefused(f"PostgreSQL made no scratch database (SQLSTATE {state or 'unknown'})")


def version_of(program: str, failure: type[MaskaradError]) -> int:
    """Its major version. Raises `failure` when it is not installed."""
    if shutil.which(program) is None:
        raise failure(f"{program} is not installed: {INSTALL}")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = _VERSION.search(said)
    if found is None:
        raise failure(f"{program} does not tell its version: {INSTALL}")
    return int(found[1])


def _unpack(
    environment: Mapping[str, str], schema: str, pieces: Iterable[bytes], to: IO[bytes], said: IO[bytes]
) -> bool:
    """Have pg_restore write a dump's statements; returns whether it could. Raises what `pieces` raises."""
    # Without the schema itself, which is there.
    command = ["pg_restore", "--file=-", "--no-owner", "--no-privileges", f"--schema={schema}"]
    with _running(command, environment, stdin=PIPE, stdout=to, stderr=said) as unpacking:
        assert unpacking.stdin is not None
        try:
            for piece in pieces:
                unpacking.stdin.write(piece)
            unpacking.stdin.close()
        except BrokenPipeError:
            return False
        return unpacking.wait() == 0


def _psql(environment: Mapping[str, str], said: IO[bytes]) -> AbstractContextManager["Popen[bytes]"]:
    return _running([*_PSQL, *_NUMBERS_ONLY], environment, stdin=PIPE, stdout=PIPE, stderr=said)


def _contents(running: "Popen[bytes]", schema: str, on_rows: OnRows) -> Contents:
    _say(running, _ALIKE)
    name = _pattern(schema)
    tables = [line.decode() for line in _answer(running, _TABLES.format(schema=name.replace("'", "''")))]
    return {
        each: summed(_parts(_answer(running, f"SELECT * FROM {name}.{_pattern(each)}")), on_rows) for each in tables
    }


def _parts(lines: Iterator[bytes]) -> Iterator[list[tuple[bytes]]]:
    while part := [(line,) for line in islice(lines, ROWS_AT_ONCE)]:
        yield part


def _answer(running: "Popen[bytes]", query: str) -> Iterator[bytes]:
    """Each row as a line. Raises BrokenPipeError when psql has ended."""
    assert running.stdout is not None
    _say(running, f"COPY ({query}) TO STDOUT;\n\\echo '\\{_END}'")
    for line in running.stdout:
        row = line.removesuffix(b"\n")
        if row == _END.encode():
            return
        yield row
    raise BrokenPipeError


def _say(running: "Popen[bytes]", words: str) -> None:
    assert running.stdin is not None
    running.stdin.write(f"{words}\n".encode())
    running.stdin.flush()


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], **streams: object) -> Iterator["Popen[bytes]"]:
    """Ended when the block does, however it does."""
    handed_on = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME") or name.startswith("PG")}
    process = Popen(command, env={**handed_on, **environment}, **streams)  # type: ignore[call-overload]  # of streams only
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with _ignoring_broken_pipe():
                    stream.close()
        process.wait()


@contextmanager
def _ignoring_broken_pipe() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        return


def _making(schema: str) -> str:
    """`public` is everywhere, and only who may make schemas may ask for one that is there."""
    return "" if schema == "public" else f"CREATE SCHEMA IF NOT EXISTS {_pattern(schema)};"


def _pattern(schema: str) -> str:
    """As pg_dump takes a name literally."""
    return '"{}"'.format(schema.replace('"', '""'))


def _why(said: IO[bytes], said_before: IO[bytes]) -> str:
    state = _state_in(said)
    if state == _DEPENDED_ON:
        return "a view or a table of somebody else's depends on the platform's tables; drop it first"
    if state is not None:
        return f"PostgreSQL refused the restore (SQLSTATE {state}), and nothing was changed"
    return f"the restore failed, and nothing was changed: {_last_word(said_before) or _last_word(said)}"


def _state_in(said: IO[bytes]) -> str | None:
    said.seek(0)
    found = _STATE.search(said.read().decode(errors="replace"))
    return None if found is None else found[1]


def _last_word(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("pg_dump: ").removeprefix("error: ") if lines else ""
