"""The `split` of a config: how claims are split into training and test sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from harness.records import Record
from harness.runner.tuning.tune import INNER_FOLDS, InnerFolds

SplitBy = Literal["article", "speaker", "topic", "source"]
Share = Annotated[float, Field(gt=0, le=1)]


class Shares(Record):
    """Several shares of the training claims, one system each."""

    each: tuple[Share, ...]


def _as_shares(value: object) -> object:
    """A lone share as a list of one; what JSON calls a list as the tuple that it stands for."""
    if isinstance(value, dict) and isinstance(value.get("each"), list):
        return value | {"each": tuple(value["each"])}
    return {"each": (value,)} if type(value) in (int, float) else value


def _as_date(value: object) -> object:
    """YAML reads a bare year as a number."""
    return str(value) if type(value) is int else value


class Inner(Record):
    """The folds inside the training claims, in which the values of a `grid` are compared."""

    k: int = Field(default=INNER_FOLDS, ge=2)
    """Number of folds."""
    by: SplitBy | None = None
    """Default: as the split itself."""


class Split(Record):
    """How claims are split into training and test sets."""

    protocol: Literal["grouped_folds", "official", "random_folds", "by_time", "leave_one_out", "transfer"] | None = None
    """`grouped_folds` (default): whole groups in k folds; `official`: the publisher's parts; `by_time`: trained on what
    was published before, tested on what came after; `leave_one_out`: each group is tested on in turn; `transfer`:
    fitted to each group alone, tested on every one; `random_folds`: single claims, so that neighbours of test claims
    are trained on; warns."""
    k: int = Field(default=5, ge=2)
    """Number of folds."""
    by: SplitBy = "article"
    """What stays whole. `source`: what one publisher published, or one of several datasets."""
    random_seed: int = 13
    """Random seed of the folds."""
    hash_assignment: bool = False
    """For folds: an added group moves no other; folds differ more in size."""
    stratified: bool = False
    """For folds: whole groups, dealt out so that each gold label is spread evenly."""
    parts: tuple[str, ...] | None = None
    """For folds, time and leave-one-out: only the claims of these official parts."""
    test_from: Annotated[str, BeforeValidator(_as_date)] | None = None
    """For `by_time`: the date of the first claims that are tested on."""
    test_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    """For `by_time`, instead of a cut: the share of the claims, the latest ones, to test on."""
    train: tuple[str, ...] | None = None
    """Parts to train on: official ones, or those of `file`."""
    test: tuple[str, ...] | None = None
    """Parts to test on."""
    dev: tuple[str, ...] | None = None
    """Parts to choose thresholds and to calibrate on; without, that is done in folds inside the training claims."""
    file: str | None = None
    """A frozen split. With `train` and `test`: these parts; without: each of its parts is tested on in turn."""
    train_share: Annotated[Shares, BeforeValidator(_as_shares)] | None = None
    """Train on this share only, in whole groups; with `{each: [...]}`, one system per share: a learning curve."""
    inner_folds: Inner = Inner()
    """The folds inside the training claims, for settings, thresholds and calibration."""

    @property
    def resolved_inner_folds(self) -> InnerFolds:
        """The folds inside the training claims, `by` filled in."""
        return InnerFolds(self.inner_folds.k, self.inner_folds.by or self.by)

    def faults(self) -> Iterator[tuple[str | None, str]]:
        """What is wrong with options that are each right: the option, and what to do."""
        if self.file and self.protocol:
            yield "file", "a split has a file or a protocol, not both"
        if (self.train is None) != (self.test is None):
            yield None, "train and test go together; give both"
        if self.dev is not None and self.train is None:
            yield "dev", "dev goes with train and test, as in train: [train], dev: [dev], test: [test]"
        if self.protocol == "official" and self.train is None:
            yield "protocol", "an official split names its parts, as in train: [train], test: [test]"
        if self.protocol == "by_time" and (self.test_from is None) == (self.test_share is None):
            yield (
                "protocol",
                "by_time needs a first date, as in test_from: 2024-01-31, or a share, as in test_share: 0.2; not both",
            )
        if self.protocol == "transfer" and self.by == "article":
            yield "by", "transfer is between groups of articles: by: source (datasets are sources), topic or speaker"
        if self.hash_assignment and self.stratified:
            yield "stratified", "hash_assignment keeps groups whatever is labelled, so they cannot be stratified too"
        if self.train_share and not self.train_share.each:
            yield "train_share", "each lists at least one share"
        if self.train_share and len(set(self.train_share.each)) < len(self.train_share.each):
            yield "train_share", "a share is listed twice"
        protocol = "file" if self.file else self.protocol or "grouped_folds"
        for option, protocols in ONLY_FOR.items():
            if protocol not in protocols and getattr(self, option) != type(self).model_fields[option].default:
                *most, last = protocols
                named = f"{', '.join(most)} and {last}" if most else last
                yield option, f"is for {named}, not for {protocol}"


ONLY_FOR = {
    "k": ("grouped_folds", "random_folds", "transfer"),
    "hash_assignment": ("grouped_folds", "random_folds"),
    "stratified": ("grouped_folds",),
    "parts": ("grouped_folds", "random_folds", "by_time", "leave_one_out", "transfer"),
    "test_from": ("by_time",),
    "test_share": ("by_time",),
    "dev": ("official", "file"),
}
"""Options of a split that only some protocols read. A value other than the default is refused elsewhere."""
