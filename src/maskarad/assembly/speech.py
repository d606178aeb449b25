"""How a persona comes to speak: turns and their delivery, and lines unasked."""

from collections.abc import Awaitable, Callable

from maskarad.assembly.ground import Ground
from maskarad.assembly.memory import Memory
from maskarad.assembly.mind import Mind, Remembering
from maskarad.db.purses import Purse
from maskarad.delivery.deliver import Delivery
from maskarad.delivery.pacing import no_pause, pause_before
from maskarad.jobs.conversation import Conversations
from maskarad.jobs.fairness import FairPlaces
from maskarad.jobs.holding import Holding
from maskarad.jobs.leases import LEASE
from maskarad.life.occasion import Rules
from maskarad.life.spontaneity import Spontaneity
from maskarad.purse.notice import rest_notice
from maskarad.telegram.send import Sender
from maskarad.telegram.typing import Typing
from maskarad.turn.run import Turns
from maskarad.values import Bot, Purpose, Queue


def build_conversations(
    ground: Ground,
    mind: Mind,
    remembering: Remembering,
    sender: Sender,
    holding: Holding,
    *,
    queues: frozenset[Queue],
    find_bot: Callable[[int], Bot | None],
    moved: Callable[[int, int, int], None],
    model_failed: Callable[[Bot, str], Awaitable[None]],
    purse_empty: Callable[[Bot, Purse], Awaitable[None]],
) -> Conversations:
    settings = ground.settings
    typing = Typing(sender).shown
    turns = Turns(
        ground.database,
        mind.model_for(Purpose.TURN),
        mind.purses,
        speaker=ground.snapshots.personas.speaker,
        typing=typing,
        recall=remembering.recall.for_turn,
        apology=lambda language: ground.texts.get(language, "persona.apology"),
        model_failed=model_failed,
        rest_notice=lambda language, purse: rest_notice(ground.texts, language, purse, ground.clock()),
        purse_empty=purse_empty,
        analyze=mind.analyzer.now,
        mood_half_life=settings.mood_half_life,
        reactions_per_hour=settings.reactions_per_hour,
        prompt_tokens=settings.prompt_tokens,
        clock=ground.clock,
        metrics=ground.metrics,
    )
    delivery = Delivery(
        ground.database,
        sender,
        pause_before=pause_before if settings.reply_pacing == "natural" else no_pause,
        typing=typing,
        moved=moved,
        make_sure=holding.make_sure,
        is_served=lambda bot_id: find_bot(bot_id) is not None,
        doubt=holding.doubt,
        clock=ground.clock,
        failed=ground.metrics.error,
    )
    return Conversations(
        ground.database,
        turns,
        delivery,
        holding=holding,
        thinking=FairPlaces(settings.llm_max_connections),
        queues=queues,
        ring=ground.bells.ring,
        find_bot=find_bot,
        clock=ground.clock,
        metrics=ground.metrics,
    )


def build_spontaneity(
    ground: Ground,
    mind: Mind,
    memory: Memory,
    holding: Holding,
    *,
    find_bot: Callable[[int], Bot | None],
    ring: Callable[[int, int], None],
) -> Spontaneity:
    settings = ground.settings
    quiet_from, quiet_until = settings.quiet_from_until
    return Spontaneity(
        ground.database,
        mind.model_for(Purpose.SPONTANEOUS),
        mind.purses,
        find_bot=find_bot,
        speaker=ground.snapshots.personas.speaker,
        analyze=mind.analyzer.analyze_many,
        known=memory.personalization.known,
        holding=holding.holding,
        ring=ring,
        rules=Rules(
            min_pause=60 * settings.spontaneity_min_pause,
            per_day=settings.spontaneity_per_day,
            zone=settings.time_zone,
            quiet_from=quiet_from,
            quiet_until=quiet_until,
        ),
        lease=LEASE,
        mood_half_life=settings.mood_half_life,
        metrics=ground.metrics,
        clock=ground.clock,
        chance=ground.chances(),
    )
