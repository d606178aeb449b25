"""Reads a model's answer out of the bytes of its event stream, and forgets everything that is not needed.

An event has some twenty fields, of which four are made into objects; the rest is skipped where it stands.
"""

import msgspec

from maskarad.errors import ModelError, ModelRejected, ModelRetryable
from maskarad.llm.failures import from_status
from maskarad.memory.tokens import tokens_of
from maskarad.values import Taken

MOST_BYTES = 4 * 1024 * 1024
"""No answer to a chat is longer; more is a server gone wrong."""
HIGHEST_COST = 1_000.0
"""Dollars that are believed of one answer."""


class _Delta(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: object = None
    is_byok: object = None


class _Event(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: dict[str, object] | str | None = None


_decoder = msgspec.json.Decoder(_Event)


class AnswerReader:
    """Takes the body in pieces of any size. A server that does not stream and answers with one JSON completion is
    read too."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._rest = b""
        self._size = 0
        self._elsewhere: list[bytes] = []
        self._events = 0
        self._finish: str | None = None
        self._refused = False
        self.done = False
        """The stream's last event has come."""
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost: float | None = None
        """Dollars, where the server tells (OpenRouter does)."""

    @property
    def has_begun(self) -> bool:
        """Something of a completion has come: the provider has worked."""
        return self._events > 0

    def taken(self, model: str) -> Taken:
        """What came so far has to be paid for; an answer whose tokens the server does not tell is estimated."""
        return Taken(
            model=model,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens or (tokens_of("".join(self._words)) if self._words else 0),
            cost=self.cost,
        )

    def feed(self, chunk: bytes) -> None:
        """Raises ModelError when the server reports one, or sends what is not an event stream of completions."""
        self._size += len(chunk)
        if self._size > MOST_BYTES:
            raise ModelRetryable("unavailable", "endless answer")
        if b"\n" not in chunk:
            self._rest += chunk
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._line(line)

    def finish(self) -> str:
        """The whole text, once the body has ended. Raises ModelError when it is cut short, empty, refused, or no
        completion at all."""
        self._line(self._rest)
        self._rest = b""
        if not self._events:
            self._whole(b"\n".join(self._elsewhere))
        if self._refused or self._finish == "content_filter":
            raise ModelRejected("refused", "by the model")
        if not self.done and self._finish is None:
            raise ModelRetryable("unavailable", "cut short")
        text = "".join(self._words)
        if not text.strip():
            # All that it may say went into thinking: at the next try it would again.
            raise ModelRejected("empty", "too long") if self._finish == "length" else ModelRetryable("empty")
        return text

    def _line(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            data = line[5:].strip()
            if data == b"[DONE]":
                self.done = True
                self._events += 1
            elif data:
                self._event(data)
        elif not self._events and line and not line.startswith((b":", b"event:", b"id:", b"retry:")):
            self._elsewhere.append(line)

    def _whole(self, body: bytes) -> None:
        """JSON that came at once cannot be cut short and still be read, so its message needs no reason to end."""
        event = self._event(body)
        self.done = any(choice.message is not None for choice in event.choices or ())

    def _event(self, data: bytes) -> _Event:
        try:
            event = _decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise ModelRetryable("unavailable", "not a completion") from None
        if event.error:
            raise _reported(event.error)
        self._events += 1
        for choice in event.choices or ():
            self._choice(choice)
        if event.usage is not None:
            self.prompt_tokens = event.usage.prompt_tokens or 0
            self.completion_tokens = event.usage.completion_tokens or 0
            # With a key of one's own at a provider behind it, OpenRouter tells its own fee only.
            self.cost = None if event.usage.is_byok else _amount(event.usage.cost)
        return event

    def _choice(self, choice: _Choice) -> None:
        said = choice.delta or choice.message
        if said is not None:
            if said.content:
                self._words.append(said.content)
            self._refused = self._refused or bool(said.refusal)
        self._finish = choice.finish_reason or self._finish


def _amount(cost: object) -> float | None:
    """A server may put anything there; an answer is not refused for it."""
    if not isinstance(cost, int | float) or isinstance(cost, bool):
        return None
    return float(cost) if 0 <= cost <= HIGHEST_COST else None


def _reported(error: dict[str, object] | str) -> ModelError:
    """OpenRouter reports what went wrong after the headers as an event, with the status it could not send."""
    code = error.get("code") if isinstance(error, dict) else None
    return from_status(code if isinstance(code, int) else 500, error)
