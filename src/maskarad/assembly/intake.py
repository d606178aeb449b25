"""The door for messages, what it judges them by, and who weighs what it leaves."""

from collections.abc import Awaitable, Callable

from maskarad.assembly.ground import Ground
from maskarad.intake.accept import Intake, RingToWeigh
from maskarad.intake.flood import Floods
from maskarad.intake.judging import Judging
from maskarad.intake.weighing import Weighing
from maskarad.jobs.bells import RingQueue
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
    analyse: Callable[[str], Analysis] | None,
    *,
    turn_away: Callable[[Bot, Incoming], Awaitable[None]],
    ring: RingQueue,
    ring_to_weigh: RingToWeigh,
) -> Intake:
    """Without `analyse` some messages are left to whoever weighs."""
    return Intake(
        ground.database,
        _judging(ground, personalization, floods, analyse),
        links=ground.snapshots.links,
        turn_away=turn_away,
        ring=ring,
        ring_to_weigh=ring_to_weigh,
        clock=ground.clock,
        gather=_gather(ground),
        default_language=ground.settings.default_language,
    )


def build_weighing(
    ground: Ground,
    personalization: Personalization,
    analyse: Callable[[str], Analysis],
    *,
    find_bot: Callable[[int], Bot | None],
    ring: RingQueue,
) -> Weighing:
    """What somebody asks too fast was counted where it came in."""
    nobody_floods = Floods(most=0, seconds=ground.settings.flood_seconds, clock=ground.clock)
    return Weighing(
        ground.database,
        _judging(ground, personalization, nobody_floods, analyse),
        find_bot=find_bot,
        ring=ring,
        clock=ground.clock,
        gather=_gather(ground),
        failed=ground.metrics.error,
    )


def _gather(ground: Ground) -> float:
    return GATHER if ground.settings.reply_pacing == "natural" else 0.0


def _judging(
    ground: Ground, personalization: Personalization, floods: Floods, analyse: Callable[[str], Analysis] | None
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
