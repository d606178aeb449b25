"""The tests' PostgreSQL as a server that counts: what it ran, and a log as long as a real one's."""

from benchmarks.cluster.cluster import DATABASE
from maskarad.values import Value
from tests.support.servers import PostgresServer

_COUNTS = """
SELECT coalesce(sum(calls) FILTER (WHERE query !~* '^(begin|commit|rollback)'), 0),
       coalesce(sum(calls) FILTER (WHERE query ~* '^commit'), 0),
       pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'),
       pg_database_size(current_database()),
       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()),
       (SELECT count(*) FROM chat_contexts)
FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Counts(Value, frozen=True):
    """Since the server started; connections and stored messages are those of the moment."""

    statements: int
    commits: int
    wal_bytes: int
    database_bytes: int
    connections: int
    messages: int


class CountingPostgres(PostgresServer):
    """Without fsync, as the tests', but with whole pages in its log after a checkpoint, vacuum, and a count of all
    statements."""

    def start(self) -> None:
        options = (
            f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off "
            "-c max_connections=200 -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=top"
        )
        self._control("start", "-l", str(self._folder / "log"), "-o", options)

    def count_from_now(self) -> None:
        self.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements", database=DATABASE)

    def counts(self) -> Counts:
        found = self.execute(_COUNTS.replace("\n", " "), database=DATABASE)
        statements, commits, wal_bytes, size, connections, messages = (int(float(each)) for each in found.split("|"))
        return Counts(
            statements=statements,
            commits=commits,
            wal_bytes=wal_bytes,
            database_bytes=size,
            connections=connections,
            messages=messages,
        )

    def checkpoint(self) -> None:
        self.execute("CHECKPOINT")

    @property
    def pid(self) -> int:
        """Of the server's first process, the parent of all others."""
        return int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
