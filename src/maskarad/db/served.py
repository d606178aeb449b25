"""Which bots are at work: whose updates are taken, who speak and spend. What waits for the others stays as it is."""

from sqlalchemy import and_

from maskarad.db.tables import bot_instances
from maskarad.values import BotState

IS_SERVED = and_(
    bot_instances.c.enabled, bot_instances.c.state == BotState.WORKING.value, bot_instances.c.stopped_at.is_(None)
)
