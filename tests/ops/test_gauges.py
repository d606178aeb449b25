"""What is looked at every few seconds: bots by state, how old the queue is, how much room there is."""

from sqlalchemy import Connection, insert, update

from maskarad.db.engine import Database
from maskarad.db.tables import bot_instances
from maskarad.db.tables import chat_bot_instances as links
from maskarad.metrics import BOT_STATES, Metrics
from maskarad.ops.gauges import Gauges
from maskarad.ops.report import Disk, Figures
from maskarad.telegram.bots import BotRegistry
from maskarad.values import Bot, BotState
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.counts import sample
from tests.support.rows import NOW
from tests.telegram.people import Notices, bot, token, webhook


def states(metrics: Metrics) -> dict[str, float]:
    return {name: found for name in BOT_STATES if (found := sample(metrics, "maskarad_bots", state=name))}


def served(*bots: Bot) -> BotRegistry:
    registry = Notices().registry()
    for each in bots:
        registry.put(each, token(each.id), webhook(each.id))
    return registry


def gauges(
    database: Database, registry: BotRegistry, clock: FakeClock, figures: Figures | None = None
) -> tuple[Gauges, Metrics]:
    metrics = Metrics()
    return Gauges(database, registry, metrics, figures=lambda: figures, clock=clock), metrics


async def test_every_bot_is_in_one_state(database: Database, clock: FakeClock) -> None:
    registry = served(
        bot(2),
        bot(3, enabled=False),
        bot(4, state=BotState.INVALID),
        bot(5, is_stopped=True, enabled=False, state=BotState.INVALID),
        bot(6),
        bot(7),
        bot(8),
    )
    await registry.token_refused(6, token(6))
    await registry.conflict(7)
    registry.batch_stuck(8)
    look, metrics = gauges(database, registry, clock)
    await look.look()
    assert states(metrics) == {"working": 1, "resting": 1, "invalid": 2, "stopped": 1, "deaf": 2}
    registry.remove(5)
    registry.batch_done(8)
    await look.look()
    assert states(metrics) == {"working": 2, "resting": 1, "invalid": 2, "deaf": 1}


def add_link(connection: Connection, bot_id: int, chat_id: int, **more: object) -> None:
    given = {"asked": 1, "answered": 0, "active": True, **more}
    connection.execute(
        insert(links).values(
            bot_instance_id=bot_id, chat_id=chat_id, chat_type="private", title="", created_at=NOW, **given
        )
    )


async def test_the_queue_is_as_old_as_its_longest_waiting_link(database: Database, clock: FakeClock) -> None:
    look, metrics = gauges(database, served(), clock)

    def fill(connection: Connection) -> None:
        """Only the second and the third wait for somebody to begin."""
        first, resting = rows.bot(connection, 1), rows.bot(connection, 2)
        connection.execute(update(bot_instances).where(bot_instances.c.id == resting).values(enabled=False))
        add_link(connection, first, 1, due_at=NOW - 100, claim="at work", lease_until=NOW + 60)
        add_link(connection, first, 2, due_at=NOW - 20)
        add_link(connection, first, 3, due_at=NOW - 30, asked=0, parts=1, claim="of the dead", lease_until=NOW - 1)
        add_link(connection, first, 4, due_at=NOW + 5)
        add_link(connection, first, 5, due_at=NOW - 100, answered=1)
        add_link(connection, resting, 1, due_at=NOW - 100)

    await look.look()
    assert sample(metrics, "maskarad_queue_oldest_seconds") == 0
    await database.write(fill)
    await look.look()
    assert sample(metrics, "maskarad_queue_oldest_seconds") == 30
    clock.advance(2)
    await look.look()
    assert sample(metrics, "maskarad_queue_oldest_seconds") == 32


async def test_the_fullest_disk_is_the_one_that_is_shown(database: Database, clock: FakeClock) -> None:
    disks = (
        Disk(path="/data", free=60, total=64),
        Disk(path="/backups", free=1_000, total=100_000),
        Disk(path="/var", free=90_000, total=100_000),
        Disk(path="/proc", free=0, total=0),
    )
    look, metrics = gauges(database, served(), clock, Figures(at=NOW, disks=disks))
    await look.look()
    assert [sample(metrics, f"maskarad_disk_{name}_bytes") for name in ("free", "total")] == [1_000, 100_000]
