"""Dictionary forms of Ukrainian and Russian words where the extra `nlp` is installed; else words stay as they are."""

from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

_pymorphy = import_module("pymorphy3") if find_spec("pymorphy3") else None

_MOST_KEPT = 20_000


@lru_cache(maxsize=_MOST_KEPT)
def dictionary_form(word: str, language: str) -> str:
    """Of several readings the likeliest. The first word of a language loads its dictionary, which takes a while."""
    analyzer = _analyzer(language)
    if analyzer is None:
        return word
    return str(analyzer.parse(word)[0].normal_form).replace("ё", "е")


@cache
def _analyzer(language: str) -> Any:
    if _pymorphy is None or not find_spec(f"pymorphy3_dicts_{language or 'none'}"):
        return None
    return _pymorphy.MorphAnalyzer(lang=language)
