"""Packages that a library loads where it finds them, and that we have no use for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def hidden(*packages: str) -> Iterator[None]:
    """Whoever imports them in this block finds them missing, unless somebody has loaded them before."""
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]  # None is "not to be had" to import
    unloaded = [package for package in packages if package not in modules]
    modules.update(dict.fromkeys(unloaded))
    try:
        yield
    finally:
        for package in unloaded:
            del modules[package]
