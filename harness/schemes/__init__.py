"""Label schemes: labels, their definitions, and the guideline that annotators follow; one YAML file per scheme."""

from harness.schemes.scheme_files import (
    COMMON_VERDICTS,
    Axis,
    Exercise,
    Label,
    Scheme,
    TaskMapping,
    load_scheme,
    read_scheme,
    scheme_names,
)

__all__ = [
    "COMMON_VERDICTS",
    "Axis",
    "Exercise",
    "Label",
    "Scheme",
    "TaskMapping",
    "load_scheme",
    "read_scheme",
    "scheme_names",
]
