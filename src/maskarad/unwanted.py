"""Packages that a library loads where it finds them, and that we have no use for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(package: str) -> Iterator[None]:
    """Whoever imports it in this block finds it missing, unless somebody has loaded it before."""
    hides = sys.modules.setdefault(package, None) is None  # type: ignore[arg-type]  # "not to be had", as import reads it
    try:
        yield
    finally:
        if hides:
            del sys.modules[package]
