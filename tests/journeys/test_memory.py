"""What a persona remembers of long ago: found by its words, summed up, and of this chat only."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from maskarad.db.tables import usage_records
from maskarad.memory.context import ContextStore
from maskarad.sandbox.person import Object
from maskarad.values import Chat, ChatType, Incoming, Sender
from tests.journeys.stage import FRIEND, OWNER, Actor, Stage
from tests.memory.folding import recalled
from tests.support.until import until

LONG_TALK = 120
SUMMARY = "Оксана любить гарбузи; вони з Устимом домовилися піти на Чорногору."


def said_in(prompt: Object) -> Iterator[dict[str, Any]]:
    for message in prompt["messages"]:
        if message["role"] == "user":
            yield from (json.loads(line) for line in message["content"].splitlines())


async def long_ago(stage: Stage, actor: Actor, text: str) -> int:
    """Oksana has said something in private, and much else before she greets the persona now. Returns the link."""
    async with stage.playing():
        await stage.ask(actor, "привіт")
        await stage.settled(actor)
    store = ContextStore(stage.database, clock=lambda: 2_000_000_000.0)
    [active] = await store.get_active_chats(0)
    talk = [text, *(f"сьогодні чайник закипів {number} разів" for number in range(LONG_TALK))]
    for number, said in enumerate(talk):
        assert await store.save_message(active.link_id, in_private(actor, said, number))
    return active.link_id


def in_private(actor: Actor, text: str, number: int) -> Incoming:
    return Incoming(
        bot_id=actor.bot_id,
        update_id=0,
        chat=Chat(id=OWNER, type=ChatType.PRIVATE),
        message_id=number - 1_000,
        sender=Sender(id=OWNER, name="Оксана"),
        text=text,
        sent_at=1_700_000_000.0 + number,
    )


async def summarised(stage: Stage, link_id: int) -> None:
    async def is_there() -> bool:
        return bool((await recalled(stage.database, link_id)).summary)

    await until(is_there)


async def test_what_was_said_long_ago_is_remembered(stage: Stage) -> None:
    actor = await stage.actor()
    link_id = await long_ago(stage, actor, "мого кота звати Мурчик")
    await stage.sandbox.direct_model(replies=[json.dumps({"summary": SUMMARY})])
    async with stage.playing():
        await summarised(stage, link_id)
        answer = await stage.ask(actor, "як звати мого кота?")
    assert "Мурчик" in answer.text
    prompt = list(said_in((await stage.prompts())[-1]))
    assert prompt[0] == {"summary": SUMMARY}
    assert prompt[1]["text"] == "мого кота звати Мурчик"
    assert "on" in prompt[1]
    assert [line["text"] for line in prompt if line.get("new")] == ["як звати мого кота?"]
    still_told = str(prompt[2:])
    assert "закипів 119 разів" in still_told
    assert "закипів 70 разів" not in still_told


async def test_the_summary_is_paid_from_its_own_purse_and_asked_for_as_data(stage: Stage) -> None:
    actor = await stage.actor()
    link_id = await long_ago(stage, actor, "я люблю гарбузи")
    await stage.sandbox.direct_model(replies=[json.dumps({"summary": SUMMARY})])
    async with stage.playing():
        await summarised(stage, link_id)
    paid = select(usage_records.c.bot_instance_id, usage_records.c.user_id).where(usage_records.c.purpose == "summary")
    assert await stage.database.read(lambda connection: connection.execute(paid).all()) == [(actor.bot_id, 0)]
    request = (await stage.prompts())[-1]
    assert "You keep the memory of a chat" in request["messages"][0]["content"]
    assert any(line["text"] == "я люблю гарбузи" for line in said_in(request))


async def test_with_a_silent_model_the_persona_still_knows_what_it_was_about(stage: Stage) -> None:
    actor = await stage.actor()
    link_id = await long_ago(stage, actor, "я люблю гарбузи")
    await stage.sandbox.direct_model(faults=[{"status": 500, "times": 9}])
    async with stage.playing():
        await summarised(stage, link_id)
        await stage.sandbox.direct_model(clear=True)
        await stage.ask(actor, "про що ми говорили?")
    prompt = list(said_in((await stage.prompts())[-1]))
    assert "чайник" in str(prompt[0]["summary"])


async def test_what_is_remembered_of_a_private_chat_stays_there(stage: Stage) -> None:
    actor = await stage.actor()
    link_id = await long_ago(stage, actor, "мого кота звати Мурчик")
    await stage.sandbox.direct_model(replies=[json.dumps({"summary": SUMMARY})])
    async with stage.playing():
        await summarised(stage, link_id)
        before = len(await stage.prompts())
        group = await stage.group(actor, FRIEND)
        await stage.sandbox.ask(group, OWNER, "Устиме, як звати мого кота?")
        await stage.ask(actor, "як звати мого кота?", FRIEND)
    elsewhere = str((await stage.prompts())[before:])
    assert "Мурчик" not in elsewhere
    assert "Чорногору" not in elsewhere
