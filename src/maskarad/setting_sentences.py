"""What is wrong with a setting, in a sentence of our own that never shows the value."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "int_parsing": lambda _bounds: "must be a whole number",
    "int_parsing_size": lambda _bounds: "must be a number of fewer digits",
    "int_from_float": lambda _bounds: "must be a whole number",
    "float_parsing": lambda _bounds: "must be a number",
    "finite_number": lambda _bounds: "must be a finite number",
    "bool_parsing": lambda _bounds: "must be true or false",
    "literal_error": lambda bounds: f"must be {bounds['expected'].replace(chr(39), '')}",
    "greater_than": lambda bounds: f"must be more than {_shown(bounds['gt'])}",
    "greater_than_equal": lambda bounds: f"must be at least {_shown(bounds['ge'])}",
    "less_than_equal": lambda bounds: f"must be at most {_shown(bounds['le'])}",
}
"""By pydantic's kind of error; what is not here says it in words of ours already."""


def sentence(error: ErrorDetails) -> str:
    """Begins with the variable's name where it is about one."""
    name = str(error["loc"][0]).upper() if error["loc"] else ""
    word = _SENTENCES.get(error["type"])
    message = word(error.get("ctx", {})) if word else error["msg"].removeprefix("Value error, ")
    if error["type"] == "float_parsing" and "," in str(error["input"]):
        message = f"{message}, with a point and not a comma, such as 1.5"
    return f"{name}: {message}" if name else message


def _shown(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:,.15g}"
