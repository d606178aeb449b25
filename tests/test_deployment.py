"""What is installed on servers: the image's steps, the units, the proxy. Docker itself is not asked: see
docs/deployment.md, "What was tried, and what was not"."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from maskarad.app import STOPS_WITHIN
from maskarad.cli import COMMANDS
from maskarad.configuration import settings_list
from tests.support.proxy import needs_caddy, proxy

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
FOLDER = "/srv/maskarad"

OF_COMPOSE_ALONE = {"DOMAIN", "POSTGRES_PASSWORD", "MASKARAD_IMAGE"}


def build_stage() -> Iterator[tuple[str, str]]:
    """The instructions of the Dockerfile's first stage."""
    for line in DOCKERFILE.split("\nFROM ")[1].splitlines():
        instruction, _, rest = line.partition(" ")
        if instruction in ("COPY", "RUN"):
            yield instruction, rest


def copied() -> set[str]:
    return {source for instruction, rest in build_stage() if instruction == "COPY" for source in rest.split()[:-1]}


def copy(sources: list[str], target: Path) -> None:
    """As COPY does: what is in a folder, and files into one."""
    target.mkdir(parents=True, exist_ok=True)
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        else:
            shutil.copy(ROOT / source, target)


def run(command: str, *, at: Path) -> "subprocess.CompletedProcess[str]":
    """As Docker runs a step: by a shell that knows nothing of this environment's Python."""
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    environment["PYTHON"] = os.path.realpath(sys.executable)
    return subprocess.run(["sh", "-c", command], cwd=at, env=environment, capture_output=True, text=True, check=False)


def locked() -> dict[str, set[str]]:
    """Versions by package; some packages have several, for other versions of Python."""
    versions: dict[str, set[str]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([a-z0-9.-]+)==(\S+)", line):
            versions.setdefault(match[1], set()).add(match[2])
    return versions


@pytest.mark.timeout(600)
def test_the_images_steps_install_the_platform_and_no_tools(tmp_path: Path) -> None:
    context, installed = tmp_path / "build", tmp_path / "installed"
    for instruction, rest in build_stage():
        if instruction == "COPY":
            *sources, target = rest.split()
            copy(sources, context / target)
        else:
            done = run(rest.replace(FOLDER, str(installed)), at=context)
            assert done.returncode == 0, done.stderr
    packages = {each["name"]: each["version"] for each in listed(installed)}
    assert packages.pop("maskarad") == version("maskarad")
    assert {name: found for name, found in packages.items() if found not in locked()[name]} == {}
    assert {"aiohttp", "sqlalchemy", "matplotlib", "taskiq"} <= set(packages)
    assert not {"pytest", "mypy", "ruff", "uv", "hatchling", "playwright", "locust", "openai", "pip"} & set(packages)
    assert_it_works(installed, tmp_path)


def listed(installed: Path) -> list[dict[str, str]]:
    done = run(f"{installed}.tools/bin/uv pip list --format json --python {installed}/bin/python", at=installed)
    listing: list[dict[str, str]] = json.loads(done.stdout)
    return listing


def assert_it_works(installed: Path, tmp_path: Path) -> None:
    """Migrations, texts and the analyser's lists came along."""
    database = f"DATABASE_URL=sqlite:///{tmp_path}/new.db DATA_DIR={tmp_path}/data"
    done = run(f"{database} {installed}/bin/maskarad db upgrade", at=tmp_path)
    assert done.stdout.startswith("schema: 0"), done.stderr
    program = "from maskarad.texts import load_texts; load_texts(); import maskarad.memory.analyzer"
    assert run(f"{installed}/bin/python -c '{program}'", at=tmp_path).returncode == 0


@pytest.mark.timeout(600)
def test_a_package_with_another_hash_is_refused(tmp_path: Path) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=\S)", lock)
    forged = [re.sub("sha256:[0-9a-f]+", "sha256:" + 64 * "0", b) if b.startswith("starlette==") else b for b in blocks]
    copy(["pyproject.toml"], tmp_path)
    copy(["deploy/packages.sh"], tmp_path / "deploy")
    (tmp_path / "requirements.lock").write_text("".join(forged), encoding="utf-8")
    done = run(f"sh deploy/packages.sh {tmp_path}/installed", at=tmp_path)
    assert done.returncode != 0
    assert "Hash mismatch" in done.stderr
    assert "starlette" in done.stderr


def test_the_image_gets_only_what_it_is_made_of() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied()


def test_the_image_runs_without_rights() -> None:
    final = DOCKERFILE.split("\nFROM ")[2]
    user = re.search(r"^USER (\d+):(\d+)$", final, re.MULTILINE)
    assert user is not None
    assert int(user[1]) > 0
    # Nothing after it runs as root again, and nothing is installed in this stage.
    assert final.count("USER ") == 1
    assert "pip" not in final


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
async def test_the_images_health_check_asks_the_platform(status: int, healthy: bool) -> None:
    found = re.search(r"^HEALTHCHECK .*?CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found is not None
    _, *arguments = json.loads(found[1])
    async with answering(lambda request: answer(request, status)) as port:
        check = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=os.environ | {"PORT": str(port)}, stderr=subprocess.DEVNULL
        )
        assert (await check.wait() == 0) is healthy


def test_every_variable_that_deployment_sets_is_a_setting() -> None:
    known = {setting.variable for setting in settings_list()} | OF_COMPOSE_ALONE
    examples = [*DEPLOY.glob("*.env"), *(DEPLOY / "systemd").glob("*.env")]
    text = "\n".join(each.read_text(encoding="utf-8") for each in examples)
    assert set(re.findall(r"^#?([A-Z][A-Z_]+)=", text, re.MULTILINE)) <= known
    environment = COMPOSE.split("environment: &environment")[1].split("read_only:")[0]
    assert set(re.findall(r"^    ([A-Z_]+):", environment, re.MULTILINE)) <= known
    assert set(re.findall(r"\$\{([A-Z_]+)", COMPOSE)) <= known
    for unit in UNITS:
        for line in re.findall(r"^Environment=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE):
            assert {each.partition("=")[0] for each in line.split()} <= known


def test_everything_that_must_be_filled_in_stands_in_the_example() -> None:
    example = (DEPLOY / "compose.env").read_text(encoding="utf-8")
    needed = set(re.findall(r"\$\{([A-Z_]+):\?\}", COMPOSE))
    assert needed
    assert needed <= set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE))


def test_every_role_that_deployment_starts_is_a_command() -> None:
    started = re.findall(r"bin/maskarad (\S+)", "".join(unit.read_text(encoding="utf-8") for unit in UNITS))
    started += re.findall(r"command: \[(gateway|worker|db|run)\b", COMPOSE)
    assert {"run", "gateway", "worker", "db"} == set(started)
    assert set(started) <= set(COMMANDS)


def test_the_data_folder_is_made_before_anything_needs_it() -> None:
    """Where gateways and workers run, no unit makes it."""
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    [folder] = re.findall(r"^DATA_DIR=(.+)$", (DEPLOY / "systemd" / "maskarad.env").read_text("utf-8"), re.MULTILINE)
    made = page.index(f"sudo install -d -o maskarad -g maskarad -m 0700 {folder}\n")
    assert page.index("useradd") < made < page.index("/bin/maskarad")
    assert all(f"DATA_DIR={folder}" in unit.read_text("utf-8") for unit in UNITS)


def test_units_start_after_the_servers_that_they_need() -> None:
    ordered = {unit.name for unit in UNITS if re.search(r"^After=.*postgresql.*redis", unit.read_text("utf-8"), re.M)}
    assert ordered == {"maskarad-gateway@.service", "maskarad-worker@.service"}


def test_whoever_stops_a_process_waits_long_enough() -> None:
    periods = [int(seconds) for seconds in re.findall(r"stop_grace_period: (\d+)s", COMPOSE)]
    periods += [
        int(seconds)
        for unit in UNITS
        for seconds in re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(periods) == 2 + len(UNITS)
    assert min(periods) > STOPS_WITHIN + 5


def test_nothing_but_the_proxy_is_reached_from_outside() -> None:
    lines = re.findall(r"^    ports: \[(.*)\]$", COMPOSE, re.MULTILINE)
    assert len(lines) == len(re.findall(r"\bports\b *:|network_mode", COMPOSE))
    ports = [port for line in lines for port in line.split(", ")]
    public = [port for port in ports if not port.startswith('"127.0.0.1:')]
    assert public == ['"80:80"', '"443:443"', '"443:443/udp"']
    assert len(ports) == len(public) + 2


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.name))
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_the_units_are_sound_and_hardened(unit: Path, tmp_path: Path) -> None:
    file = tmp_path / unit.name.replace("@.", "@9101.")
    file.write_text(unit.read_text(encoding="utf-8").replace(f"{FOLDER}/bin/maskarad", "/bin/true"), encoding="utf-8")
    verified = run(f"systemd-analyze verify --man=no {file}", at=tmp_path)
    assert (verified.returncode, verified.stderr) == (0, "")
    # 10 is a service without any protection, 2.0 a strict one.
    judged = run(f"systemd-analyze security --offline=true --threshold=20 {file}", at=tmp_path)
    assert judged.returncode == 0, judged.stdout


Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


async def answer(request: web.BaseRequest, status: int) -> web.Response:
    return web.Response(status=status, text=str(len(await request.read())))


@asynccontextmanager
async def answering(handler: Answering, port: int = 0) -> AsyncIterator[int]:
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class Gateway:
    """Notes the bodies of what is posted to it, and breaks off the connection when it is to."""

    def __init__(self, *, dies: bool = False) -> None:
        self.bodies: list[bytes] = []
        self._dies = dies

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/healthz":
            return web.Response()
        self.bodies.append(await request.read())
        if self._dies:
            assert request.transport is not None
            request.transport.abort()
        return web.Response()


async def post(address: str, body: bytes) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{address}/telegram/x", data=BytesIO(body)) as response,
    ):
        return response.status


@needs_caddy
async def test_an_update_whose_gateway_is_gone_or_dies_reaches_another(tmp_path: Path) -> None:
    body = b'{"update_id": 1, "padding": "' + 100_000 * b"x" + b'"}'
    works, dies = Gateway(), Gateway(dies=True)
    async with answering(works) as alive, answering(dies) as dying, answering(Gateway()) as gone:
        pass
    async with answering(works, alive), answering(dies, dying), proxy([alive, dying, gone], tmp_path) as at:
        assert [await post(at, body) for _ in range(12)] == 12 * [200]
    assert works.bodies == 12 * [body]
    assert dies.bodies
    assert set(dies.bodies) == {body}


@needs_caddy
async def test_the_proxy_passes_on_webhooks_only(tmp_path: Path) -> None:
    gateway = Gateway()
    async with answering(gateway) as port, proxy([port], tmp_path) as address:
        async with aiohttp.ClientSession() as session:
            for path in ("/healthz", "/metrics", "/telegram/x", "/"):
                async with session.get(address + path) as response:
                    assert response.status == 404, path
        assert await post(address, 1_048_577 * b"x") == 413
        assert await post(address, 1_000_000 * b"x") == 200
    assert [len(body) for body in gateway.bodies] == [1_000_000]


def test_what_the_page_tells_to_type_exists() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    commands = set(
        re.findall(r"(?:bin/maskarad|(?<![/@.\w])maskarad(?= (?:run|gateway|worker|db|doctor|updates))) ([a-z]+)", page)
    )
    assert {"doctor", "db", "updates"} <= commands
    assert commands <= set(COMMANDS)
    for path in re.findall(r"(?<![\w/.])deploy/[\w./@-]+\w", page):
        assert (ROOT / path).exists(), path


def test_what_the_page_tells_to_type_into_compose_exists(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    sections = re.split(r"(?m)^  (?=[a-z])", COMPOSE.partition("\nservices:\n")[2].partition("\nnetworks:\n")[0])
    services = {name: rest for name, _, rest in (each.partition(":") for each in sections)}
    typed = re.findall(r"docker compose (?:run|exec|cp) ([^`\n]+)", page)
    assert [words for words in typed if not {*re.split("[ :]", words)} & {*services}] == []
    [restore] = [words.partition(" worker ")[2] for words in typed if " worker restore " in words]
    assert '"backups:/backups"' in services["worker"]
    said = run(f"DATA_DIR={tmp_path} {sys.executable} -m maskarad {restore}", at=tmp_path)
    assert said.stderr.startswith("maskarad: there is no backup NAME;"), said.stderr
    assert "pg_restore" not in page
