"""`/bot<token>/<method>`: from a request to Telegram's envelope, with the faults and limits on the way."""

import logging
import re
import time
from inspect import isawaitable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from maskarad.sandbox.faults import Fault, Faults
from maskarad.sandbox.files import file_at
from maskarad.sandbox.flood import FloodLimits
from maskarad.sandbox.methods.call import Call, Described
from maskarad.sandbox.methods.table import METHODS
from maskarad.sandbox.params import Params
from maskarad.sandbox.parse import read_params
from maskarad.sandbox.refusal import Refused
from maskarad.sandbox.ring import Ring
from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.wire import Json, cut
from maskarad.sandbox.world import Body, Bot

CALLS_KEPT = 20_000
LETTERS_KEPT = 65_536
"""Of one text parameter in the record; no legal call has as many."""
_TOKEN = re.compile(r"[1-9]\d{0,18}:[A-Za-z0-9_-]+")

log = logging.getLogger(__name__)


class Outcome(msgspec.Struct, frozen=True):
    status: int
    envelope: Body


def _refused(refusal: Refused) -> Outcome:
    return Outcome(refusal.code, refusal.envelope())


class BotApi:
    """`calls` is the record of what bots asked for; it never holds a token."""

    def __init__(self, telegram: Telegram, faults: Faults, flood: FloodLimits | None) -> None:
        self.telegram = telegram
        self.calls: Ring[Body] = Ring(CALLS_KEPT)
        self._faults = faults
        self._flood = flood

    async def endpoint(self, request: Request) -> Response:
        started = time.perf_counter()
        token, method = request.path_params["token"], request.path_params["method"].lower()
        try:
            params = await read_params(request)
            bot = self._bot(token)
        except Refused as refusal:
            outcome = _refused(refusal)
            return Json(outcome.envelope, outcome.status)
        fault = self._faults.next_for(bot, method, params)
        if fault is not None and fault.kind == "cut" and fault.after == "before":
            self._record(bot, method, params, 0, started, fault)
            return await cut(request)
        outcome = await self.perform(bot, method, params, fault)
        self._record(bot, method, params, outcome.status, started, fault)
        if fault is not None and fault.kind == "cut":
            return await cut(request)
        if fault is not None and fault.kind == "502":
            return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", 502, media_type="text/html")
        return Json(outcome.envelope, outcome.status)

    async def perform(self, bot: Bot, method: str, params: Params, fault: Fault | None = None) -> Outcome:
        """Carries out one call; nothing it is given makes it raise."""
        try:
            if fault is not None and fault.kind == "slow":
                await self.telegram.pause(fault.seconds)
            elif fault is not None and fault.kind != "cut":
                raise fault.refusal()
            if self._flood is not None:
                self._flood.spend(bot, method, params)
            return Outcome(200, await self._result(bot, method, params))
        except Refused as refusal:
            return _refused(refusal)
        except Exception:
            log.exception("Bot API method %s failed", method)
            return _refused(Refused(500, "Internal Server Error"))

    async def _result(self, bot: Bot, name: str, params: Params) -> Body:
        method = METHODS.get(name)
        if method is None:
            raise Refused(404, "Not Found")
        found: Any = method(Call(self.telegram, bot, params))
        result = await found if isawaitable(found) else found
        if isinstance(result, Described):
            return {"ok": True, "result": result.result, "description": result.description}
        return {"ok": True, "result": result}

    def _bot(self, token: str) -> Bot:
        bot = self.telegram.bot_by_token(token)
        if bot is None:
            raise Refused(401, "Unauthorized") if _TOKEN.fullmatch(token) else Refused(404, "Not Found")
        return bot

    def _record(self, bot: Bot, method: str, params: Params, status: int, started: float, fault: Fault | None) -> None:
        """`status` 0: the connection was cut before the call took effect. `fault` is the kind of the one it met: a cut
        with another status closed the connection when all was done."""
        self.calls.append(
            {
                "seq": self.calls.next_seq,
                "at": self.telegram.clock(),
                "bot_id": bot.id,
                "method": _spelled(method),
                "params": _recorded(params),
                "status": status,
                "seconds": time.perf_counter() - started,
                "fault": None if fault is None else fault.kind,
            }
        )

    async def file(self, request: Request) -> Response:
        """`/file/bot<token>/<path>`: the bytes of a stored file."""
        try:
            self._bot(request.path_params["token"])
        except Refused as refusal:
            return Json(refusal.envelope(), refusal.code)
        stored = file_at(self.telegram, request.path_params["path"])
        if stored is None:
            return Json(Refused(404, "Not Found").envelope(), 404)
        return Response(stored.content, media_type=stored.mime_type or "application/octet-stream")


def _recorded(params: Params) -> Body:
    """Parameters as given, an upload by its file name."""
    values = {name: value[:LETTERS_KEPT] if isinstance(value, str) else value for name, value in params.values.items()}
    return {**values, **{name: upload.name for name, upload in params.uploads.items()}}


def _spelled(method: str) -> str:
    """The documented spelling of a known method, else what was asked for."""
    known = METHODS.get(method)
    if known is None:
        return method
    first, *rest = known.__name__.split("_")
    return first + "".join(word.title() for word in rest)
