"""A stock python-telegram-bot: long polling, concurrent updates, HTTPXRequest.

`python -m benchmarks.floors.ptb` with TELEGRAM_BOT_TOKEN, TELEGRAM_API_BASE_URL, LLM_BASE_URL and LLM_API_KEY set ends
with code 0 at SIGTERM.
"""

import os
from typing import Any

from telegram import Update
from telegram.ext import Application, ApplicationBuilder, ContextTypes, MessageHandler, filters

from benchmarks.floors.model import Model

Stock = Application[Any, Any, Any, Any, Any, Any]


async def open_model(application: Stock) -> None:
    application.bot_data["model"] = Model()


async def close_model(application: Stock) -> None:
    await application.bot_data["model"].close()


async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    message = update.effective_message
    if message is not None and message.text is not None:
        model: Model = context.bot_data["model"]
        await message.reply_text(await model.answer(message.text))


def application(token: str) -> Stock:
    stock = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{os.environ['TELEGRAM_API_BASE_URL']}/bot")
        .concurrent_updates(True)
        .post_init(open_model)
        .post_shutdown(close_model)
        .build()
    )
    stock.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, answer))
    return stock


def main() -> None:
    application(os.environ["TELEGRAM_BOT_TOKEN"]).run_polling()


if __name__ == "__main__":
    main()
