"""A hot query: what it is for, how it is called, and why it stays cheap however much is stored."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from maskarad.values import Value


class Hot(Value, frozen=True, kw_only=True):
    """`cheap` says why; `may_scan`: what it may read from end to end; `may_sort`: its rows may be sorted."""

    name: str
    purpose: str
    cheap: str
    run: Callable[[Connection], Any]
    may_scan: frozenset[str] = frozenset()
    may_sort: bool = False
