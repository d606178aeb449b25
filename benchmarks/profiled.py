"""`maskarad run` under cProfile: SIGUSR1 begins, SIGTERM ends and prints where the time went.

The settings are those of the environment. Each thread has a profile of its own: the event loop's, and those of the
threads that SQLite runs on (from their start). Waiting is seen too, in those threads, as `SimpleQueue.get`; the loop
waits outside every Python function. Times are of the clock and several times too long: compare, do not add.
"""

import asyncio
import cProfile
import pstats
import signal
import sys
import threading
from types import FrameType

import uvloop

from maskarad.app import Platform
from maskarad.logs import configure
from maskarad.settings import load

ROWS = 40

Profiles = dict[str, cProfile.Profile]


def profile_threads(profiles: Profiles) -> None:
    """Every thread that starts from now on gets a profile, by its name."""

    def begin(_frame: FrameType, _event: str, _argument: object) -> None:
        profile = profiles[threading.current_thread().name] = cProfile.Profile()
        profile.enable()

    threading.setprofile(begin)


async def run(profiles: Profiles) -> None:
    settings = load(None)
    configure(settings.log_level, settings.log_format)
    told = asyncio.Event()
    profile = profiles["event loop"] = cProfile.Profile()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    loop.add_signal_handler(signal.SIGUSR1, profile.enable)
    platform = Platform(settings)
    await platform.start(alone=True)
    await told.wait()
    profile.disable()
    await platform.stop()


def main() -> None:
    profiles: Profiles = {}
    profile_threads(profiles)
    uvloop.run(run(profiles))
    threading.setprofile(None)
    for name, profile in profiles.items():
        print(f"\n=== {name} ===")
        found = pstats.Stats(profile, stream=sys.stdout)
        found.sort_stats("tottime").print_stats(ROWS)
        found.sort_stats("cumtime").print_stats(ROWS)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
