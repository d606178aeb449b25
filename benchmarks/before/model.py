"""Asking the model: a client of its own for every call, and the answer read in up to five ways."""

import json
import re
from collections.abc import Sequence
from typing import Any

import httpx

from benchmarks.before.prompt import Message
from benchmarks.before.settings import Settings

TIMEOUT = 30.0

_FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)
_BRACED = re.compile(r"\{.*\}|\[.*\]", re.DOTALL)
_RESPONSE = re.compile(r'"response"\s*:\s*\[(.*)', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


async def ask_model(settings: Settings, messages: Sequence[Message], *, model: str | None, temperature: float) -> str:
    """Raises httpx.HTTPError."""
    async with httpx.AsyncClient(timeout=TIMEOUT) as client:
        response = await client.post(
            f"{settings.llm_url}/chat/completions",
            headers={"Authorization": f"Bearer {settings.llm_key}"},
            json={"model": model or settings.llm_model, "messages": list(messages), "temperature": temperature},
        )
    response.raise_for_status()
    return str(response.json()["choices"][0]["message"]["content"])


def parse_response(text: str) -> list[str]:
    """What the persona says. The first attempt that finds something wins: JSON in a fence, the answer as JSON, JSON
    somewhere in it, strings of a response cut short; then its lines."""
    fenced = _FENCED.search(text)
    braced = _BRACED.search(text)
    for candidate in (fenced and fenced[1], text, braced and braced[0]):
        if candidate and (said := _from_json(candidate)) is not None:
            return said
    if cut_short := _RESPONSE.search(text):
        return [each[1] for each in _QUOTED.finditer(cut_short[1])]
    return [line.strip() for line in text.splitlines() if line.strip()]


def _from_json(text: str) -> list[str] | None:
    try:
        parsed: Any = json.loads(text.strip())
    except ValueError:
        return None
    if isinstance(parsed, dict):
        parsed = parsed.get("response")
    if isinstance(parsed, list):
        return [str(each) for each in parsed if each]
    return [parsed] if isinstance(parsed, str) else None
