"""The play: its cast, its acts in their order, and how it is told that one of them broke off."""

from collections.abc import Awaitable, Callable

import aiohttp
import msgspec

from maskarad.sandbox.demo import making, talking
from maskarad.sandbox.demo.process import ProcessEnded
from maskarad.sandbox.demo.room import BotAccount, Person
from maskarad.sandbox.demo.stage import MANAGER_TOKEN, Cast, Platform, Stage
from maskarad.sandbox.demo.transcript import Transcript
from maskarad.sandbox.person import Sandbox, SandboxRefused


class Act(msgspec.Struct, frozen=True):
    title: str
    play: Callable[[Stage], Awaitable[None]]


ACTS = (
    Act("Оксана makes a persona", making.make_persona),
    Act("The persona gets a bot", making.bind_bot),
    Act("A private talk", talking.talk_in_private),
    Act("A stranger at the door", talking.turn_a_stranger_away),
    Act("A group", talking.live_in_a_group),
    Act("A mood", talking.change_mood),
    Act("The persona is changed", making.edit_persona),
    Act("The platform is killed in the middle of a sentence", talking.survive_a_kill),
    Act("Forgetting", talking.forget),
    Act("Farewell", making.delete_persona),
)

_BROKEN_OFF = (TimeoutError, LookupError, SandboxRefused, ProcessEnded, aiohttp.ClientError)


async def perform(sandbox: Sandbox, transcript: Transcript, platform: Platform) -> None:
    """Play all acts; one that breaks off ends the play and counts as a failed check."""
    try:
        stage = Stage(sandbox, transcript, platform, await _gather_cast(sandbox))
        await platform.start()
        for number, act in enumerate(ACTS, 1):
            transcript.act(number, act.title)
            await act.play(stage)
        transcript.act(len(ACTS) + 1, "Curtain")
        await _close(stage)
    except _BROKEN_OFF as error:
        transcript.check(f"the play goes on ({type(error).__name__}: {error})", False)


async def _gather_cast(sandbox: Sandbox) -> Cast:
    oksana = await sandbox.add_user("Оксана", username="oksana", language_code="uk")
    bob = await sandbox.add_user("Bob", username="bob", language_code="en")
    dmytro = await sandbox.add_user("Дмитрий", username="dmytro", language_code="ru")
    ustym = await sandbox.add_bot("Мольфар Устим", "ustym_molfar_bot")
    manager = next(each for each in await sandbox.bots() if each["token"] == MANAGER_TOKEN)
    return Cast(
        oksana=Person(oksana["id"], "Оксана"),
        bob=Person(bob["id"], "Bob"),
        dmytro=Person(dmytro["id"], "Дмитрий"),
        manager=Person(manager["id"], manager["name"]),
        ustym=BotAccount(ustym["id"], ustym["name"], ustym["username"], ustym["token"]),
    )


async def _close(stage: Stage) -> None:
    platform, secret = stage.platform, stage.cast.ustym.token.partition(":")[2]
    stage.check("told to stop, the platform ends with exit code 0", await platform.stop() == 0)
    stage.check("its log tells of no error", not platform.has_logged("error") and not platform.has_logged("Traceback"))
    stage.check("and never told the token", not platform.has_logged(secret))
