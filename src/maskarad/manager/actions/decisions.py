"""Why a bot answered in its groups, or did not."""

from maskarad.db import decisions
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.screens.decisions import decisions_card


async def show(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    _, bot = visit.owned_bot(number(persona_id))
    now = desk.clock()
    decided = await desk.db.read(lambda c: decisions.latest(c, bot.id, since=now - decisions.KEPT))
    return Outcome(screen=decisions_card(visit.words, bot, decided, now))
