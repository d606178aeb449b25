"""What Prometheus would have seen of a platform, minute by minute, in `promtool`'s notation: a gateway and a worker,
and what is wrong with them."""

from dataclasses import dataclass, field

GATEWAY, WORKER = "gateway:8080", "worker:8080"

LONG = 2_000
"""Minutes, beyond those that any scenario looks at."""

Series = dict[str, str]
Seen = tuple[int, frozenset[str]]


def at(instance: str, metric: str, **labels: str) -> str:
    given = {"job": "maskarad", "instance": instance, **labels}
    pairs = ",".join(f'{name}="{value}"' for name, value in given.items())
    return f"{metric}{{{pairs}}}"


def steady(value: float) -> str:
    return f"{value}x{LONG}"


def then(before: float, minutes: int, after: float) -> str:
    return f"{before}x{minutes - 1} {after}x{LONG}"


def for_a_while(usual: float, begins: int, value: float, ends: int) -> str:
    return f"{usual}x{begins - 1} {value}x{ends - begins - 1} {usual}x{LONG}"


def counts(per_minute: float) -> str:
    return f"0+{per_minute}x{LONG}"


def counts_later(after: int, per_minute: float, ends: int = LONG) -> str:
    """Nothing for the first minutes, then so many in each, until it ends."""
    reached = per_minute * (ends - after)
    return f"0x{after - 1} 0+{per_minute}x{ends - after} {reached}x{LONG}"


def counts_until(minutes: int, per_minute: float, begins_again: int = LONG) -> str:
    reached = per_minute * minutes
    return f"0+{per_minute}x{minutes} {reached}x{begins_again - minutes - 2} {reached}+{per_minute}x{LONG}"


UP = [at(each, "up") for each in (GATEWAY, WORKER)]
SWEPT = at(WORKER, "maskarad_task_last_run_seconds", task="sweep")
SWEEP_FAILED = at(WORKER, "maskarad_task_result", task="sweep", result="failed")
LEARN_FAILED = at(WORKER, "maskarad_task_result", task="learn", result="failed")
SWEEP_WAITS = at(WORKER, "maskarad_task_result", task="sweep", result="database_away")
PRESSURE_WAITS = at(GATEWAY, "maskarad_task_result", task="pressure", result="database_away")
REDIS_UP = [at(each, "maskarad_shared_cache_up") for each in (GATEWAY, WORKER)]
REDIS_READS = [at(each, "maskarad_shared_cache_reads_total", result="hit") for each in (GATEWAY, WORKER)]
SENT = at(WORKER, "maskarad_telegram_calls_total", method="sendMessage", result="ok")
UNREACHABLE = at(WORKER, "maskarad_telegram_calls_total", method="sendMessage", result="TelegramUnreachable")
NOT_CONNECTED = at(GATEWAY, "maskarad_telegram_calls_total", method="getUpdates", result="NothingSent")
DEAF = at(GATEWAY, "maskarad_bots", state="deaf")
OLDEST = [at(each, "maskarad_queue_oldest_seconds") for each in (GATEWAY, WORKER)]
MODEL_OK = at(WORKER, "maskarad_model_calls_total", purpose="turn", result="ok")
MODEL_AWAY = at(WORKER, "maskarad_model_calls_total", purpose="turn", result="unavailable")
SUMMARY_REFUSED = at(WORKER, "maskarad_model_calls_total", purpose="summary", result="refused")
STORED = at(GATEWAY, "maskarad_updates_total", kind="message", result="ok")
FAILED = at(GATEWAY, "maskarad_updates_total", kind="message", result="failed")
FAULTS = at(WORKER, "maskarad_errors_total", kind="fault")
OWN_ERRORS = at(WORKER, "maskarad_errors_total", kind="ChatGone")
FLOOD_WAITS = at(WORKER, "maskarad_flood_waits_total")
LAG = at(WORKER, "maskarad_loop_lag_seconds")
FREE, ROOM = at(WORKER, "maskarad_disk_free_bytes"), at(WORKER, "maskarad_disk_total_bytes")
BACKED_UP = [at(each, "maskarad_backup_last_success_timestamp_seconds") for each in (GATEWAY, WORKER)]

HEALTHY: Series = {
    **dict.fromkeys((*UP, *REDIS_UP), steady(1)),
    **dict.fromkeys(REDIS_READS, counts(500)),
    **dict.fromkeys((SWEEP_FAILED, LEARN_FAILED, SWEEP_WAITS, PRESSURE_WAITS, DEAF), steady(0)),
    **dict.fromkeys((MODEL_AWAY, SUMMARY_REFUSED, FAILED, FAULTS, FLOOD_WAITS, UNREACHABLE, NOT_CONNECTED), counts(0)),
    **dict.fromkeys(OLDEST, steady(1)),
    **dict.fromkeys((SENT, MODEL_OK), counts(20)),
    **dict.fromkeys(BACKED_UP, f"0+60x{LONG}"),
    at(GATEWAY, "maskarad_bots", state="working"): steady(100),
    SWEPT: counts(60),
    STORED: counts(40),
    OWN_ERRORS: counts(10),
    LAG: steady(0.02),
    FREE: steady(50e9),
    ROOM: steady(100e9),
}


@dataclass(frozen=True)
class Scenario:
    """`fire` says which alerts fire at which minutes: these and no others. A series that is None is not there."""

    story: str
    changes: dict[str, str | None]
    fire: list[Seen] = field(default_factory=list)

    @property
    def series(self) -> Series:
        return {name: values for name, values in (HEALTHY | self.changes).items() if values is not None}


def fires(minute: int, *alerts: str) -> Seen:
    return minute, frozenset(alerts)


def all_at(names: list[str], values: str | None) -> dict[str, str | None]:
    return dict.fromkeys(names, values)


WITHOUT_WORKER = {name: f"{values.split('x')[0]}x9 stale" for name, values in HEALTHY.items() if WORKER in name}
WITHOUT_ALL = {name: f"{values.split('x')[0]}x9 stale" for name, values in HEALTHY.items()}
DAY = 24 * 60

SCENARIOS = [
    Scenario("all is well", {}, [fires(5), fires(60), fires(30 * 60)]),
    Scenario("a platform in one process, without Redis", {**all_at(REDIS_UP, steady(0)), **all_at(REDIS_READS, None)}),
    Scenario(
        "every process is dead",
        {**WITHOUT_ALL, **all_at(UP, for_a_while(1, 10, 0, 30))},
        [fires(10), fires(12, "PlatformDown"), fires(29, "PlatformDown")],
    ),
    Scenario("every process is gone", {**WITHOUT_ALL}, [fires(12, "PlatformDown"), fires(60, "PlatformDown")]),
    Scenario("all are restarted", all_at(UP, for_a_while(1, 10, 0, 11)), [fires(10), fires(11), fires(14)]),
    Scenario(
        "a worker is dead, another works",
        {at("worker-2:8080", "up"): then(1, 10, 0)},
        [fires(11), fires(13, "InstanceDown")],
    ),
    Scenario(
        "the only worker is dead",
        {**WITHOUT_WORKER, UP[1]: then(1, 10, 0)},
        [fires(10), fires(12, "NobodyWorks"), fires(60, "NobodyWorks")],
    ),
    Scenario(
        "the only worker hangs, and people wait",
        {SWEPT: f"0+60x10 {600}x{LONG}", **all_at(OLDEST, f"1x9 0+60x{LONG}")},
        [fires(12), fires(15, "NobodyWorks"), fires(60, "NobodyWorks")],
    ),
    Scenario(
        "the database is away, and comes back",
        {
            **all_at([SWEEP_WAITS, PRESSURE_WAITS], for_a_while(0, 10, 1, 30)),
            DEAF: for_a_while(0, 10, 5, 31),
            **all_at(OLDEST, for_a_while(1, 10, 90, 31)),
        },
        [fires(10), fires(12, "DatabaseAway"), fires(29, "DatabaseAway"), fires(31), fires(40)],
    ),
    Scenario(
        "a database that no worker reaches any more",
        {SWEEP_WAITS: then(0, 10, 1), SWEPT: f"0+60x10 {600}x{LONG}"},
        [fires(30, "DatabaseAway")],
    ),
    Scenario("one query was interrupted", {SWEEP_WAITS: for_a_while(0, 10, 1, 11)}, [fires(10), fires(11), fires(13)]),
    Scenario(
        "Redis is away", all_at(REDIS_UP, for_a_while(1, 10, 0, 30)), [fires(14), fires(16, "RedisAway"), fires(31)]
    ),
    Scenario("Redis is restarted", all_at(REDIS_UP, for_a_while(1, 10, 0, 12)), [fires(11), fires(16)]),
    Scenario(
        "Telegram is away, and no poll gets through",
        {
            DEAF: for_a_while(0, 11, 100, 30),
            UNREACHABLE: counts_later(10, 10, 30),
            NOT_CONNECTED: counts_later(10, 10, 30),
            SENT: counts_until(10, 20, 30),
        },
        [fires(15), fires(17, "TelegramAway"), fires(40)],
    ),
    Scenario("Telegram answers 502 now and then", {UNREACHABLE: counts(5)}, [fires(30), fires(60)]),
    Scenario("a bot is deaf", {DEAF: for_a_while(0, 10, 1, 30)}, [fires(12), fires(14, "DeafBot"), fires(31)]),
    Scenario("two pollers for a moment", {DEAF: for_a_while(0, 10, 1, 12)}, [fires(11), fires(16)]),
    Scenario(
        "more is asked than answered",
        all_at(OLDEST, f"1x9 0+30x30 1x{LONG}"),
        [fires(14), fires(19, "GrowingQueue"), fires(39, "GrowingQueue"), fires(42)],
    ),
    Scenario(
        "a rush that is over in three minutes", all_at(OLDEST, for_a_while(1, 10, 90, 13)), [fires(12), fires(18)]
    ),
    Scenario(
        "the model is down, which makes people wait, and comes back",
        {
            MODEL_OK: counts_until(10, 20, 30),
            MODEL_AWAY: counts_later(10, 20, 30),
            **all_at(OLDEST, for_a_while(1, 15, 200, 31)),
        },
        [fires(15), fires(17, "ModelDown"), fires(29, "ModelDown"), fires(33), fires(60)],
    ),
    Scenario(
        "the model is down, and a question comes every four minutes",
        {MODEL_OK: counts(0), MODEL_AWAY: f"0x3 1x3 2x3 3x3 4x3 5x3 6x{LONG}"},
        [fires(11), fires(14, "ModelDown"), fires(18, "ModelDown")],
    ),
    Scenario("nobody asks anything", {MODEL_OK: counts_until(10, 20)}, [fires(60)]),
    Scenario("two questions were refused, else nobody asks", {MODEL_OK: counts(0), SUMMARY_REFUSED: f"0x9 1 2x{LONG}"}),
    Scenario(
        "every third answer fails",
        {MODEL_AWAY: counts(10)},
        [fires(30, "ModelFailsOften"), fires(60, "ModelFailsOften")],
    ),
    Scenario("every tenth answer fails", {MODEL_AWAY: counts(2)}, [fires(30), fires(60)]),
    Scenario("summaries fail, and are few", {SUMMARY_REFUSED: counts(0.5)}, [fires(30), fires(60)]),
    Scenario(
        "every third update fails",
        {FAILED: counts_later(10, 20, 30), FAULTS: counts_later(10, 20, 30)},
        [fires(14), fires(20, "ErrorShare"), fires(29, "ErrorShare"), fires(50)],
    ),
    Scenario("turns fail by a fault", {FAULTS: counts_later(10, 20)}, [fires(20, "ErrorShare")]),
    Scenario("one update in a hundred fails", {FAILED: counts(0.4), FAULTS: counts(0.4)}, [fires(30), fires(60)]),
    Scenario("the only updates of a quiet night fail", {STORED: counts(0), FAILED: f"0x9 1 2 3x{LONG}"}, [fires(30)]),
    Scenario("errors of people and of Telegram are many", {OWN_ERRORS: counts(500)}, [fires(30)]),
    Scenario(
        "a task fails by a fault, again and again",
        {SWEEP_FAILED: then(0, 10, 1), LEARN_FAILED: then(0, 10, 1), FAULTS: counts_later(10, 30)},
        [fires(19), fires(21, "TaskFailing"), fires(60, "TaskFailing")],
    ),
    Scenario("a task has failed for a while", {LEARN_FAILED: for_a_while(0, 10, 1, 15)}, [fires(14), fires(21)]),
    Scenario(
        "Telegram asks to wait all the time",
        {FLOOD_WAITS: counts_later(10, 10, 40)},
        [fires(20), fires(35, "FloodWaits"), fires(60)],
    ),
    Scenario("Telegram asks to wait now and then", {FLOOD_WAITS: counts(1)}, [fires(30), fires(60)]),
    Scenario(
        "the loop stands still", {LAG: for_a_while(0.02, 10, 1.5, 30)}, [fires(12), fires(14, "LoopLag"), fires(31)]
    ),
    Scenario("the loop stood still once", {LAG: for_a_while(0.02, 10, 3, 11)}, [fires(10), fires(13)]),
    Scenario(
        "the disk is nearly full", {FREE: for_a_while(50e9, 10, 1e9, 30)}, [fires(14), fires(16, "DiskLow"), fires(31)]
    ),
    Scenario("a small folder in memory is nearly empty", {FREE: steady(60e6), ROOM: steady(64e6)}, [fires(60)]),
    Scenario("a large disk has less than a twentieth left", {FREE: steady(20e9), ROOM: steady(1000e9)}, [fires(60)]),
    Scenario(
        "the daily backup did not come about",
        all_at(BACKED_UP, f"60x{LONG}"),
        [fires(26 * 60 + 10), fires(27 * 60, "BackupTooOld")],
    ),
    Scenario("the worker has backed up, the gateway does not know", {BACKED_UP[0]: f"0x{LONG}"}, [fires(30 * 60)]),
    Scenario(
        "nobody has ever made a backup", all_at(BACKED_UP, f"0x{LONG}"), [fires(DAY), fires(27 * 60, "BackupMissing")]
    ),
]
