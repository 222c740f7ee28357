"""Metrics from a config: registered ones, and plain functions that a config names as `module:function`."""

from __future__ import annotations

import inspect
import json
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import JsonValue, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from harness.arrays import Codes, Floats, Weights
from harness.data.claims import Gold
from harness.display import brief
from harness.errors import Undefined
from harness.metrics import METRICS
from harness.metrics.base import Metric, ResamplingGroups, Run
from harness.metrics.verification import EVIDENCE_METRICS
from harness.records import Record
from harness.registry import UnknownComponent, import_named

Needs = Literal["labels", "scores", "probabilities"]

GOLD_NAMES = ("gold", "y_true")
OUTPUT_NAMES: dict[str, Needs] = {
    "predicted": "labels",
    "y_pred": "labels",
    "scores": "scores",
    "y_score": "scores",
    "probabilities": "probabilities",
    "y_prob": "probabilities",
    "y_proba": "probabilities",
}
"""What a function gets, by the name of its parameter."""


class FunctionSettings(Record):
    """Settings of a function as a metric, which are not passed to the function."""

    higher_is_better: bool = True
    """Whether a higher value is better."""
    bounds: tuple[float, float] | None = None
    """Lowest and highest possible value; null: any number is possible."""


class FunctionMetric(Metric):
    """The number that a plain function returns: `f(gold, predicted)`, `f(gold, scores)` or `f(gold, probabilities)`.

    The names of the parameters decide what the function gets; scikit-learn's names do too. In a yes-or-no task it gets
    an array of 0 and 1 for the labels, 1 being the positive one, and the scores of the positive label; in any other
    task the names of the labels, and the scores with a column per label. For a claim without an answer it gets a wrong
    label. Further settings of the config are passed by name. The interval calls the function for every resample.

    Returns: any number. Undefined: the function raises an error, or does not return a finite number.
    """

    needs: ClassVar[Any] = property(lambda self: self.reads)
    bounds: ClassVar[Any] = property(lambda self: self.settings.bounds or (-math.inf, math.inf))
    higher_is_better: ClassVar[Any] = property(lambda self: self.settings.higher_is_better)
    yes_or_no_only: ClassVar[bool] = False
    calls_foreign_code: ClassVar[bool] = True
    heading: ClassVar[str] = "{function}"

    function: str
    """Import path of the function, as `module:function`."""
    gold: str
    """Name of its parameter for the gold labels."""
    output: str
    """Name of its parameter for the output of the system."""
    reads: Needs
    """Part of the run that it uses."""
    arguments: dict[str, JsonValue]
    """Its other arguments, by name."""
    settings: FunctionSettings
    """Settings that are not passed to it."""

    @classmethod
    def build(cls, target: str, function: Callable[..., Any], settings: Mapping[str, Any]) -> FunctionMetric:
        """Builds the metric of a function from the settings in a config.

        Raises: UnknownComponent: the parameters of the function do not say what it needs. ValidationError: a setting
            is unknown, missing or invalid.
        """
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):
            parameters = MappingProxyType({})  # a function in C may have no signature
        gold = [name for name in parameters if name in GOLD_NAMES]
        output = [name for name in parameters if name in OUTPUT_NAMES]
        if len(gold) != 1 or len(output) != 1:
            listed = ", ".join(parameters) or "none"
            raise UnknownComponent(
                f"metric '{target}': expected a function of gold and predicted, gold and scores, or gold and "
                f"probabilities (or scikit-learn's names: y_true with y_pred, y_score or y_proba); its parameters: "
                f"{listed}"
            )
        own = {name: value for name, value in settings.items() if name in FunctionSettings.model_fields}
        arguments = {name: value for name, value in settings.items() if name not in own}
        others = [parameter for name, parameter in parameters.items() if name not in (gold[0], output[0])]
        _check_arguments(target, arguments, others)
        return cls(
            function=target,
            gold=gold[0],
            output=output[0],
            reads=OUTPUT_NAMES[output[0]],
            arguments=arguments,
            settings=FunctionSettings.model_validate_json(json.dumps(own)),
        )

    def key(self, name: str) -> str:
        """The name in results: the path of the function and its arguments."""
        return "_".join([name, *map(str, self.arguments.values())])

    def title(self) -> str:
        """The name of the function with its arguments ("fbeta_score(beta=2)")."""
        arguments = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return self.function.partition(":")[2] + (f"({arguments})" if arguments else "")

    def code_modules(self) -> tuple[str, ...]:
        """The module of the function."""
        return (self.function.partition(":")[0],)

    def values(self, gold: Gold, run: Run, groups: ResamplingGroups, weights: Weights) -> Floats:
        """The value of the function under each weighting; NaN where it raises an error or returns no finite number."""
        function = self._function()
        outputs = self._outputs(gold, run)
        labels = gold.codes if len(gold.labels) == 2 else np.array(gold.labels, dtype=object)[gold.codes]
        values = np.full(len(weights), np.nan)
        for number, weighting in enumerate(weights):
            rows = np.repeat(np.arange(len(gold)), weighting[groups.unit])
            try:
                values[number] = self._call(function, labels[rows], outputs[rows])
            except Undefined:
                if (weighting == 1).all():
                    raise
        return values

    def note(self, gold: Gold, run: Run, groups: ResamplingGroups) -> str | None:
        """The number of claims without an answer, for a function of labels; None without any."""
        n = int((run.predicted < 0).sum()) if self.reads == "labels" else 0
        return f"{n} of {len(gold)} claims have no answer; {self.title()} gets a wrong label for them" if n else None

    def _function(self) -> Callable[..., Any]:
        function = import_named(self.function, "metric")
        if not callable(function):
            raise UnknownComponent(f"metric '{self.function}' is not a function but {brief(function)}")
        return function

    def _outputs(self, gold: Gold, run: Run) -> Any:
        if self.reads == "labels":
            # The next label after the gold label, cyclically, is always a wrong one.
            predicted: Codes = np.where(run.predicted < 0, (gold.codes + 1) % len(gold.labels), run.predicted)
            return predicted if len(gold.labels) == 2 else np.array(gold.labels, dtype=object)[predicted]
        if run.scores is None:
            raise Undefined(f"the system outputs only labels; {self.title()} needs {self.reads}")
        from harness.metrics.probabilities import probabilities_of

        scores = probabilities_of(run) if self.reads == "probabilities" else run.scores
        return scores[:, -1] if len(gold.labels) == 2 else scores

    def _call(self, function: Callable[..., Any], gold: Any, output: Any) -> float:
        """The value of the function.

        Raises: Undefined: the function raises an error, or returns anything but a finite number.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of scikit-learn about every resample without a positive claim
                value = function(**{self.gold: gold, self.output: output}, **self.arguments)
        except Exception as error:  # the user's function may raise anything
            raise Undefined(f"{self.function} raised {type(error).__name__}: {error}") from error
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
            raise Undefined(f"{self.function} returned {brief(value)}; expected a number")
        if not math.isfinite(value):
            raise Undefined(f"{self.function} returned {value}; expected a finite number")
        return float(value)


def _check_arguments(target: str, arguments: Mapping[str, Any], parameters: Sequence[inspect.Parameter]) -> None:
    """Checks the arguments that a config gives for a function.

    Raises: ValidationError: the function has no such parameter, or one without a default is missing.
    """
    accepts_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    known = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    problems = [
        InitErrorDetails(type="extra_forbidden", loc=(name,), input=value)
        for name, value in arguments.items()
        if name not in known and not accepts_any
    ]
    problems += [
        InitErrorDetails(
            type=PydanticCustomError("setting", "{message}", {"message": _neither(target, name)}),
            loc=(name,),
            input=dict(arguments),
        )
        for name, parameter in known.items()
        if parameter.default is parameter.empty and name not in arguments
    ]
    if problems:
        raise ValidationError.from_exception_data(target, problems)


def _neither(target: str, parameter: str) -> str:
    return (
        f"{target} has a parameter '{parameter}' that is neither gold, predicted, scores nor probabilities; give it a "
        f'value in the config ({{name: "{target}", {parameter}: ...}}), a default in the function, or remove it'
    )


def build_metric(name: str, settings: Mapping[str, Any], task: str = "") -> Metric:
    """Builds a metric from its name and settings.

    Args:
        name: a registered name, or `module:Name` of a metric class or of a plain function.
        settings: settings as in a config, without the name.
        task: task of the experiment; `evidence` has metrics of its own, which rank passages instead of claims.
    Raises: UnknownComponent: the name is unknown, cannot be imported, or is no metric. ValidationError: a setting is
        unknown, missing or invalid; its `loc` is the name of the setting.
    """
    component = _component(name, task)
    if isinstance(component, type) and issubclass(component, Metric):
        return component.model_validate_json(json.dumps(settings, default=str))
    if isinstance(component, type) or not callable(component):
        raise UnknownComponent(f"metric '{name}' is neither a function nor a metric class but {brief(component)}")
    return FunctionMetric.build(name, component, settings)


def metric_settings(name: str, task: str = "") -> list[str]:
    """The settings that the metric of a name takes in a task."""
    component = _component(name, task)
    if isinstance(component, type) and issubclass(component, Metric):
        return list(component.model_fields)
    own = list(FunctionSettings.model_fields)
    parameters = inspect.signature(component).parameters if callable(component) else {}
    return [*(name for name in parameters if name not in GOLD_NAMES and name not in OUTPUT_NAMES), *own]


def _component(name: str, task: str) -> object:
    if task == "evidence":
        return EVIDENCE_METRICS.get(name)
    return import_named(name, "metric") if ":" in name else METRICS.get(name)
