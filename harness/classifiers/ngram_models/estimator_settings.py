"""The scikit-learn estimator that a config names: how it is made, and what is wrong with its settings."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from harness.display import brief
from harness.registry import import_named

ESTIMATOR_ERRORS = (AttributeError, TypeError, ValueError)
"""Exceptions that scikit-learn raises for invalid settings or data; AttributeError if a nested object is not an
estimator."""


def make_estimator(target: str, settings: Mapping[str, Any]) -> Any:
    """An unfitted estimator: an instance of a class, what a function returns, or a copy of an unfitted one."""
    from sklearn.base import clone

    component: Any = import_named(target, "classifier")
    return component(**settings) if callable(component) else clone(component).set_params(**settings)


def set_random_state(estimator: Any, settings: Mapping[str, Any], seed: int) -> None:
    """Sets the random state of an estimator, unless a config sets it, and those of its steps that are not set."""
    if "random_state" in estimator.get_params() and "random_state" not in settings:
        estimator.set_params(random_state=seed)
    states = {name: value for name, value in estimator.get_params().items() if name.split("__")[-1] == "random_state"}
    estimator.set_params(**{name: seed for name, value in states.items() if value is None and name not in settings})


def problems_of(target: str, settings: dict[str, Any]) -> list[tuple[str, str]]:
    """The problems of an estimator and its settings.

    Args:
        target: `module:Name` of the estimator.
        settings: its settings by name.
    Returns: for each problem the name of the setting (empty: the estimator itself) and the message.
    Raises: UnknownComponent: it cannot be imported.
    """
    from sklearn.base import BaseEstimator, is_classifier

    component: Any = import_named(target, "classifier")
    name = target.partition(":")[2]
    if isinstance(component, type) and not issubclass(component, BaseEstimator):
        return [("", f"'{target}' is neither a Classifier of this project nor a scikit-learn estimator class")]
    known_names = _settings_of(component)
    unknown = [setting for setting in settings if known_names is not None and setting not in known_names]
    if unknown and known_names is not None:
        return [(setting, f"{name} has no setting '{setting}'.{_hint(setting, known_names)}") for setting in unknown]
    try:
        estimator = make_estimator(target, settings)
        if not isinstance(estimator, BaseEstimator):
            return [("", f"'{target}' returns {brief(estimator)}, which is not a scikit-learn estimator")]
        if not is_classifier(estimator):
            return [("", f"'{target}' is a scikit-learn estimator but not a classifier, such as LogisticRegression")]
    except ESTIMATOR_ERRORS as error:
        return [("", f"{name}: {error}")]
    rejected = _rejected_setting(estimator, sorted(settings))
    if rejected is None:
        return []
    setting, reason = rejected
    return [(setting, f"{name}: {reason}")]


def _settings_of(component: Any) -> list[str] | None:
    """The settings of an estimator's class, a function that returns one, or an unfitted one; None: any."""
    if inspect.isclass(component):
        names: list[str] = component._get_param_names()  # type: ignore[attr-defined]
        return sorted(names)
    if not callable(component):
        return sorted(component.get_params())
    parameters = inspect.signature(component).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters]


def _rejected_setting(estimator: Any, settings: Sequence[str]) -> tuple[str, Exception] | None:
    """The first setting that the estimator's own validation rejects, and its error; None if it accepts all.

    The name is empty if the error cannot be attributed to one setting.
    """
    constraints = getattr(estimator, "_parameter_constraints", None)
    if constraints is None:
        return None
    error = _validation_error(estimator, constraints)
    if error is None:
        return None
    # scikit-learn names the setting in the text of its error only. Validating each setting by itself identifies it,
    # unless the estimator also validates something other than its constraints.
    only_constraints = _validation_error(estimator, {}) is None
    for setting in settings if only_constraints else ():
        if setting not in constraints:
            continue
        setting_error = _validation_error(estimator, {setting: constraints[setting]})
        if setting_error is not None:
            return setting, setting_error
    return "", error


def _validation_error(estimator: Any, constraints: Mapping[str, Any]) -> Exception | None:
    """The error of the estimator's validation of its settings against constraints; None if they are valid."""
    estimator._parameter_constraints = constraints
    try:
        estimator._validate_params()
    except ESTIMATOR_ERRORS as error:
        return error
    return None


def _hint(setting: str, known_names: list[str]) -> str:
    closest = difflib.get_close_matches(setting, known_names, n=1, cutoff=0.6)
    suggestion = f" Did you mean '{closest[0]}'?" if closest else ""
    return f"{suggestion} Known: {', '.join(known_names) or 'none'}, features"
