"""Updates that fail by a fault of ours: they are counted over all processes, and put aside in the end."""

import json
import re
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import get_args

import msgspec
import structlog

from maskarad.db import failed_updates
from maskarad.db.engine import Database
from maskarad.db.failed_updates import ATTEMPTS, UpdateKey
from maskarad.errors import DatabaseUnavailable, StatementTimedOut
from maskarad.metrics import Metrics
from maskarad.setting_shapes import TOKEN_SHAPE
from maskarad.telegram.handling import Handle, UpdateFailed
from maskarad.values import Event, Incoming, Press, ReactionChange

log = structlog.get_logger()

KINDS = {kind.__name__: kind for kind in get_args(Event)}

OWN_CODE = f"{Path(__file__).parent.parent}/"

_TOKEN = re.compile(TOKEN_SHAPE)


class Quarantine:
    """`handle`, with an end to what fails again and again: `ATTEMPTS` failures, counted over all processes, and the
    update is put aside. An update that works costs nothing, unless it is known to have failed."""

    def __init__(self, handle: Handle, database: Database, *, clock: Callable[[], float], metrics: Metrics) -> None:
        self._handle = handle
        self._database = database
        self._metrics = metrics
        self._clock = clock
        self._known: set[UpdateKey] = set()

    def remember(self, known: Iterable[UpdateKey]) -> None:
        """Those that have failed, as their rows say now, in this process or another."""
        self._known = set(known)

    async def handle(self, event: Event) -> None:
        """Returns when the event is stored or put aside. Raises DatabaseUnavailable, UpdateFailed."""
        try:
            await self._handle(event)
        except StatementTimedOut as error:  # the update may be what takes so long
            await self._failed(event, error)
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # an update's outermost step: it counts, and the others go on
            await self._failed(event, error)
        else:
            await self._worked((event.bot_id, event.update_id))

    async def _worked(self, key: UpdateKey) -> None:
        if key in self._known:
            await self._database.write(partial(failed_updates.drop, key=key))
            self._known.discard(key)

    async def _failed(self, event: Event, error: Exception) -> None:
        """Count a failure; returns when it is put aside with that. Raises DatabaseUnavailable, UpdateFailed."""
        self._metrics.error(error)
        key = event.bot_id, event.update_id
        count = partial(
            failed_updates.count,
            key=key,
            user_id=author_of(event),
            body=body_of(event),
            error=fault(error),
            now=self._clock(),
        )
        attempts = await self._database.write(count)
        self._known.add(key)
        log_failure(key, attempts, error)
        if attempts < ATTEMPTS:
            raise UpdateFailed(f"a fault of ours ({type(error).__name__})") from error


def log_failure(key: UpdateKey, attempts: int, error: Exception) -> None:
    bot_id, update_id = key
    log.error(
        "update_failed",
        bot_id=bot_id,
        update_id=update_id,
        attempts=attempts,
        put_aside=attempts >= ATTEMPTS,
        exc_info=error,
    )


def author_of(event: Event) -> int:
    """Whose words or doing it is; 0 for nobody's."""
    return event.sender.id if isinstance(event, Incoming | Press | ReactionChange) else 0


def body_of(event: Event) -> str:
    """ASCII, so that every database takes it, whatever people wrote; what looks like a bot's token is left out."""
    written = msgspec.to_builtins(event)
    if isinstance(event, Incoming):
        written["text"] = _TOKEN.sub("…", event.text)
    return json.dumps({"kind": type(event).__name__, "event": written}, separators=(",", ":"))


def event_of(body: str) -> Event:
    """Raises ValueError when an older version wrote it in a form that this one does not know."""
    try:
        written = json.loads(body)
        event: Event = msgspec.convert(written["event"], KINDS[written["kind"]])
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise ValueError("an update in a form that this version does not know") from error
    return event


def fault(error: BaseException) -> str:
    """Type and place in our code, for a row: no message of it, which may hold people's words or a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(OWN_CODE)]
    if not own:
        return type(error).__name__
    place = own[-1]
    return f"{type(error).__name__} in {place.filename.removeprefix(OWN_CODE)}:{place.lineno} ({place.name})"
