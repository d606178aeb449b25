"""What the value of a setting looks like: read from a variable's text, refused with a sentence that never shows it."""

import re
from typing import Annotated
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from maskarad.errors import SettingsError
from maskarad.price_list import read_prices

TOKEN_SHAPE = r"[0-9]{1,19}:[A-Za-z0-9_-]{10,}"
"""A bot's id, a colon and a secret (Bot API, "Authorizing your bot"), its length no narrower than need be."""


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    return value


def _telegram_ids(value: object) -> object:
    """What is wrong is named by its place: it may be a secret that was put into the wrong variable."""
    if not isinstance(value, str):
        return value
    entries = [item.strip() for item in value.split(",") if item.strip()]
    for place, entry in enumerate(entries, start=1):
        if not re.fullmatch(r"[0-9]{1,16}", entry, re.ASCII) or not 0 < int(entry) < 2**52:
            raise ValueError(f"must be ids at Telegram, such as 1001,1002: entry {place} is none")
    return tuple(map(int, entries))


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/")


_SSL = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_OF_SERVER = ("host", "port", "user", "password", "database", "passfile", "service", "servicefile")
_OPTIONS = frozenset((*_OF_SERVER, "ssl", "target_session_attrs", "prepared_statement_cache_size"))
"""Of a PostgreSQL address, behind its ?."""


def _database_url(value: str) -> str:
    known = value.startswith(("sqlite:///", "postgresql://", "postgresql+asyncpg://", "postgres://"))
    if value and (not known or value in ("sqlite:///", "sqlite:///:memory:")):
        raise ValueError("must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")
    if value.startswith("postgres"):
        _check_server(value.partition("://")[2].rpartition("@")[2])
    return value


def _check_server(place: str) -> None:
    """Of a PostgreSQL address what stands after the password."""
    try:
        parts = urlsplit(f"//{place}")
        options = parse_qs(parts.query)
        _ = parts.port, [urlsplit(f"//{host}").port for host in options.get("host", ())]
    except ValueError:
        raise ValueError("the port must be a number") from None
    if "sslmode" in options:
        raise ValueError("write ssl=… where libpq has sslmode=…")
    if not set(options.get("ssl", ())) <= set(_SSL):
        raise ValueError(f"ssl must be one of {', '.join(_SSL)}")
    if not options.keys() <= _OPTIONS:
        raise ValueError(f"behind the ? may stand only {', '.join(sorted(_OPTIONS))}")
    if not "".join(options.get("prepared_statement_cache_size", ("0",))).isdecimal():
        raise ValueError("prepared_statement_cache_size must be a number")


def _redis_url(value: str) -> str:
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must start with redis://, rediss:// or unix://")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("the port must be a number up to 65535; a / in the password is written %2F") from None
    if parts.scheme != "unix" and not re.fullmatch(r"/?|/[0-9]{1,5}", parts.path):
        raise ValueError("after the / stands the number of a database")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone's name, such as Europe/Kyiv") from None
    return value


def _hours(value: str) -> str:
    if not re.fullmatch(r"(?:1?[0-9]|2[0-3])-(?:1?[0-9]|2[0-3])", value):
        raise ValueError("must be two full hours from 0 to 23, such as 23-8")
    return value


def _bot_token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value().strip()
    if not re.fullmatch(TOKEN_SHAPE, token):
        raise ValueError("this is not a bot's token; it looks like 123456:ABC-DEF…")
    return SecretStr(token)


def _printable(key: SecretStr) -> SecretStr:
    if not re.fullmatch("[!-~]+", key.get_secret_value()):
        raise ValueError(
            "must be of printable ASCII characters without spaces, as a header of a request can carry them"
        )
    return key


def _all_printable(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    return tuple(map(_printable, keys))


def _prices(entries: tuple[str, ...]) -> tuple[str, ...]:
    try:
        read_prices(entries)
    except SettingsError as error:
        raise ValueError(str(error).removeprefix("LLM_PRICES: ")) from None
    return entries


HttpUrl = Annotated[str, AfterValidator(_http_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Hours = Annotated[str, AfterValidator(_hours)]
BotToken = Annotated[SecretStr, AfterValidator(_bot_token)]
HeaderSecret = Annotated[SecretStr, AfterValidator(_printable)]
CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_comma_separated)]
HeaderSecrets = Annotated[Secrets, AfterValidator(_all_printable)]
TelegramIds = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_telegram_ids)]
PriceEntries = Annotated[CommaSeparated, AfterValidator(_prices)]
