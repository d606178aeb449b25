"""Which updates Telegram delivers, and when: people who know nothing of each other, so that gaps between updates are
exponential and bursts happen."""

import random
from collections.abc import Iterator

import msgspec
import orjson

from benchmarks.load.plan import Bot, Plan, number_at
from benchmarks.people import JsonObject, group_message, mention, person, press, private_message
from maskarad.manager.callbacks import encode

CHATTER, MENTION, PRESS, PRIVATE = "chatter", "mention", "press", "private"
ASKING = (MENTION, PRIVATE)
"""What must be answered."""

SHARES = {CHATTER: 0.686, MENTION: 0.014, PRESS: 0.2, PRIVATE: 0.1}
"""70 % of the updates come from groups, and of those every fiftieth mentions the bot."""

PEOPLE = 200
BOTS = 20
GROUPS = 40
"""Every bot is in as many groups, and every person talks in private to one bot."""


class Update(msgspec.Struct, frozen=True):
    kind: str
    number: int
    due: float
    bot: Bot
    body: str


def updates(plan: Plan, start: float) -> Iterator[Update]:
    """From `start` on; made one by one, so that making them is spread over the time too."""
    chance = random.Random(plan.seed)
    kinds, weights = tuple(SHARES), tuple(SHARES.values())
    due, number = start, 0
    while (due := due + chance.expovariate(plan.rate)) < start + plan.seconds:
        number = max(number + 2, number_at(plan.epoch, due))
        (kind,) = chance.choices(kinds, weights)
        bot, fields = _said(plan, kind, number, chance)
        body = orjson.dumps({"update_id": number, **fields}).decode()
        yield Update(kind=kind, number=number, due=due, bot=bot, body=body)


def _said(plan: Plan, kind: str, number: int, chance: random.Random) -> tuple[Bot, JsonObject]:
    who, group = chance.randrange(PEOPLE), chance.randrange(GROUPS)
    match kind:
        case "press":
            buttons = (encode("m"), encode("ps", 0), encode("p", plan.persona_ids[who]))
            return plan.manager, press(person(who), number, chance.choice(buttons))
        case "private":
            return plan.actors[who % BOTS], private_message(person(who), number)
        case "mention":
            bot = plan.actors[group % BOTS]
            return bot, mention(group, person(who), number, bot.username)
        case _:
            return plan.actors[group % BOTS], group_message(group, person(who), number)
