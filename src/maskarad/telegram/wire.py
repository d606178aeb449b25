"""JSON as it travels to and from Telegram: orjson, and a way for the broken surrogates that it refuses."""

import json
from typing import Any

import orjson

from maskarad.values import JsonObject


def encode(parameters: JsonObject) -> bytes:
    try:
        return orjson.dumps(parameters)
    except TypeError:
        return orjson.dumps(_without_surrogates(parameters))


def decode(payload: bytes) -> object:
    """Telegram passes on lone surrogates from broken clients; the standard library reads them. Raises ValueError."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(payload.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        pass
    raise ValueError("not JSON")


def _without_surrogates(value: Any) -> Any:
    """A language model may write half an emoji; Telegram would refuse the whole message for it."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(each) for each in value]
    return value
