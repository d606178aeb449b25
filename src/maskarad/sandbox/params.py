"""Parameters of a Bot API call, read leniently as Telegram does: numbers and flags may come as text, objects as JSON
in text."""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from maskarad.sandbox.refusal import bad_request


class Upload(msgspec.Struct, frozen=True):
    """A file sent as multipart."""

    name: str
    content: bytes
    mime_type: str | None = None


class Params:
    """Values by name; a name in another case is another name. Nothing here raises but `object` and `array`."""

    def __init__(self, values: Mapping[str, Any], uploads: Mapping[str, Upload] | None = None) -> None:
        self.values = values
        self.uploads = uploads or {}

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """The value as text; empty when absent."""
        value = self.values.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        return orjson.dumps(value).decode()

    def integer(self, name: str, default: int = 0) -> int:
        """The value as a whole number; `default` when absent or not a number."""
        value = self.values.get(name)
        if isinstance(value, bool) or value is None:
            return default
        try:
            return int(value)
        except (ValueError, TypeError, OverflowError):
            return default

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        return value if isinstance(value, bool) else str(value).lower() in ("true", "1", "yes")

    def json(self, name: str, what: str) -> Any:
        """The value read as JSON, None when absent or empty. `what` names it in the refusal."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise bad_request(f"can't parse {what} JSON object") from None

    def object(self, name: str, what: str) -> dict[str, Any] | None:
        found = self.json(name, what)
        if found is not None and not isinstance(found, dict):
            raise bad_request(f"object expected as {what}")
        return found

    def array(self, name: str, what: str) -> list[Any] | None:
        found = self.json(name, what)
        if found is not None and not isinstance(found, list):
            raise bad_request(f"expected an Array of {what}")
        return found
