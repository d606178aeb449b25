"""A real Prometheus with our configuration and rules looks at a running platform while people talk to it."""

import re
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import Actor, Stage
from tests.monitoring.deployed import RULES, alerts, questions
from tests.monitoring.test_configuration import CONFIGURATION, TOKEN
from tests.monitoring.test_dashboard import filled_in
from tests.support.databases import running
from tests.support.servers import PrometheusServer, free_port
from tests.support.until import until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

SECRET = "for-the-scrape"
GUESTS = range(2001, 2007)

QUIET = re.compile(r'ALERTS|maskarad_(alerts|backup_last_success|spontaneous|picture|task_result)|result!="ok"')
"""Questions of the dashboard to which there is nothing to say while all is well."""


class Prometheus:
    def __init__(self, server: PrometheusServer, session: aiohttp.ClientSession) -> None:
        self._server = server
        self._session = session

    async def firing(self) -> dict[str, dict[str, str]]:
        """The labels of the alerts that fire, by their names."""
        found = await self._get("alerts")
        labels = [each["labels"] for each in found["alerts"] if each["state"] == "firing"]
        return {each["alertname"]: each for each in labels}

    async def ask(self, question: str) -> list[float]:
        found = await self._get("query", query=question)
        return [float(each["value"][1]) for each in found["result"]]

    async def _get(self, path: str, **query: str) -> Any:
        async with self._session.get(f"{self._server.url}/api/v1/{path}", params=query) as answer:
            read = await answer.json()
            assert read["status"] == "success", read
            return read["data"]


class Crowd:
    """Guests who each say something, again and again."""

    def __init__(self, stage: Stage, actor: Actor) -> None:
        self._stage = stage
        self._actor = actor
        self._asked = 0

    async def arrive(self) -> None:
        for guest in GUESTS:
            await self._stage.sandbox.add_user(f"Guest {guest}", id=guest)

    async def talk(self) -> None:
        """Returns when the model is asked, or is left alone."""
        for guest in GUESTS:
            await self._stage.sandbox.say(self._stage.private(self._actor, guest), guest, "привіт")
        asked = await self._stage.sandbox.model_requests(self._asked, wait=0.5)
        self._asked = asked[-1]["seq"] if asked else self._asked


@pytest.fixture
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture
async def crowd(stage: Stage, ports: tuple[int, int], redis_url: str, tmp_path: Path) -> AsyncIterator[Crowd]:
    """Talks to a gateway and a worker."""
    crowd = Crowd(stage, await stage.actor())
    await crowd.arrive()
    shared = {
        "RUN_MODE": "webhook",
        "WEBHOOK_URL_BASE": f"http://127.0.0.1:{ports[0]}",
        "REDIS_URL": redis_url,
        "METRICS_TOKEN": SECRET,
        "FLOOD_MESSAGES": "0",
    }
    processes = [
        PlatformProcess(stage.settings, tmp_path, role, **shared, PORT=str(port))
        for role, port in zip(("gateway", "worker"), ports, strict=True)
    ]
    try:
        for each in processes:
            await each.start()
        yield crowd
    finally:
        for each in processes:
            await each.close()


def impatient(rules: str) -> str:
    """Judges by the last seconds instead of minutes, and ModelDown at once."""
    model_down = alerts()["ModelDown"]
    rules = rules.replace(model_down, model_down.replace("for: 1m", "for: 1s"))
    return re.sub(r"\[(\d+)m\]", r"[\1s]", rules)


@pytest.fixture
def server(ports: tuple[int, int], tmp_path: Path) -> Iterator[PrometheusServer]:
    targets = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    configuration = CONFIGURATION.partition("    dns_sd_configs:")[0].replace("_interval: 15s", "_interval: 500ms")
    configuration += f"    static_configs:\n      - targets: [{targets}]\n"
    token = tmp_path / "token"
    token.write_text(SECRET, encoding="utf-8")
    with running(partial(PrometheusServer, configuration.replace(TOKEN, str(token)), impatient(RULES))) as server:
        yield server


@pytest.fixture
async def prometheus(server: PrometheusServer) -> AsyncIterator[Prometheus]:
    async with aiohttp.ClientSession() as session:
        yield Prometheus(server, session)


@pytest.mark.timeout(240)
async def test_model_down_fires_when_the_model_is_stopped_and_ends_when_it_is_back(
    stage: Stage, crowd: Crowd, prometheus: Prometheus
) -> None:
    unanswered = {filled_in(each).replace("[1m]", "[5s]") for each in questions()}

    async def dashboard_shows() -> bool:
        await crowd.talk()
        for question in list(unanswered):
            if await prometheus.ask(question) or QUIET.search(question):
                unanswered.remove(question)
        return not unanswered

    async def fires() -> bool:
        await crowd.talk()
        return "ModelDown" in await prometheus.firing()

    async def is_over() -> bool:
        await crowd.talk()
        return await prometheus.firing() == {}

    try:
        await until(dashboard_shows, 30)
    except TimeoutError:
        pytest.fail(f"no answer to {sorted(unanswered)}")
    assert await prometheus.ask("up") == [1, 1]
    assert await prometheus.firing() == {}

    await stage.sandbox.direct_model(faults=[{"status": 503, "times": 100_000}])
    await until(fires, 30)
    firing = await prometheus.firing()
    assert firing.keys() == {"ModelDown"}
    assert firing["ModelDown"]["severity"] == "critical"

    await stage.sandbox.direct_model(clear=True)
    # The platform leaves a model alone for half a minute before it asks again.
    await until(is_over, 60)
