"""`maskarad worker`: one of the processes that do the work."""

from contextlib import suppress
from typing import Annotated

import typer

from maskarad.cli.place import make_folders
from maskarad.cli.serving import begin, needs_many, serve
from maskarad.errors import BadInput, SettingsError
from maskarad.settings import Settings
from maskarad.values import Queue, Role

EVERY_QUEUE = ",".join(Queue)


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.command(name, short_help=summary)(worker)


def worker(
    queues: Annotated[
        str,
        typer.Option(
            help="What it does, comma-separated: turns (personas think), delivery (what they say is sent), slow "
            "(imports, pictures, summaries, and what is done at intervals)."
        ),
    ] = EVERY_QUEUE,
) -> None:
    """Do the work that gateways take in, until Ctrl-C or SIGTERM.

    As many as you like on one PostgreSQL (DATABASE_URL). Each queue needs at least one worker; a worker that has both
    turns and delivery saves a step. REDIS_URL lets it begin at once instead of within some seconds.

    `maskarad db upgrade` brings the database up to date first.
    """
    role = Role(name="worker", receives=False, queues=_queues(queues))
    settings = begin()
    needs_many(settings, "worker")
    if settings.telegram_bot_token is None:
        raise SettingsError("TELEGRAM_BOT_TOKEN: is not set; set the same token as the gateways have")
    make_folders(settings)
    with suppress(KeyboardInterrupt):
        serve(settings, role, alone=False, greeting=lambda: _greeting(settings, role))


def _queues(text: str) -> frozenset[Queue]:
    """Raises BadInput."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(names) - set(Queue))
    if unknown or not names:
        raise BadInput(f"--queues: {', '.join(unknown) or 'names none'}; there are {', '.join(Queue)}")
    return frozenset(map(Queue, names))


async def _greeting(settings: Settings, role: Role) -> str:
    names = ", ".join(queue for queue in Queue if queue in role.queues)
    if not settings.llm_api_key and Queue.TURNS in role.queues:
        return f"The worker is running ({names}). LLM_API_KEY is not set: no persona can answer before it is."
    return f"The worker is running ({names})."
