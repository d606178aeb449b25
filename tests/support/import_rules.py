"""Who may import whom (DESIGN, section 3), read from syntax trees: no module is run to find out."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

STAGES = frozenset({"intake", "turn", "delivery"})
BESIDE = frozenset(
    {
        "analytics",
        "backup",
        "cache",
        "db",
        "errors",
        "memory",
        "metrics",
        "quiet",
        "recent",
        "setting_shapes",
        "settings",
        "values",
    }
)
"""What stands beside the way of an update and knows none of its stages."""

DOORS = frozenset({"controls", "manager"})
"""What persona bots and the manager bot show; what they share stands beside both."""

HOMES = {
    "sqlalchemy": "db",
    "alembic": "db",
    "matplotlib": "analytics",
    "taskiq": "jobs",
    "taskiq_redis": "jobs",
}
"""Foreign packages that only one package of ours may know."""

REPLACED = frozenset({"openai", "telegram"})
"""Nobody's: what stands in their place costs a fraction (docs/decisions/model-client.md, no-python-telegram-bot.md)."""

ORM = ("sqlalchemy.orm", "sqlalchemy.ext.declarative", "sqlalchemy.ext.automap")
"""Nobody's: with mapped classes a query could happen where none is written (DESIGN, section 4)."""


def broken_rules(module: str, source: str) -> list[str]:
    """The rules that a module of ours breaks, one sentence each. `module` is its dotted name, as in
    `maskarad.turn.run`; a package goes by its own name."""
    tree = ast.parse(source)
    found = list(_hidden(module, tree))
    for line, imported in _imported(tree):
        found += (f"{module}:{line}: {reason}" for reason in _reasons(module, imported))
    return found


def modules(root: Path) -> Iterator[tuple[str, str]]:
    """Dotted name and source of every module under a source folder."""
    for file in sorted(root.rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), file.read_text(encoding="utf-8")


def reached(roots: Iterable[str], sources: Mapping[str, str]) -> dict[str, str]:
    """Modules of ours that are in memory once the roots are imported, each with the one that asked for it. What is
    imported by a call counts only where that call is made, so not here."""
    found: dict[str, str] = {}
    waiting = [(root, "") for root in roots]
    while waiting:
        module, by = waiting.pop()
        if module in found or module not in sources:
            continue
        found[module] = by
        tree = _without_types(ast.parse(sources[module]))
        waiting += [(_module_of(name, sources), module) for _, name in _imported(tree)]
        waiting.append((module.rpartition(".")[0], module))
    return found


def _without_types(tree: ast.Module) -> ast.Module:
    """Without what only a type checker imports, and without calls."""
    kept = [node for node in tree.body if not (isinstance(node, ast.If) and _name_of(node.test) == "TYPE_CHECKING")]
    return ast.Module([node for node in kept if isinstance(node, ast.Import | ast.ImportFrom)], [])


def _module_of(name: str, sources: Mapping[str, str]) -> str:
    """`from maskarad.turn.run import Turns` is of `maskarad.turn.run`."""
    return name if name in sources else name.rpartition(".")[0]


def _hidden(module: str, tree: ast.Module) -> Iterator[str]:
    """Imports that a reader of the module's head would not see."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"{module}:{node.lineno}: imports inside a function"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"{module}:{node.lineno}: imports relatively"


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything imported, `import_module` of a literal name included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _is_import_call(node):
            yield from ((node.lineno, str(name.value)) for name in node.args if isinstance(name, ast.Constant))


def _is_import_call(call: ast.Call) -> bool:
    """`import_module("…")`, or handing it on with its argument, as to a thread."""
    return not {_name_of(each) for each in (call.func, *call.args)}.isdisjoint({"import_module", "__import__"})


def _name_of(expression: ast.expr) -> str:
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def _reasons(module: str, imported: str) -> Iterator[str]:
    home = _part(module)
    root = imported.partition(".")[0]
    if root in HOMES and home != HOMES[root]:
        yield f"{root} is for {HOMES[root]} only"
    if root in REPLACED:
        yield f"{root} is for nobody"
    if f"{imported}.".startswith(tuple(f"{each}." for each in ORM)):
        yield "the ORM is for nobody"
    if root != "maskarad":
        return
    target = _part(imported)
    if target != home and "sandbox" in (home, target):
        yield "the sandbox and the product do not know each other"
    if home in STAGES and target in STAGES - {home}:
        yield f"a stage imports another: {home} imports {target}"
    if home in BESIDE and target in STAGES:
        yield f"{home} imports a stage: {target}"
    if home in DOORS and target in DOORS - {home}:
        yield f"what one bot shows is not another's: {home} imports {target}"


def _part(dotted: str) -> str:
    """The part of Maskarad that a dotted name belongs to: `turn` for `maskarad.turn.run`."""
    return [*dotted.split("."), ""][1]
