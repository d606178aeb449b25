"""What people put under the persona's messages counts: what is disliked is done less."""

import pytest
from sqlalchemy import select

from maskarad.db.tables import chat_bot_instances, message_reactions
from maskarad.sandbox.person import Heard
from maskarad.values import Access
from tests.journeys.stage import FRIEND, OWNER, STRANGER, Actor, Stage


async def liking(stage: Stage) -> float:
    query = select(chat_bot_instances.c.liking)
    return float(await stage.database.read(lambda connection: connection.execute(query).scalar_one()))


async def kept(stage: Stage) -> list[tuple[int, str]]:
    query = select(message_reactions.c.user_id, message_reactions.c.emoji).order_by(message_reactions.c.user_id)
    rows = await stage.database.read(lambda connection: connection.execute(query).all())
    return [tuple(row) for row in rows]


async def moments(stage: Stage) -> list[str]:
    return [prompt["messages"][-1]["content"] for prompt in await stage.prompts()]


async def administered(stage: Stage, actor: Actor) -> tuple[str, Heard]:
    """A group in which the actor is an administrator, as Telegram wants it for reactions, and what it said there."""
    group = await stage.group(actor, FRIEND, STRANGER)
    await stage.sandbox.set_role(group, actor.telegram_id, "administrator")
    said = await stage.sandbox.ask(group, OWNER, "Устиме, що нового?")
    await stage.settled(actor)
    return group, said


async def test_disliked_it_is_told_so_and_taken_back_it_is_not(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group, said = await administered(stage, actor)
        await stage.sandbox.react(group, FRIEND, said.id, "👎")
        await stage.settled(actor)
        assert await kept(stage) == [(FRIEND, "👎")]
        assert await liking(stage) < 0
        await stage.sandbox.ask(group, OWNER, "Устиме, а ще?")
        await stage.sandbox.react(group, FRIEND, said.id, None)
        await stage.settled(actor)
        assert await kept(stage) == []
        assert await liking(stage) == pytest.approx(0.0, abs=0.001)
        await stage.sandbox.ask(group, OWNER, "Устиме, і що тепер?")
    first, disliked, forgiven = await moments(stage)
    assert "disliked" in disliked
    assert "disliked" not in first
    assert "disliked" not in forgiven


async def test_a_changed_mind_is_one_reaction_and_liking_stays_in_its_chat(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group, said = await administered(stage, actor)
        await stage.sandbox.react(group, FRIEND, said.id, "💩")
        await stage.sandbox.react(group, FRIEND, said.id, "🔥")
        await stage.sandbox.react(group, OWNER, said.id, "❤")
        await stage.settled(actor)
        assert await kept(stage) == [(OWNER, "❤"), (FRIEND, "🔥")]
        assert await liking(stage) > 0.2
        await stage.sandbox.ask(group, OWNER, "Устиме, ти тут?")
        await stage.ask(actor, "а наодинці?")
    _, liked, alone = await moments(stage)
    assert "liked what you said" in liked
    assert "liked" not in alone


async def test_one_person_does_not_decide_for_all(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group, first = await administered(stage, actor)
        said = [first, *[await stage.sandbox.ask(group, OWNER, f"Устиме, а ще? {number}") for number in range(5)]]
        await stage.sandbox.react(group, FRIEND, said[0].id, "👎")
        await stage.settled(actor)
        once = await liking(stage)
        for each in said[1:]:
            await stage.sandbox.react(group, FRIEND, each.id, "👎")
        await stage.settled(actor)
        assert await liking(stage) == pytest.approx(once, abs=0.001)
        for each in said[1:]:
            await stage.sandbox.react(group, FRIEND, each.id, None)
        await stage.settled(actor)
        assert await kept(stage) == [(FRIEND, "👎")]
        assert await liking(stage) == pytest.approx(once, abs=0.001)


async def test_the_same_update_twice_changes_nothing(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group, said = await administered(stage, actor)
        await stage.sandbox.react(group, FRIEND, said.id, "👎")
        await stage.settled(actor)
        once = await liking(stage)
        await stage.sandbox.redeliver(actor.telegram_id)
        await stage.sandbox.say(group, FRIEND, "it comes before this one")
        await stage.settled(actor)
        assert await liking(stage) == once
        assert await kept(stage) == [(FRIEND, "👎")]


async def test_reactions_to_what_others_said_are_not_its_business(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group, _ = await administered(stage, actor)
        message = await stage.sandbox.say(group, OWNER, "Бобе, я купила гарбуз")
        await stage.sandbox.react(group, FRIEND, message["message_id"], "👎")
        await stage.settled(actor)
        assert await kept(stage) == []
        assert await liking(stage) == 0.0


async def test_a_stranger_s_reaction_to_somebody_s_own_persona_counts_for_nothing(stage: Stage) -> None:
    actor = await stage.actor(access=Access.OWNER_ONLY)
    async with stage.playing():
        group, said = await administered(stage, actor)
        await stage.sandbox.react(group, STRANGER, said.id, "👎")
        await stage.settled(actor)
        assert await kept(stage) == []
        assert await liking(stage) == 0.0


async def test_in_private_reactions_count_too_and_reset_forgets_them(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing():
        said = await stage.ask(actor, "як справи?")
        await stage.settled(actor)
        await stage.sandbox.react(chat, OWNER, said.id, "🤮")
        await stage.settled(actor)
        assert await liking(stage) < 0
        question = await stage.ask(actor, "/reset")
        await stage.sandbox.press(chat, OWNER, question.id, label="Так, забути все")
        assert await kept(stage) == []
        assert await liking(stage) == 0.0
