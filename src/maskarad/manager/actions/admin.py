"""/admin for operators: how the platform is doing, and a backup now."""

from maskarad.analytics.figures import zone_of
from maskarad.db import Connection, alerts, backlog, backups, census, purses
from maskarad.db.watching import MOST_COUNTED
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.screens.admin import Overview, fresh, overview
from maskarad.ops.deafness import deaf_bots
from maskarad.ops.telling import is_open
from maskarad.purse.limits import period_of
from maskarad.values import Scope


async def show(desk: Desk, visit: Visit) -> Outcome:
    now, reports = desk.clock(), await desk.operating.reports()

    def read(connection: Connection) -> Overview:
        return Overview(
            alerts=[each for each in alerts.everything(connection) if is_open(each)],
            processes=reports,
            census=census.count(connection),
            deaf=deaf_bots(connection, fresh(reports, now)).count,
            waiting=sum(backlog.waiting(connection, now=now, most=MOST_COUNTED).values()),
            waiting_since=backlog.oldest(connection, now=now),
            today=purses.totals(connection, Scope.BOT, period_of(Scope.BOT, now)),
            near=census.near_limits(
                connection, {scope: period_of(scope, now) for scope in Scope}, desk.operating.limits.most
            ),
            month=purses.totals(connection, Scope.OWNER, period_of(Scope.OWNER, now)),
            backup=backups.latest(connection, now=now),
        )

    seen = await desk.db.read(read)
    return Outcome(screen=overview(visit.words, seen, now, zone_of(desk.time_zone)))


async def back_up(desk: Desk, visit: Visit) -> Outcome:
    """What comes of it is told in a message of its own."""
    order, words = desk.operating.order_backup, visit.words
    errand_id = await desk.db.write(lambda c: order(c, visit.user.id, words.language, desk.clock()))
    if errand_id is None:
        return Outcome(notice=words.get("toast.backup_under_way"))
    desk.ring(errand_id)
    return Outcome(notice=words.get("toast.backup_ordered"))
