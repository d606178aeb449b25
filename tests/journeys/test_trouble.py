"""Models and Telegrams that misbehave: what people and owners see of it."""

import pytest

from maskarad.sandbox.person import Object
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, Stage
from tests.support.servers import free_port

APOLOGY = "Ой, думка кудись утекла. Напишіть мені, будь ласка, трохи пізніше."


async def test_a_failing_model_means_one_apology_and_one_word_to_the_owner(stage: Stage) -> None:
    actor = await stage.actor()
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    async with stage.playing():
        await stage.sandbox.ask(manager, OWNER, "/start")
        await stage.sandbox.direct_model(faults=[{"status": 400, "times": 50}])
        before = await stage.sandbox.position()
        apology = await stage.ask(actor, "агов")
        told = await stage.told_owner(before)
        await stage.sandbox.say(stage.private(actor), OWNER, "агов?")
        await stage.until_model_is_asked(2)
        await stage.sandbox.direct_model(clear=True)
        answer = await stage.ask(actor, "а тепер?")
    assert apology.text == APOLOGY
    assert actor.username in told.text
    assert answer.text != APOLOGY
    assert (await stage.spoken_by(actor, stage.private(actor))).count(APOLOGY) == 1


@pytest.mark.parametrize(
    ("said", "apology"),
    [
        ("Міро, що тепер?", APOLOGY),
        ("Мира, что теперь?", "Ой, мысль куда-то ускользнула. Напишите мне, пожалуйста, чуть позже."),
        ("12:30?", "Oh, I've lost my train of thought. Could you write to me again a little later?"),
    ],
)
async def test_the_apology_is_in_the_language_of_what_was_said(stage: Stage, said: str, apology: str) -> None:
    actor = await stage.actor("Mira", language="en")
    await stage.sandbox.direct_model(faults=[{"status": 400, "times": 50}])
    async with stage.playing():
        assert (await stage.ask(actor, said, FRIEND)).text == apology


HOSTILE: list[Object] = [
    {"message": "not an object"},
    {"message": {"message_id": "x", "chat": {}, "date": 0}},
    {"callback_query": {"id": 1, "from": None}},
    {"no_such_kind": {"a": 1}},
    {"my_chat_member": []},
]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('```json\n{"response": ["раз", "два"]}\n```', ["раз", "два"]),
        ('{"відповідь": ["так"]}', ["так"]),
        ("просто текст", ["просто текст"]),
        ('{"response": ["один", "дв', ["один"]),
        ('{"response": [' + ",".join(f'"{number}"' for number in range(50)) + "]}", 3),
    ],
)
async def test_however_the_model_writes_no_json_is_shown(stage: Stage, said: str, shown: list[str] | int) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    await stage.sandbox.direct_model(replies=[said, '{"response": ["кінець"]}'])
    async with stage.playing():
        await stage.ask(actor, "кажи")
        before = await stage.sandbox.position()
        await stage.sandbox.say(chat, OWNER, "далі")
        await stage.sandbox.wait_for(
            lambda event: event["kind"] == "message" and event["message"].get("text") == "кінець", after=before
        )
    spoken = (await stage.spoken_by(actor, chat))[:-1]
    assert spoken == shown if isinstance(shown, list) else len(spoken) == shown
    assert not any("response" in text or "{" in text for text in spoken)


@pytest.mark.parametrize("fault", ["empty", "html", "cut", "cut_stream"])
async def test_a_model_that_fails_once_is_asked_again(stage: Stage, fault: str) -> None:
    actor = await stage.actor()
    await stage.sandbox.direct_model(faults=[{"kind": fault, "times": 1}])
    async with stage.playing():
        answer = await stage.ask(actor, "привіт")
    assert answer.text != APOLOGY
    assert len(await stage.spoken_by(actor, stage.private(actor))) == 1


async def test_a_flooded_chat_waits_and_the_others_go_on(stage: Stage) -> None:
    actor = await stage.actor()
    mine, hers = stage.private(actor, OWNER), stage.private(actor, FRIEND)
    async with stage.playing():
        await stage.ask(actor, "привіт", FRIEND)
        await stage.sandbox.order_fault("429", method="sendMessage", chat=OWNER, retry_after=2, times=1)
        before = await stage.sandbox.position()
        await stage.sandbox.say(mine, OWNER, "я тут")
        await stage.sandbox.say(hers, FRIEND, "and me")
        first = await stage.sandbox.next_message(after=before)
        second = await stage.sandbox.next_message(after=first.seq)
    assert (first.chat, second.chat) == (hers, mine)
    assert len(await stage.spoken_by(actor, mine)) == 1


async def test_an_unreachable_telegram_delays_the_answer_and_does_not_lose_it(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.sandbox.order_fault("502", method="sendMessage", times=2)
        await stage.ask(actor, "чуєш?")
    assert len(await stage.spoken_by(actor, stage.private(actor))) == 1


async def test_a_person_who_blocks_the_bot_and_comes_back_is_answered(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    async with stage.playing():
        await stage.ask(actor, "привіт")
        await stage.sandbox.direct_model(delay=0.5)
        before = await stage.sandbox.position()
        await stage.sandbox.say(chat, OWNER, "бувай")
        await stage.sandbox.leave(chat, OWNER)
        await stage.sandbox.direct_model(delay=0)
        await stage.sandbox.say(chat, OWNER, "я повернулась")
        answer = await stage.sandbox.next_message(chat, after=before)
    assert answer.text


async def test_a_revoked_token_is_noticed_and_the_owner_told_once(stage: Stage) -> None:
    actor = await stage.actor()
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    async with stage.playing():
        await stage.sandbox.ask(manager, OWNER, "/start")
        before = await stage.sandbox.position()
        await stage.sandbox.revoke_token(actor.telegram_id)
        await stage.sandbox.say(stage.private(actor), OWNER, "ти де?")
        told = await stage.told_owner(before)
    assert actor.username in told.text


async def test_long_answers_come_in_pieces_and_markdown_as_formatting(stage: Stage) -> None:
    actor = await stage.actor()
    chat = stage.private(actor)
    long = "Слово за словом. " * 600
    await stage.sandbox.direct_model(replies=[f'{{"response": ["**жирне** й _тонке_", "{long}"]}}'])
    async with stage.playing():
        first = await stage.ask(actor, "розкажи")
        pieces = [await stage.sandbox.next_message(chat, after=first.seq)]
        while sum(len(piece.text) for piece in pieces) < len(long) - 200:
            pieces.append(await stage.sandbox.next_message(chat, after=pieces[-1].seq))
    assert first.text == "жирне й тонке"
    assert {entity["type"] for entity in first.message["entities"]} == {"bold", "italic"}
    assert all(len(piece.text) <= 4096 for piece in pieces)
    assert " ".join(" ".join(piece.text for piece in pieces).split()) == long.strip()


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_hostile_updates_do_not_stop_a_bot(stage: Stage, mode: str) -> None:
    port = free_port()
    stage.settings = stage.settings.model_copy(
        update={"run_mode": mode, "webhook_url_base": f"http://127.0.0.1:{port}", "port": port}
    )
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "привіт")
        for update in HOSTILE:
            await stage.sandbox.inject_update(actor.telegram_id, update)
        answer = await stage.ask(actor, "ти живий? \x00\u202e\U0001f600")
    assert answer.text
