"""What the local analyser says of a text."""

from enum import StrEnum
from hashlib import blake2b

from maskarad.values import Value


class Emotion(StrEnum):
    JOY = "joy"
    SADNESS = "sadness"
    ANGER = "anger"
    FEAR = "fear"
    SURPRISE = "surprise"
    DISGUST = "disgust"
    NEUTRAL = "neutral"


class Analysis(Value, frozen=True):
    """`confidence` and `spam` are 0 to 1, `valence` -1 (bad) to 1 (good). `language` is empty where it cannot be told.

    `topics` are keys of `lexicons/topics.toml`, the most telling first, three at most; `keywords` are words of the
    text, five at most (dictionary forms where the extra `nlp` is installed).
    """

    emotion: Emotion
    confidence: float
    valence: float
    topics: tuple[str, ...]
    keywords: tuple[str, ...]
    language: str
    question: bool
    spam: float


def text_hash(text: str) -> str:
    """What stands for a text where its analysis is kept."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
