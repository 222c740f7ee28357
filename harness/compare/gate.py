"""Rules that fail a build: `f1 < baseline - 0.02`. A grammar of its own; nothing of it is ever executed.

RULE   = [HOW] [SYSTEM ":"] METRIC ("<" | "<=" | ">" | ">=") TERM
HOW    = "certain" | "point" | "possible"
TERM   = NUMBER | SYSTEM [("+" | "-") NUMBER]
SYSTEM = a system's name, in quotes where it holds other characters than letters, digits and _ . -
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, cast

from harness.compare.compare import compare_results
from harness.compare.comparison import Comparison
from harness.errors import HarnessError, UnknownName, unknown_name

How = Literal["certain", "point", "possible"]
HOWS: tuple[How, ...] = ("certain", "point", "possible")
GRAMMAR = "expected [certain|point|possible] [SYSTEM:] METRIC < NUMBER or SYSTEM - NUMBER, as in 'f1 < baseline - 0.02'"
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>'[^']*'|"[^"]*")|(?P<sign><=|>=|<|>|:|[+-](?=\s))"""
    r"""|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?P<word>[\w.][\w.-]*))"""
)


class GateRule(NamedTuple):
    """A rule, read."""

    text: str
    how: How
    """`certain`: the whole interval fulfils it; `point`: the value does; `possible`: any of the interval does."""
    system: str | None
    """Whom it judges; None: every system but the one it refers to."""
    metric: str
    sign: str
    reference: str | None
    """The system that is compared with; None: a number alone."""
    number: float


class GateVerdict(NamedTuple):
    """What a rule said of one system."""

    rule: str
    system: str
    failed: bool
    message: str


class _RuleTokens:
    """The words of a rule, taken one by one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.listed: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = TOKEN.match(text, at)
            if found is None:
                raise self.wrong(text[at:].strip())
            kind = str(found.lastgroup)
            self.listed.append(
                ("word" if kind == "quoted" else kind, found[kind].strip("'\"") if kind == "quoted" else found[kind])
            )
            at = found.end()

    def wrong(self, found: str) -> HarnessError:
        return HarnessError(f"--fail-if '{self.text}': {GRAMMAR}; found '{found or 'the end'}'")

    def next_is(self, *values: str, kind: str = "sign") -> bool:
        return bool(self.listed) and self.listed[0][0] == kind and (not values or self.listed[0][1] in values)

    def take(self, kind: str) -> str:
        if not self.next_is(kind=kind):
            raise self.wrong(self.listed[0][1] if self.listed else "")
        return self.listed.pop(0)[1]


def read_rule(text: str) -> GateRule:
    """A rule from its text.

    Raises: HarnessError: it is none; says what was found and what is expected.
    """
    words = _RuleTokens(text)
    how: How = "certain"
    if len(words.listed) > 1 and words.next_is(*HOWS, kind="word") and words.listed[1][0] == "word":
        how = cast(How, words.take("word"))
    system, metric = None, words.take("word")
    if words.next_is(":"):
        words.take("sign")
        system, metric = metric, words.take("word")
    sign = words.take("sign")
    if sign not in COMPARE:
        raise words.wrong(sign)
    if words.next_is(kind="number"):
        reference, number = None, float(words.take("number"))
    else:
        reference, number = words.take("word"), 0.0
        if words.next_is("+", "-"):
            direction = -1.0 if words.take("sign") == "-" else 1.0
            number = direction * float(words.take("number"))
        elif words.next_is(kind="number") and words.listed[0][1][0] in "+-":
            number = float(words.take("number"))
    if words.listed:
        raise words.wrong(words.listed[0][1])
    return GateRule(text, how, system, metric, sign, reference, number)


def check_gate(results: Sequence[str | Path], rules: Sequence[str]) -> list[GateVerdict]:
    """What rules say of results.

    Args:
        results: as `compare_results` takes them. Where no system is called `baseline`, that is the first of them.
        rules: see the grammar.
    Returns: a verdict for each rule and each system that it judges. What cannot be judged has failed.
    Raises: HarnessError: a rule that is none, or names an unknown system or metric.
    """
    read = [read_rule(text) for text in rules]
    compared = {
        metric: compare_results(results, metric=metric) for metric in dict.fromkeys(rule.metric for rule in read)
    }
    return [verdict for rule in read for verdict in _verdicts(rule, compared[rule.metric])]


def _verdicts(rule: GateRule, comparison: Comparison) -> list[GateVerdict]:
    known = [system.name for system in comparison.systems]
    aliases = {name: name for name in known}
    aliases.setdefault("baseline", comparison.first)
    for name in (rule.system, rule.reference):
        if name is not None and name not in aliases:
            raise UnknownName(f"--fail-if '{rule.text}': {unknown_name('system', name, known)}")
    reference = None if rule.reference is None else aliases[rule.reference]
    judged = [aliases[rule.system]] if rule.system else [name for name in known if name != reference]
    return [_verdict(rule, comparison, name, reference) for name in judged]


def _verdict(rule: GateRule, comparison: Comparison, name: str, reference: str | None) -> GateVerdict:
    found = _of_system(comparison, name) if reference is None else _of_pair(comparison, name, reference)
    if isinstance(found, str):
        return GateVerdict(rule.text, name, True, f"{name}: cannot be judged: {found}")
    value, low, high = found
    if rule.how != "point" and (low is None or high is None):
        return GateVerdict(
            rule.text, name, True, f"{name}: cannot be judged: there is no interval; judge by the 'point'"
        )
    ends = [value] if rule.how == "point" or low is None or high is None else [value, low, high]
    holds = [COMPARE[rule.sign](end, rule.number) for end in ends]
    failed = any(holds) if rule.how == "possible" else all(holds)
    what = rule.metric if reference is None else f"{rule.metric} minus that of {reference}"
    interval = "" if low is None or high is None else f" [{low:.4f}, {high:.4f}]"
    kept = {"certain": "the whole interval", "point": "the value", "possible": "some of the interval"}[rule.how]
    said = f"{name}: {what} is {value:.4f}{interval}: {kept} is {'' if failed else 'not '}{rule.sign} {rule.number:g}"
    return GateVerdict(rule.text, name, failed, said)


Triple = tuple[float, float | None, float | None]


def _of_system(comparison: Comparison, name: str) -> Triple | str:
    value = next(system.value for system in comparison.systems if system.name == name)
    return str(value.reason) if value.value is None else (value.value, value.low, value.high)


def _of_pair(comparison: Comparison, name: str, reference: str) -> Triple | str:
    for pair in comparison.pairs:
        if {pair.a, pair.b} == {name, reference}:
            found = pair.difference
            if found is None:
                return str(pair.reason)
            if pair.a == name:
                return found.value, found.low, found.high
            return -found.value, -found.high, -found.low
    return f"it is '{reference}' itself"
