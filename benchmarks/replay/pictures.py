"""Pictures of a replay; see `benchmarks/plots.py` for how they are drawn."""

from collections import Counter
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure as Sheet

from benchmarks.plots import BLUE, HIGH, LIGHT_GREY, NO_TRACES, ORANGE, RED, STYLE, VIOLET, WIDE
from benchmarks.replay.figures import decision_of, is_answered, local, was_called
from benchmarks.replay.player import Replay

MOODS = {"joy": ORANGE, "playfulness": BLUE, "sadness": VIOLET, "irritation": RED}


def draw(replay: Replay, folder: Path) -> None:
    for name, picture in (("replay-hours", _hours), ("replay-mood", _mood)):
        with mpl.rc_context(STYLE):
            sheet = Sheet(figsize=(WIDE, HIGH), layout="constrained")
            picture(sheet, replay)
            sheet.savefig(folder / f"{name}.svg", transparent=True, metadata=NO_TRACES)


def _hours(sheet: Sheet, replay: Replay) -> None:
    above, below = sheet.subplots(2, sharex=True)
    hours = range(24)
    heard = Counter(local(each.at).hour for each in replay.heard)
    above.bar(hours, [heard[hour] for hour in hours], color=LIGHT_GREY)
    above.set_title("Messages by hour")
    answered = [each for each in replay.heard if is_answered(each)]
    stacks = (
        ("called", BLUE, Counter(local(each.at).hour for each in answered if was_called(each))),
        (
            "joined in, considered",
            ORANGE,
            Counter(local(each.at).hour for each in answered if decision_of(each).is_unasked),
        ),
        ("spoke unasked", VIOLET, Counter(local(line.at).hour for line in replay.unasked)),
    )
    bottom = [0] * 24
    for label, colour, counts in stacks:
        below.bar(hours, [counts[hour] for hour in hours], bottom=bottom, color=colour, label=label)
        bottom = [so_far + counts[hour] for so_far, hour in zip(bottom, hours, strict=True)]
    below.set_title("Answers by hour")
    below.set_xticks(range(0, 24, 3))
    sheet.legend(loc="outside lower center", ncols=3)


def _mood(sheet: Sheet, replay: Replay) -> None:
    axes = sheet.subplots()
    start = replay.heard[0].at
    for key, colour in MOODS.items():
        felt = [each for each in replay.heard if each.mood.key == key]
        days = [(each.at - start) / 86_400 for each in felt]
        axes.vlines(days, 0, [each.mood.strength for each in felt], color=colour, linewidth=0.8, label=key)
    axes.set(xlabel="day", ylim=(0, 1))
    axes.set_title("The persona's mood, and how strong it was")
    sheet.legend(loc="outside lower center", ncols=4)
