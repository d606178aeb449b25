"""A bot's settings: who may talk to it, whether it talks at all, and unbinding it."""

from collections.abc import Callable

from maskarad.db import Connection, bots, stops
from maskarad.errors import NotFound
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.screens import bots as screens
from maskarad.manager.screens.personas import card as persona_card
from maskarad.manager.steps import Unfit
from maskarad.values import Access

Change = Callable[[Connection, int], None]


async def card(_desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    owned, bot = visit.owned_bot(number(persona_id))
    return Outcome(screen=screens.card(visit.words, owned.persona, bot))


async def access(_desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    _, bot = visit.owned_bot(number(persona_id))
    return Outcome(screen=screens.access(visit.words, bot))


async def set_access(desk: Desk, visit: Visit, persona_id: str, wanted: str) -> Outcome:
    if wanted not in set(Access):
        raise NotFound("there is no such access")
    changed = await change_bot(
        desk, visit, persona_id, lambda c, bot_id: bots.set_access(c, bot_id, Access(wanted), now=desk.clock())
    )
    _, bot = changed.owned_bot(number(persona_id))
    return Outcome(screen=screens.access(visit.words, bot), notice=visit.words.get("toast.saved"))


async def set_enabled(desk: Desk, visit: Visit, persona_id: str, wanted: str) -> Outcome:
    enabled = wanted == "1"
    _, own = visit.owned_bot(number(persona_id))
    if own.is_stopped and enabled:
        raise Unfit("problem.bot_stopped")
    changed = await change_bot(
        desk, visit, persona_id, lambda c, bot_id: bots.set_enabled(c, bot_id, enabled, now=desk.clock())
    )
    owned, bot = changed.owned_bot(number(persona_id))
    notice = visit.words.get("toast.unmuted" if enabled else "toast.muted")
    return Outcome(screen=screens.card(visit.words, owned.persona, bot), notice=notice)


async def ask_unbind(_desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    owned, bot = visit.owned_bot(number(persona_id))
    return Outcome(screen=screens.unbind_question(visit.words, owned.persona, bot))


async def unbind(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    """Part persona and bot; the bot's chats and what was said there are deleted."""

    def part(connection: Connection, bot_id: int) -> None:
        refuse_stopped(connection, number(persona_id))
        bots.unbind(connection, bot_id)

    changed = await change_bot(desk, visit, persona_id, part)
    owned = changed.owned(number(persona_id))
    return Outcome(screen=persona_card(visit.words, owned), notice=visit.words.get("toast.unbound"))


def refuse_stopped(connection: Connection, persona_id: int) -> None:
    """Raises Unfit: a bot that an operator has stopped could be made anew, and would be stopped no longer."""
    if stops.is_bot_stopped(connection, persona_id):
        raise Unfit("problem.bot_stopped")


async def change_bot(desk: Desk, visit: Visit, persona_id: str, change: Change) -> Visit:
    """Change an own bot; returns the visit with the account as it is now. Raises NotFound."""
    _, bot = visit.owned_bot(number(persona_id))

    def write(connection: Connection) -> None:
        bots.token_of_own(connection, visit.user.id, bot.id)
        change(connection, bot.id)

    await desk.db.write(write)
    desk.bot_changed(visit.user.id, bot.id)
    return await desk.again(visit)
