"""Logs: one event a line on stderr, `info` for what matters to an operator. No token, key or message text at any level
above debug."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Literal, TextIO

from maskarad.errors import MaskaradError
from maskarad.unwanted import hidden

# structlog loads rich where it finds it, 3 MB for tracebacks that we do not let it print: they show local variables.
with hidden("rich"):
    import structlog

ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, form: Literal["console", "json"]) -> None:
    """Set up logging for this process; libraries are heard from `warning` on."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=_write,
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *((structlog.processors.ExceptionRenderer(told),) if form == "json" else ()),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), handlers=[handler])


@contextmanager
def about(**names: object) -> Iterator[None]:
    """Each log line inside, however deep, carries these names, and none that were given outside: a task begins with
    what was said about the work that made it."""
    outside = structlog.contextvars.get_contextvars()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**names)
    try:
        yield
    finally:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**outside)


def told(exc_info: ExcInfo) -> str:
    """Where an exception, and each that it came from, was raised, and its type. Of our own errors also the text, which
    is fit for a log; others may quote people's words or a secret, as local variables do."""
    return "".join(_lines(exc_info[1])).rstrip("\n")


def _lines(error: BaseException | None) -> Iterator[str]:
    if error is None:
        return
    if error.__cause__ is not None or not error.__suppress_context__:
        yield from _lines(error.__cause__ or error.__context__)
    yield from traceback.format_tb(error.__traceback__)
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    yield f"{kind}: {error}\n" if isinstance(error, MaskaradError) else f"{kind}\n"
    for each in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from _lines(each)


def _write(stream: TextIO, exc_info: ExcInfo) -> None:
    stream.write(f"\n{told(exc_info)}")


class _Formatter(logging.Formatter):
    """What libraries log."""

    def formatException(self, ei: ExcInfo) -> str:
        return told(ei)
