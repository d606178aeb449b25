"""Raw updates become events, the same way for polls and webhooks; what cannot be read is skipped, and counted."""

import structlog

from maskarad.errors import MalformedUpdate
from maskarad.metrics import Metrics
from maskarad.telegram.read import read_update, update_kind
from maskarad.values import Event, JsonObject

log = structlog.get_logger()


class Reading:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def event(self, update: JsonObject, bot_id: int) -> Event | None:
        """None for an update that says nothing to us, or that we cannot read: refused, it would come again and again
        and hold up what follows in its chat."""
        try:
            event = read_update(update, bot_id)
        except MalformedUpdate as error:
            log.warning("update_malformed", bot_id=bot_id, error=str(error))
            self._metrics.update.count(update_kind(update), "malformed")
            self._metrics.error(error)
            return None
        if event is None:
            self._metrics.update.count(update_kind(update), "ok")
        return event
