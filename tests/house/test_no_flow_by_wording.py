"""No code decides by the text of an error or of a message: it decides by the type or the code.

Words are for people and change. This reads the source of the package and finds each comparison, test or split of a text
that comes from an error. What it cannot see: a text that is handed to another function under another name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness

ROOT = Path(harness.__file__).parent
ALLOWED: dict[tuple[str, str], str] = {}
"""Where a text may be looked at, by file and function, and why."""

ERRORS = {"error", "exception", "fault", "warning"}
"""Names that hold an error, beside those that an `except` binds."""
TEXTS = {"message", "msg"}
"""Names, attributes and keys that hold the text of an error, whosever it is."""
PARTS = {"args", "strerror", "reason", "problem", "context", "note"}
"""Attributes of an error that hold its text."""
TESTS = {"startswith", "endswith", "find", "rfind", "index", "rindex", "count", "partition", "rpartition"}
SPLITS = {"split", "rsplit"}
MATCHES = {"search", "match", "fullmatch", "findall", "finditer"}
LINE_BREAKS = ("\n", "\r\n")


class _Function(ast.NodeVisitor):
    """Finds the decisions by wording in the body of one function, or of a module outside of all functions."""

    def __init__(self) -> None:
        self.errors: set[str] = set(ERRORS)
        self.texts: set[str] = set(TEXTS)
        self.lines: list[int] = []

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.errors |= {node.name} if node.name else set()
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        if self.is_text(node.value):
            self.texts |= {target.id for target in node.targets if isinstance(target, ast.Name)}

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.generic_visit(node)
        if self.is_text(node.value):
            self.texts.add(node.target.id)

    def visit_Compare(self, node: ast.Compare) -> None:
        by_identity = all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
        if not by_identity and any(map(self.is_text, [node.left, *node.comparators])):
            self.lines.append(node.lineno)
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        if self.is_text(node.subject):
            self.lines.append(node.lineno)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            of_text, name = self.is_text(node.func.value), node.func.attr
            by_lines = any(isinstance(arg, ast.Constant) and arg.value in LINE_BREAKS for arg in node.args)
            tested = of_text and (name in TESTS or (name in SPLITS and bool(node.args) and not by_lines))
            if tested or (name in MATCHES and any(map(self.is_text, node.args))):
                self.lines.append(node.lineno)
        self.generic_visit(node)

    def is_error(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self.errors

    def is_text(self, node: ast.expr) -> bool:
        """Whether an expression is the text of an error, or made of it."""
        match node:
            case ast.Name(id=name):
                return name in self.texts
            case ast.Attribute(value=inside, attr=name):
                return name in TEXTS or (name in PARTS and self.is_error(inside))
            case ast.Subscript(value=inside, slice=ast.Constant(value=key)):
                return key in TEXTS or self.is_text(inside)
            case ast.Subscript(value=inside):
                return self.is_text(inside)
            case ast.Call(func=ast.Name(id="str" | "repr" | "format"), args=[inside, *_]):
                return self.is_error(inside) or self.is_text(inside)
            case ast.Call(func=ast.Name(id="getattr"), args=[inside, ast.Constant(value=key), *_]):
                return key in TEXTS or (key in PARTS and self.is_error(inside))
            case ast.Call(func=ast.Attribute(value=inside)):
                return self.is_text(inside)
            case ast.JoinedStr(values=parts):
                inside_braces = [part.value for part in parts if isinstance(part, ast.FormattedValue)]
                return any(self.is_error(part) or self.is_text(part) for part in inside_braces)
            case ast.BinOp(left=left, right=right):
                return self.is_text(left) or self.is_text(right)
            case ast.BoolOp(values=parts):
                return any(map(self.is_text, parts))
            case ast.NamedExpr(value=inside):
                return self.is_text(inside)
            case ast.IfExp(body=one, orelse=other):
                return self.is_text(one) or self.is_text(other)
        return False


def decisions(source: str) -> Iterator[tuple[str, int]]:
    """The function and line of each decision by wording in a module."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for scope in functions:
        visitor = _Function()
        for statement in scope.body:
            visitor.visit(statement)
        yield from ((scope.name, line) for line in visitor.lines)
    module = _Function()
    module.visit(tree)
    within = {line for function in functions for line in range(function.lineno, (function.end_lineno or 0) + 1)}
    yield from (("module", line) for line in module.lines if line not in within)


def test_nothing_decides_by_the_text_of_an_error():
    found = {
        (path.relative_to(ROOT).as_posix(), name): line
        for path in sorted(ROOT.rglob("*.py"))
        for name, line in decisions(path.read_text(encoding="utf-8"))
    }
    strange = [f"{path}:{line}: {name}" for (path, name), line in found.items() if (path, name) not in ALLOWED]
    assert not strange, "decide by the type or the code of an error: " + ", ".join(strange)
    assert not set(ALLOWED) - set(found), "no longer needed in ALLOWED"


CAUGHT = "try:\n    run()\nexcept ValueError as problem:\n    "


@pytest.mark.parametrize(
    "source",
    [
        f'{CAUGHT}known = "is not fetched yet" in str(problem)',
        f'{CAUGHT}known = "sparse" in str(problem).lower()',
        f"{CAUGHT}known = str(problem).startswith('no ')",
        f"{CAUGHT}known = problem.args[0] == 'gone'",
        f"{CAUGHT}known = problem.args == ('gone',)",
        f"{CAUGHT}field = str(problem).partition(': ')[0]",
        f"{CAUGHT}field, text = str(problem).split(': ', 1)",
        f"{CAUGHT}known = re.search('sparse', str(problem))",
        f"{CAUGHT}known = PATTERN.match(f'{{problem}}')",
        f"{CAUGHT}text = str(problem)\n    known = text in ('one', 'two')",
        f"{CAUGHT}known = (text := str(problem)) == 'one'",
        f"{CAUGHT}text = getattr(problem, 'problem', None) or str(problem)\n    known = text.endswith('.')",
        f"{CAUGHT}match str(problem):\n        case 'gone':\n            pass",
        'known = message == "is not a known field"',
        'known = message in ("expected a text, got true", "expected a text, got false")',
        'known = fault.message.endswith("is missing")',
        'known = [each for each in found if each["msg"] == "gone"]',
        "known = error.strerror == 'No space left on device'",
        "def outer():\n    def inner(message):\n        return 'gone' in message",
    ],
)
def test_a_decision_by_wording_is_seen(source):
    assert list(decisions(source))


@pytest.mark.parametrize(
    "source",
    [
        f"{CAUGHT}raise HarnessError(str(problem)) from None",
        f"{CAUGHT}first = str(problem).splitlines()[0]",
        f"{CAUGHT}first = str(problem).split('\\n')[0]",
        f"{CAUGHT}known = problem.errno == errno.ENOSPC",
        f"{CAUGHT}known = problem.code in ('unknown-field', 'missing-field')",
        f"{CAUGHT}known = isinstance(problem, NotFetched)",
        'known = fault.code == "missing-field"',
        'known = error["type"] == "missing"',
        "known = message is None",
        "if message:\n    raise HarnessError(message)",
    ],
)
def test_what_decides_by_type_or_code_is_let_be(source):
    assert not list(decisions(source))
