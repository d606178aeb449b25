"""Emoji that the persona puts of its own accord, without asking the model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from maskarad.app import Platform
from maskarad.db import links
from maskarad.values import Chattiness, GroupReply, Manners
from tests.journeys.stage import FRIEND, OWNER, Actor, Stage

GLAD, ANGRY = "Ми перемогли!!! ураааа, я щаслива!", "Ненавиджу тебе, тупий дурню, заткнись!"


@asynccontextmanager
async def playing(stage: Stage, chance: float = 0.0, **settings: object) -> AsyncIterator[None]:
    """The platform with a chance that never changes: at 0 it reacts wherever it may."""
    platform = Platform(stage.settings.model_copy(update=settings), chances=lambda: lambda: chance)
    await platform.start(alone=True)
    try:
        yield
    finally:
        await platform.stop()


async def put(stage: Stage, actor: Actor) -> list[tuple[int, str]]:
    """The reactions that the actor has put: message and emoji."""
    calls = await stage.sandbox.calls(bot=actor.telegram_id, method="setMessageReaction")
    return [(call["params"]["message_id"], call["params"]["reaction"][0]["emoji"]) for call in calls]


async def test_beside_the_talk_of_others_and_no_more_than_the_chat_s_hour_has_room_for(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with playing(stage, reactions_per_hour=2):
        groups = [await stage.group(actor, FRIEND) for _ in range(2)]
        said = []
        for group in groups:
            said += [(await stage.sandbox.say(group, FRIEND, GLAD))["message_id"] for _ in range(5)]
        await stage.settled(actor)
    assert sorted(message for message, _ in await put(stage, actor)) == sorted((*said[:2], *said[5:7]))
    assert {emoji for _, emoji in await put(stage, actor)} == {"👍"}
    assert await stage.prompts() == []
    assert [await stage.spoken_by(actor, group) for group in groups] == [[], []]


async def test_insults_small_talk_and_what_chance_passes_over_get_none(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with playing(stage):
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, FRIEND, ANGRY)
        await stage.sandbox.say(group, FRIEND, "поїзд о сьомій")
        await stage.settled(actor)
    async with playing(stage, chance=0.9):
        await stage.sandbox.say(group, FRIEND, GLAD)
        await stage.settled(actor)
    async with playing(stage, reactions_per_hour=0):
        await stage.sandbox.say(group, FRIEND, GLAD)
        await stage.settled(actor)
    assert await put(stage, actor) == []


async def test_where_people_dislike_what_it_says_it_keeps_its_reactions_to_itself(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with playing(stage):
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.set_role(group, actor.telegram_id, "administrator")
        answer = await stage.sandbox.ask(group, OWNER, "Устиме, що нового?")
        await stage.settled(actor)
        await stage.sandbox.react(group, FRIEND, answer.id, "👎")
        await stage.settled(actor)
        await stage.sandbox.say(group, FRIEND, GLAD)
        await stage.settled(actor)
        assert await put(stage, actor) == []
        await stage.sandbox.react(group, FRIEND, answer.id, "👍")
        await stage.settled(actor)
        await stage.sandbox.say(group, FRIEND, GLAD)
        await stage.settled(actor)
        assert len(await put(stage, actor)) == 1


async def test_thanks_may_be_answered_by_an_emoji_and_a_question_after_them_is_not(stage: Stage) -> None:
    actor = await stage.actor()
    async with playing(stage):
        thanks = await stage.sandbox.say(stage.private(actor), OWNER, "дякую!")
        await stage.settled(actor)
        assert await put(stage, actor) == [(thanks["message_id"], "👍")]
        assert await stage.prompts() == []
        await stage.ask(actor, "дякую, а як дійти?")
    async with playing(stage, chance=0.9):
        await stage.ask(actor, "дякую!")
    assert len(await stage.prompts()) == 2


async def test_who_wants_no_reactions_gets_none_and_the_others_still_do(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with playing(stage):
        await stage.ask(actor, "please don't react to my messages", FRIEND)
        await stage.settled(actor)
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, FRIEND, GLAD)
        wanted = await stage.sandbox.say(group, OWNER, GLAD)
        await stage.settled(actor)
    assert [message for message, _ in await put(stage, actor)] == [wanted["message_id"]]


async def test_the_model_s_reactions_count_and_fit_in_the_same_hour(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    await stage.sandbox.direct_model(replies=['{"response": ["так"], "reaction": "🔥"}'] * 4)
    async with playing(stage, reactions_per_hour=3):
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, FRIEND, GLAD)
        await stage.settled(actor)
        for number in range(4):
            await stage.sandbox.ask(group, OWNER, f"Устиме, що скажеш про погоду {number}?")
            await stage.settled(actor)
        await stage.sandbox.say(group, FRIEND, GLAD)
        await stage.settled(actor)
    assert [emoji for _, emoji in await put(stage, actor)] == ["👍", "🔥", "🔥"]
    assert await stage.spoken_by(actor, group) == ["так"] * 4


async def test_where_administrators_want_it_quiet_the_model_puts_none_either(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(replies=['{"response": ["так"], "reaction": "🔥"}'])
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, FRIEND, "поїзд о сьомій")
        await stage.settled(actor)
        quiet = Manners(chattiness=Chattiness.QUIET)
        await stage.database.write(partial(links.set_manners, link_id=1, manners=quiet))
        await stage.sandbox.ask(group, OWNER, "Устиме, що скажеш про погоду?")
        await stage.settled(actor)
    assert await put(stage, actor) == []
    assert await stage.spoken_by(actor, group) == ["так"]


async def test_who_declined_reactions_gets_an_answer_where_a_reaction_was_all_of_it(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(replies=['{"response": ["добре"]}', '{"response": [], "reaction": "🔥"}'])
    chat = stage.private(actor)
    async with stage.playing():
        await stage.ask(actor, "не реагуй на мої повідомлення")
        answer = await stage.ask(actor, "а що ти думаєш про погоду в горах?")
        await stage.settled(actor)
    assert await put(stage, actor) == []
    assert answer.text == "🔥"
    assert await stage.spoken_by(actor, chat) == ["добре", "🔥"]
