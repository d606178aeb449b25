"""/stats and /analytics: all of the owner's personas together first, then each by its button."""

from collections.abc import Mapping

from maskarad.analytics.figures import zone_of
from maskarad.analytics.orders import OfOwner, Picture, Place
from maskarad.db import Connection, owned
from maskarad.db.owned import OwnedTotals
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.screens.statistics import EVERYBODY, numbers, pictures
from maskarad.values import MANAGER_BOT_ID


async def stats(desk: Desk, visit: Visit, persona_id: str, page: str) -> Outcome:
    if not visit.account.owned:
        return Outcome(screen=visit.fixed.no_personas)
    chosen = _chosen(visit, persona_id)

    def read(connection: Connection) -> tuple[OwnedTotals, Mapping[int, int]]:
        owner_id = visit.user.id
        return (
            owned.totals(connection, owner_id, chosen or None),
            owned.messages_by_persona(connection, owner_id),
        )

    totals, by_persona = await desk.db.read(read)
    zone = zone_of(desk.time_zone)
    return Outcome(screen=numbers(visit.words, visit.account, chosen, number(page), totals, by_persona, zone))


async def choose_picture(_desk: Desk, visit: Visit, page: str) -> Outcome:
    if not visit.account.owned:
        return Outcome(screen=visit.fixed.no_personas)
    return Outcome(screen=pictures(visit.words, visit.account, number(page)))


async def picture(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    """It comes in a message of its own when it is drawn."""
    chosen, words, owner_id = _chosen(visit, persona_id), visit.words, visit.user.id
    wanted = Picture(
        place=Place(bot_id=MANAGER_BOT_ID, chat_id=owner_id),
        subject=OfOwner(owner_id=owner_id, persona_id=chosen),
        language=words.language,
    )
    taken = await desk.pictures.take(wanted, owner_id=owner_id)
    return Outcome(notice=words.get("analytics.drawing" if taken else "analytics.still_drawing"))


def _chosen(visit: Visit, persona_id: str) -> int:
    """An own persona's id, or `EVERYBODY`. Raises NotFound."""
    chosen = number(persona_id)
    return chosen if chosen == EVERYBODY else visit.owned(chosen).persona.id
