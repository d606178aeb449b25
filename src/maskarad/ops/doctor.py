"""What can be wrong with an installation, looked at one thing after the other; each finding says what to do."""

import time
from collections.abc import AsyncIterator

from redis.asyncio import Redis
from redis.exceptions import RedisError

from maskarad.db import bots, schema
from maskarad.db.engine import open_database
from maskarad.errors import (
    DatabaseUnavailable,
    ModelError,
    SchemaOutdated,
    SettingsError,
    TelegramError,
    TokenInvalid,
    WrongSecretKey,
)
from maskarad.llm.on_demand import ModelOnDemand
from maskarad.settings import Settings
from maskarad.telegram.edge import open_sender
from maskarad.values import Token, Value
from maskarad.vault import open_vault


class Finding(Value, frozen=True):
    """`todo` is empty when all is well."""

    subject: str
    ok: bool
    state: str
    todo: str = ""


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Settings were read when this is called; the rest is found out here, each thing in a few seconds at most."""
    yield Finding(subject="settings", ok=True, state="valid")
    yield await _database(settings)
    yield await _cache(settings)
    yield await _telegram(settings)
    yield await _model(settings)


async def _database(settings: Settings) -> Finding:
    kind = "SQLite" if settings.database.startswith("sqlite") else "PostgreSQL"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database, pool_size=1, max_overflow=0)
    try:
        await database.read(schema.check)
        stored = await database.read(bots.everyone)
        vault = open_vault(settings.secret_keys, settings.data_dir)
        for each in stored:
            vault.open(each.token)
    except DatabaseUnavailable as error:
        return Finding(
            subject="database",
            ok=False,
            state=f"{kind} does not answer ({error})",
            todo="check DATABASE_URL and the server",
        )
    except SchemaOutdated as error:
        return Finding(subject="database", ok=False, state=str(error), todo="run `maskarad db upgrade`")
    except (WrongSecretKey, SettingsError) as error:
        return Finding(subject="database", ok=False, state=str(error), todo="give back the key, or bind the bots anew")
    finally:
        await database.close()
    return Finding(subject="database", ok=True, state=f"{kind}, schema {schema.REVISION}, {len(stored)} bots")


async def _cache(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding(subject="cache", ok=True, state="process memory")
    started = time.perf_counter()
    try:
        async with Redis.from_url(settings.redis_url, socket_connect_timeout=3, socket_timeout=3) as client:
            await client.ping()
    except (RedisError, OSError, ValueError) as error:
        return Finding(
            subject="cache",
            ok=False,
            state=f"Redis does not answer ({type(error).__name__})",
            todo="check REDIS_URL and the server, or unset it",
        )
    return Finding(subject="cache", ok=True, state=f"Redis answers in {1000 * (time.perf_counter() - started):.0f} ms")


async def _telegram(settings: Settings) -> Finding:
    if settings.telegram_bot_token is None:
        return Finding(
            subject="telegram",
            ok=True,
            state="no token: `maskarad run` starts the sandbox",
            todo="",
        )
    try:
        async with open_sender(settings) as sender:
            profile = await sender.get_me(Token(settings.telegram_bot_token.get_secret_value()))
    except TokenInvalid:
        return Finding(
            subject="telegram",
            ok=False,
            state="Telegram refuses the token",
            todo="copy TELEGRAM_BOT_TOKEN anew from @BotFather",
        )
    except TelegramError as error:
        return Finding(
            subject="telegram",
            ok=False,
            state=str(error),
            todo=f"check that {settings.telegram_api_base_url} can be reached from here",
        )
    return Finding(subject="telegram", ok=True, state=f"the manager bot is @{profile.username}")


async def _model(settings: Settings) -> Finding:
    if not settings.llm_api_key and settings.telegram_bot_token is None:
        return Finding(subject="model", ok=True, state="no key: the sandbox's scripted model is used")
    if not settings.llm_api_key:
        return Finding(subject="model", ok=False, state="no API key", todo="set LLM_API_KEY or OPENROUTER_API_KEY")
    model = ModelOnDemand(settings)
    try:
        offered = await model.list_models()
    except ModelError as error:
        return Finding(subject="model", ok=False, state=str(error), todo="check LLM_BASE_URL and LLM_API_KEY")
    finally:
        await model.close()
    if offered and settings.llm_model not in offered:
        return Finding(
            subject="model",
            ok=False,
            state=f"the server does not offer {settings.llm_model}",
            todo=f"set LLM_MODEL to one that it has, such as {offered[0]}",
        )
    return Finding(subject="model", ok=True, state=f"{settings.llm_model} at {settings.llm_base_url}")
