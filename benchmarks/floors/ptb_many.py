"""Stock python-telegram-bot for many bots: one process, an Application for each, as its documentation has it.

`python -m benchmarks.floors.ptb_many` as `benchmarks.floors.ptb`, with the tokens, comma-separated, in
TELEGRAM_BOT_TOKENS.
"""

import asyncio
import os
import signal

from benchmarks.floors.ptb import Stock, application


async def poll(stock: Stock) -> None:
    await stock.initialize()
    if stock.post_init is not None:
        await stock.post_init(stock)
    assert stock.updater is not None
    await stock.updater.start_polling()
    await stock.start()


async def stop(stock: Stock) -> None:
    assert stock.updater is not None
    await stock.updater.stop()
    await stock.stop()
    await stock.shutdown()
    if stock.post_shutdown is not None:
        await stock.post_shutdown(stock)


async def main() -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    applications = [application(token) for token in os.environ["TELEGRAM_BOT_TOKENS"].split(",")]
    for each in applications:
        await poll(each)
    await told.wait()
    await asyncio.gather(*map(stop, applications))


if __name__ == "__main__":
    asyncio.run(main())
