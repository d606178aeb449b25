"""What a running platform tells of itself over HTTP, to whoever asks from this machine."""

from collections.abc import Iterator
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from maskarad.app import Platform

TOKEN = "for the pages"
"""METRICS_TOKEN of a platform that would show them to nobody without one."""

_HEADERS = {"Authorization": f"Bearer {TOKEN}"}

WELL = {"running": "ok", "database": "ok", "schema": "ok", "cache": "off", "bots": "ok", "manager": "ok"}
"""The findings of one process that does all, without a Redis."""


class Counted:
    """One scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._values = {(each.name, frozenset(each.labels.items())): each.value for each in self.samples()}

    def samples(self) -> Iterator[Sample]:
        for family in text_string_to_metric_families(self.text):
            yield from family.samples

    def value(self, name: str, **labels: str) -> float:
        """0 for what was not counted yet."""
        return self._values.get((f"maskarad_{name}", frozenset(labels.items())), 0.0)


async def scrape(platform: Platform) -> Counted:
    async with aiohttp.request("GET", f"http://127.0.0.1:{platform.port}/metrics", headers=_HEADERS) as answer:
        assert answer.status == 200
        return Counted(await answer.text())


async def ready(platform: Platform) -> tuple[int, Any]:
    async with aiohttp.request("GET", f"http://127.0.0.1:{platform.port}/readyz", headers=_HEADERS) as answer:
        return answer.status, await answer.json()
