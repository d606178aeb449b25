"""More is asked than is answered: what people say to the crowded bot comes in later, and nothing of theirs overtakes
it."""

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from maskarad.app import Platform
from maskarad.values import GATEWAY
from tests.journeys.stage import FRIEND, OWNER, STRANGER, Stage
from tests.support.contents import everything, holding
from tests.support.servers import free_port
from tests.support.until import until

SECRET = "plumbago"
TOKEN = "for the scrape"


async def counted(port: int, name: str) -> float:
    """As a scrape finds it."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.request("GET", f"http://127.0.0.1:{port}/metrics", headers=headers) as answer:
        families = text_string_to_metric_families(await answer.text())
    return sum(each.value for family in families for each in family.samples if each.name == name)


async def test_what_was_said_before_forget_me_is_forgotten_however_crowded_the_bot(stage: Stage) -> None:
    port = free_port()
    stage.settings = stage.settings.model_copy(
        update={
            "run_mode": "webhook",
            "webhook_url_base": f"http://127.0.0.1:{port}",
            "port": port,
            "metrics_token": SecretStr(TOKEN),
            "queue_most_per_bot": 1,
        }
    )
    actor = await stage.actor()
    chat = stage.private(actor, STRANGER)

    async def is_crowded() -> bool:
        return await counted(port, "maskarad_crowded_bots") == 1

    async def is_held() -> bool:
        return await counted(port, "maskarad_slowed_updates_total") == 1

    platform = Platform(stage.settings, GATEWAY)  # nobody answers, so two chats wait for good
    await platform.start(alone=True)
    try:
        question = await stage.ask(actor, "/forget_me", STRANGER)
        for person in (OWNER, FRIEND):
            await stage.sandbox.say(stage.private(actor, person), person, "hello")
        await until(is_crowded, 10.0)
        await stage.sandbox.order_disorder(60, late=1.0, within=0.0)  # none waits for the one before
        before = await stage.sandbox.position()
        await stage.sandbox.say(chat, STRANGER, f"my secret is {SECRET}")
        await until(is_held)
        await stage.sandbox.press(chat, STRANGER, question.id, label="Yes, forget me")
        told = await stage.sandbox.next_edit(chat, after=before)
        assert await counted(port, "maskarad_slowed_updates_total") == 2
    finally:
        await platform.stop()
    assert "1 message was erased" in told.text
    assert holding(await stage.database.read(everything), SECRET) == []
