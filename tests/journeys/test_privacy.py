"""What was said in private reaches nobody else, and a person who wants to be forgotten leaves no trace."""

import json
from functools import partial

from sqlalchemy import Connection, insert, select, text, update

from maskarad.db import failed_updates, hearing, links, wizards
from maskarad.db.engine import Database
from maskarad.db.tables import (
    FOLD_FROM,
    chat_bot_instances,
    chat_contexts,
    conversation_summaries,
    message_reactions,
)
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.learning import Learning
from maskarad.values import Chat, ChatType, GroupReply, Incoming, Sender, Spontaneity
from tests.journeys.stage import FRIEND, OWNER, Actor, Stage
from tests.journeys.test_import import Owner, id_of, is_known
from tests.journeys.test_spontaneity import clock as clock
from tests.journeys.test_spontaneity import fall_silent, has_looked, playing
from tests.support.clock import FakeClock
from tests.support.contents import everything, holding
from tests.support.rows import NOW
from tests.support.until import until

QUENTIN = 777_123_456
SECRET = "plumbago"
SUMMING_UP, STARTING = "You keep the memory of a chat", "Nobody has spoken to you."
TRACES = (SECRET, "quentin", "quincy", str(QUENTIN))
INDEX = {
    "sqlite": "INSERT INTO history_index (rowid, words) VALUES (:id, :words)",
    "postgresql": "INSERT INTO history_index (id, words) VALUES (:id, to_tsvector('simple', :words))",
}


async def learn_all(database: Database) -> None:
    """As the platform does in time: days, habits, and analyses in the table."""
    analyzer = Analyzer(database, clock=lambda: NOW)
    for link_id in await database.read(lambda connection: list(connection.execute(_LINKS).scalars())):
        await Learning(database, analyzer, clock=lambda: NOW).learn(link_id)
    await analyzer.flush()


_LINKS = select(chat_bot_instances.c.id)
_CHATS = select(chat_bot_instances.c.id, chat_bot_instances.c.chat_id)


def plant(connection: Connection, actor: Actor) -> None:
    """What takes a long life, or luck, to come about by the front door."""
    for link_id, chat_id in connection.execute(_CHATS).all():
        told = "Оксана: шафран" if chat_id == OWNER else f"Quentin: {SECRET}"
        for kind in ("summary", "digest"):
            summary = {"kind": kind, "from_order": 1, "to_order": 2, "text": told, "created_at": NOW}
            connection.execute(insert(conversation_summaries).values(chat_bot_instance_id=link_id, **summary))
        reaction = {"message_order": 2, "emoji": "👍", "value": 1.0, "reacted_at": NOW}
        for user_id in (QUENTIN, OWNER):
            values = {"chat_bot_instance_id": link_id, "user_id": user_id, **reaction}
            connection.execute(insert(message_reactions).values(values))
    reason = f'{{"kind":"said","at":1,"emotion":"joy","user_id":{QUENTIN},"name":"Quentin"}}'
    connection.execute(update(chat_bot_instances).values(mood_reason=reason))
    wizards.save(connection, actor.bot_id, QUENTIN, f'{{"about":"{SECRET}"}}', now=NOW)
    body = f'{{"sender":{{"id":{QUENTIN}}},"text":"{SECRET}"}}'
    for _ in range(failed_updates.ATTEMPTS):
        key = actor.bot_id, 1
        failed_updates.count(connection, key, user_id=QUENTIN, body=body, error="ValueError", now=NOW)
    for row in connection.execute(select(chat_contexts.c.id, chat_contexts.c.text)).all():
        connection.execute(text(INDEX[connection.dialect.name]), {"id": row.id, "words": row.text})


async def live_together(stage: Stage, actor: Actor) -> str:
    """Quentin and Oksana each talk with the persona in private and in one group, whose key this returns."""
    await stage.sandbox.add_user("Quentin", id=QUENTIN, language_code="en", username="quentin_in")
    await stage.ask(actor, f"call me Quincy, and my secret is {SECRET}", QUENTIN)
    await stage.ask(actor, "не говори про шафран")
    group = await stage.group(actor, QUENTIN)
    await stage.sandbox.direct_model(replies=[f'{{"response": ["{SECRET} again?", "Dear Quentin!"]}}'])
    asked = await stage.sandbox.ask(group, QUENTIN, f"@{actor.username} {SECRET} is what I said")
    await stage.sandbox.next_message(group, after=asked.seq)
    await stage.sandbox.direct_model(replies=['{"response": ["Шафран коштує дорого"]}'])
    await stage.sandbox.ask(group, OWNER, "Устиме, скільки коштує шафран?")
    await stage.sandbox.direct_model(replies=['{"response": ["Квентін? Quentin is fine"]}'])
    await stage.sandbox.ask(group, OWNER, "Устиме, а як наш друг?")
    await stage.sandbox.say(group, OWNER, "він таке сказав", forward_from=QUENTIN)
    await stage.settled(actor)
    await learn_all(stage.database)
    await stage.database.write(partial(plant, actor=actor))
    return group


async def forget(stage: Stage, actor: Actor, person: int) -> None:
    question = await stage.ask(actor, "/forget_me", person)
    await stage.sandbox.press(stage.private(actor, person), person, question.id, label="Yes, forget me")


async def test_the_forgotten_leave_no_trace_and_others_lose_nothing(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    async with stage.playing():
        await live_together(stage, actor)
        before = await stage.database.read(everything)
        known = {(table, word) for table, word in holding(before, *TRACES)}
        await forget(stage, actor, QUENTIN)
        after = await stage.database.read(everything)
    assert {table for table, _ in known} >= {
        *("users", "chat_contexts", "chat_bot_instances", "interaction_patterns", "user_preferences"),
        *("conversation_summaries", "message_reactions", "usage_records", "wizard_states", "analysis_cache"),
        *("history_index", "failed_updates"),
    }
    assert holding(after, *TRACES) == []
    theirs = {
        *(("chat_contexts", word) for word in ("шафран", str(OWNER))),
        *(("conversation_summaries", "шафран"), ("user_preferences", "шафран"), ("history_index", "шафран")),
        *(("interaction_patterns", str(OWNER)), ("message_reactions", str(OWNER)), ("users", str(OWNER))),
    }
    assert theirs <= {*holding(after, "шафран", str(OWNER))}


def told_by_quentin(chat_id: int) -> bytes:
    """A history in which one line tells whose it is, and the other only by what name."""
    lines = [{"from_id": f"user{QUENTIN}"}, {}]
    messages = [
        {"id": n, "type": "message", "date_unixtime": str(1_700_000_000 + n), "from": "Quentin", "text": f"{SECRET}{n}"}
        | whose
        for n, whose in enumerate(lines, start=1)
    ]
    return json.dumps({"name": "Tea", "type": "private_group", "id": -chat_id, "messages": messages}).encode()


async def test_what_was_imported_is_forgotten_too(stage: Stage) -> None:
    actor, owner = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY), Owner(stage)
    await stage.sandbox.add_user("Quentin", id=QUENTIN, language_code="en", username="quentin_in")
    async with stage.playing():
        group = await stage.group(actor, QUENTIN, kind="group")
        await is_known(stage, actor, group)
        found = await owner.sends(told_by_quentin(await id_of(stage, group)))
        await owner.presses(found, "Вечірній чай")
        await stage.sandbox.ask(group, QUENTIN, f"@{actor.username} hello")
        await stage.settled(actor)
        before = await stage.database.read(everything)
        await forget(stage, actor, QUENTIN)
        after = await stage.database.read(everything)
    imported = holding(before, f"{SECRET}1", f"{SECRET}2")
    assert {("chat_contexts", f"{SECRET}1"), ("chat_contexts", f"{SECRET}2")} <= {*imported}
    assert holding(after, *TRACES) == []


async def test_what_is_said_in_private_is_in_no_summary_and_no_starter_of_a_group(
    stage: Stage, clock: FakeClock
) -> None:
    actor = await stage.actor(spontaneity=Spontaneity.OFTEN)
    await stage.sandbox.add_user("Quentin", id=QUENTIN, language_code="en", username="quentin_in")
    async with playing(stage, clock):
        for words in (f"call me {SECRET}1", f"don't talk about {SECRET}2", f"my secret is {SECRET}3"):
            await stage.ask(actor, words, QUENTIN)
        group = await stage.group(actor, QUENTIN)
        await stage.sandbox.ask(group, QUENTIN, f"@{actor.username} whose umbrella is it, and what is my secret?")
        await stage.settled(actor)
    await learn_all(stage.database)
    chat = Chat(id=await id_of(stage, group), type=ChatType.SUPERGROUP, title="Вечірній чай")
    await stage.database.write(partial(talk_long, actor=actor, chat=chat, at=clock()))
    await fall_silent(stage, clock)
    asked = len(await stage.prompts())
    async with playing(stage, clock):
        await has_looked(stage, clock())
        await stage.settled(actor)

        async def both_are_made() -> bool:
            said = [str(prompt) for prompt in (await stage.prompts())]
            return all(any(kind in each and "umbrella" in each for each in said) for kind in (SUMMING_UP, STARTING))

        await until(both_are_made)
    of_group = [text for each in (await stage.prompts())[asked:] if "umbrella" in (text := str(each))]
    assert not any(SECRET in prompt for prompt in of_group)


def talk_long(connection: Connection, actor: Actor, chat: Chat, at: float) -> None:
    """More than a prompt holds."""
    link = links.find(connection, actor.bot_id, chat.id)
    assert link is not None
    for number in range(2 * FOLD_FROM):
        line = Incoming(
            bot_id=actor.bot_id,
            update_id=0,
            chat=chat,
            message_id=number - 1_000,
            sender=Sender(id=QUENTIN, name="Quentin"),
            text=f"this umbrella is number {number}",
            sent_at=at - 1_000 + number,
        )
        hearing.keep(connection, link.id, line)


async def test_a_turn_under_way_brings_nothing_back(stage: Stage) -> None:
    actor = await stage.actor(group_reply=GroupReply.MENTIONED_ONLY)
    await stage.sandbox.add_user("Quentin", id=QUENTIN, language_code="en", username="quentin_in")
    async with stage.playing():
        group = await stage.group(actor, QUENTIN)
        await stage.sandbox.direct_model(delay=1.0, replies=[f'{{"response": ["{SECRET}, Quentin!"]}}'] * 2)
        await stage.sandbox.say(group, QUENTIN, f"@{actor.username} my secret is {SECRET}")
        await stage.sandbox.say(stage.private(actor, QUENTIN), QUENTIN, f"hush, {SECRET}")
        await stage.until_model_is_asked(2)
        await forget(stage, actor, QUENTIN)
        await stage.sandbox.direct_model(clear=True, delay=0.0)
        answer = await stage.sandbox.ask(group, OWNER, "Устиме, ти тут?")
        await stage.settled(actor)
        after = await stage.database.read(everything)
    assert SECRET not in answer.text
    assert holding(after, *TRACES) == []
    assert not any(SECRET in said for said in await stage.spoken_by(actor, group))


async def test_forgotten_in_one_persona_they_are_known_to_the_other(stage: Stage) -> None:
    one, other = await stage.actor(), await stage.actor("Мавка")
    await stage.sandbox.add_user("Quentin", id=QUENTIN, language_code="en", username="quentin_in")
    async with stage.playing():
        for actor in (one, other):
            await stage.ask(actor, f"call me Quincy, my cat is called {SECRET}", QUENTIN)
        await forget(stage, one, QUENTIN)
        left = await stage.database.read(everything)
        answer = await stage.ask(other, "what is my cat called?", QUENTIN)
    assert SECRET in answer.text.casefold()
    assert {table for table, _ in holding(left, *TRACES)} >= {"users", "chat_contexts", "user_preferences"}


async def test_what_is_said_in_private_is_in_no_prompt_for_anybody_else(stage: Stage) -> None:
    """Nor what is said in one group, in another's."""
    actor = await stage.actor(group_reply=GroupReply.ALWAYS)
    await stage.sandbox.add_user("Quentin", id=QUENTIN, language_code="en", username="quentin_in")
    async with stage.playing():
        group = await stage.group(actor, QUENTIN, FRIEND)
        for words in (
            f"call me {SECRET}1",
            f"don't talk about {SECRET}2",
            f"my secret is {SECRET}3, {SECRET}3 is my secret",
            "write shorter",
        ):
            await stage.ask(actor, words, QUENTIN)
        await stage.sandbox.ask(group, QUENTIN, f"@{actor.username} call me GroupSecret, please")
        await learn_all(stage.database)
        private = len(await stage.prompts())
        second = await stage.group(actor, QUENTIN)
        for chat, person in ((group, QUENTIN), (group, OWNER), (second, QUENTIN), (second, OWNER)):
            await stage.sandbox.ask(chat, person, f"@{actor.username} what is the secret of Quentin?")
        for person in (OWNER, FRIEND):
            await stage.ask(actor, "what is the secret of Quentin?", person)
        others = [str(prompt) for prompt in (await stage.prompts())[private:]]
        shown = [(await stage.ask(actor, "/me", person)).text for person in (OWNER, FRIEND)]
        told = (await stage.sandbox.ask(group, QUENTIN, "/me")).text
        stats = (await stage.sandbox.ask(group, OWNER, "/stats")).text
    assert len(others) == 6
    for number in "123":
        assert not any(f"{SECRET}{number}" in text for text in (*others, *shown, told, stats))
    assert [("GroupSecret" in prompt) for prompt in others] == [True, True, False, False, False, False]
    assert not any("GroupSecret" in text for text in shown)
    assert ['"length":"short"' in prompt for prompt in others] == [True, False, True, False, False, False]
