"""The edge to Telegram. Inside the platform only this package imports `telegram`, the library python-telegram-bot."""

import os

# Read by the library on each 429 it reports: without it, each comes with a deprecation warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")
