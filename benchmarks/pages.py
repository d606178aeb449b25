"""Pages that people write and programs fill: between two marks stands what was measured."""

from pathlib import Path

import msgspec

from benchmarks.machine import Machine

END = "<!-- end of what was measured -->"


def where_and_when(taken_on: str, machine: Machine) -> str:
    return (
        f"Measured on {taken_on}: {machine.processor}, {machine.cores} cores, Linux {machine.kernel}, "
        f"Python {machine.python}."
    )


def write(page: Path, begin: str, part: str) -> None:
    """Put `part`, which begins with `begin` and ends with `END`, in the place of what stood there. Raises ValueError
    when the page has lost its marks."""
    before, _, rest = page.read_text().partition(begin)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{page} has no marks to write between")
    page.write_text(before + part + after)


def write_results(file: Path, results: msgspec.Struct) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
