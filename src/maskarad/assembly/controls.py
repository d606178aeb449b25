"""The commands and buttons of persona bots."""

from collections.abc import Awaitable, Callable
from functools import partial

from maskarad.analytics.orders import Orders
from maskarad.assembly.ground import Ground
from maskarad.assembly.memory import Memory
from maskarad.controls.commands import Commands
from maskarad.controls.desk import ControlDesk, Messenger
from maskarad.controls.exporting import Exporting
from maskarad.controls.manners import GroupManners
from maskarad.controls.mood import Moods
from maskarad.controls.personal import Personal
from maskarad.controls.statistics import Statistics
from maskarad.controls.talk import Talk
from maskarad.intake.flood import Floods
from maskarad.values import Bot, Incoming

LEARNT_AT_ONCE = 2000
"""Lines that somebody who asks for statistics waits for; the rest is learnt in the background."""


def build_commands(
    ground: Ground,
    memory: Memory,
    messenger: Messenger,
    pictures: Orders,
    exporting: Exporting,
    floods: Floods,
    *,
    turn_away: Callable[[Bot, Incoming], Awaitable[None]],
) -> Commands:
    settings, snapshots = ground.settings, ground.snapshots
    desk = ControlDesk(
        ground.database,
        messenger,
        persona=snapshots.personas.persona,
        links=snapshots.links,
        clock=ground.clock,
    )
    families = (
        Talk(desk, on_reset=memory.personalization.chat_reset),
        Moods(desk, half_life=settings.mood_half_life),
        GroupManners(desk, time_zone=settings.time_zone),
        Personal(
            desk,
            memory.personalization,
            memory.learn,
            exporting,
            memory.forgetting,
            zone=settings.time_zone,
        ),
        Statistics(desk, pictures, learn=partial(memory.learn, most=LEARNT_AT_ONCE), zone=settings.time_zone),
    )
    return Commands(
        desk, families, ground.texts, turn_away=turn_away, floods=floods, answer_within=settings.answer_within
    )
