"""The edge to Telegram. Inside the platform only this package imports `telegram`, the library python-telegram-bot.

Two switches must be set before that library is imported, which is why they stand here
(docs/decisions/telegram-transport.md has the measurements):

- httpx, which the library imports and we never call, pulls in rich, pygments and click for a command line nobody
  starts. A module that is None in `sys.modules` counts as not installed, and httpx has a way for that.
- Without `PTB_TIMEDELTA` the library warns of a deprecation on each 429 it reports.
"""

import os
import sys

if "httpx" not in sys.modules:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # the documented way to block an import
os.environ.setdefault("PTB_TIMEDELTA", "true")
