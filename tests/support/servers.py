"""Real PostgreSQL, Redis, Caddy and Prometheus in temporary folders, on free ports of this machine, stopped by their
own pid."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

START_WITHIN = 20.0
HOW_TO_INSTALL = (
    "install them with `apt-get install postgresql redis-server caddy chromium faketime prometheus` and run "
    "`make test` again"
)


class ServerMissing(Exception):
    """A program that the tests need is not installed; the text says how to install it."""


PORTS = range(15_000, 32_000)
"""Below those that the kernel gives to connections going out: while a server is down nobody else gets its port."""


def free_port() -> int:
    return next(port for port in random.sample(PORTS, len(PORTS)) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class PostgresServer:
    """A PostgreSQL cluster that trusts everybody on 127.0.0.1. PostgreSQL refuses to run as root: root starts it as
    the user `postgres`, which Debian's package makes."""

    def __init__(self) -> None:
        self._programs = _postgres_programs()
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="maskarad-postgres-"))
        self._data = self._folder / "data"
        self.port = free_port()
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-U", "maskarad", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    def url(self, name: str) -> str:
        return f"postgresql://maskarad@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        # What these tests end is a process, never the machine: without fsync the suite is twice as fast.
        options = (
            f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off "
            "-c shared_buffers=32MB -c max_connections=200 -c autovacuum=off"
        )
        self._control("start", "-l", str(self._folder / "log"), "-o", options)

    def stop(self) -> None:
        """Stop as an administrator does: connections are ended with a word."""
        self._control("stop", "-m", "fast")

    def kill(self) -> None:
        """Every process of the cluster ends at once; the next start recovers from the log."""
        self._control("stop", "-m", "immediate")

    def execute(self, *statements: str, database: str = "postgres") -> str:
        """Run statements, each in its own transaction, on one connection and return what they print. Raises
        RuntimeError at the first that fails."""
        command = ("psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(self.port), "-U", "maskarad")
        each = (option for statement in statements for option in ("-c", statement))
        return _checked([*command, "-d", database, "-v", "ON_ERROR_STOP=1", *each]).strip()

    def clone(self, template: str, name: str) -> None:
        """A new database with all that the template has."""
        # From 15 on the default writes every page to the log, which costs more than copying so small a database.
        strategy = "STRATEGY FILE_COPY" if int(self._programs.parent.name) >= 15 else ""
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")

    def close(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self.kill()
        shutil.rmtree(self._folder)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-w", "-t", str(int(START_WITHIN)), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._data), *arguments]
        _checked(command, user=self._user, folder=self._folder)


class _Launched:
    """A server that is one process of ours: started, asked until it is ready, ended."""

    def __init__(self, program: str) -> None:
        """Raises ServerMissing."""
        found = shutil.which(program)
        if found is None:
            raise ServerMissing(f"{program} is not installed: {HOW_TO_INSTALL}")
        self._program = found
        self._folder = Path(tempfile.mkdtemp(prefix=f"maskarad-{program}-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it is ready. Raises RuntimeError with its output."""
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [self._program, *self._options()],
                env={"HOME": str(self._folder), "PATH": os.environ["PATH"]},
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_WITHIN
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._program} did not start: {(self._folder / 'output').read_text()}")
            time.sleep(0.02)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder)

    def _options(self) -> Sequence[str]:
        raise NotImplementedError

    def _is_ready(self) -> bool:
        raise NotImplementedError

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(with_signal)
            self._process.wait(START_WITHIN)
            self._process = None


class RedisServer(_Launched):
    """A Redis that keeps an append-only file, so that a restart finds what was there."""

    def __init__(self) -> None:
        super().__init__("redis-server")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Connections stay, answers do not come."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def execute(self, *words: str) -> bytes:
        """Send one command over a connection of its own and return the start of the raw reply."""
        request = b"*%d\r\n" % len(words) + b"".join(_bulk(word.encode()) for word in words)
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(request)
            return connection.recv(4096)

    def _options(self) -> Sequence[str]:
        kept = ("--save", "", "--appendonly", "yes", "--dir", str(self._folder))
        return ("--port", str(self.port), "--bind", "127.0.0.1", *kept)

    def _is_ready(self) -> bool:
        try:
            return self.execute("PING") == b"+PONG\r\n"
        except OSError:
            return False


CADDYFILE = """
{{
    admin off
    auto_https off
    log {{
        output file {folder}/log
        level WARN
    }}
}}

http://127.0.0.1:{port} {{
    reverse_proxy {upstreams} {{
        lb_policy round_robin
        lb_try_duration 5s
        lb_try_interval 100ms
        fail_duration 2s
        health_uri {health}
        health_interval 1s
        health_timeout 2s
    }}
}}
"""


class ProxyServer(_Launched):
    """Caddy before several processes: whom `health` does not answer 200 gets no request, and a request that finds
    nobody listening goes to another."""

    def __init__(self, ports: Sequence[int], *, health: str) -> None:
        super().__init__("caddy")
        upstreams = " ".join(f"127.0.0.1:{port}" for port in ports)
        text = CADDYFILE.format(folder=self._folder, port=self.port, upstreams=upstreams, health=health)
        (self._folder / "Caddyfile").write_text(text)

    def _options(self) -> Sequence[str]:
        return ("run", "--config", str(self._folder / "Caddyfile"), "--adapter", "caddyfile")

    def _is_ready(self) -> bool:
        return _listens(self.port)


class PrometheusServer(_Launched):
    """Prometheus with a configuration, and with the rules that it is to find as alerts.yml."""

    def __init__(self, configuration: str, rules: str) -> None:
        super().__init__("prometheus")
        (self._folder / "prometheus.yml").write_text(configuration)
        (self._folder / "alerts.yml").write_text(rules)

    def _options(self) -> Sequence[str]:
        return (
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        )

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _bulk(word: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(word), word)


def _postgres_programs() -> Path:
    """The folder of the newest PostgreSQL that Debian's packages installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not found:
        raise ServerMissing(f"PostgreSQL is not installed: {HOW_TO_INSTALL}")
    return found[-1]


def _checked(command: Sequence[str], *, user: str | None = None, folder: Path = Path("/")) -> str:
    """Run a program to its end; raises RuntimeError with what it said when it fails."""
    # The servers that pg_ctl leaves behind inherit its output: a file, unlike a pipe, does not wait for them.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            check=False,
        )
        output.seek(0)
        said = output.read()
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {said}")
    return said
