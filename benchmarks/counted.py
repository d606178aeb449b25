"""A program as it is, and how many statements SQLAlchemy sends for it.

`python -m benchmarks.counted MODULE [ARGUMENT…]`; at SIGUSR1 it prints the count so far, without the statements that
begin and end transactions.
"""

import runpy
import signal
import sys
from types import FrameType
from typing import Any

from sqlalchemy import Engine, event

COUNTED = "statements so far:"
BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class _Count:
    def __init__(self) -> None:
        self._statements = 0

    def statement(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(BOOKKEEPING):
            self._statements += 1

    def tell(self, _number: int, _frame: FrameType | None) -> None:
        sys.stdout.write(f"{COUNTED} {self._statements}\n")
        sys.stdout.flush()


def main() -> None:
    count = _Count()
    event.listen(Engine, "before_cursor_execute", count.statement)
    signal.signal(signal.SIGUSR1, count.tell)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
