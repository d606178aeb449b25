"""Is a group message for the persona, and is it worth a word? Features in, a decision out.

Rules settle most of it; what is left is a score against a threshold. Clearly below, the persona listens, clearly above,
it answers; only in the band between is the model asked. Whatever it takes up unasked is counted, and is little.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from maskarad.intake.features import Features, Remark, goes_on
from maskarad.values import Chattiness, Decision, GroupReply, LinkState, Verdict

WEIGHTS: Mapping[str, float] = {
    "question": 0.7,
    "spoken_of": 0.65,
    "follow_up": 0.75,
    "chain": 0.55,
    "interest": 0.35,
    "topic": 0.25,
    "mood": 0.15,
    "liking": 0.2,
    "long_silence": 0.1,
    "just_spoke": -0.2,
    "share": -0.6,
    "spam": -1.5,
}

BAND = 0.2
"""The model is asked where the score is no farther from the threshold."""


class Readiness:
    """From which score on the persona takes something up unasked, and at most how many of the last 60 messages; the
    last `kept` of those are for whoever goes on talking with it, or speaks of it."""

    def __init__(self, threshold: float, most: int, *, kept: int) -> None:
        self.threshold = threshold
        self.bottom, self.top = threshold - BAND, threshold + BAND
        self.most = most
        self.most_of_others = most - kept


AS_IT_IS = Readiness(0.65, 3, kept=1)
CHATTY = Readiness(0.4, 12, kept=2)

PAUSE = 45.0
"""Seconds after taking something up unasked in which nothing else is, unless the persona is perhaps meant."""

SPAM = 0.6
"""From here on a message is spam, and never answered unless it calls the persona."""

MOST_EXCHANGES = 2
"""Answers to other bots in a row; then a person has to speak."""


@dataclass(frozen=True)
class Closer:
    """Closer looks at a message, the dearer the later."""

    interests: Callable[[], Features]
    """`interest`"""
    analysis: Callable[[], Features]
    """`topic` and `spam`"""


def decide(
    remark: Remark,
    policy: GroupReply,
    state: LinkState,
    circumstances: Callable[[], Features],
    closer: Closer,
    *,
    quiet: bool,
    now: float,
) -> Decision:
    """What becomes of a group message. The looks are taken only where they can make a difference. In quiet hours the
    persona takes nothing up unasked, whatever it is like."""
    dial = state.manners.chattiness
    if dial is Chattiness.SILENT:
        return _listen("silent")
    if policy is GroupReply.NEVER:
        return _listen("never")
    if remark.from_bot:
        return to_bot(remark, state)
    if remark.called:
        return called_by(remark)
    if held := _held_back(remark, policy, state, quiet=quiet):
        return _listen(held)
    if policy is GroupReply.ALWAYS:
        return _always(closer)
    readiness = CHATTY if dial is Chattiness.CHATTY else AS_IT_IS
    perhaps_meant = remark.spoken_of or goes_on(remark, state, now)
    exhausted = _exhausted(state, readiness, now, perhaps_meant=perhaps_meant)
    return _weigh(circumstances(), closer, readiness, exhausted)


def _held_back(remark: Remark, policy: GroupReply, state: LinkState, *, quiet: bool) -> str:
    """Why the persona takes nothing of the kind up unasked; empty: it may."""
    if state.manners.chattiness is Chattiness.QUIET:
        return "quiet_dial"
    if quiet:
        return "quiet_hours"
    if policy is GroupReply.ALWAYS:
        return ""
    if policy is GroupReply.MENTIONED_ONLY and not remark.spoken_of:
        return "only_called"
    if remark.wordless:
        return "wordless"
    is_between_others = remark.to_another and not (state.replies_to_asker or remark.spoken_of)
    return "between_others" if is_between_others else ""


def may_be_weighed(remark: Remark, policy: GroupReply) -> bool:
    """Whether it may come to a look at what the persona likes."""
    if remark.called or remark.from_bot or remark.wordless:
        return False
    is_for_called_only = policy is GroupReply.MENTIONED_ONLY and not remark.spoken_of
    return policy not in (GroupReply.NEVER, GroupReply.ALWAYS) and not is_for_called_only


def weight_of(feature: str) -> float:
    """`interest:tea` weighs what `interest` does."""
    return WEIGHTS.get(feature.partition(":")[0], 0.0)


def _listen(reason: str) -> Decision:
    return Decision(verdict=Verdict.LISTEN, reason=reason)


def called_by(remark: Remark) -> Decision:
    """Who calls the persona is answered."""
    return Decision(verdict=Verdict.ANSWER, reason=remark.called, features={"called": 1.0})


def to_bot(remark: Remark, state: LinkState) -> Decision:
    """What becomes of another bot's message."""
    if not remark.called:
        return _listen("other_bot")
    if state.bot_exchanges >= MOST_EXCHANGES:
        return _listen("bots_talk")
    return called_by(remark)


def _always(closer: Closer) -> Decision:
    found = closer.analysis()
    spam = {name: value for name, value in found.items() if name == "spam"}
    if _is_spam(spam):
        return Decision(verdict=Verdict.LISTEN, reason="spam", features=spam)
    return Decision(verdict=Verdict.ANSWER, reason="always", features={"called": 1.0})


def _weigh(features: Features, closer: Closer, readiness: Readiness, exhausted: str) -> Decision:
    score = _score(features)
    for look, names in ((closer.interests, ("interest",)), (closer.analysis, ("topic", "spam"))):
        if exhausted or not _is_open(score, names, readiness):
            continue
        found = look()
        features |= found
        score += _score(found)
    verdict, reason = Verdict.LISTEN, "unconvinced"
    if _is_spam(features):
        reason = "spam"
    elif score >= readiness.bottom:
        verdict, reason = _taken_up(score, exhausted, readiness)
    return Decision(verdict=verdict, reason=reason, score=score, threshold=readiness.threshold, features=features)


def _taken_up(score: float, exhausted: str, readiness: Readiness) -> tuple[Verdict, str]:
    if exhausted:
        return Verdict.LISTEN, exhausted
    return (Verdict.ANSWER, "joins_in") if score >= readiness.top else (Verdict.CONSIDER, "perhaps")


def _exhausted(state: LinkState, readiness: Readiness, now: float, *, perhaps_meant: bool) -> str:
    """Why this may not be taken up unasked for now; empty: it may."""
    if state.pondered_at > now - PAUSE and not perhaps_meant:
        return "considered_lately"
    most = readiness.most if perhaps_meant else readiness.most_of_others
    return "often_enough" if state.recent_considered.bit_count() >= most else ""


def _score(features: Features) -> float:
    return sum(weight_of(name) * value for name, value in features.items())


def _is_open(score: float, names: tuple[str, ...], readiness: Readiness) -> bool:
    """Whether features of these names could change what becomes of the message."""
    weights = [WEIGHTS[name] for name in names]
    best = score + sum(weight for weight in weights if weight > 0)
    worst = score + sum(weight for weight in weights if weight < 0)
    return best >= readiness.bottom and (worst < readiness.bottom or worst < readiness.top <= best)


def _is_spam(features: Features) -> bool:
    return features.get("spam", 0.0) >= SPAM
