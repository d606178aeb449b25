"""Is a group message said to one of the others? By a reply or mention, a name in front or behind, or a "you".
In doubt it is: a persona that shows its feelings about others' talk is in the way."""

import re

from maskarad.memory.language import is_common
from maskarad.values import Incoming

_FIRST = re.compile(r"\s*([^\W\d_]+)\s*,")
_LAST = re.compile(r",\s*([^\W\d_]+)\s*(?:[.!…]|[^\w,]*$)")
_WORD = re.compile(r"[^\W\d_]+")
_LOOKED_AT = 200

_CRIES = frozenset(
    [
        *(
            "ура",
            "йой",
            "ой",
            "ох",
            "ух",
            "ех",
            "ах",
            "вау",
            "ого",
            "боже",
            "господи",
            "капець",
            "блін",
            "чорт",
            "супер",
        ),
        *("клас", "класно", "чудово", "круто", "нарешті", "люди", "народ", "друзі", "жах", "урра", "хух", "фух"),
        *("эх", "блин", "черт", "чёрт", "класс", "отлично", "наконец", "ужас", "ребята", "друзья", "здорово", "уф"),
        *(
            "yay",
            "wow",
            "oh",
            "omg",
            "finally",
            "guys",
            "folks",
            "friends",
            "hooray",
            "damn",
            "great",
            "awesome",
            "god",
        ),
    ]
)
_YOU = frozenset(
    [
        *("ти", "тебе", "тобі", "тобою", "твій", "твоя", "твоє", "твої", "твою", "твого", "твоїй", "твоїм"),
        *("ты", "тебя", "тебе", "тобой", "твой", "твоя", "твоё", "твое", "твои", "твою", "твоего", "твоей", "твоим"),
        *("you", "your", "yours", "u", "ur", "thee", "y'all"),
    ]
)


def is_to_somebody(message: Incoming) -> bool:
    """What begins with an unknown word and a comma counts as said to whoever is called so."""
    if message.reply_to_user_id is not None or message.mentions or message.mentioned_ids:
        return True
    text = message.text[:_LOOKED_AT]
    first = _FIRST.match(text)
    if first is not None and _may_be_name(first[1]):
        return True
    if any(last.istitle() and _may_be_name(last) for last in _LAST.findall(text)):
        return True
    return any(word.lower() in _YOU for word in _WORD.findall(text))


def _may_be_name(word: str) -> bool:
    return word.lower() not in _CRIES and not is_common(word.lower())
