"""What people have ordered and what takes long, looked for every two seconds in each process that carries it out."""

from functools import partial

from maskarad.db import errands
from tests.support.plans.hot import Hot
from tests.support.rows import NOW

KINDS = ("backup", "file", "import_look", "import_store", "picture")
IMPORTS = ("import_look", "import_store")

ERRANDS = (
    Hot(
        name="errands.waiting",
        purpose="The sweep of errands, every two seconds: those that are due and that nobody is at.",
        cheap="The table holds what people wait for, some hundreds of rows at most and mostly none, so it may be read "
        "whole; those found are sorted as they stand in line.",
        run=partial(errands.waiting, kinds=KINDS, known=KINDS, greeted=IMPORTS, now=NOW),
        may_scan=frozenset({"errands"}),
        may_sort=True,
    ),
)
