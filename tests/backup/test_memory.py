"""However large the database is, making and restoring a backup takes no more memory. Without a passphrase: making a key
of one takes 64 MB for a moment, behind which much would hide."""

import os
import random
import subprocess
import sys
from functools import partial

from tests.backup.place import Place, store_texts, write
from tests.cli.shell import Shell

# What wait4 tells would be no less than what the tests' own process has.
TOLD = """
import sys
from maskarad.cli import call
code = call(sys.argv[1:])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
sys.exit(code)
"""

TEXT_BYTES = 4_000
LARGE = 8_000
"""Texts: 32 MB."""
MOST_MORE = 16 * 2**20


def peak(place: Place, *arguments: str) -> int:
    """The most bytes that the command had in memory."""
    done = subprocess.run(
        [sys.executable, "-c", TOLD, *arguments],
        env={"PATH": os.environ["PATH"], **place.variables},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return int(done.stdout.split()[-1]) * 1024


def test_a_large_database_takes_no_more_memory(shell: Shell, place: Place) -> None:
    small = peak(place, "backup", "create")
    small_restored = peak(place, "restore", place.files()[0], "--force")
    text = random.Random(6).randbytes(TEXT_BYTES // 2).hex()
    write(place.url, partial(store_texts, texts=[f"{number}{text}" for number in range(LARGE)]))
    assert peak(place, "backup", "create") < small + MOST_MORE
    newest = place.files()[-1]
    assert (place.backups / newest).stat().st_size > 0
    assert peak(place, "restore", newest, "--force") < small_restored + MOST_MORE
