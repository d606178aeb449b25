"""What people in the aviary do not wait for: pictures, errands that fail, lines unasked, summaries."""

import json
from contextlib import suppress

import psutil
from sqlalchemy import Select, select, update

from maskarad.analytics.orders import KIND as PICTURE
from maskarad.analytics.painter import COMMAND as PAINTER
from maskarad.assembly.errands import FILES_OF_IMPORTS
from maskarad.db.summaries import FOLD_DOWN_TO
from maskarad.db.tables import FOLD_FROM, conversation_summaries, errands
from maskarad.db.tables import chat_bot_instances as links
from maskarad.manager.errands import LOOK
from maskarad.memory.summarising import DIGEST_MARK
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, Actor, Stage
from tests.journeys.test_import import export
from tests.security.aviary import WITHIN
from tests.security.canaries import text
from tests.support.until import until

HOUR = 3600
UNASKED, SUMMING_UP = "Nobody has spoken to you.", "You keep the memory of a chat"
"""What tells requests to the model apart."""

_PICTURES = select(errands.c.id).where(errands.c.kind == PICTURE)
_IMPORTS = select(errands.c.id).where(errands.c.kind == LOOK)
_SUMMARIES = select(conversation_summaries.c.id)


async def quiet_group(stage: Stage, actor: Actor) -> str:
    """One whose name is a canary too, and in which the persona takes nothing up."""
    sandbox = stage.sandbox
    group = str((await sandbox.add_group(text("title"), OWNER))["key"])
    await sandbox.join(group, FRIEND)
    await sandbox.join(group, actor.telegram_id, by=OWNER)
    screen = await sandbox.ask(group, OWNER, f"/chattiness@{actor.username}")
    await sandbox.press(group, OWNER, screen.id, data="1:dial:quiet")
    await sandbox.next_edit(group, after=screen.seq, timeout=WITHIN)
    return group


async def draw(stage: Stage, actor: Actor, group: str) -> None:
    """A picture whose process is killed, one that arrives, and one that Telegram does not take for an hour."""
    sandbox, private = stage.sandbox, stage.private(actor, FRIEND)
    command = f"/analytics@{actor.username}"
    await sandbox.say(private, FRIEND, "/analytics")
    painter = await _painter_held_up()
    try:
        # Whoever answers a message has handed the order over by then.
        answer = await stage.ask(actor, text("meanwhile"), FRIEND)
    finally:
        painter.kill()
    apology = await sandbox.next_message(private, after=answer.seq, timeout=WITHIN)
    assert apology.file_id is None
    picture = await sandbox.ask(group, OWNER, command, timeout=WITHIN)
    assert picture.file_id is not None
    await _rows(stage, _PICTURES, are_there=False)
    await sandbox.order_fault("429", method="sendPhoto", retry_after=HOUR)
    await sandbox.say(group, OWNER, command)
    await _rows(stage, _PICTURES.where(errands.c.error.is_not(None)))


async def _painter_held_up() -> psutil.Process:
    """The drawing process, as soon as it is there."""
    found: list[psutil.Process] = []

    def is_there() -> bool:
        found.extend(filter(_is_painter, psutil.Process().children(recursive=True)))
        return bool(found)

    await until(is_there, WITHIN)
    found[0].suspend()
    return found[0]


def _is_painter(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.cmdline()[1:] == list(PAINTER[1:]))
    return False


async def begin_hopeless_import(stage: Stage) -> None:
    """A file stands where the folder for files of imports should be."""
    folder = stage.settings.data_dir / FILES_OF_IMPORTS
    await _rows(stage, _IMPORTS, are_there=False)
    folder.rmdir()
    folder.touch()
    manager = stage.sandbox.private(OWNER, MANAGER_ID)
    await stage.sandbox.send_file(manager, OWNER, f"{text('hopeless')}.json", export(555, 3, text("hopeless")))


async def import_is_given_up(stage: Stage) -> None:
    """The last pause, a long one, is cut short."""
    at_rest = update(errands).where(errands.c.kind == LOOK, errands.c.claim.is_(None)).values(due_at=1.0)
    await stage.database.write(lambda connection: connection.execute(at_rest))
    await _rows(stage, _IMPORTS.where(errands.c.failed_at.is_not(None)))


async def speak_unasked_and_fold(stage: Stage, actor: Actor, group: str) -> None:
    """The persona breaks a silence, and what the model says instead of a summary of the group is none; then it refuses
    both; then it sums up. The group is quiet, so that nobody else asks the model meanwhile."""
    sandbox, private = stage.sandbox, stage.private(actor, FRIEND)
    await stage.ask(actor, text("last"), FRIEND)
    await stage.settled(actor)
    before = await sandbox.position()
    await sandbox.direct_model(replies=[json.dumps({"response": [text("unasked")]})] * 2)
    await _make_it_time_to_speak(stage)
    await _talk(stage, group, "nonsense", lines=FOLD_FROM)
    line = await sandbox.next_message(private, after=before, timeout=WITHIN)
    assert line.text == text("unasked")
    await _rows(stage, _SUMMARIES.where(conversation_summaries.c.text.contains(DIGEST_MARK)))
    await sandbox.direct_model(clear=True, faults=[{"status": 400, "times": 20}])
    await _make_it_time_to_speak(stage)
    await _talk(stage, group, "refused", lines=FOLD_FROM - FOLD_DOWN_TO)
    for request in (UNASKED, SUMMING_UP):
        await is_refused(stage, request)
    await sandbox.direct_model(clear=True, replies=[json.dumps({"summary": text("summary")})])
    await _talk(stage, group, "folded", lines=FOLD_FROM - FOLD_DOWN_TO)
    await _rows(stage, _SUMMARIES.where(conversation_summaries.c.text == text("summary")))


async def _make_it_time_to_speak(stage: Stage) -> None:
    """Processes have clocks of their own, so it is the row that has grown old."""
    due = update(links).where(links.c.chat_id == FRIEND).values(stir_at=1.0)
    await stage.database.write(lambda connection: connection.execute(due))


async def _talk(stage: Stage, group: str, about: str, *, lines: int) -> None:
    for number in range(lines):
        await stage.sandbox.say(group, FRIEND, text(f"{about}-{number}"))


async def is_refused(stage: Stage, words: str) -> None:
    """Returns when the model has refused a request with these words."""

    async def was_refused() -> bool:
        asked = await stage.sandbox.model_requests()
        return any(each["fault"] == 400 and words in str(each["body"]["messages"]) for each in asked)

    await until(was_refused, WITHIN)


async def _rows(stage: Stage, rows: Select[tuple[int]], *, are_there: bool = True) -> None:
    """Returns when there is such a row, or none."""

    async def is_so() -> bool:
        found = await stage.database.read(lambda connection: connection.execute(rows).first())
        return (found is not None) is are_there

    await until(is_so, WITHIN)
