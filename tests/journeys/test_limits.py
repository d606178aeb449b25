"""What a person, a bot and an owner may spend: as Telegram, the model and the owner see it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from maskarad.app import Platform
from maskarad.db import Connection, prices, purses
from maskarad.db.purses import Spent
from maskarad.purse.limits import purse_of
from maskarad.values import GroupReply, Price, Scope
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, STRANGER, Actor, Stage
from tests.support.until import until

REST = "Поки що не можу вам відповідати. Напишіть мені знову приблизно за "
REST_OF_ALL = "Мені треба трохи перепочити. Напишіть мені знову приблизно за "
REST_OF_THE_MONTH = "Мене якийсь час не буде. Напишіть мені знову приблизно за "
AS_ANSWER = '{"response": ["так"]}'


@asynccontextmanager
async def playing(stage: Stage, **limits: Any) -> AsyncIterator[Platform]:
    stage.settings = stage.settings.model_copy(update=limits)
    async with stage.playing() as platform:
        yield platform


async def spent(stage: Stage, scope: Scope, holder: int) -> Spent:
    purse = purse_of(scope, holder, time.time())

    def read(connection: Connection) -> Spent:
        return purses.spent(connection, purse.scope, purse.holder, purse.period)

    return await stage.database.read(read)


async def spent_on(stage: Stage, actor: Actor, person: int = OWNER) -> list[Spent]:
    """Of the person, the bot and its owner."""
    holders = {Scope.USER: person, Scope.BOT: actor.bot_id, Scope.OWNER: OWNER}
    return [await spent(stage, scope, holder) for scope, holder in holders.items()]


async def heard_by(stage: Stage, actor: Actor, person: int) -> list[str]:
    return await stage.spoken_by(actor, stage.private(actor, person))


async def test_at_the_day_s_limit_a_person_hears_one_sentence_and_then_silence(stage: Stage) -> None:
    actor = await stage.actor()
    async with playing(stage, limit_user_day_messages=2):
        for _ in range(2):
            await stage.ask(actor, "привіт", FRIEND)
            await stage.settled(actor)
        told = await stage.ask(actor, "ти тут?", FRIEND)
        assert told.text.startswith(REST)
        assert told.text.split()[-1].rstrip(".") in ("годину", "години", "годин")
        for text in ("агов", "агов?"):
            await stage.sandbox.say(stage.private(actor, FRIEND), FRIEND, text)
            await stage.settled(actor)
        assert len(await stage.prompts()) == 2
        assert len(await heard_by(stage, actor, FRIEND)) == 3
        assert not (await stage.ask(actor, "привіт", STRANGER)).text.startswith(REST)
    assert (await spent(stage, Scope.USER, FRIEND)).messages == 2


async def test_the_sentence_is_in_the_language_of_the_talk(stage: Stage) -> None:
    actor = await stage.actor()
    async with playing(stage, limit_bot_day_messages=1):
        await stage.ask(actor, "привіт", OWNER)
        await stage.settled(actor)
        told = await stage.ask(actor, "good morning, are you there?", FRIEND)
        assert told.text.startswith("I need a little rest now.")
        told = await stage.ask(actor, "ты где был вчера?", STRANGER)
        assert told.text.startswith("Мне нужно немного передохнуть.")


async def test_an_empty_purse_of_a_bot_silences_it_and_its_owner_hears_why_once(stage: Stage) -> None:
    actor, other = await stage.actor(), await stage.actor("Мотря")
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    async with playing(stage, limit_bot_day_messages=1):
        await stage.sandbox.ask(manager, OWNER, "/start")
        before = await stage.sandbox.position()
        await stage.ask(actor, "привіт", FRIEND)
        await stage.settled(actor)
        for person in (FRIEND, STRANGER):
            assert (await stage.ask(actor, "ти тут?", person)).text.startswith(REST_OF_ALL)
            await stage.settled(actor)
        told = await stage.told_owner(before)
        assert all(word in told.text for word in ("Устим", "денний ліміт", "LIMIT_BOT_DAY_MESSAGES"))
        assert not (await stage.ask(other, "привіт", FRIEND)).text.startswith(REST_OF_ALL)
        await stage.settled(other)
    said = [each["text"] for each in (await stage.sandbox.chat(manager))["messages"] if "text" in each]
    assert len([text for text in said if "денний ліміт" in text]) == 1


async def test_a_month_s_limit_is_for_all_bots_of_an_owner(stage: Stage) -> None:
    actor, other = await stage.actor(), await stage.actor("Мотря")
    async with playing(stage, limit_owner_month_tokens=1_200):
        manager = stage.sandbox.private(OWNER, MANAGER_ID)
        await stage.sandbox.ask(manager, OWNER, "/start")
        before = await stage.sandbox.position()
        assert (await stage.ask(actor, "привіт", FRIEND)).text.startswith(REST_OF_THE_MONTH)
        assert (await stage.ask(other, "привіт", FRIEND)).text.startswith(REST_OF_THE_MONTH)
        assert "LIMIT_OWNER_MONTH_MESSAGES" in (await stage.told_owner(before)).text
    assert await stage.prompts() == []


async def test_who_never_spoke_to_the_persona_hears_nothing_of_its_limits(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_OR_CONTEXTUAL)
    async with playing(stage, limit_bot_day_messages=1) as platform:
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, FRIEND, "hello there")
        await stage.sandbox.ask(group, OWNER, "Устиме, привіт")
        await stage.settled(actor)
        await stage.sandbox.say(group, FRIEND, "does anybody know the time?")
        await stage.settled(actor)
        assert 'maskarad_limits_reached_total{scope="bot"} 1.0' in await metrics_of(platform)
    assert len(await stage.spoken_by(actor, group)) == 1


async def metrics_of(platform: Platform) -> str:
    async with aiohttp.request("GET", f"http://127.0.0.1:{platform.port}/metrics") as answer:
        return await answer.text()


async def test_what_the_provider_says_it_took_is_what_is_counted(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(cost=0.125)
    async with playing(stage):
        await stage.ask(actor, "привіт", FRIEND)
        await stage.settled(actor)
    found = await spent_on(stage, actor, FRIEND)
    assert [each.money for each in found] == [125_000] * 3
    assert [each.messages for each in found] == [1] * 3


async def test_money_goes_by_the_price_table_and_is_never_spoken_of(stage: Stage) -> None:
    actor = await stage.actor()
    async with playing(
        stage, llm_prices=("openai/gpt-4o-mini=1000/1000",), limit_user_day_money=3.0, limit_bot_day_money=0
    ):
        await stage.ask(actor, "привіт", FRIEND)
        await stage.settled(actor)
        [user, *others] = await spent_on(stage, actor, FRIEND)
        assert others == [user, user]
        assert user.money == 1_000 * user.tokens > 0
        told = ""
        while not told.startswith(REST):
            told = (await stage.ask(actor, "а далі?", FRIEND)).text
            await stage.settled(actor)
        assert re.fullmatch(r"\d+ годин[уи]?\.", told.removeprefix(REST))
        assert (await spent(stage, Scope.USER, FRIEND)).money <= 3_000_000


async def test_a_call_that_brought_no_answer_costs_nothing(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(faults=[{"status": 400, "times": 9}])
    async with playing(stage):
        await stage.ask(actor, "привіт", FRIEND)
        await stage.settled(actor)
    assert await spent_on(stage, actor, FRIEND) == [Spent()] * 3


async def test_an_answer_of_nothing_is_paid_for_until_the_purse_is_empty(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(faults=[{"kind": "empty", "times": 99}], cost=0.125)
    async with playing(stage, limit_user_day_money=0.5):
        for _ in range(3):
            await stage.sandbox.say(stage.private(actor, FRIEND), FRIEND, "привіт")
            await stage.settled(actor)
        asked = len(await stage.prompts())
        assert REST in (await heard_by(stage, actor, FRIEND))[-1]
    user, *others = await spent_on(stage, actor, FRIEND)
    assert user.money == 125_000 * asked
    assert asked <= 6, "three tries each: the second turn begins below the limit, the third does not"
    assert (user.messages, others) == (0, [user, user])


async def test_tries_that_failed_are_paid_for_with_the_answer(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(faults=[{"kind": "empty", "times": 1}], cost=0.125)
    async with playing(stage):
        await stage.ask(actor, "привіт", FRIEND)
        await stage.settled(actor)
    assert [each.money for each in await spent_on(stage, actor, FRIEND)] == [250_000] * 3
    assert [each.messages for each in await spent_on(stage, actor, FRIEND)] == [1] * 3


async def test_a_persona_that_stays_silent_has_given_no_answer_but_was_paid_for(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_OR_CONTEXTUAL)
    await stage.sandbox.direct_model(replies=[AS_ANSWER, '{"response": []}'])
    async with playing(stage):
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.say(group, FRIEND, "hello there")
        await stage.sandbox.ask(group, OWNER, "Устиме, привіт")
        await stage.settled(actor)
        await stage.sandbox.say(group, FRIEND, "does anybody know the time?")
        await stage.until_model_is_asked(2)
        await stage.settled(actor)
    friend = await spent(stage, Scope.USER, FRIEND)
    assert friend.messages == 0
    assert friend.tokens > 0
    assert friend.money > 0


async def test_prices_that_the_provider_tells_are_known_to_every_process(stage: Stage) -> None:
    await stage.actor()
    await stage.sandbox.direct_model(prices={"a/b": ("0.000001", "0.000004"), "a/auto": ("-1", "-1")})

    async def told() -> bool:
        return await stage.database.read(prices.everything) == {"a/b": Price(prompt=1.0, completion=4.0)}

    async with playing(stage):
        await until(told)


async def test_a_turn_that_nobody_hears_any_more_is_paid_for_all_the_same(stage: Stage) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(delay=1.0, cost=0.125)
    async with playing(stage):
        await stage.sandbox.say(stage.private(actor), OWNER, "привіт")
        await stage.until_model_is_asked(1)
        await stage.ask(actor, "/mute")
        await until(lambda: _is_paid(stage, actor))
    assert [each.money for each in await spent_on(stage, actor)] == [125_000] * 3


async def _is_paid(stage: Stage, actor: Actor) -> bool:
    return (await spent(stage, Scope.BOT, actor.bot_id)).money == 125_000


async def test_of_many_who_ask_at_once_no_more_are_answered_than_the_bot_may(stage: Stage) -> None:
    actor = await stage.actor()
    people = range(5_000, 5_100)
    for person in people:
        await stage.sandbox.add_user(f"Guest {person}", id=person, language_code="uk")
    await stage.sandbox.direct_model(delay=0.3)
    async with playing(stage, limit_bot_day_messages=37):
        told = await asyncio.gather(*(stage.ask(actor, "привіт", person) for person in people))
        await stage.settled(actor)
    assert len(await stage.prompts()) == 37
    assert sum(each.text.startswith(REST_OF_ALL) for each in told) == len(people) - 37
    assert (await spent(stage, Scope.BOT, actor.bot_id)).messages == 37
