"""`python -m benchmarks.evaluation`: the local analyser's emotions, and its hint of spam, against labelled sentences of
three languages.

The sentences are in three parts. `dev` was tuned on. `held` was written before the lexicons and not tuned on, but by
the same hand within the same hour, and has its like in `dev`: it flatters. `late` was written after the lexicons, which
then got one more round of tuning on `dev` and nothing from `late`; it tells best what to expect of unseen texts. The
sentences of a language are in part translations of another's.

Of the advertisements, too, `dev` was tuned on; `held` was written with it, before the lexicon; `late` after it, and
nothing was changed then.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from maskarad.intake.attention import SPAM
from maskarad.memory.analysis import Emotion
from maskarad.memory.analyzer import analyze

SENTENCES = Path(__file__).parent.parent / "tests" / "data"
LANGUAGES = ("uk", "ru", "en")
PARTS = ("dev", "held", "late")


class Sentence(NamedTuple):
    text: str
    emotion: Emotion
    part: str


class Advertisement(NamedTuple):
    """Or talk that has money, links and the like in it."""

    text: str
    is_spam: bool
    part: str


class SpamFound(NamedTuple):
    """Shares: of what was taken for spam, what is; and of the spam, what was found."""

    precision: float
    recall: float


class Evaluation:
    """Counts of what was meant and what was found."""

    def __init__(self, pairs: Iterable[tuple[Emotion, Emotion]]) -> None:
        self._counts = Counter(pairs)

    @property
    def sentences(self) -> int:
        return self._counts.total()

    @property
    def accuracy(self) -> float:
        return sum(self._counts[emotion, emotion] for emotion in Emotion) / self.sentences

    @property
    def macro_f1(self) -> float:
        """The mean of the seven emotions' F1, whatever the number of their sentences."""
        return sum(self.f1(emotion) for emotion in Emotion) / len(Emotion)

    def f1(self, emotion: Emotion) -> float:
        meant = sum(count for (was, _), count in self._counts.items() if was is emotion)
        found = sum(count for (_, said), count in self._counts.items() if said is emotion)
        return 2 * self._counts[emotion, emotion] / max(1, meant + found)

    def table(self) -> str:
        """A row for what was meant, a column for what was found."""
        head = " " * 10 + "".join(f"{emotion:>10}" for emotion in Emotion) + f"{'F1':>8}"
        rows = [
            f"{meant:<10}"
            + "".join(f"{self._counts[meant, found] or '·':>10}" for found in Emotion)
            + f"{self.f1(meant):8.2f}"
            for meant in Emotion
        ]
        return "\n".join((head, *rows))


def sentences(language: str) -> list[Sentence]:
    return [Sentence(text, Emotion(emotion), part) for text, emotion, part in _rows(f"emotions_{language}")]


def advertisements(language: str) -> list[Advertisement]:
    return [Advertisement(text, kind == "spam", part) for text, kind, part in _rows(f"spam_{language}")]


def _rows(name: str) -> list[list[str]]:
    return [row.split("\t") for row in (SENTENCES / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]]


def evaluate(language: str, parts: Sequence[str] = PARTS) -> Evaluation:
    return Evaluation((each.emotion, analyze(each.text).emotion) for each in sentences(language) if each.part in parts)


def evaluate_spam(language: str, parts: Sequence[str] = PARTS) -> SpamFound:
    """At the threshold from which on attention calls a message spam. Where nothing is taken for spam, nothing is taken
    wrongly."""
    chosen = [each for each in advertisements(language) if each.part in parts]
    taken = [each.is_spam for each in chosen if analyze(each.text).spam >= SPAM]
    precision = sum(taken) / len(taken) if taken else 1.0
    return SpamFound(precision, sum(taken) / sum(each.is_spam for each in chosen))


def main() -> None:
    for language in LANGUAGES:
        whole = evaluate(language)
        print(f"== {language}: {whole.sentences} sentences, rows meant, columns found\n{whole.table()}\n")
        for name, parts in (*((part, (part,)) for part in PARTS), ("all", PARTS)):
            found = evaluate(language, parts)
            scores = f"accuracy {found.accuracy:.3f}   macro-F1 {found.macro_f1:.3f}"
            print(f"{name:<6}{found.sentences:>5} sentences   {scores}")
        print()
    for language in LANGUAGES:
        print(f"== {language}: spam among {len(advertisements(language))} messages")
        for name, parts in (*((part, (part,)) for part in PARTS), ("all", PARTS)):
            spam = evaluate_spam(language, parts)
            print(f"{name:<6} precision {spam.precision:.2f}   recall {spam.recall:.2f}")
        print()


if __name__ == "__main__":
    main()
