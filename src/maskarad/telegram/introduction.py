"""A bot's commands, as Telegram shows them to people."""

import asyncio
from collections.abc import Mapping

import structlog

from maskarad.errors import Flooded, TelegramError, TelegramUnreachable
from maskarad.telegram.send import Sender

log = structlog.get_logger()

PAUSE = 30.0


async def introduce(
    sender: Sender, bot_id: int, menus: Mapping[str, Mapping[str, str]], *, chat_id: int | None = None
) -> None:
    """Tell Telegram the commands in each language, for one chat alone if it is given; again and again while it cannot
    be reached."""
    while True:
        try:
            await sender.set_commands(bot_id, menus, chat_id=chat_id)
        except (TelegramUnreachable, Flooded) as error:
            log.debug("commands_not_set", bot_id=bot_id, error=str(error))
            await asyncio.sleep(PAUSE)
        except TelegramError as error:
            log.info("commands_refused", bot_id=bot_id, error=str(error))
            return
        else:
            return
