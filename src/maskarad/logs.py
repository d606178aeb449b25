"""Logs: one event a line on stderr, `info` for what matters to an operator. No token, key or message text at any level
above debug."""

import logging
import sys
from typing import Literal

# structlog loads rich where it finds it, 3 MB for tracebacks that we do not let it print: they show local variables.
_hides_rich = sys.modules.setdefault("rich", None) is None  # type: ignore[arg-type]  # "not to be had", as import reads it
import structlog  # noqa: E402

if _hides_rich:
    del sys.modules["rich"]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, form: Literal["console", "json"]) -> None:
    """Set up logging for this process; libraries are heard from `warning` on."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # Never one that prints local variables: they hold tokens and people's words.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *((structlog.processors.format_exc_info,) if form == "json" else ()),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=max(_LEVELS[level], logging.WARNING), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
