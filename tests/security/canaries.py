"""Words that must turn up nowhere: each kind of secret and each way of saying something has its own, so that one that
is found tells where it came from."""

import base64
from collections.abc import Iterable, Mapping

WORD = "canary"


def _key(name: str) -> str:
    """A secret key with a word in it that can be looked for."""
    text = f"{WORD}{name}".ljust(42, "A") + "A="
    assert len(base64.urlsafe_b64decode(text)) == 32
    return text


API_KEY = "sk-canary-api-key"
OTHER_API_KEY = "sk-canary-second-api-key"
SECRET_KEY = _key("secretkey")
OTHER_SECRET_KEY = _key("newkey")
METRICS_TOKEN = "canary-metrics-token"
PASSPHRASE = "canary-passphrase"
WRONG_PASSPHRASE = "canary-other-passphrase"
DATABASE_PASSWORD = "canary-database-password"
REDIS_PASSWORD = "canary-redis-password"


def token(number: int) -> str:
    return f"{7_100_000_000 + number}:canary-token-canary-token-canary-{number}"


def text(place: str) -> str:
    """Of a message, by where it was said."""
    return f"canary-words-{place}"


def found_in(written: Mapping[str, str], more: Iterable[str] = ()) -> list[str]:
    """Where a canary, or one of `more`, stands in what was written, with what is around it."""
    needles = [WORD, *more]
    return [
        f"{place}: …{content[max(0, at - 200) : at + 100]}…"
        for place, content in written.items()
        for needle in needles
        if (at := content.lower().find(needle.lower())) >= 0
    ]
