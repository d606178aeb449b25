"""Telegram's word on the manager bot's token, before a process says that it works."""

import asyncio

from maskarad.errors import SettingsError, TelegramError, TokenInvalid
from maskarad.settings import Settings
from maskarad.telegram.edge import open_sender
from maskarad.values import Token

PATIENCE = 3.0
"""Seconds to wait for it."""


async def word_of_telegram(settings: Settings) -> str | None:
    """The manager bot's username; None when Telegram does not answer. Raises SettingsError when it refuses the
    token."""
    assert settings.telegram_bot_token is not None
    token = Token(settings.telegram_bot_token.get_secret_value())
    try:
        async with asyncio.timeout(PATIENCE), open_sender(settings) as sender:
            return (await sender.get_me(token)).username
    except TokenInvalid:
        raise SettingsError(
            f"TELEGRAM_BOT_TOKEN: {settings.telegram_api_base_url} refuses it; copy it anew from @BotFather"
        ) from None
    except (TelegramError, TimeoutError):
        return None
