"""An operator asks the running platform for a backup."""

import time

from maskarad.backup.folder import stamps
from maskarad.backup.orders import order
from tests.journeys.stage import MANAGER_ID, OWNER, Stage

WITHIN = 60.0


async def test_whoever_asked_hears_of_it_from_the_manager_bot(stage: Stage) -> None:
    async with stage.playing():
        chat = stage.sandbox.private(OWNER, MANAGER_ID)
        greeting = await stage.sandbox.ask(chat, OWNER, "/start")
        assert await stage.database.write(lambda connection: order(connection, OWNER, "en", time.time()))
        told = await stage.sandbox.next_message(chat, after=greeting.seq, timeout=WITHIN)
        [stamp] = stamps(stage.settings.backup_folder)
        assert stamp.name in told.text
        assert "The backup is made" in told.text
