"""Why a bot answered in its groups, or did not, in words. What people wrote there is not shown."""

from collections.abc import Sequence

from maskarad.db.decisions import Decided
from maskarad.intake.attention import weight_of
from maskarad.intake.features import TO_ALL, share_told
from maskarad.manager.screens.parts import back, built_once, shortened
from maskarad.texts import Words, ago
from maskarad.values import Bot, Decision, Keyboard, Screen

SHOWN_TITLE = 40
SHOWN_NAME = 30
SHOWN_WORD = 30
MOST_FEATURES = 3
LEAST_WEIGHT = 0.05
"""What moved the score by less is not worth telling."""


def decisions_card(words: Words, bot: Bot, decided: Sequence[Decided], now: float) -> Screen:
    """`now` is Unix seconds."""
    title = words.html("decisions.title", bot=bot.username)
    told = [_told(words, each, now) for each in decided] or [words.html("decisions.none")]
    return Screen(html="\n\n".join((title, *told)), keyboard=_keyboard(words, bot.persona_id))


@built_once
def _keyboard(words: Words, persona_id: int) -> Keyboard:
    return (back(words, "b", persona_id),)


def _told(words: Words, decided: Decided, now: float) -> str:
    return words.html(
        "decisions.line",
        verdict=words.get(f"decisions.verdict.{decided.decision.verdict}"),
        chat=shortened(decided.chat_title, SHOWN_TITLE),
        who=shortened(decided.sender_name, SHOWN_NAME),
        ago=ago(words, now - decided.sent_at),
        why="; ".join(_why(words, decided.decision)),
    )


def _why(words: Words, decision: Decision) -> list[str]:
    features = {name: weight_of(name) * value for name, value in decision.features.items()}
    telling = sorted(
        (name for name, weight in features.items() if abs(weight) >= LEAST_WEIGHT and name != decision.reason),
        key=lambda name: -abs(features[name]),
    )
    return [
        words.get(f"decisions.reason.{decision.reason}"),
        *(_feature(words, name, decision.features[name]) for name in telling[:MOST_FEATURES]),
    ]


def _feature(words: Words, name: str, value: float) -> str:
    kind, _, what = name.partition(":")
    match kind:
        case "interest":
            return words.get("decisions.feature.interest", word=shortened(what, SHOWN_WORD))
        case "topic":
            return words.get("decisions.feature.topic", topic=words.get(f"analytics.topic.{what}"))
        case "share":
            return words.get("decisions.feature.share", said=share_told(value))
        case "question":
            return words.get("decisions.feature.question_to_all" if value == TO_ALL else "decisions.feature.question")
        case "mood" | "liking":
            return words.get(f"decisions.feature.{kind}_{'up' if value > 0 else 'down'}")
        case _:
            return words.get(f"decisions.feature.{kind}")
