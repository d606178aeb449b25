"""Lines that close an exchange and need no words in return: thanks, agreement, laughter, a lone emoji of joy."""

import re
from enum import Enum, auto
from itertools import chain

_LONGEST = 60
_MOST_WORDS = 4

_THANKS = frozenset(
    [
        *("дякую", "дяка", "дякс", "спасибі", "спасибо", "спасибочки", "спс", "благодарю"),
        *("thanks", "thank", "thx", "ty"),
    ]
)
_AGREEMENT = frozenset(
    [
        *("добре", "гаразд", "окей", "ок", "ага", "угу", "ясно", "зрозуміло", "згода", "домовились", "супер", "клас"),
        *("хорошо", "ладно", "понятно", "понял", "поняла", "ясненько", "договорились", "класс", "отлично"),
        *("ok", "okay", "great", "cool", "nice", "alright", "understood", "agreed"),
    ]
)
_BESIDE_THEM = frozenset(
    [
        *("щиро", "красно", "дуже", "тобі", "вам", "велике", "большое", "огромное", "тебе", "очень"),
        *("you", "so", "much", "a", "lot", "very"),
    ]
)
_LAUGHTER = re.compile(
    r"п?(?=\w*ха)(?:х[ах]{2,}|а[ах]{3,})|ха|(?:а?хе){2,}х?|(?:a?ha){2,}h?|(?:he){2,}h?|lol|lmao|лол|кек|ржу"
)
_WORD = re.compile(r"[^\W\d_]+")
_MENTION = re.compile(r"@\w+")
_GLAD_PICTURES = frozenset("👍👌🙏❤🔥🥰👏😁🎉🤩😍💯🤣🤗🤝🫡😂😊🙂😄😃😀😆😅😉☺😘💪🙌💙💛💖😎")
_UNSEEN = frozenset("\ufe0f\u200d🏻🏼🏽🏾🏿")


class Closing(Enum):
    THANKS = auto()
    AGREEMENT = auto()
    LAUGHTER = auto()
    PICTURE = auto()


def closing_of(text: str) -> Closing | None:
    """What kind of closing it is; None for everything that deserves an answer in words. The persona's name may stand
    after the first word."""
    if len(text) > _LONGEST or "?" in text:
        return None
    said = _WORD.findall(_MENTION.sub(" ", text))
    if not said:
        return Closing.PICTURE if _is_glad_picture(text) else None
    if len(said) > _MOST_WORDS:
        return None
    words = [said[0].lower(), *(word for word in said[1:] if not word.istitle())]
    if all(_LAUGHTER.fullmatch(word.lower()) for word in words):
        return Closing.LAUGHTER
    known = {word.lower() for word in words}
    if not known <= _THANKS | _AGREEMENT | _BESIDE_THEM:
        return None
    if known & _THANKS:
        return Closing.THANKS
    return Closing.AGREEMENT if known & _AGREEMENT else None


def _is_glad_picture(text: str) -> bool:
    shown = [sign for sign in chain.from_iterable(text.split()) if sign not in _UNSEEN and sign not in "!.)("]
    return bool(shown) and set(shown) <= _GLAD_PICTURES
