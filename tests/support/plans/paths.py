"""All hot queries, by the path that they lie on, and their plans."""

from maskarad.db.engine import Database
from tests.support.databases import connect
from tests.support.plans.background import BACKGROUND
from tests.support.plans.crowd import fill
from tests.support.plans.errands import ERRANDS
from tests.support.plans.explain import Planned, plans_of
from tests.support.plans.hot import Hot
from tests.support.plans.importing import IMPORTING
from tests.support.plans.memory import FOLDING, LEARNING, REMEMBERING
from tests.support.plans.messages import INTAKE, TURN
from tests.support.plans.numbers import OF_CHAT, OF_OWNER
from tests.support.plans.people import ABOUT_ME, ANALYSES, KNOWING, REACTING
from tests.support.plans.presses import COMMAND, PRESS
from tests.support.plans.weighing import WEIGHING

PATHS: dict[str, tuple[Hot, ...]] = {
    "A press of a button": (*PRESS, *OF_OWNER),
    "Taking in a message": (*INTAKE, *WEIGHING),
    "A turn": (*TURN, *KNOWING, *REMEMBERING),
    "A reaction to what the persona said": REACTING,
    "Commands of a persona bot": (*COMMAND, *OF_CHAT, *ABOUT_ME),
    "An import": IMPORTING,
    "In the background": (*BACKGROUND, *ERRANDS, *LEARNING, *ANALYSES, *FOLDING),
}

HOT = tuple(query for queries in PATHS.values() for query in queries)

Plans = dict[str, list[Planned]]
"""By the query's name, a plan for each statement that it sends."""


async def crowded_plans(url: str) -> Plans:
    """The plans of all hot queries on an empty, migrated database, which is filled first."""
    database = connect(url)
    try:
        await database.write(fill)
        return await plans_of_all(database)
    finally:
        await database.close()


async def plans_of_all(database: Database) -> Plans:
    return {query.name: await plans_of(database, query.run) for query in HOT}
