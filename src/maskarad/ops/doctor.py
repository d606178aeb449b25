"""What can be wrong with an installation, looked at one thing after the other; each finding says what to do. Nothing is
made or changed by looking that stays."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from redis.exceptions import AuthenticationError, RedisError, ResponseError

from maskarad import redis_cache
from maskarad.db import Connection, bots, partitions, schema
from maskarad.db.failures import FULL
from maskarad.db.opening import open_database
from maskarad.db.processes import DUTIES, INTAKE
from maskarad.errors import (
    DatabaseUnavailable,
    ModelError,
    SchemaOutdated,
    SettingsError,
    TelegramError,
    TokenInvalid,
)
from maskarad.key_file import KEY_FILE, KeyFile
from maskarad.llm.opening import open_model
from maskarad.ops import safekeeping
from maskarad.ops.failures import failures, state_of, todo_for
from maskarad.ops.finding import Finding, Unknown, Wrong
from maskarad.ops.lost_key import why_no_new_key, why_not
from maskarad.ops.processes import at_work
from maskarad.ops.safekeeping import can_be_written_to, nearest
from maskarad.settings import Settings
from maskarad.telegram.edge import open_sender
from maskarad.values import BotState, CompletionRequest, PromptMessage, StoredBot, Token
from maskarad.vault import Vault, open_vault

PATIENCE = 10.0
"""Seconds that one thing may take to answer."""

CHANGING_HANDS = 5.0
"""Seconds for which a bot that goes from one process to another may be polled by neither, and within which one that is
restarted is there again."""

_QUESTION = CompletionRequest(messages=(PromptMessage(role="user", content="Say OK."),), temperature=0.0, max_tokens=16)

_FULL = "make room on that disk and leave the database where it is: all goes on by itself"

_HOW_TO_MEND = (
    "look whether the disk is well; if the file is damaged, stop the platform, keep the file and those beside it that "
    "begin with its name, and `maskarad restore` a backup"
)

_NETWORK = "and the way there: proxy, firewall, DNS"

_MODEL_REMEDIES = {
    "unauthorized": "give another key in LLM_API_KEY",
    "no_credit": "top up the account that LLM_API_KEY belongs to",
    "rate_limited": "try again later, or name more keys in LLM_API_KEY, comma-separated",
    "refused": "set LLM_MODEL to a model that this server has",
    "unavailable": f"check LLM_BASE_URL, {_NETWORK}",
    "timeout": f"check LLM_BASE_URL, {_NETWORK}",
}


Look = Callable[[Settings], Awaitable[str]]
"""Says how a thing is, or raises `Wrong` or `Unknown`."""


async def examine(settings: Settings, *, in_sandbox: bool) -> AsyncIterator[Finding]:
    """Look at everything but the settings, which were read when this is called. `in_sandbox`: they are those of the
    sandbox, which need not be running."""
    scripted = in_sandbox and settings.llm_base_url.startswith(settings.telegram_api_base_url)
    looks: Mapping[str, Look] = {
        "data": _data_folder,
        "disk": safekeeping.disk,
        "key": _key,
        "database": _database,
        "backups": safekeeping.backup,
        "cache": _cache,
        "processes": _processes,
        "telegram": _sandbox if in_sandbox else _telegram,
        "model": _scripted_model if scripted else _model,
        "figures": _figures,
        "failures": _failures,
    }
    for subject, look in looks.items():
        try:
            yield Finding(subject=subject, ok=True, state=await look(settings))
        except Wrong as wrong:
            yield Finding(subject=subject, ok=False, state=wrong.state, todo=wrong.todo)
        except Unknown as unknown:
            yield Finding(subject=subject, ok=None, state=str(unknown))


async def _data_folder(settings: Settings) -> str:
    folder = settings.data_dir
    existing = nearest(folder)
    if safekeeping.is_full(existing):
        raise Wrong(f"the disk of {existing} is full", "make room on that disk")
    if not can_be_written_to(existing):
        raise Wrong(f"{existing} cannot be written to", "let this user write there, or name another folder in DATA_DIR")
    return str(folder) if existing == folder else f"{folder}, made at the first start"


async def _key(settings: Settings) -> str:
    if settings.secret_keys:
        _vault(settings)
        return "MASKARAD_SECRET_KEY"
    file = settings.data_dir / KEY_FILE
    if nearest(file) != file:
        if wrong := await _why_no_new_key(settings):
            raise wrong
        return f"{file}, made at the first start or with the first bot"
    _vault(settings)
    if file.stat().st_mode & 0o077:
        raise Wrong(f"{file} is open to other users of this machine", f"run `chmod 600 {file}`")
    return str(file)


async def _why_no_new_key(settings: Settings) -> Wrong | None:
    """None, too, where the database cannot be used, which is told of elsewhere."""
    try:
        return await why_no_new_key(settings)
    except (DatabaseUnavailable, SchemaOutdated):
        return None


def _key_at_hand(settings: Settings) -> Vault | None:
    """None is made for looking."""
    return _vault(settings) if settings.secret_keys or KeyFile(settings.data_dir).stamp() else None


def _vault(settings: Settings) -> Vault:
    try:
        return open_vault(settings.secret_keys, settings.data_dir)
    except (SettingsError, OSError) as error:
        raise Wrong(str(error), "give back the right key, or remove it and bind the bots anew") from None


async def _database(settings: Settings) -> str:
    file = settings.database_file
    if file is not None and nearest(file) != file:
        return f"SQLite, {file}, made at the first start"
    kind, todo = ("PostgreSQL", "check DATABASE_URL, and that the server runs")
    if file is not None:
        kind, todo = (f"SQLite, {file},", _HOW_TO_MEND)
        if safekeeping.is_full(file.parent):
            todo = _FULL
        elif not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
            todo = "let this user write there"
    database = open_database(settings.database, pool_size=1, max_overflow=0)
    try:
        stored = await database.read(_stored_bots)
        is_one_table = file is None and stored is not None and not await database.read(partitions.are_there)
        if stored is not None and (wrong := await why_not(database, settings, _key_at_hand(settings))):
            raise wrong
    except DatabaseUnavailable as error:
        raise Wrong(f"{kind} cannot be used ({error})", _FULL if str(error) == FULL else todo) from None
    except SchemaOutdated as error:
        state, _, todo = str(error).partition(": ")
        raise Wrong(state, todo) from None
    finally:
        await database.close()
    if stored is None:
        return f"{kind} empty, filled at the first start"
    if refused := [f"@{each.bot.username}" for each in stored if each.bot.state is BotState.INVALID]:
        raise Wrong(
            f"Telegram refused the token of {', '.join(refused)}", "get a new token from @BotFather and bind it again"
        )
    divide = ", the history is one table, which `maskarad db partition` divides" if is_one_table else ""
    return f"{kind} schema {schema.REVISION}{divide}, bots: {len(stored)}"


def _stored_bots(connection: Connection) -> list[StoredBot] | None:
    """None: the database is empty. Raises SchemaOutdated."""
    if schema.revision_of(connection) is None:
        return None
    schema.check(connection)
    return bots.everyone(connection)


async def _cache(settings: Settings) -> str:
    if settings.redis_url is None:
        return "in memory; REDIS_URL is not set"
    started = time.perf_counter()
    try:
        await redis_cache.probe(settings.redis_url)
    except (AuthenticationError, ResponseError) as error:
        raise Wrong(
            f"Redis refuses ({type(error).__name__}: {error})",
            "check user, password and database number in REDIS_URL, and that it is Redis 6.2 or newer",
        ) from None
    except (RedisError, OSError) as error:
        raise Wrong(
            f"Redis does not answer ({type(error).__name__})", "check REDIS_URL, and that the server runs, or unset it"
        ) from None
    except SettingsError as error:
        raise Wrong(str(error), "redis://USER:PASSWORD@HOST:PORT/NUMBER") from None
    return f"Redis does all that is asked of it, in {1000 * (time.perf_counter() - started):.0f} ms"


async def _processes(settings: Settings) -> str:
    """Who works on a database that several may work on."""
    if settings.database_file is not None:
        return "one at a time, as the database is SQLite"
    database = open_database(settings.database, pool_size=1, max_overflow=0)
    try:
        found = await database.read(at_work)
        if found.unpolled or found.undone:
            # Bots that change hands, and the work of one that is restarted, are nobody's for a moment.
            await asyncio.sleep(CHANGING_HANDS)
            found = await database.read(at_work)
    except (DatabaseUnavailable, SchemaOutdated):
        raise Unknown("unknown, see the database") from None
    finally:
        await database.close()
    if found.undone:
        raise Wrong(f"{found}; nobody does {', '.join(found.undone)}", _who_does(found.undone))
    if found.unpolled:
        raise Wrong(
            f"{found}; nobody polls for {', '.join(found.unpolled)}",
            "look into the logs of those that receive, or restart them",
        )
    if found.silent:
        raise Wrong(
            f"{found}; silent: {len(found.silent)}",
            "look whether these still run and reach the database; the next process to start tidies up after dead ones",
        )
    return str(found)


def _who_does(duties: Sequence[str]) -> str:
    if len(duties) == len(DUTIES):
        return "start `maskarad run`, or a gateway and a worker"
    queues = ",".join(each for each in duties if each != INTAKE)
    worker = f"start a worker: `maskarad worker --queues {queues}`" if queues else ""
    return "; ".join(filter(None, ["start a gateway" if INTAKE in duties else "", worker]))


async def _telegram(settings: Settings) -> str:
    address = settings.telegram_api_base_url
    if settings.telegram_bot_token is None:
        raise Wrong(
            "TELEGRAM_BOT_TOKEN is not set, though TELEGRAM_API_BASE_URL is", "set both, or none for the sandbox"
        )
    try:
        return f"{address}, the manager bot is @{await _manager(settings)}"
    except TokenInvalid:
        raise Wrong(f"{address} refuses TELEGRAM_BOT_TOKEN", "copy the token anew from @BotFather") from None
    except (TelegramError, TimeoutError):
        raise Wrong(f"{address} does not answer", f"check TELEGRAM_API_BASE_URL, {_NETWORK}") from None


async def _sandbox(settings: Settings) -> str:
    try:
        await _manager(settings)
    except (TelegramError, TimeoutError):
        return "no TELEGRAM_BOT_TOKEN: `maskarad run` starts the sandbox, which is not running"
    return f"no TELEGRAM_BOT_TOKEN: the sandbox at {settings.telegram_api_base_url}/ is running"


async def _manager(settings: Settings) -> str:
    """The manager bot's username."""
    assert settings.telegram_bot_token is not None
    async with asyncio.timeout(PATIENCE), open_sender(settings) as sender:
        return (await sender.get_me(Token(settings.telegram_bot_token.get_secret_value()))).username


async def _scripted_model(_settings: Settings) -> str:
    return "no LLM_API_KEY: the sandbox's scripted model"


async def _model(settings: Settings) -> str:
    """Asks a question of a few tokens: only an answer shows that key, credit and model are good."""
    if not settings.llm_api_key:
        raise Wrong("there is no key", "set LLM_API_KEY or OPENROUTER_API_KEY")
    model = open_model(settings.model_copy(update={"llm_timeout": PATIENCE, "llm_fallback_models": ()}))
    where = f"{settings.llm_model} at {settings.llm_base_url}"
    started = time.perf_counter()
    try:
        await model.complete(_QUESTION)
    except ModelError as error:
        if error.reason != "empty":  # so few tokens are not enough for every model
            raise Wrong(f"{where} fails: {error.reason}", _MODEL_REMEDIES[error.reason]) from None
    finally:
        await model.close()
    return f"{where} answers in {time.perf_counter() - started:.1f} s"


async def _figures(settings: Settings) -> str:
    if settings.metrics_token is not None:
        return "/metrics and /readyz are shown to whoever sends METRICS_TOKEN"
    if settings.run_mode == "webhook":
        return "/metrics and /readyz are shown to nobody; METRICS_TOKEN would change that"
    return "/metrics and /readyz are shown to this machine"


async def _failures(settings: Settings) -> str:
    """A database that cannot be used is told of elsewhere."""
    file = settings.database_file
    if file is not None and nearest(file) != file:
        return "none"
    database = open_database(settings.database, pool_size=1, max_overflow=0)
    try:
        found = await database.read(failures)
    except DatabaseUnavailable:
        raise Unknown("unknown: the database cannot be used") from None
    finally:
        await database.close()
    if found is not None and (state := state_of(found)):
        raise Wrong(state, todo_for(found))
    return "none"
