"""A year in a lively chat, the same every time."""

import random
from math import exp, sin

import msgspec

from maskarad.analytics.order import Bar, Order
from maskarad.analytics.wording import labels
from maskarad.memory.stats import DayOfChat
from maskarad.texts import load_texts

TODAY = 20_778
TEXTS = load_texts()
encode = msgspec.json.Encoder().encode


def day(chance: random.Random, number: int) -> DayOfChat:
    weekend = (number + 3) % 7 >= 4
    evenings = 14 if weekend else 8
    hours = tuple(
        int(
            chance.expovariate(
                1 / (0.02 + evenings * exp(-(((hour - 18) / 3.5) ** 2)) + 5 * exp(-(((hour - 6) / 2) ** 2)))
            )
        )
        for hour in range(24)
    )
    lines = sum(hours)
    valence = 0.05 + 0.25 * sin(number / 40) + chance.gauss(0.0, 0.15)
    felt = {
        "neutral": 0.6,
        "joy": max(0.02, 0.15 + valence / 2),
        "sadness": max(0.02, 0.12 - valence / 2),
        "anger": max(0.01, 0.05 - valence / 4),
        "surprise": 0.05,
        "fear": 0.02,
        "disgust": 0.02,
    }
    topics = ("food", "music", "work", "films", "travel", "weather", "animals", "jokes")
    return DayOfChat(
        hours=hours,
        own=lines // 6,
        analysed=float(lines),
        valence=valence * lines,
        emotions={name: lines * share * (0.5 + chance.random()) for name, share in felt.items()},
        topics={topic: lines * chance.random() / place for place, topic in enumerate(topics, 2)},
    )


def days(first: int, last: int, seed: int = 1) -> tuple[tuple[int, str], ...]:
    chance = random.Random(seed)
    return tuple((number, encode(day(chance, number)).decode()) for number in range(first, last + 1))


def order(
    written: tuple[tuple[int, str], ...] = (),
    bars: tuple[Bar, ...] = (),
    *,
    language: str = "en",
    title: str = "Kitchen",
    zone: str = "Europe/Kyiv",
) -> Order:
    words = TEXTS.words(language)
    said = labels(words, title=title, subtitle=("Mira", zone), bars=words.get("analytics.panel.people"))
    return Order(labels=said, days=written, bars=bars, today=TODAY, zone=zone)
