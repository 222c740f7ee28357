"""The `split` of a config: how claims are split into training and test sets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from harness.records import Record, Texts
from harness.runner.tuning.inner_folds import INNER_FOLDS, InnerFolds

SplitBy = Literal["article", "speaker", "topic", "source"]
Share = Annotated[float, Field(gt=0, le=1)]
_SHARE_IN_NAME = re.compile(r"[\[,]train_share=([0-9.eE+-]+)\]")


class SystemAtShare(NamedTuple):
    """A system that is fitted to a share of the training claims, by its name."""

    name: str
    """Name of the system without the share."""
    share: float

    @property
    def system_name(self) -> str:
        """Name of the system with the share, `tfidf_logreg[C=1,train_share=0.5]`."""
        beginning = f"{self.name[:-1]}," if self.name.endswith("]") else f"{self.name}["
        return f"{beginning}train_share={self.share:g}]"

    @classmethod
    def parse(cls, system_name: str) -> SystemAtShare | None:
        """Returns the system and the share of a name that has one."""
        match = _SHARE_IN_NAME.search(system_name)
        if match is None:
            return None
        name = _SHARE_IN_NAME.sub(lambda match: "]" if match[0][0] == "," else "", system_name)
        return cls(name, float(match[1]))


class Shares(Record):
    """Several shares of the training claims; each makes a system of its own."""

    each: tuple[Share, ...]
    """Shares, in (0, 1]."""


def _as_shares(value: object) -> object:
    """Converts a number to `{each: [number]}`, and a list to the tuple that strict validation expects."""
    if isinstance(value, dict) and isinstance(value.get("each"), list):
        return value | {"each": tuple(value["each"])}
    return {"each": (value,)} if type(value) in (int, float) else value


def _as_date(value: object) -> object:
    """Converts a number to a string: YAML reads a bare year as a number."""
    return str(value) if type(value) is int else value


class Inner(Record):
    """Folds inside the training claims, for settings, thresholds, and calibration."""

    k: int = Field(default=INNER_FOLDS, ge=2)
    """Number of folds."""
    by: SplitBy | None = None
    """Group that stays whole; default: that of the split. Where the training claims are one group, articles stay
    whole."""


class Split(Record):
    """How claims are split into training and test sets."""

    protocol: Literal["grouped_folds", "official", "random_folds", "by_time", "leave_one_out", "transfer"] | None = None
    """Rule that assigns claims to training and test sets. `grouped_folds` (default): k folds of whole groups.
    `official`: the publisher's parts. `by_time`: train on earlier claims, test on later ones. `leave_one_out`: test on
    each group in turn. `transfer`: train on each group alone, test on all groups. `random_folds`: k folds of single
    claims, which puts neighbors of test claims in the training data (gives a warning)."""
    k: int = Field(default=5, ge=2)
    """Number of folds."""
    by: SplitBy = "article"
    """Group that stays whole. `source`: the publisher, or the dataset if there are several."""
    random_seed: int = 13
    """Random seed of the folds."""
    hash_assignment: bool = False
    """For folds: assign groups to folds by hash, so that added data moves no existing group (fold sizes vary more)."""
    stratified: bool = False
    """For folds: distribute whole groups so that each fold has a similar share of each gold label."""
    parts: Texts | None = None
    """Official parts to use; default: all claims. Not for `official` and `file`, which name their own parts."""
    test_from: Annotated[str, BeforeValidator(_as_date, json_schema_input_type=str | int)] | None = None
    """First date of the test claims, for `by_time`."""
    test_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the claims to test on, the latest ones, for `by_time`; an alternative to `test_from`."""
    train: Texts | None = None
    """Parts to train on: official parts, or parts of `file`."""
    test: Texts | None = None
    """Parts to test on."""
    dev: Texts | None = None
    """Parts for thresholds and calibration; default: folds inside the training claims."""
    file: str | None = None
    """File with a frozen split. Without `train` and `test`, each of its parts is the test set in turn."""
    train_share: Annotated[Shares, BeforeValidator(_as_shares, json_schema_input_type=Shares | Share)] | None = None
    """Share of the training claims to use, in whole groups; `{each: [...]}` makes one system per share (a learning
    curve)."""
    inner_folds: Inner = Inner()
    """Folds inside the training claims, for settings, thresholds, and calibration."""

    @property
    def resolved_inner_folds(self) -> InnerFolds:
        """Folds inside the training claims, with the default of `by` filled in."""
        return InnerFolds(self.inner_folds.k, self.inner_folds.by or self.by)

    def faults(self) -> Iterator[tuple[str | None, str]]:
        """Yields contradictions between options: the option at fault (None: no single one), and what to do."""
        if self.file and self.protocol:
            yield "file", "set file or protocol, not both"
        if (self.train is None) != (self.test is None):
            yield None, "set both train and test, or neither"
        if self.dev is not None and self.train is None:
            yield "dev", "dev requires train and test, as in train: [train], dev: [dev], test: [test]"
        if self.protocol == "official" and self.train is None:
            yield "protocol", "official requires train and test, as in train: [train], test: [test]"
        if self.protocol == "by_time" and (self.test_from is None) == (self.test_share is None):
            yield (
                "protocol",
                "by_time requires a date, as in test_from: 2024-01-31, or a share, as in test_share: 0.2; not both",
            )
        if self.protocol == "transfer" and self.by == "article":
            yield (
                "by",
                "transfer requires groups of articles; set by: source (each dataset is a source), topic, or speaker",
            )
        if self.hash_assignment and self.stratified:
            yield "stratified", "cannot be combined with hash_assignment, which ignores labels; set only one of them"
        if self.train_share and not self.train_share.each:
            yield "train_share", "each must list at least one share"
        if self.train_share and len(set(self.train_share.each)) < len(self.train_share.each):
            yield "train_share", "each lists a share twice; list each share once"
        protocol = "file" if self.file else self.protocol or "grouped_folds"
        for option, protocols in ONLY_FOR.items():
            if protocol not in protocols and getattr(self, option) != type(self).model_fields[option].default:
                *first, last = protocols
                names = f"{', '.join(first)} and {last}" if first else last
                yield option, f"applies to {names} only, not to {protocol}"


ONLY_FOR = {
    "k": ("grouped_folds", "random_folds", "transfer"),
    "hash_assignment": ("grouped_folds", "random_folds"),
    "stratified": ("grouped_folds",),
    "parts": ("grouped_folds", "random_folds", "by_time", "leave_one_out", "transfer"),
    "test_from": ("by_time",),
    "test_share": ("by_time",),
    "dev": ("official", "file"),
}
"""Options that apply to some protocols only. Other protocols reject a value other than the default."""
