import time
import pytest
from maskarad.values import GATEWAY
from tests.journeys.stage import OWNER, Stage
from tests.journeys.test_dispatch import Workers, playing, workers, actor
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("n", range(3))
async def test_takeover(stage: Stage, actor, workers: Workers, n) -> None:
    chat = stage.private(actor)
    await stage.sandbox.direct_model(delay=25)
    async with playing(stage, GATEWAY):
        await workers.first.start()
        before = await stage.sandbox.position()
        await stage.sandbox.say(chat, OWNER, "think of something")
        await stage.until_model_is_asked(1)
        await workers.second.start()
        await stage.sandbox.direct_model(delay=0)
        await workers.first.kill()
        began = time.monotonic()
        await stage.sandbox.next_message(chat, after=before, timeout=30)
        open("/tmp/dispatch/takeover.txt","a").write(f"{time.monotonic()-began:.1f}\n")
