"""The process of a backup that a running platform has started: what people wait for comes first, and it is gone with
whoever waits for it, also when that one is killed."""

import ctypes
import os
import signal
import sys

BACKGROUND = 10
"""Of niceness."""

_PR_SET_PDEATHSIG = 1
"""<linux/prctl.h>"""


def begin(parent: int) -> None:
    """`parent` is the pid of whoever waits. Elsewhere than on Linux the backup is made to its end without them."""
    os.nice(BACKGROUND)
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # killed before that
        sys.exit(1)
