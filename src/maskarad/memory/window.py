"""What of a chat fits into a prompt."""

from collections.abc import Iterable, Sequence

import msgspec

from maskarad.db.summaries import FOLD_DOWN_TO
from maskarad.memory.remembered import Remembered
from maskarad.memory.tokens import letters_of, tokens_of
from maskarad.values import HistoryLine, Value

KEPT_FOR_MEMORY = 0.25
"""The share of the tokens that what is remembered may take from the newest lines."""

CUT_TOKENS = 100
"""An unread line that does not fit is cut to so many."""

LINE_TOKENS = 12
"""Of the names and marks around a line's text."""


class Context(Value, frozen=True):
    """Lines of the history, oldest first, and what is remembered beside them."""

    lines: tuple[HistoryLine, ...]
    remembered: Remembered


def fitting(history: Sequence[HistoryLine], remembered: Remembered, tokens: int) -> Context:
    """About `tokens` of both. When not all fits: unread lines stay, cut short where need be; then come the newest
    lines, but for a share that is kept for what is remembered; then the summary, relevant lines, the digest."""
    lines = _not_summarised(history, remembered.summarised_to)
    shown = {line.message_order for line in lines}
    relevant = tuple(line for line in remembered.relevant if line.message_order not in shown)
    remembered = msgspec.structs.replace(remembered, relevant=relevant)
    unread = sum(_cost(line.text) for line in lines if line.unread)
    kept = max(min(sum(_costs(remembered)), int(tokens * KEPT_FOR_MEMORY), tokens - unread), 0)
    lines, left = _newest(lines, tokens - kept)
    return Context(lines=tuple(lines), remembered=_within(remembered, left + kept))


def _not_summarised(lines: Sequence[HistoryLine], summarised_to: int | None) -> list[HistoryLine]:
    """Without those that the summary tells of, but for the newest: so prompts in a row begin alike, which is what
    models' caches of prompts live on."""
    if summarised_to is None:
        return list(lines)
    newest = len(lines) - FOLD_DOWN_TO
    return [
        line
        for number, line in enumerate(lines)
        if line.unread or number >= newest or line.message_order > summarised_to
    ]


def _newest(lines: list[HistoryLine], tokens: int) -> tuple[list[HistoryLine], int]:
    """All unread lines and the newest others that fit, and how many tokens they leave."""
    left = tokens - sum(_cost(line.text) for line in lines if line.unread)
    if left < 0:
        lines = [_cut(line) if line.unread else line for line in lines]
        left = max(tokens - sum(_cost(line.text) for line in lines if line.unread), 0)
    kept: list[HistoryLine] = []
    is_full = False
    for line in reversed(lines):
        if not line.unread:
            is_full = is_full or _cost(line.text) > left
            if is_full:
                continue
            left -= _cost(line.text)
        kept.append(line)
    return kept[::-1], left


def _cut(line: HistoryLine) -> HistoryLine:
    letters = letters_of(CUT_TOKENS, line.text)
    if len(line.text) <= letters:
        return line
    return msgspec.structs.replace(line, text=line.text[:letters] + "…")


def _within(remembered: Remembered, tokens: int) -> Remembered:
    fits = 0
    for cost in _costs(remembered):
        tokens -= cost
        if tokens < 0:
            break
        fits += 1
    lines = len(remembered.relevant)
    return msgspec.structs.replace(
        remembered,
        summary=remembered.summary if fits > 0 else "",
        relevant=remembered.relevant[: max(fits - 1, 0)],
        digest=remembered.digest if fits == lines + 2 else "",
    )


def _costs(remembered: Remembered) -> Iterable[int]:
    """Of the summary, each relevant line, and the digest; 0 for what there is not."""
    yield _cost(remembered.summary) if remembered.summary else 0
    for line in remembered.relevant:
        yield _cost(line.text)
    yield _cost(remembered.digest) if remembered.digest else 0


def _cost(text: str) -> int:
    return tokens_of(text) + LINE_TOKENS
