"""Levers for tests and demonstrations: starting over, faults, raw updates, records, the model's script."""

from typing import Any

from msgspec import Struct

from maskarad.sandbox.botapi import BotApi
from maskarad.sandbox.disorder import Disorder, Post
from maskarad.sandbox.events import MAX_WAIT_SECONDS
from maskarad.sandbox.faults import Fault, Faults
from maskarad.sandbox.human.ask import Ask
from maskarad.sandbox.model import Direction, Model
from maskarad.sandbox.refusal import HumanError
from maskarad.sandbox.updates import lane_of


class Redelivery(Struct, frozen=True):
    update_id: int | None = None


class Levers:
    """Calls that reach beyond the world. `manager` is the id of the bot given at the start, if any."""

    def __init__(self, api: BotApi, faults: Faults, model: Model, post: Post, manager: int | None) -> None:
        self._api = api
        self._faults = faults
        self._model = model
        self._post = post
        self._manager = manager

    def reset(self, ask: Ask) -> Any:
        kept = ask.telegram.world.bots.get(self._manager) if self._manager is not None else None
        ask.telegram.start_over(kept)
        self._api.calls.clear()
        self._faults.clear()
        self._model.start_over()
        self._post.start_over()
        return {}

    def order_fault(self, ask: Ask) -> Any:
        return {"id": self._faults.order(ask.body(Fault))}

    def clear_faults(self, ask: Ask) -> Any:
        self._faults.clear()
        return {}

    def order_disorder(self, ask: Ask) -> Any:
        self._post.order(ask.body(Disorder))
        return {}

    def list_deliveries(self, ask: Ask) -> Any:
        return self._post.deliveries.after(_after(ask))

    def list_calls(self, ask: Ask) -> Any:
        found = self._api.calls.after(_after(ask))
        bot, method = ask.query.get("bot"), ask.query.get("method", "").lower()
        of_bot = [call for call in found if bot is None or str(call["bot_id"]) == bot]
        return [call for call in of_bot if not method or call["method"].lower() == method]

    def direct_model(self, ask: Ask) -> Any:
        self._model.direct(ask.body(Direction))
        return {}

    async def list_model_requests(self, ask: Ask) -> Any:
        """With `wait`, the first request is waited for that many seconds."""
        return await self._model.requests.wait_after(_after(ask), _wait(ask))


def inject_update(ask: Ask) -> Any:
    """Delivers any object as an update, sense or nonsense."""
    bot, update = ask.bot(ask.number("bot_id")), ask.body(dict[str, Any])
    put = ask.telegram.mailbox(bot).put_raw(update, lane_of(update))
    ask.telegram.touch()
    return put.body


def redeliver_update(ask: Ask) -> Any:
    bot, wanted = ask.bot(ask.number("bot_id")), ask.body(Redelivery)
    found = ask.telegram.mailbox(bot).redeliver(wanted.update_id)
    if found is None:
        raise HumanError(404, "no such update is remembered for this bot")
    return found.body


def _after(ask: Ask) -> int:
    given = ask.query.get("after", "0")
    if not (given.isascii() and given.isdigit()):
        raise HumanError(400, "after must be a whole number")
    return int(given)


def _wait(ask: Ask) -> float:
    try:
        return min(float(ask.query.get("wait", 0)), MAX_WAIT_SECONDS)
    except ValueError:
        raise HumanError(400, "wait must be a number of seconds") from None
