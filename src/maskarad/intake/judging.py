"""What is to become of a message: all that can be known before the link's row is read, and a judge for the rest.

Where there is no analyser, the judge leaves what it would have to look at closer unweighed; `intake/weighing.py` has it
judged in a process that has one.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import NamedTuple, NoReturn

import msgspec

from maskarad.db.hearing import Decide, Judge
from maskarad.db.unweighed import Unweighed
from maskarad.intake.attention import Closer, called_by, decide, may_be_weighed, to_bot
from maskarad.intake.features import Features, Remark, circumstances, remark_of
from maskarad.intake.flood import Floods, held_back
from maskarad.intake.interests import Ear
from maskarad.life.mood import present
from maskarad.life.reactions import Beside, Instead, Reactions
from maskarad.memory.analysis import Analysis
from maskarad.quiet import is_quiet
from maskarad.values import (
    Bot,
    ChatType,
    Decision,
    GroupReply,
    Incoming,
    LinkState,
    PartDraft,
    PartKind,
    Persona,
    Verdict,
)

MOST_EARS = 10_000

_PRIVATE = Remark(called="private")
OLD = Decision(verdict=Verdict.LISTEN, reason="old")
FAILED = Decision(verdict=Verdict.LISTEN, reason="failed")
"""What becomes of a message that cannot be weighed, for a fault of ours."""
_MAY_GET_A_REACTION = frozenset(("unconvinced", "considered_lately", "often_enough", "only_called", "wordless"))


class _TakesAnalyser(Exception):
    """What is asked for is not to be had in this process."""


class Certain(NamedTuple):
    """It is answered whatever the link knows; None: there is nothing to tell about why."""

    decision: Decision | None


class _Heard(NamedTuple):
    """A group message, and who hears it."""

    message: Incoming
    persona: Persona
    ear: Ear
    remark: Remark

    @property
    def policy(self) -> GroupReply:
        return self.persona.content.group_reply

    @property
    def is_asked(self) -> bool:
        return bool(self.remark.called) or self.policy is GroupReply.ALWAYS


class Judging:
    """`analyse` is called by judges; None where there is no analyser. `answer_within` is how many seconds old a message
    may be when it is judged; `flood_remark` gives the words for one who asks too fast, by language. Quiet hours count
    where a chat has chosen them. Without `reactions` there are none but the model's."""

    def __init__(
        self,
        *,
        persona: Callable[[int], Awaitable[Persona]],
        analyse: Callable[[str], Analysis] | None,
        floods: Floods,
        flood_remark: Callable[[str], str],
        answer_within: float,
        mood_half_life: float,
        time_zone: str,
        reactions: Reactions | None = None,
    ) -> None:
        self._persona = persona
        self._analyse = _not_here if analyse is None else analyse
        self._looks = _not_looking if analyse is None else _closer
        self._floods = floods
        self._flood_remark = flood_remark
        self.answer_within = answer_within
        self._mood_half_life = mood_half_life
        self._time_zone = time_zone
        self._reactions = reactions
        self._ears: OrderedDict[int, tuple[int, Ear]] = OrderedDict()

    async def judge(self, bot: Bot, message: Incoming, now: float) -> Judge | Certain:
        """Raises NotFound (the persona is gone), DatabaseUnavailable."""
        if self.is_old(message, now):
            return let_be
        if message.chat.type is ChatType.PRIVATE:
            return await self._in_private(bot, message, now)
        return await self._in_group(bot, message, now)

    async def _in_private(self, bot: Bot, message: Incoming, now: float) -> Judge | Certain:
        if message.sender.is_bot:
            return lambda state: to_bot(_PRIVATE, state)
        called = called_by(_PRIVATE)
        if await self._floods.asks(message):
            remark = self._remark(await self._persona(bot.persona_id), message)
            return lambda state: held_back(called, state, remark, now)
        instead = await self._instead(bot, message)
        if instead is not None:
            return lambda state: _reacting_instead(called, message, instead(state))
        return Certain(None)

    async def _in_group(self, bot: Bot, message: Incoming, now: float) -> Judge | Certain:
        heard = await self._heard(bot, message)
        remark, is_asked = heard.remark, heard.is_asked
        asks = is_asked and heard.policy is not GroupReply.NEVER and not remark.from_bot
        floods = asks and await self._floods.asks(message)
        instead = await self._instead(bot, message) if is_asked else None
        if asks and remark.called and not floods and instead is None:
            return Certain(called_by(remark))
        beside = None if is_asked or remark.to_another else await self._beside(bot, message)
        decided = self._decider(heard, now, floods=floods, instead=instead, beside=beside)

        def judge(state: LinkState) -> Decision | Unweighed:
            try:
                return decided(state)
            except _TakesAnalyser:
                return Unweighed(message=message, floods=floods, may_get_reaction=beside is not None)

        return judge

    async def weigh(self, bot: Bot, left: Unweighed, now: float) -> Decide:
        """Judge, where there is an analyser, what was left unweighed where there is none: nothing is counted, and no
        lot drawn, a second time. Raises NotFound (the persona is gone), DatabaseUnavailable."""
        if self.is_old(left.message, now):
            return let_be
        heard = await self._heard(bot, left.message)
        instead = await self._instead(bot, left.message) if heard.is_asked else None
        beside = Beside(self._reactions) if left.may_get_reaction and self._reactions is not None else None
        return self._decider(heard, now, floods=left.floods, instead=instead, beside=beside)

    def is_old(self, message: Incoming, now: float) -> bool:
        """Whether it is too late to answer."""
        return now - message.sent_at > self.answer_within

    async def _heard(self, bot: Bot, message: Incoming) -> _Heard:
        persona = await self._persona(bot.persona_id)
        ear = self._ear(persona)
        return _Heard(message, persona, ear, remark_of(message, bot, ear.names))

    def _decider(
        self, heard: _Heard, now: float, *, floods: bool, instead: Instead | None, beside: Beside | None
    ) -> Decide:
        message, persona, ear, remark = heard
        analysis = cache(lambda: self._analyse(message.text))
        closer = self._looks(message.text, analysis, ear if may_be_weighed(remark, heard.policy) else None)

        def decided(state: LinkState) -> Decision:
            quiet = self._is_quiet(state, now)
            known = partial(self._circumstances, remark, state, now)
            decision = decide(remark, heard.policy, state, known, closer, quiet=quiet, now=now)
            if floods:
                return held_back(decision, state, self._remark(persona, message), now)
            if instead is not None and decision.verdict is Verdict.ANSWER:
                return _reacting_instead(decision, message, instead(state))
            if beside is not None and decision.reason in _MAY_GET_A_REACTION:
                return _with_reaction(decision, message, beside(state, analysis))
            return decision

        return decided

    def _circumstances(self, remark: Remark, state: LinkState, now: float) -> Features:
        return circumstances(remark, state, mood=present(state.mood, now, self._mood_half_life), now=now)

    def _is_quiet(self, state: LinkState, now: float) -> bool:
        return is_quiet(state.manners, now, default_zone=self._time_zone, default_from=0, default_until=0)

    def _remark(self, persona: Persona, message: Incoming) -> PartDraft:
        reply_to = None if message.chat.type is ChatType.PRIVATE else message.message_id
        return PartDraft(kind=PartKind.TEXT, text=self._flood_remark(persona.content.language), reply_to=reply_to)

    async def _instead(self, bot: Bot, message: Incoming) -> Instead | None:
        return None if self._reactions is None else await self._reactions.instead(bot, message)

    async def _beside(self, bot: Bot, message: Incoming) -> Beside | None:
        return None if self._reactions is None else await self._reactions.beside(bot, message)

    def _ear(self, persona: Persona) -> Ear:
        version, ear = self._ears.get(persona.id, (0, None))
        if ear is None or version != persona.version:
            ear = Ear(persona, self._analyse)
            self._ears[persona.id] = (persona.version, ear)
            if len(self._ears) > MOST_EARS:
                self._ears.popitem(last=False)
        return ear


def let_be(_state: LinkState) -> Decision:
    """The judge of what comes too late to be answered."""
    return OLD


def _closer(text: str, analysis: Callable[[], Analysis], ear: Ear | None) -> Closer:
    """Words that the persona likes are of its topics, too, and count once."""
    interests = None if ear is None else ear.interests

    @cache
    def mentioned() -> Features:
        return {} if interests is None else interests.mentioned_in(text)

    def shown() -> Features:
        found = {} if interests is None or mentioned() else interests.touched_by(analysis())
        return found | ({"spam": analysis().spam} if analysis().spam else {})

    return Closer(interests=mentioned, analysis=shown)


def _not_looking(_text: str, _analysis: Callable[[], Analysis], _ear: Ear | None) -> Closer:
    """Interests are the analyser's work, too: it says of what topics a persona's are."""
    return Closer(interests=_not_here, analysis=_not_here)


def _not_here(*_text: str) -> NoReturn:
    raise _TakesAnalyser


def _reacting_instead(decision: Decision, message: Incoming, emoji: str | None) -> Decision:
    """A reaction may be answer enough."""
    if emoji is None:
        return decision
    listening = msgspec.structs.replace(decision, verdict=Verdict.LISTEN, reason="enough")
    return _with_reaction(listening, message, emoji)


def _with_reaction(decision: Decision, message: Incoming, emoji: str | None) -> Decision:
    if emoji is None:
        return decision
    part = PartDraft(kind=PartKind.REACTION, text=emoji, reply_to=message.message_id)
    return msgspec.structs.replace(decision, part=part)
