"""Label schemes: the values, their definitions, and the guideline that annotators follow. One YAML pack each."""

from harness.schemes.scheme_files import Axis, Label, Scheme, TaskMapping, load_scheme, read_scheme, scheme_names

__all__ = ["Axis", "Label", "Scheme", "TaskMapping", "load_scheme", "read_scheme", "scheme_names"]
