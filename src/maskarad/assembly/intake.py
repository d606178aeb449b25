"""The door for messages, and what it judges them by."""

from collections.abc import Awaitable, Callable

from maskarad.assembly.ground import Ground
from maskarad.intake.accept import Intake, Ring
from maskarad.intake.flood import Floods
from maskarad.intake.judging import Judging
from maskarad.life.reactions import Reactions
from maskarad.memory.analysis import Analysis
from maskarad.memory.personalization import Personalization
from maskarad.values import Bot, Incoming, Sender

GATHER = 1.0
"""Seconds that a persona waits for the rest of what somebody is typing in several messages (REPLY_PACING=natural)."""


def build_intake(
    ground: Ground,
    personalization: Personalization,
    floods: Floods,
    analyse: Callable[[str], Analysis],
    *,
    turn_away: Callable[[Bot, Incoming], Awaitable[None]],
    ring: Ring,
) -> Intake:
    natural = ground.settings.reply_pacing == "natural"
    return Intake(
        ground.database,
        _judging(ground, personalization, floods, analyse),
        links=ground.snapshots.links,
        turn_away=turn_away,
        ring=ring,
        clock=ground.clock,
        gather=GATHER if natural else 0.0,
        default_language=ground.settings.default_language,
    )


def _judging(
    ground: Ground, personalization: Personalization, floods: Floods, analyse: Callable[[str], Analysis]
) -> Judging:
    settings = ground.settings

    async def declines(bot: Bot, sender: Sender) -> bool:
        return sender.id in (await personalization.declined(bot.persona_id)).reactions

    return Judging(
        persona=ground.snapshots.personas.persona,
        analyse=analyse,
        floods=floods,
        flood_remark=lambda language: ground.texts.get(language, "attention.flood"),
        answer_within=settings.answer_within,
        mood_half_life=settings.mood_half_life,
        time_zone=settings.time_zone,
        reactions=Reactions(
            most_per_hour=settings.reactions_per_hour,
            mood_half_life=settings.mood_half_life,
            declines=declines,
            clock=ground.clock,
            chance=ground.chances(),
        ),
    )
