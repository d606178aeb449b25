"""Looking around: menu, help, profile, language, the list of personas, a persona's card."""

from maskarad.db import users
from maskarad.errors import NotFound
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.screens import personas
from maskarad.manager.screens.profile import profile as profile_of
from maskarad.settings import LANGUAGES
from maskarad.values import Screen


async def menu(_desk: Desk, visit: Visit) -> Outcome:
    return Outcome(screen=visit.fixed.menu)


async def help_page(_desk: Desk, visit: Visit) -> Outcome:
    return Outcome(screen=visit.fixed.help)


async def profile(desk: Desk, visit: Visit) -> Outcome:
    return Outcome(screen=await profile_screen(desk, visit))


async def profile_screen(desk: Desk, visit: Visit) -> Screen:
    spent = await desk.spending.get(visit.user.id)
    return profile_of(visit.fixed, visit.account, spent, desk.operating.limits, most_personas=desk.most_personas)


async def language(_desk: Desk, visit: Visit) -> Outcome:
    return Outcome(screen=visit.fixed.language)


async def choose_language(desk: Desk, visit: Visit, wanted: str) -> Outcome:
    if wanted not in LANGUAGES:
        raise NotFound("there is no such language")
    await desk.db.write(lambda c: users.set_language(c, visit.user.id, wanted))
    desk.user_changed(visit.user.id)
    return Outcome(screen=desk.fixed[wanted].menu)


async def persona_list(_desk: Desk, visit: Visit, page: str) -> Outcome:
    return Outcome(screen=personas.persona_list(visit.fixed, visit.account, number(page)))


async def card(_desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    return Outcome(screen=personas.card(visit.words, visit.owned(number(persona_id))))
