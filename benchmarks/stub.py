"""A Telegram and a model that answer at once, and remember when.

They run in the process that measures, which is not the measured one: what they cost is not counted. They check nothing
(the sandbox is the strict one), and serve the platform, stock clients and the `openai` SDK alike.
"""

import asyncio
import itertools
import re
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from urllib.parse import parse_qsl

import orjson

from benchmarks import model
from benchmarks.http import Exchange

MOST_UPDATES = 100
"""Updates in one answer to getUpdates, as with Telegram."""

TRUE = b'{"ok":true,"result":true}'
NO_UPDATES = b'{"ok":true,"result":[]}'
NO_WEBHOOK = b'{"ok":true,"result":{"url":"","has_custom_certificate":false,"pending_update_count":0}}'

_LINE = re.compile(rb"\(line (\d+)\)")


class Call:
    """A Bot API call as it arrived; `at` is in seconds of `time.perf_counter`. Values are texts when a form came."""

    __slots__ = ("at", "method", "params", "token")

    def __init__(self, token: str, method: str, params: dict[str, object], at: float) -> None:
        self.token = token
        self.method = method
        self.params = params
        self.at = at


Hear = Callable[[Call], None]
JsonObject = Mapping[str, object]


class Inbox:
    """A bot's updates: kept until confirmed, handed out to whoever polls."""

    def __init__(self) -> None:
        self.handed_at: dict[int, float] = {}
        """When each update was (last) handed out."""
        self.first_poll_at: float | None = None
        self._polled_once = asyncio.Event()
        self._ids = itertools.count(1)
        self._kept: deque[tuple[int, bytes]] = deque()
        self._poll: tuple[Exchange, asyncio.TimerHandle] | None = None
        self._confirmed = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def put(self, *updates: JsonObject) -> list[int]:
        """Updates without an id get one each. They go out together, if somebody is polling."""
        ids = [next(self._ids) for _ in updates]
        for update_id, update in zip(ids, updates, strict=True):
            self._kept.append((update_id, orjson.dumps({"update_id": update_id, **update})))
        self._hand_out()
        return ids

    async def confirmed(self, update_id: int) -> None:
        """Returns when a poll has moved past the update, that is when the platform has told Telegram "received"."""
        if update_id >= self._confirmed:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((update_id, future))
            await future

    async def polling(self) -> None:
        """Returns when there has been a poll."""
        await self._polled_once.wait()

    def polled(self, exchange: Exchange, offset: int, timeout: float) -> None:
        if self.first_poll_at is None:
            self.first_poll_at = time.perf_counter()
            self._polled_once.set()
        self._confirm(offset)
        if self._poll is not None:
            self._poll[1].cancel()
        timer = asyncio.get_running_loop().call_later(timeout, self._nothing)
        self._poll = (exchange, timer)
        self._hand_out()

    def _confirm(self, offset: int) -> None:
        self._confirmed = max(self._confirmed, offset)
        while self._kept and self._kept[0][0] < offset:
            self._kept.popleft()
        for each in [each for each in self._waiting if each[0] < offset]:
            self._waiting.remove(each)
            each[1].set_result(None)

    def _hand_out(self) -> None:
        if self._poll is None or not self._kept:
            return
        exchange, timer = self._poll
        self._poll = None
        timer.cancel()
        if not exchange.is_open:
            return
        batch = list(itertools.islice(self._kept, MOST_UPDATES))
        body = b'{"ok":true,"result":[' + b",".join(update for _, update in batch) + b"]}"
        now = time.perf_counter()
        for update_id, _ in batch:
            self.handed_at[update_id] = now
        exchange.json(body)

    def _nothing(self) -> None:
        if self._poll is not None:
            exchange, _ = self._poll
            self._poll = None
            exchange.json(NO_UPDATES)


class Stub:
    """`hear` is called with every call but getUpdates, `asked` when the model is asked."""

    def __init__(self) -> None:
        self.hear: Hear = _nobody
        self.asked: Callable[[], None] = _nothing_asked
        self.url = ""
        self.inboxes: dict[str, Inbox] = defaultdict(Inbox)
        self.prompts: dict[int, frozenset[int]] = {}
        """By the number of the model's answer: the numbered lines that its prompt held."""
        self._model_seconds = 0.0
        self._message_ids = itertools.count(1_000_000)
        self._answers = itertools.count(1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Stub"]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Exchange(self._serve), "127.0.0.1", 0, backlog=4_096)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    @contextmanager
    def thinking(self, seconds: float) -> Iterator[None]:
        """While the block runs, the model answers after so many seconds."""
        self._model_seconds = seconds
        try:
            yield
        finally:
            self._model_seconds = 0.0

    def new_message_id(self) -> int:
        """Of anybody's message: in a chat the ids grow, whoever writes."""
        return next(self._message_ids)

    def _serve(self, exchange: Exchange, path: bytes, body: bytes) -> None:
        if path.startswith(b"/bot"):
            token, _, method = path[4:].decode().partition("/")
            self._bot_api(exchange, Call(token, method, _parameters(body), time.perf_counter()))
        else:
            self._model(exchange, body)

    def _bot_api(self, exchange: Exchange, call: Call) -> None:
        params = call.params
        match call.method:
            case "getUpdates":
                self.inboxes[call.token].polled(exchange, _whole(params.get("offset")), _whole(params.get("timeout")))
                return
            case "sendMessage" | "editMessageText":
                exchange.json(self._message(params))
            case "getMe":
                exchange.json(_account(call.token))
            case "getWebhookInfo":
                exchange.json(NO_WEBHOOK)
            case _:
                exchange.json(TRUE)
        self.hear(call)

    def _message(self, params: JsonObject) -> bytes:
        chat_id = _whole(params["chat_id"])
        message_id = _whole(params.get("message_id")) or self.new_message_id()
        chat = {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup"}
        result = {"message_id": message_id, "date": 1_800_000_000, "chat": chat, "text": params["text"]}
        return orjson.dumps({"ok": True, "result": result})

    def _model(self, exchange: Exchange, body: bytes) -> None:
        number = next(self._answers)
        self.prompts[number] = frozenset(map(int, _LINE.findall(body)))
        self.asked()
        if model.is_streamed(body):
            answer = partial(exchange.stream, model.streamed(number))
        else:
            answer = partial(exchange.json, model.whole(number))
        if self._model_seconds:
            asyncio.get_running_loop().call_later(self._model_seconds, answer)
        else:
            answer()


def username_of(bot_id: int) -> str:
    """Of the bot with that Telegram id."""
    return f"mavka{bot_id}_bot"


def _account(token: str) -> bytes:
    """The bot whose token it is."""
    bot_id = _whole(token.partition(":")[0])
    account = {"id": bot_id, "is_bot": True, "first_name": "Мавка", "username": username_of(bot_id)}
    return orjson.dumps({"ok": True, "result": account})


def _parameters(body: bytes) -> dict[str, object]:
    """Of JSON, or of a form, where every value is a text and a nested one JSON text."""
    if body.startswith(b"{"):
        fields: dict[str, object] = orjson.loads(body)
        return fields
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _whole(value: object) -> int:
    return int(float(value)) if isinstance(value, int | float | str) else 0


def _nobody(_call: Call) -> None:
    pass


def _nothing_asked() -> None:
    pass
