"""Looks into the platform's database from outside, so that looking is not counted among its own statements."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from maskarad.db import decisions
from maskarad.values import Decision, MoodState, Value

_BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class Paid(Value, frozen=True):
    """A call to the model."""

    at: float
    purpose: str


class Eyes:
    """Of one link: the only one that the database holds."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)

    def close(self) -> None:
        self._connection.close()

    def at_rest(self) -> bool:
        """Nothing is asked, under way or still to be sent."""
        at_work = "SELECT 1 FROM chat_bot_instances WHERE claim IS NOT NULL OR asked > answered OR parts > 0"
        return self._connection.execute(at_work).fetchone() is None

    def decision(self, message_id: int) -> Decision | None:
        row = self._row("SELECT decision FROM chat_contexts WHERE message_order = ?", message_id)
        return None if row is None or row[0] is None else decisions.decode(row[0])

    def mood(self) -> MoodState:
        row = self._row(
            "SELECT current_mood, mood_strength, mood_set_at, mood_held_until, mood_reason FROM chat_bot_instances"
        )
        if row is None:
            return MoodState()
        key, strength, set_at, held_until, reason = row
        return MoodState(key=key, strength=strength, set_at=set_at or 0.0, held_until=held_until, reason=reason)

    def liking(self) -> float:
        row = self._row("SELECT liking FROM chat_bot_instances")
        return 0.0 if row is None else float(row[0])

    def paid(self) -> list[Paid]:
        """In the order they were made."""
        rows = self._connection.execute("SELECT created_at, purpose FROM usage_records ORDER BY id")
        return [Paid(at=at, purpose=purpose) for at, purpose in rows]

    def summary(self) -> tuple[int, str]:
        """How many lines are folded, and the summary made of them."""
        folded = self._row("SELECT folded_messages FROM chat_bot_instances")
        text = self._row("SELECT text FROM conversation_summaries WHERE kind = 'summary'")
        return (folded[0] if folded else 0), (text[0] if text else "")

    def _row(self, statement: str, *values: object) -> Sequence[Any] | None:
        row: Sequence[Any] | None = self._connection.execute(statement, values).fetchone()
        return row


class Asked:
    """Statements of the platform between `start` and `stop`. What was asked before the first `start` belongs to
    periodic tasks, some of which go on by the real clock, and is never counted."""

    def __init__(self) -> None:
        self.statements = 0
        self._counting = False
        self._periodic: set[str] = set()
        self._started = False

    def start(self) -> None:
        self._started = self._counting = True
        self.statements = 0

    def stop(self) -> int:
        self._counting = False
        return self.statements

    def note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(_BOOKKEEPING):
            return
        if not self._started:
            self._periodic.add(statement)
        elif self._counting and statement not in self._periodic:
            self.statements += 1


@contextmanager
def listening() -> Iterator[Asked]:
    asked = Asked()
    event.listen(Engine, "before_cursor_execute", asked.note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", asked.note)
