"""Prints figures about the source: circles of imports, sizes, names, comments. `--check` fails on what is not allowed.

python tests/house/figures.py                    # the figures of harness/
python tests/house/figures.py --places           # with the place of each thing counted
python tests/house/figures.py --check            # one line per fault; exit code 1 if there is one
python tests/house/figures.py path/to/harness    # of another tree
"""

from __future__ import annotations

import argparse
import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from import_graph import (
    Function,
    Module,
    all_circles,
    import_time_circles,
    lazy_circle_imports,
    read_imports,
    read_modules,
)

MAX_FILES = 16
"""Python files directly in one folder."""
MAX_POSITIONAL = 5
MAX_NESTING = 4
VAGUE_NAMES = ("found", "said", "kept", "made", "done")
LAZY_CIRCLES = {
    "harness.compare.comparison:Comparison.__str__": "print(comparison) is the table that harness compare prints",
    "harness.compare.comparison:Comparison._repr_html_": "a notebook shows the table that the report shows",
    "harness.data.dataset:Dataset.from_hf": "the way back from Dataset.to_hf, for notebooks",
    "harness.data.dataset:Dataset.from_pandas": "the way back from Dataset.to_pandas, for notebooks",
    "harness.data.dataset:Dataset.to_hf": "a method, so that notebooks need no second import",
    "harness.data.dataset:Dataset.to_pandas": "a method, so that notebooks need no second import",
}
"""Functions (`module:qualified name`) whose import may close a circle, and why."""

DIRECTIVES = ("# type:", "# noqa")
"""How comments to a tool begin."""
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


def faults(root: Path, allowed: Mapping[str, str] = LAZY_CIRCLES) -> list[str]:
    """What the tree must not have, a line each.

    Args:
        root: the folder of the package.
        allowed: functions whose import may close a circle, and why.
    """
    modules = read_modules(root)
    imports = read_imports(modules)
    lines = [f"circle at import time: {' <-> '.join(circle)}" for circle in import_time_circles(imports)]
    on_circle = {f"{i.importer}:{i.function}" for i in lazy_circle_imports(imports)}
    others = [i for i in imports if f"{i.importer}:{i.function}" not in allowed]
    lines += [
        f"{i.importer}:{i.line}: the import of {i.imported} in {i.function} closes a circle"
        for i in lazy_circle_imports(others)
    ]
    lines += [f"{name}: is listed in LAZY_CIRCLES, and closes no circle" for name in sorted(set(allowed) - on_circle)]
    for folder, files in sorted(_files_by_folder(modules).items()):
        if len(files) > MAX_FILES:
            lines.append(f"{folder}: has {len(files)} Python files; at most {MAX_FILES} are allowed")
        init = next((module for module in files if module.path.name == "__init__.py"), None)
        if init is None:
            lines.append(f"{folder}: has no __init__.py")
        elif not ast.get_docstring(init.tree):
            lines.append(f"{init.path}: has no docstring")
    return lines


def _files_by_folder(modules: Iterable[Module]) -> dict[Path, list[Module]]:
    folders: dict[Path, list[Module]] = {}
    for module in modules:
        folders.setdefault(module.path.parent, []).append(module)
    return folders


def forwarding_members(module: Module) -> Iterator[str]:
    """Methods that only return the member of the same name of an attribute of `self`."""
    for owner in ast.walk(module.tree):
        for method in owner.body if isinstance(owner, ast.ClassDef) else ():
            if isinstance(method, Function) and _forwards(method):
                yield f"{module.path}:{method.lineno} {owner.name}.{method.name}"


def _forwards(method: Function) -> bool:
    body = method.body[1:] if ast.get_docstring(method) is not None else method.body
    if len(body) != 1 or not isinstance(body[0], ast.Return):
        return False
    value = body[0].value.func if isinstance(body[0].value, ast.Call) else body[0].value
    return (
        isinstance(value, ast.Attribute)
        and value.attr == method.name
        and isinstance(value.value, ast.Attribute)
        and isinstance(value.value.value, ast.Name)
        and value.value.value.id == "self"
    )


def type_ignores(module: Module) -> Iterator[str]:
    """Comments that silence the type checker."""
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT and "type: ignore" in token.string:
            yield f"{module.path}:{token.start[0]} {token.string}"


def shared_class_names(modules: Iterable[Module]) -> list[str]:
    """Names of classes that more than one module defines."""
    homes: dict[str, list[str]] = {}
    for module in modules:
        for name in sorted({node.name for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)}):
            homes.setdefault(name, []).append(module.name)
    return [f"{name} {', '.join(places)}" for name, places in sorted(homes.items()) if len(places) > 1]


def vague_bindings(module: Module) -> Iterator[str]:
    """Assignment, `for`, `with`, comprehension and `:=` targets with a name that does not say what they hold."""
    bare = {node.target for node in ast.walk(module.tree) if isinstance(node, ast.AnnAssign) and node.value is None}
    for node in ast.walk(module.tree):
        is_binding = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node not in bare
        if is_binding and node.id in VAGUE_NAMES:
            yield f"{module.path}:{node.lineno} {node.id}"


def line_counts(module: Module) -> tuple[int, int]:
    """Lines with a comment that is no directive, and lines of code: docstrings and blank lines do not count."""
    documentation: set[int] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            documentation |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    code, comments = set[int](), set[int]()
    without_code = (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    )
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith(DIRECTIVES):
            comments.add(token.start[0])
        elif token.type not in without_code:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(comments), len(code - documentation)


def long_calls(module: Module) -> Iterator[str]:
    """Calls with more than five positional arguments."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and len(node.args) > MAX_POSITIONAL:
            yield f"{module.path}:{node.lineno} {ast.unparse(node.func)} {len(node.args)}"


def functions(module: Module) -> Iterator[tuple[str, Function, int]]:
    """Every function with its place and number of lines."""
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            yield f"{module.path}:{node.lineno} {node.name}", node, (node.end_lineno or node.lineno) - node.lineno + 1


def nesting(node: ast.AST, depth: int = 0) -> int:
    """How many blocks the deepest statement of a function stands in; an `elif` is no deeper than its `if`."""
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        level = depth + (isinstance(child, BLOCKS) and not is_elif)
        deepest = max(deepest, nesting(child, level))
    return deepest


def deep_functions(modules: Iterable[Module]) -> list[str]:
    """Functions with a statement that stands in more than four blocks."""
    return [
        f"{place} {nesting(node)}"
        for module in modules
        for place, node, _ in functions(module)
        if nesting(node) > MAX_NESTING
    ]


def figures(root: Path) -> list[tuple[str, str, list[str]]]:
    """Every figure: what it counts, its value, and the places counted."""
    modules = read_modules(root)
    imports = read_imports(modules)
    tight = import_time_circles(imports)
    lazy = lazy_circle_imports(imports)
    loose = all_circles(imports)
    largest = max(_files_by_folder(modules).items(), key=lambda item: len(item[1]))
    forwarding = [place for module in modules for place in forwarding_members(module)]
    ignores = [place for module in modules for place in type_ignores(module)]
    overrides = [place for place in ignores if "[override]" in place]
    names = shared_class_names(modules)
    vague = [place for module in modules for place in vague_bindings(module)]
    counts = Counter(place.rpartition(" ")[2] for place in vague)
    comments, code = (sum(column) for column in zip(*map(line_counts, modules), strict=True))
    calls = [place for module in modules for place in long_calls(module)]
    files = sorted((module.text.count("\n"), str(module.path)) for module in modules)
    lengths = sorted((lines, place) for module in modules for place, _, lines in functions(module))
    deep = deep_functions(modules)
    by_name = ", ".join(f"{name} {counts[name]}" for name in VAGUE_NAMES)
    return [
        ("circles at import time", str(len(tight)), [" <-> ".join(circle) for circle in tight]),
        ("lazy imports on a circle", str(len(lazy)), [f"{i.importer}:{i.function} -> {i.imported}" for i in lazy]),
        ("circles of imports of any kind", str(len(loose)), [" <-> ".join(circle) for circle in loose]),
        ("files in the largest folder", f"{len(largest[1])} ({largest[0]})", []),
        ("forwarding members", str(len(forwarding)), forwarding),
        ("type: ignore", f"{len(ignores)}, [override] {len(overrides)}", ignores),
        ("class names in several modules", str(len(names)), names),
        ("vague bindings", f"{len(vague)}: {by_name}", vague),
        ("comment lines in 100 code lines", f"{100 * comments / code:.1f} ({comments} of {code})", []),
        ("calls with six or more positional arguments", str(len(calls)), calls),
        ("lines of a file", _median_and_longest(files), []),
        ("lines of a function", _median_and_longest(lengths), []),
        ("functions nested deeper than four levels", str(len(deep)), deep),
    ]


def _median_and_longest(sizes: Sequence[tuple[int, str]]) -> str:
    lines, place = sizes[-1]
    return f"median {median(size for size, _ in sizes):g}, longest {lines} ({place})"


def main(arguments: Sequence[str]) -> int:
    """Prints the figures, or with `--check` the faults; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("root", nargs="?", type=Path, default=Path("harness"), help="folder of the package")
    parser.add_argument("--check", action="store_true", help="print faults; exit code 1 if there is one")
    parser.add_argument("--places", action="store_true", help="print the place of each thing counted")
    options = parser.parse_args(arguments)
    if options.check:
        lines = faults(options.root)
        print("\n".join(lines) if lines else f"{options.root}: no circle, no crowded folder")  # noqa: T201
        return 1 if lines else 0
    for title, value, places in figures(options.root):
        print(f"{title:<44} {value}")  # noqa: T201
        if options.places:
            print("".join(f"    {place}\n" for place in places), end="")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
