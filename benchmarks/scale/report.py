"""The measured part of docs/scaling.md."""

from collections.abc import Iterator, Sequence

from benchmarks import pages
from benchmarks.program import ROOT
from benchmarks.scale import shares
from benchmarks.scale.figures import Cost, Results, Round
from benchmarks.waits import Times
from maskarad.jobs.changes import INTERVAL

PAGE = ROOT / "docs" / "scaling.md"
RESULTS = ROOT / "benchmarks" / "scale.json"
PICTURES = ROOT / "docs" / "pictures"
BEGIN = "<!-- measured by `make scale` -->"
WITHIN = Times(p50=0.010, p95=0.030, most=float("inf"))
"""Targets from intake to the beginning of a turn, unloaded."""
DISTURBED = 0.15
"""Cores that others may use before it is said."""
TITLES = {
    "private": "private message, answered",
    "listened": "group message, only listened to",
    "button": "button of the manager bot",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = True) -> str:
    """All columns but the first hold numbers, or words."""
    rest = "---:|" if numbers else "---|"
    return "\n".join((_cells(head), "|---|" + rest * (len(head) - 1), *map(_cells, rows)))


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def milliseconds(found: Times) -> str:
    return f"{found.p50 * 1e3:.1f} / {found.p95 * 1e3:.1f} / {found.most * 1e3:.1f} ms"


def part(found: Results) -> str:
    head = pages.where_and_when(found.taken_on, found.machine)
    return "\n\n".join(
        (
            BEGIN,
            f"{head} Fixed loop {found.calibration:.1f} ms.{_reservation(found)}",
            "### What workers add",
            "![The wait for an answer, by rate and workers](pictures/scale-workers.svg)",
            _workers(found),
            _rounds(found.rounds),
            "### When the cores are the limit",
            _per_core(found),
            _costs(found),
            "### From intake to the beginning of a turn",
            _unloaded(found),
            "### What PostgreSQL and Redis do for a message",
            _database(found),
            _quiet(found),
            _held(found),
            pages.END,
        )
    )


def _reservation(found: Results) -> str:
    played = [*(each.cores for each in found.costs.values()), *(each.cores for each in found.rounds)]
    others = [cores[shares.OTHERS] for cores in played]
    if max(others) < DISTURBED:
        return ""
    return (
        f" **Other programs used {min(others):.2f} to {max(others):.2f} of the {found.machine.cores} cores meanwhile: "
        "CPU of a message comes out higher for that, and times are longer than they need be.**"
    )


def _workers(found: Results) -> str:
    by_workers = {each.workers: each for each in sorted(found.rounds, key=_rate)}
    first = by_workers[min(by_workers)]
    shown = (
        f"{count} worker{'s' * (count > 1)} {most.answered:.1f} answers a second "
        f"({most.answered / first.answered:.2f} ×)"
        for count, most in by_workers.items()
    )
    used = max(sum(each.cores[part] for part in (*shares.PLATFORM, shares.PROXY)) for each in found.rounds)
    return (
        f"With more asked than can be answered: {', '.join(shown)}. A worker has {found.places} places here "
        f"(`LLM_MAX_CONNECTIONS`) and the model takes {found.model_seconds:g} s, so that {found.places} a second is "
        f"all that it can do; the platform used {used:.2f} cores at the most."
    )


def _rate(each: Round) -> float:
    return each.rate


def _rounds(rounds: Sequence[Round]) -> str:
    head = ("workers", "said/s", "answered/s", "wait p50 / p95 / most", "platform", "sandbox and load", "others")
    return table(head, [_round(each) for each in rounds])


def _round(each: Round) -> Sequence[str]:
    cores = each.cores
    return (
        str(each.workers),
        f"{each.said / each.seconds:.1f}",
        f"{each.answered:.1f}",
        f"{each.waits.p50:.2f} / {each.waits.p95:.2f} / {each.waits.most:.2f} s",
        f"{sum(cores[part] for part in (*shares.PLATFORM, shares.PROXY)):.2f} cores",
        f"{cores[shares.SANDBOX] + cores[shares.LOAD]:.2f} cores",
        f"{cores[shares.OTHERS]:.2f} cores",
    )


def platform_cpu(cost: Cost) -> float:
    return sum(cost.cpu[part] for part in shares.PLATFORM)


def _per_core(found: Results) -> str:
    private, listened, button = (found.costs[kind] for kind in TITLES)
    rest = private.cpu[shares.PROXY] + private.cpu[shares.SANDBOX] + private.cpu[shares.LOAD]
    return (
        f"**{1 / platform_cpu(private):.0f} turns a second for each core** of gateways, workers, PostgreSQL and Redis "
        f"together; {1 / platform_cpu(listened):.0f} messages that are only listened to; "
        f"{1 / platform_cpu(button):.0f} presses. One gateway and one worker answered {private.rate:.0f} private "
        f"messages a second ({private.count} of them), on a machine that also plays Telegram, the model and "
        f"the people for {rest * 1e3:.1f} ms of CPU a message, proxy included. CPU of one, in milliseconds of a core:"
    )


def _costs(found: Results) -> str:
    parts = (*shares.PLATFORM, shares.PROXY, shares.SANDBOX, shares.LOAD)
    head = ("", "platform", *parts, "played/s", "wait p50 / p95 / most")
    rows = [
        (
            title,
            f"**{platform_cpu(cost) * 1e3:.2f}**",
            *(f"{cost.cpu[part] * 1e3:.2f}" for part in parts),
            f"{cost.rate:.0f}",
            milliseconds(cost.waits),
        )
        for title, cost in _by_title(found)
    ]
    return table(head, rows)


def _by_title(found: Results) -> Iterator[tuple[str, Cost]]:
    return ((title, found.costs[kind]) for kind, title in TITLES.items())


def _unloaded(found: Results) -> str:
    each = found.unloaded
    head = (f"{each.count} messages, one at a time", "p50 / p95 / most", "")
    rows = (
        ("webhook posted → answered 200: proxy, gateway, commit", milliseconds(each.posted_to_accepted), ""),
        (
            "**answered 200 → the model has the request**: ring over Redis, claim, context read, prompt, HTTP",
            milliseconds(each.accepted_to_asked),
            _verdict(each.accepted_to_asked),
        ),
        ("webhook posted → the model has the request: both", milliseconds(each.posted_to_asked), ""),
        (
            "model asked, answering at once → the answer is in the chat: outbox, sendMessage",
            milliseconds(each.asked_to_shown),
            "",
        ),
    )
    return table(head, rows)


def _verdict(found: Times) -> str:
    reached = found.p50 <= WITHIN.p50 and found.p95 <= WITHIN.p95
    return f"at most {WITHIN.p50 * 1e3:.0f} / {WITHIN.p95 * 1e3:.0f} ms: {'reached' if reached else '**missed**'}"


def _database(found: Results) -> str:
    head = (
        "of one",
        "statements",
        "transactions written",
        "bytes of log (WAL)",
        "Redis commands",
        "calls to the model",
    )
    rows = [
        (
            title,
            f"{cost.statements:.1f}",
            f"{cost.commits:.1f}",
            f"{cost.wal_bytes:,.0f}",
            f"{cost.redis_commands:.1f}",
            f"{cost.asked_model:.2f}",
        )
        for title, cost in _by_title(found)
    ]
    return table(head, rows)


def _quiet(found: Results) -> str:
    quiet = found.quiet
    cpu = sum(quiet.cores[part] for part in shares.PLATFORM)
    return (
        f"What a gateway and a worker do when nobody talks was taken off all of these: {quiet.statements:.1f} "
        f"statements, {quiet.commits:.1f} commits, {quiet.wal_bytes / 1e3:.1f} kB of log and "
        f"{quiet.redis_commands:.0f} Redis commands a second, {cpu:.3f} cores."
    )


def _held(found: Results) -> str:
    held, few, many, look = found.held, found.few, found.many, found.look
    return (
        f"Right after a checkpoint, when every page that changes is written whole, a private message costs "
        f"{held.wal_bytes_after_checkpoint / 1e3:.0f} kB of log instead. A stored message with all that belongs to it "
        f"takes {held.database_bytes_per_message:,.0f} bytes of the database, a chat in use "
        f"{held.redis_bytes_per_chat / 1e3:.1f} kB of Redis. A process holds {held.postgres_connections:.0f} "
        f"connections to PostgreSQL under load and {held.redis_connections:.0f} to Redis. After its start a gateway "
        f"that knows {few.bots} bots has {few.gateway_mb:.0f} MB resident, a worker {few.worker_mb:.0f} MB; with "
        f"{many.bots:,} bots, whose webhooks were just set, {many.gateway_mb:.0f} and {many.worker_mb:.0f} MB. "
        f"Every process looks each {INTERVAL:g} s whether bots were added or removed: with {look.bots:,} bots that is "
        f"{look.process * 1e3:.0f} ms of its core and {look.postgres * 1e3:.0f} ms of PostgreSQL's."
    )
