"""Reads JSON as language models write it: cut short, trailing commas, bare line breaks, single or unescaped quotes.

Iterative and linear: no depth and no length of nonsense makes it fail.
"""

import re
from collections.abc import Callable

Json = str | float | bool | list["Json"] | dict[str, "Json"] | None


class Unfinished(str):
    """A string that the text ended in the middle of."""

    __slots__ = ()


# A quote ends its string only where JSON can go on after it; any other quote is part of the words.
_TOKEN = re.compile(
    r"""
    (?P<open>[{\[]) | (?P<close>[}\]])
    | (?P<quote>["'])
      (?P<words>(?: [^"'\\]++ | \\(?:.|\Z) | (?!(?P=quote)\s*(?:[,:\]}]|\Z)) ["'] )*+)
      (?P<end>(?P=quote)|\Z)
    | (?P<bare>[^\s"'{}\[\],:]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.)|(u?[0-9a-fA-F]{0,3}\Z))", re.DOTALL)
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": "", '"': '"', "'": "'", "\\": "\\", "/": "/"}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def read_json(text: str, start: int) -> tuple[Json, int, bool]:
    """The object or list whose bracket stands at `start`, where it ends, and whether it was closed."""
    root: Json = None
    opened: list[Callable[[Json], None]] = []
    for token in _TOKEN.finditer(text, start):
        if token["open"]:
            container, add = _object() if token["open"] == "{" else _list()
            if opened:
                opened[-1](container)
            else:
                root = container
            opened.append(add)
        elif token["close"]:
            opened.pop()
            if not opened:
                return root, token.end(), True
        elif token["quote"]:
            words = unescape(token["words"])
            opened[-1](words if token["end"] else Unfinished(words))
        else:
            opened[-1](_bare(token["bare"]))
    return root, len(text), False


def unescape(words: str) -> str:
    """Undo JSON's escapes. Unknown ones, such as Markdown's `\\_`, stay; half surrogate pairs go."""
    if "\\" not in words:
        return words
    return whole_characters(_ESCAPE.sub(_unescaped, words))


def whole_characters(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates replaced, so that it can be sent and stored."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    if match[3] is not None:
        return ""
    return _SIMPLE_ESCAPES.get(match[2], match[0])


def _object() -> tuple[Json, Callable[[Json], None]]:
    container: dict[str, Json] = {}
    keys: list[str] = []

    def add(value: Json) -> None:
        if keys:
            container[keys.pop()] = value
        elif isinstance(value, str) and not isinstance(value, Unfinished):
            keys.append(value)

    return container, add


def _list() -> tuple[Json, Callable[[Json], None]]:
    container: list[Json] = []
    return container, container.append


def _bare(word: str) -> Json:
    if _NUMBER.fullmatch(word):
        return float(word) if "." in word else int(word)
    return None
