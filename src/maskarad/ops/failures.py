"""What was given up after some attempts and waits for somebody to look: updates that were put aside, errands."""

from maskarad.db import Connection, errands, failed_updates, schema
from maskarad.db.errands import FailedErrand
from maskarad.db.failed_updates import FailedUpdate
from maskarad.utc import to_minute
from maskarad.values import Value

ERRANDS_LISTED = 100


class Failures(Value, frozen=True):
    """How many updates, the newest of them, and errands, the newest first, `ERRANDS_LISTED` at most."""

    updates: int
    newest: FailedUpdate | None
    errands: list[FailedErrand]


def failures(connection: Connection) -> Failures | None:
    """None where the schema is not this version's, or there is none."""
    if schema.revision_of(connection) != schema.REVISION:
        return None
    count = failed_updates.how_many(connection)
    return Failures(
        updates=count,
        newest=failed_updates.put_aside(connection, most=1)[0] if count else None,
        errands=errands.failed(connection, most=ERRANDS_LISTED),
    )


def state_of(found: Failures) -> str:
    """One line; empty when nothing has failed."""
    told = []
    if found.newest is not None:
        told.append(
            f"updates put aside: {found.updates}, the newest {to_minute(found.newest.last_at)}, {found.newest.error}"
        )
    if found.updates >= failed_updates.MOST_ASIDE:
        told.append("no more are put aside: what fails now stays with Telegram, for 24 hours, and holds up its chat")
    if found.errands:
        newest = found.errands[0]
        what = f"{newest.kind}: {newest.error}"
        told.append(f"errands given up: {len(found.errands)}, the newest {to_minute(newest.failed_at)}, {what}")
    return "; ".join(told)


def todo_for(found: Failures) -> str:
    commands = [
        *(["`maskarad updates list`"] if found.updates else []),
        *(["`maskarad errands list`"] if found.errands else []),
    ]
    return f"see {' and '.join(commands)}; once the fault is mended, `retry` there has them handled again"
