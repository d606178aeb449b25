"""Which bots nobody hears, by all that is known: what processes report, and the rows that say who receives for whom."""

from collections.abc import Mapping, Sequence

from maskarad.db import Connection, watching
from maskarad.ops.report import ProcessReport
from maskarad.values import MANAGER_BOT_ID, Value


class Deaf(Value, frozen=True):
    """`names` are usernames (the manager bot's is empty); `unnamed` are more bots than a report names."""

    names: frozenset[str]
    unnamed: int

    @property
    def count(self) -> int:
        """Of persona bots."""
        return len(self.names - {""}) + self.unnamed


def deaf_bots(connection: Connection, reports: Sequence[ProcessReport]) -> Deaf:
    """`reports` are of all processes."""
    manager, unheard = watching.unheard(connection, [each.process for each in reports if each.process.id])
    figures = [each.figures for each in reports if each.figures is not None]
    ids = sorted({bot_id for each in figures for bot_id in each.deaf})
    reported: set[str] = set()
    if ids:
        reported = _names_of(reports, watching.holders(connection, ids), watching.usernames(connection, ids))
    return Deaf(
        names=frozenset(reported.union(unheard, {""} if manager else ())),
        unnamed=sum(each.deaf_count - len(each.deaf) for each in figures),
    )


def _names_of(reports: Sequence[ProcessReport], holders: Mapping[int, str], usernames: Mapping[int, str]) -> set[str]:
    """What one process says of a bot that another one polls for by now is old; what they say of webhooks stands in
    rows."""
    heard: set[str] = set()
    for each in reports:
        for bot_id in each.figures.deaf if each.figures is not None else ():
            is_its = not each.process.id or holders.get(bot_id) == each.process.id
            if is_its and bot_id == MANAGER_BOT_ID:
                heard.add("")
            elif is_its and bot_id in usernames:
                heard.add(usernames[bot_id])
    return heard
