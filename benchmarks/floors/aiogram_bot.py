"""A stock aiogram bot: long polling, updates handled as tasks, AiohttpSession.

`python -m benchmarks.floors.aiogram_bot` with TELEGRAM_BOT_TOKEN, TELEGRAM_API_BASE_URL, LLM_BASE_URL and LLM_API_KEY
set ends with code 0 at SIGTERM.
"""

import asyncio
import os

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

from benchmarks.floors.model import Model

router = Router()


@router.message(F.text.as_("text"))
async def answer(message: Message, text: str, model: Model) -> None:
    await message.answer(await model.answer(text))


async def main() -> None:
    server = TelegramAPIServer.from_base(os.environ["TELEGRAM_API_BASE_URL"])
    bot = Bot(os.environ["TELEGRAM_BOT_TOKEN"], session=AiohttpSession(api=server))
    dispatcher = Dispatcher(model=Model())
    dispatcher.include_router(router)
    dispatcher.shutdown.register(close)
    await dispatcher.start_polling(bot)


async def close(model: Model) -> None:
    await model.close()


if __name__ == "__main__":
    asyncio.run(main())
