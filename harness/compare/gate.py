"""Rules that fail a build, such as `f1 < baseline - 0.02`. The parser never executes any part of a rule.

RULE      = [CERTAINTY] [SYSTEM ":"] METRIC ("<" | "<=" | ">" | ">=") TERM
CERTAINTY = "certain" | "point" | "possible"
TERM      = NUMBER | SYSTEM [("+" | "-") NUMBER]
SYSTEM    = a system's name, quoted if it contains characters other than letters, digits and _ . -
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, cast

from harness.arguments import as_list
from harness.compare.compare import compare_table, with_label_names
from harness.compare.comparison import Comparison
from harness.compare.decision import decided_interval
from harness.compare.results import ResultTable, read_table
from harness.compare.shared_work import SharedWork
from harness.display import displayed
from harness.errors import HarnessError, UnknownName, unknown_name

Certainty = Literal["certain", "point", "possible"]
CERTAINTIES: tuple[Certainty, ...] = ("certain", "point", "possible")
GRAMMAR = "expected [certain|point|possible] [SYSTEM:] METRIC < NUMBER or SYSTEM - NUMBER, as in 'f1 < baseline - 0.02'"
COMPARATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# A + or - followed by a space is an operator; otherwise it belongs to a number (-0.5) or a name (baseline-2).
TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>'[^']*'|"[^"]*")|(?P<sign><=|>=|<|>|:|[+-](?=\s))"""
    r"""|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?P<word>[\w.][\w.-]*))"""
)


class GateRule(NamedTuple):
    """A parsed rule."""

    text: str
    """The rule as written."""
    certainty: Certainty
    """Part of the interval that must satisfy the rule: all of it (`certain`), the value (`point`) or any of it
    (`possible`)."""
    system: str | None
    """System to test; None for every system except the reference."""
    metric: str
    """Name of the metric in the results."""
    comparator: str
    """One of `<`, `<=`, `>` and `>=`."""
    reference: str | None
    """System to compare with; None to compare with a number only."""
    number: float
    """Threshold of the value, or of the difference to the reference."""


@displayed
class GateVerdict(NamedTuple):
    """The outcome of a rule for one system."""

    rule: str
    """The rule as written."""
    system: str
    """Name of the tested system."""
    failed: bool
    """Whether the rule holds, which fails the build; also True if the rule cannot be evaluated."""
    message: str
    """Explanation of the outcome, with the value and its interval."""


class _RuleTokens:
    """The tokens of a rule, consumed from the front."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            match = TOKEN.match(text, position)
            if match is None:
                raise self.syntax_error(text[position:].strip())
            kind = str(match.lastgroup)
            if kind == "quoted":
                self.tokens.append(("word", match[kind].strip("'\"")))
            else:
                self.tokens.append((kind, match[kind]))
            position = match.end()

    def syntax_error(self, token: str) -> HarnessError:
        return HarnessError(f"--fail-if '{self.text}': {GRAMMAR}; found '{token or 'the end'}'")

    def next_is(self, *values: str, kind: str = "sign") -> bool:
        return bool(self.tokens) and self.tokens[0][0] == kind and (not values or self.tokens[0][1] in values)

    def take(self, kind: str) -> str:
        if not self.next_is(kind=kind):
            raise self.syntax_error(self.tokens[0][1] if self.tokens else "")
        return self.tokens.pop(0)[1]


def read_rule(text: str) -> GateRule:
    """Parse a rule.

    Raises: HarnessError: a syntax error; the message shows the unexpected token and the expected form.
    """
    rule = _RuleTokens(text)
    certainty: Certainty = "certain"
    # "certain < 3" is a rule about a metric called "certain": the keyword needs a second word after it.
    if len(rule.tokens) > 1 and rule.next_is(*CERTAINTIES, kind="word") and rule.tokens[1][0] == "word":
        certainty = cast(Certainty, rule.take("word"))
    system = None
    metric = rule.take("word")
    if rule.next_is(":"):
        rule.take("sign")
        system = metric
        metric = rule.take("word")
    comparator = rule.take("sign")
    if comparator not in COMPARATORS:
        raise rule.syntax_error(comparator)
    reference = None
    number = 0.0
    if rule.next_is(kind="number"):
        number = float(rule.take("number"))
    else:
        reference = rule.take("word")
        if rule.next_is("+", "-"):
            direction = -1.0 if rule.take("sign") == "-" else 1.0
            number = direction * float(rule.take("number"))
        elif rule.next_is(kind="number") and rule.tokens[0][1][0] in "+-":
            # "baseline -0.02": the sign belongs to the number.
            number = float(rule.take("number"))
    if rule.tokens:
        raise rule.syntax_error(rule.tokens[0][1])
    return GateRule(
        text=text,
        certainty=certainty,
        system=system,
        metric=metric,
        comparator=comparator,
        reference=reference,
        number=number,
    )


def check_gate(
    results: str | Path | Sequence[str | Path], rules: str | Sequence[str], *, all_results: bool = False
) -> list[GateVerdict]:
    """Evaluate rules that fail a build.

    Args:
        results: result or run folders, as for `compare_results`. If no system is called `baseline`, this name stands
            for the system of the first result.
        rules: rules such as `f1 < baseline - 0.02`.
        all_results: as for `compare_results`.
    Returns: a verdict for each rule and each system that it tests. A rule that cannot be evaluated fails.
    Raises: HarnessError: a rule with a syntax error, or with an unknown system or metric.
    """
    parsed = [read_rule(text) for text in as_list(rules)]
    return check_table(read_table(results, all_results=all_results), parsed)


def check_table(
    table: ResultTable, rules: Sequence[GateRule], comparisons: Sequence[Comparison] = ()
) -> list[GateVerdict]:
    """Evaluate rules on results that are already loaded; see `check_gate`.

    Args:
        table: results.
        rules: parsed rules.
        comparisons: comparisons of these results that exist already, by any metrics.
    """
    table = with_label_names(table)
    by_metric = {comparison.metric: comparison for comparison in comparisons}
    shared = SharedWork(table)
    for rule in rules:
        if rule.metric not in by_metric:
            by_metric[rule.metric] = compare_table(table, metric=rule.metric, shared=shared)
    return [verdict for rule in rules for verdict in _verdicts(rule, by_metric[rule.metric])]


def _verdicts(rule: GateRule, comparison: Comparison) -> list[GateVerdict]:
    known_names = [system.name for system in comparison.systems]
    aliases = {name: name for name in known_names}
    aliases.setdefault("baseline", comparison.first)
    for name in (rule.system, rule.reference):
        if name is not None and name not in aliases:
            raise UnknownName(f"--fail-if '{rule.text}': {unknown_name('system', name, known_names)}")
    reference = None if rule.reference is None else aliases[rule.reference]
    tested_names = [aliases[rule.system]] if rule.system else [name for name in known_names if name != reference]
    return [_verdict(rule, comparison, name, reference) for name in tested_names]


def _verdict(rule: GateRule, comparison: Comparison, name: str, reference: str | None) -> GateVerdict:
    estimate = _system_value(comparison, name) if reference is None else _pair_difference(comparison, name, reference)
    if isinstance(estimate, str):
        return GateVerdict(rule.text, name, True, f"{name}: cannot evaluate the rule: {estimate}")
    value, low, high, remark = estimate
    if rule.certainty != "point" and (low is None or high is None):
        message = f"{name}: cannot evaluate the rule: there is no interval; use 'point' to test the value alone"
        return GateVerdict(rule.text, name, True, message)
    # A comparison with a number holds for a whole interval exactly if it holds at both ends.
    ends = [value] if rule.certainty == "point" or low is None or high is None else [value, low, high]
    holds = [COMPARATORS[rule.comparator](end, rule.number) for end in ends]
    failed = any(holds) if rule.certainty == "possible" else all(holds)
    quantity = rule.metric if reference is None else f"{rule.metric} difference to {reference}"
    interval = "" if low is None or high is None else f" [{_four_digits(low)}, {_four_digits(high)}]"
    subject = {"certain": "the whole interval", "point": "the value", "possible": "part of the interval"}[
        rule.certainty
    ]
    negation = "" if failed else "not "
    message = f"{name}: {quantity} is {value:.4f}{interval}; {subject} is {negation}{rule.comparator} {rule.number:g}"
    message += f" ({remark})" if remark else ""
    return GateVerdict(rule.text, name, failed, message)


def _four_digits(number: float) -> str:
    # Adding 0.0 turns -0.0 into 0.0: an end just below 0 shows as 0.
    return f"{round(number, 4) + 0.0:.4f}"


class Estimate(NamedTuple):
    """A value with the interval that a rule is held against."""

    value: float
    low: float | None
    high: float | None
    remark: str | None = None
    """What decided if the test and the interval disagree, or why neither can be trusted."""


def _system_value(comparison: Comparison, name: str) -> Estimate | str:
    """The value of a system, or the reason why it has none."""
    value = next(system.value for system in comparison.systems if system.name == name)
    return str(value.reason) if value.value is None else Estimate(value.value, value.low, value.high)


def _pair_difference(comparison: Comparison, name: str, reference: str) -> Estimate | str:
    """The value of a system minus that of the reference, or the reason why there is no difference.

    The test decides about 0, as it does for tie groups, and the interval about every other number.
    """
    for pair in comparison.pairs:
        if {pair.a, pair.b} == {name, reference}:
            difference = pair.difference
            if difference is None:
                return str(pair.reason)
            low, high = decided_interval(difference, pair.p_corrected)
            remark = "; ".join(filter(None, (pair.note, comparison.caution))) or None
            if pair.a == name:
                return Estimate(difference.value, low, high, remark)
            # Pairs put the better system first; the other way round, the interval is mirrored.
            return Estimate(-difference.value, -high, -low, remark)
    return f"'{reference}' is the reference itself"
