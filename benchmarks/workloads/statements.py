"""What the database is asked: the platform's parts in this process, so that SQLAlchemy can be listened to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, event

from benchmarks import unlimited
from benchmarks.figures import Figure, figure
from benchmarks.people import JsonObject, group_message, person, press
from benchmarks.scene import Outcome, Scene, settle
from benchmarks.stage import MANAGER_TOKEN, Stage, set_up
from benchmarks.stub import Call, Stub
from benchmarks.talk import Talk
from maskarad.app import Platform
from maskarad.logs import configure
from maskarad.manager.callbacks import encode
from maskarad.settings import Settings

REPEATS = 5
IDLE_SECONDS = 5.0
"""Long enough for every periodic job to have run: its statements are then known and not counted."""

_BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class Asked:
    """Statements and commits of every engine of this process. `before_model` is how many statements there had been
    when the model was asked."""

    def __init__(self) -> None:
        self.statements = 0
        self.commits = 0
        self.before_model = 0
        self._periodic: set[str] | None = None
        self._seen: set[str] = set()

    def know_periodic(self) -> None:
        """Everything seen so far belongs to periodic jobs."""
        self._periodic, self._seen = self._seen, set()

    def start(self) -> None:
        self.statements = self.commits = self.before_model = 0

    def model_asked(self) -> None:
        self.before_model = self.statements

    def statement(self, connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(_BOOKKEEPING):
            return
        self._seen.add(statement)
        if self._periodic is not None and statement not in self._periodic:
            self.statements += 1
            connection.info["counted"] = True

    def commit(self, connection: Any) -> None:
        self.commits += connection.info.pop("counted", False)


@contextmanager
def _listening() -> Iterator[Asked]:
    asked = Asked()
    event.listen(Engine, "before_cursor_execute", asked.statement)
    event.listen(Engine, "commit", asked.commit)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", asked.statement)
        event.remove(Engine, "commit", asked.commit)


@asynccontextmanager
async def _platform(stage: Stage, url: str) -> AsyncIterator[None]:
    configure("warning", "console")
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own keyword
        telegram_bot_token=SecretStr(MANAGER_TOKEN),
        telegram_api_base_url=url,
        telegram_max_per_second=0,
        telegram_max_per_chat_second=0,
        telegram_max_per_group_minute=0,
        flood_messages=0,
        reply_pacing="none",
        port=0,
        database_url=stage.database_url,
        data_dir=stage.folder,
        llm_base_url=f"{url}/v1",
        llm_api_key=(SecretStr("benchmark-key"),),
        **unlimited.FIELDS,
    )
    platform = Platform(settings)
    await platform.start(alone=True)
    try:
        yield
    finally:
        await platform.stop()


class _Counting:
    def __init__(self, stub: Stub, stage: Stage, asked: Asked) -> None:
        self._stub = stub
        self._stage = stage
        self._asked = asked
        self._presses = 0

    async def press(self, who: int, *button: int | str) -> Asked:
        shown = asyncio.Event()

        def heard(call: Call) -> None:
            if call.method == "editMessageText":
                shown.set()

        self._stub.hear = heard
        self._presses += 1
        action, *arguments = map(str, button)
        update = press(person(who), self._presses, encode(action, *arguments))
        return await self._counted(MANAGER_TOKEN, update, shown.wait)

    async def group_message(self) -> Asked:
        inbox = self._stub.inboxes[self._stage.actors[0].token]
        update = group_message(0, person(0), self._stub.new_message_id())
        self._asked.start()
        await inbox.confirmed(inbox.put(update)[0])
        await settle()
        return self._asked

    async def private_message(self) -> Asked:
        talk = Talk(self._stub)
        _, update = talk.line(person(0))
        return await self._counted(self._stage.actors[0].token, update, talk.all_covered)

    async def _counted(self, token: str, update: JsonObject, done: Callable[[], Awaitable[object]]) -> Asked:
        self._asked.start()
        self._stub.inboxes[token].put(update)
        await done()
        await settle()
        return self._asked


async def statements(scene: Scene) -> Outcome:
    stage = await set_up(scene.new_folder())
    with _listening() as asked:
        async with _platform(stage, scene.stub.url):
            await asyncio.sleep(IDLE_SECONDS)
            asked.know_periodic()
            scene.stub.asked = asked.model_asked
            figures = await _count(_Counting(scene.stub, stage, asked), stage)
    return Outcome(
        note="Statements that SQLAlchemy sends (without those that begin and end transactions), the platform in the "
        "measuring process; what periodic jobs ask is left out. Warm: the account, the persona and the link are in "
        "memory.",
        figures=figures,
    )


async def _count(counting: _Counting, stage: Stage) -> tuple[Figure, ...]:
    cold = [(await counting.press(who, "m")).statements for who in range(REPEATS)]
    warm = []
    for who in range(REPEATS):
        for button in (("m",), ("ps", 0), ("p", stage.persona_ids[who])):
            warm.append((await counting.press(who, *button)).statements)
    for _ in range(2):  # the first makes the link and meets the person
        await counting.group_message()
    group = [(await counting.group_message()).statements for _ in range(REPEATS)]
    for _ in range(2):
        await counting.private_message()
    return (
        figure("button press, warm", "", warm, most=0),
        figure("button press, cold", "", cold, most=1),
        figure("group message that gets no reply", "", group, most=2),
        *await _count_turns(counting),
    )


async def _count_turns(counting: _Counting) -> tuple[Figure, ...]:
    before_model, in_all, commits = [], [], []
    for _ in range(REPEATS):
        asked = await counting.private_message()
        before_model.append(asked.before_model)
        in_all.append(asked.statements)
        commits.append(asked.commits)
    return (
        figure("answered private message: statements until the model is asked", "", before_model),
        figure("answered private message: statements in all", "", in_all),
        figure("answered private message: transactions in all", "", commits),
    )
