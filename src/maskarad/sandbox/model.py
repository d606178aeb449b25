"""The scripted model's HTTP side: OpenAI's chat completions, streamed or whole, and its failures on order."""

import time
from collections import deque
from collections.abc import AsyncIterator
from random import Random
from typing import Annotated, Literal

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from maskarad.sandbox.counting import count
from maskarad.sandbox.parse import read_body
from maskarad.sandbox.prompt_reading import Prompt, read_prompt
from maskarad.sandbox.refusal import Refused
from maskarad.sandbox.ring import Ring
from maskarad.sandbox.script import speak
from maskarad.sandbox.summing_up import sum_up
from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.wire import Json, cut
from maskarad.sandbox.world import Body

REQUESTS_KEPT = 5_000
MAX_BODY_BYTES = 1024 * 1024
MODEL_NAME = "maskarad-script"
PRICES = dict.fromkeys((MODEL_NAME, "openai/gpt-4o-mini"), ("0.00000015", "0.0000006"))
"""What `/v1/models` lists, and dollars for a token of prompt and of answer, as OpenRouter tells them."""
_REASONS = {
    400: "The request cannot be answered",
    401: "Incorrect API key provided",
    402: "Insufficient credits",
    429: "Rate limit reached",
    500: "Internal error",
    503: "Overloaded",
}


class ModelFault(msgspec.Struct):
    """Hits the next `times` requests: an HTTP `status`, or a `kind` of broken answer."""

    status: Literal[400, 401, 402, 429, 500, 503] | None = None
    kind: Literal["cut", "hang", "empty", "html", "cut_stream"] | None = None
    retry_after: float | None = None
    times: int = 1


_WAYS_TO_FAIL = (
    ModelFault(status=429, retry_after=1.0),
    ModelFault(status=500),
    ModelFault(status=503),
    ModelFault(kind="cut"),
    ModelFault(kind="cut_stream"),
    ModelFault(kind="empty"),
    ModelFault(kind="html"),
)


class Temper(msgspec.Struct, frozen=True):
    """Every request waits between `quickest` and `slowest` seconds for its answer, and a share of them `fails`, in one
    way or another. The same `seed` draws the same lots."""

    quickest: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    slowest: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    fails: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    seed: int = 0


class Direction(msgspec.Struct, frozen=True):
    """How the model is to behave from now on. `delay` seconds pass before an answer, `chunk_delay` between the chunks
    of a stream; `prices` are all that `/v1/models` lists, dollars for a token of prompt and of answer; `cost` is the
    dollars that an answer says it took; `script` "count" names the numbered lines it answers (see `counting`); what is
    not given stays; `clear` comes first."""

    delay: float | None = None
    chunk_delay: float | None = None
    replies: list[str] = msgspec.field(default_factory=list)
    faults: list[ModelFault] = msgspec.field(default_factory=list)
    script: Literal["talk", "count"] | None = None
    temper: Temper | None = None
    prices: dict[str, tuple[str, str]] | None = None
    cost: float | None = None
    clear: bool = False


class Model:
    """`requests` is the record of what it was asked, with the last four letters of each key; bodies stay JSON text,
    which takes a tenth of the memory."""

    def __init__(self, telegram: Telegram) -> None:
        self.requests: Ring[Body] = Ring(REQUESTS_KEPT)
        self._telegram = telegram
        self._forget_direction()

    def _forget_direction(self) -> None:
        self._delay = self._chunk_delay = 0.0
        self._replies: deque[str] = deque()
        self._faults: deque[ModelFault] = deque()
        self._counts = False
        self._moods: _Moods | None = None
        self._prices = PRICES
        self._cost: float | None = None

    def start_over(self) -> None:
        self._forget_direction()
        self.requests.clear()

    def direct(self, direction: Direction) -> None:
        if direction.clear:
            self._forget_direction()
        self._delay = self._delay if direction.delay is None else direction.delay
        self._chunk_delay = self._chunk_delay if direction.chunk_delay is None else direction.chunk_delay
        self._replies.extend(direction.replies)
        self._faults.extend(direction.faults)
        self._counts = self._counts if direction.script is None else direction.script == "count"
        self._moods = self._moods if direction.temper is None else _Moods(direction.temper)
        self._prices = self._prices if direction.prices is None else direction.prices
        self._cost = self._cost if direction.cost is None else direction.cost

    async def models(self, request: Request) -> Response:
        if not _good_key(_key(request)):
            return _failed(401, None)
        return Json({"object": "list", "data": [_listed(name, *price) for name, price in self._prices.items()]})

    async def complete(self, request: Request) -> Response:
        key = _key(request)
        try:
            raw = await read_body(request, MAX_BODY_BYTES)
            asked = orjson.loads(raw)
        except (orjson.JSONDecodeError, Refused):
            return _failed(400, None, "The body is not JSON of a sensible size")
        if not isinstance(asked, dict) or not isinstance(asked.get("messages"), list):
            return _failed(400, None, "'messages' must be an array")
        fault, delay = self._lot()
        number = self.requests.append(self._record(key, fault, raw))
        if not _good_key(key):
            return _failed(401, None)
        if delay:
            await self._telegram.pause(delay)
        if fault is not None and fault.kind != "cut_stream":
            return await self._broken(request, fault, asked)
        return self._answered(request, asked, self._text(asked, number), cut_short=fault is not None)

    def _lot(self) -> tuple[ModelFault | None, float]:
        """What the next request is in for: how it fails, if it does, and after how many seconds."""
        fault, delay = self._next_fault(), self._delay
        if self._moods is not None:
            drawn, delay = self._moods.next()
            fault = fault or drawn
        return fault, delay

    def _record(self, key: str, fault: ModelFault | None, raw: bytes) -> Body:
        return {
            "seq": self.requests.next_seq,
            "at": self._telegram.clock(),
            "key_tail": key[-4:],
            "fault": None if fault is None else fault.kind or fault.status,
            "body": orjson.Fragment(raw),
        }

    def _answered(self, request: Request, asked: Body, text: str, cut_short: bool = False) -> Response:
        answer = _Answer.to(asked, text, self.requests.last, self._cost)
        if asked.get("stream") is True:
            chunks = self._stream(request, answer, asked, cut_short)
            return StreamingResponse(chunks, media_type="text/event-stream")
        return Json(answer.whole())

    def _text(self, asked: Body, number: int) -> str:
        if self._replies:
            return self._replies.popleft()
        if self._counts and (counted := count(asked, number)) is not None:
            return counted
        return answer_text(read_prompt(asked))

    def _next_fault(self) -> ModelFault | None:
        if not self._faults:
            return None
        fault = self._faults[0]
        fault.times -= 1
        if fault.times <= 0:
            self._faults.popleft()
        return fault

    async def _broken(self, request: Request, fault: ModelFault, asked: Body) -> Response:
        if fault.status is not None:
            return _failed(fault.status, fault.retry_after)
        if fault.kind == "html":
            return Response("<html><body><h1>Bad gateway</h1></body></html>", media_type="text/html")
        if fault.kind == "empty":
            return self._answered(request, asked, "")
        if fault.kind == "hang":
            await _until_gone(request, self._telegram)
        return await cut(request)

    async def _stream(self, request: Request, answer: "_Answer", asked: Body, cut_short: bool) -> AsyncIterator[bytes]:
        for number, delta in enumerate(answer.deltas()):
            if number and self._chunk_delay:
                await self._telegram.pause(self._chunk_delay)
            if number and cut_short:
                await cut(request)
                return
            yield _event(answer.chunk(delta, None))
        yield _event(answer.chunk({}, "stop"))
        options = asked.get("stream_options")
        if isinstance(options, dict) and options.get("include_usage") is True:
            yield _event({**answer.head("chat.completion.chunk"), "choices": [], "usage": answer.usage()})
        yield b"data: [DONE]\n\n"


def _listed(name: str, prompt: str, completion: str) -> Body:
    about = {"id": name, "object": "model", "created": 0, "owned_by": "maskarad"}
    return {**about, "pricing": {"prompt": prompt, "completion": completion}}


class _Moods:
    """Lots drawn from a temper."""

    def __init__(self, temper: Temper) -> None:
        self._temper = temper
        self._chance = Random(temper.seed)

    def next(self) -> tuple[ModelFault | None, float]:
        delay = self._chance.uniform(self._temper.quickest, self._temper.slowest)
        if self._chance.random() >= self._temper.fails:
            return None, delay
        return self._chance.choice(_WAYS_TO_FAIL), delay


def answer_text(prompt: Prompt) -> str:
    """The script's answer in the form the prompt asks for: JSON, or plain lines; or a summary."""
    if prompt.wants_summary:
        return orjson.dumps({"summary": sum_up(prompt)}).decode()
    spoken = speak(prompt)
    if not prompt.wants_json:
        return "\n".join(spoken.response)
    shown: Body = {"response": list(spoken.response)}
    if spoken.reaction is not None:
        shown["reaction"] = spoken.reaction
    return orjson.dumps(shown).decode()


class _Answer(msgspec.Struct, frozen=True):
    id: str
    model: str
    created: int
    text: str
    prompt_tokens: int
    cost: float | None

    @classmethod
    def to(cls, asked: Body, text: str, number: int, cost: float | None) -> "_Answer":
        model = asked.get("model")
        name = model if isinstance(model, str) else MODEL_NAME
        prompt_tokens = len(orjson.dumps(asked["messages"])) // 4
        return cls(f"chatcmpl-{number}", name, int(time.time()), text, prompt_tokens, cost)

    def head(self, kind: str) -> Body:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def usage(self) -> dict[str, float]:
        said = max(1, len(self.text) // 4)
        asked = max(1, self.prompt_tokens)
        told = {} if self.cost is None else {"cost": self.cost}
        return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said, **told}

    def whole(self) -> Body:
        message = {"role": "assistant", "content": self.text}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {**self.head("chat.completion"), "choices": [choice], "usage": self.usage()}

    def deltas(self) -> list[Body]:
        """The role, then the text in two pieces (one when it is short)."""
        middle = (len(self.text) + 1) // 2
        pieces = [piece for piece in (self.text[:middle], self.text[middle:]) if piece]
        return [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces)]

    def chunk(self, delta: Body, reason: str | None) -> Body:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return {**self.head("chat.completion.chunk"), "choices": [choice]}


def _event(chunk: Body) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(chunk)


def _key(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _good_key(key: str) -> bool:
    return bool(key) and not key.startswith("bad-")


def _failed(status: int, retry_after: float | None, reason: str | None = None) -> Response:
    error = {"message": reason or _REASONS[status], "type": "sandbox_error", "param": None, "code": str(status)}
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return Json({"error": error}, status, headers=headers)


async def _until_gone(request: Request, telegram: Telegram) -> None:
    """Holds the request until its client gives up or the sandbox stops."""
    while not telegram.closing.is_set() and not await request.is_disconnected():
        await telegram.pause(0.2)
