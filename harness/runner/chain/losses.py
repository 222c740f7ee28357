"""What each stage of a chain loses: macro F1 of the verdicts from the article, from gold claims, from gold evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.arguments import as_list
from harness.arrays import Codes, Floats
from harness.data.benchmarks.benchmark import benchmark_names, load_benchmark
from harness.data.claims import Column, Gold, codes_of
from harness.display import displayed
from harness.errors import HarnessError, Undefined
from harness.metrics.base import ResamplingGroups, Run
from harness.metrics.functions import build_metric
from harness.metrics.intervals import Intervals, Value, measure
from harness.runner.chain.config import Chain
from harness.runner.chain.matching import Span, match_spans
from harness.runner.chain.normalizing import Normalized
from harness.runner.pairing.resampled import paired_interval, resample
from harness.runner.result_files import Columns, Result, read_predictions
from harness.runner.splitting.joined_datasets import load_joined
from harness.runner.verification.gold_evidence import prefixes_of
from harness.text_tables import count_of
from harness.uncertainty.resampling import jackknife_t, jackknife_weights

WHOLE, FROM_CLAIMS, FROM_EVIDENCE = "S0", "S1", "S2"
STARTS = {WHOLE: "the article", FROM_CLAIMS: "gold claims", FROM_EVIDENCE: "gold claims and gold evidence"}
"""What is given to the chain in each row."""


class Estimate(NamedTuple):
    """A number with its interval over articles; None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class BeyondGold(NamedTuple):
    """The claims that a chain judges and that match no gold claim."""

    claims: int
    """Number of claims."""
    per_article: Estimate
    """Number of claims per article."""
    precision: Estimate
    """Share of the judged claims that match a gold claim."""


class ChainRow(NamedTuple):
    """The verdicts of a chain that starts at one of its stages."""

    start: str
    """What it is given."""
    value: Value
    """Macro F1 of the verdicts over the gold claims; one that is not found counts as wrong."""
    beyond: BeyondGold


class ByText(NamedTuple):
    """The chain that looks for passages by the text of claims, not by statements."""

    start: str
    """Where it starts: `S0` (the whole chain), or `S1` where claims are given."""
    value: Value
    """Macro F1 of its verdicts over the gold claims."""
    gain: Estimate
    """Macro F1 that the chain with statements is above it, paired over articles."""


@displayed
@dataclass(frozen=True)
class ChainLosses:
    """The verdicts of a chain by where it starts, and what each stage loses."""

    experiment: str
    stages: Mapping[str, str]
    """System of each stage."""
    n_claims: int
    """Number of gold claims: claims with a gold verdict."""
    n_found: int
    """Number of gold claims that a detected sentence matches; all of them where claims are given."""
    n_articles: int
    """Number of articles that the chain reads."""
    rows: Mapping[str, ChainRow]
    """Rows S0 (whole chain; absent where claims are given), S1 (from gold claims), and S2 (from gold claims and gold
    evidence)."""
    losses: Mapping[str, Estimate]
    """Macro F1 that detection (S1 - S0), retrieval (S2 - S1), judging (1 - S2) and all together (1 - S0) lose; where
    claims are given, nothing is known of detection, and all together lose 1 - S1."""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader has to know of the passages that are retrieved and of each benchmark."""
    by_text: ByText | None = None
    """The whole chain where passages are looked for by the text of claims; None if no statements are looked for."""
    normalized: Normalized | None = None
    """What the stage `normalize` wrote; None without it."""

    def document(self) -> dict[str, Any]:
        """The document that `harness run --json` prints for a chain."""
        rows = {
            name: {"start": row.start, "value": row.value.value, "low": row.value.low, "high": row.value.high}
            for name, row in self.rows.items()
        }
        beyond = {
            name: {
                "claims": row.beyond.claims,
                "per_article": row.beyond.per_article._asdict(),
                "precision": row.beyond.precision._asdict(),
            }
            for name, row in self.rows.items()
        }
        document = {
            "experiment": self.experiment,
            "stages": dict(self.stages),
            "n": self.n_claims,
            "n_found": self.n_found,
            "n_articles": self.n_articles,
            "rows": rows,
            "losses": {name: loss._asdict() for name, loss in self.losses.items()},
            "beyond_gold": beyond,
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }
        if self.by_text is not None:
            row = self.by_text.value
            without = {"value": row.value, "low": row.low, "high": row.high}
            document["by_text"] = {self.by_text.start: without, "statements_gain": self.by_text.gain._asdict()}
        return document | ({} if self.normalized is None else {"normalize": self.normalized.document()})


class _ReadArticle(NamedTuple):
    """The claims of one article by their row among the gold claims, and the ids of what was detected."""

    gold: list[int]
    detected: list[str]


def chain_losses(
    chain: Chain,
    detection: Result | None,
    judged: Sequence[Result],
    root: str | Path | None = None,
    normalized: Normalized | None = None,
) -> ChainLosses:
    """Joins the results of a chain's stages to what each stage loses.

    Args:
        chain: the chain.
        detection: result of the detector; None: claims are given.
        judged: results of the judge with the passages that are found, and with gold evidence; if statements are looked
            for, a third with those that are found by the text.
        root: folder of fetched benchmarks.
        normalized: what the stage `normalize` wrote.
    Raises: HarnessError: the stages were tested in different folds, or no claim with a gold verdict was read.
    """
    stage = _Stages(chain, detection, judged, root)
    matched = stage.match() if detection else list[str | None](stage.claim_ids)
    predicted = {FROM_CLAIMS: stage.verdicts[0], FROM_EVIDENCE: stage.verdicts[1]}
    if detection:
        whole = [-1 if name is None else stage.code_of(name) for name in matched]
        predicted = {WHOLE: np.array(whole, dtype=np.int64), **predicted}
    n_found = sum(name is not None for name in matched)
    unjudged = sum(name is not None and name not in stage.label_of for name in matched)
    beyond = stage.beyond_gold(matched) if detection else BeyondGold(0, Estimate(0.0), Estimate(1.0))
    none_beyond = BeyondGold(0, Estimate(0.0), Estimate(1.0))
    rows = {
        name: ChainRow(STARTS[name], stage.value(codes), beyond if name == WHOLE else none_beyond)
        for name, codes in predicted.items()
    }
    warnings = [
        *dict.fromkeys(warning for result in (*filter(None, [detection]), *judged) for warning in result.warnings)
    ]
    if unjudged:
        text = "match a sentence that overlaps it and has no verdict; they count as wrong"
        warnings.append(f"{count_of(unjudged, 'gold claim')} {text}")
    return ChainLosses(
        experiment=chain.name,
        stages={
            "detect": f"{detection.system} ({detection.task})" if detection else "none, claims are given",
            **({} if normalized is None else {"normalize": normalized.system}),
            "retrieve": (judged[0].evidence or ""),
            "judge": judged[0].system.partition(" / ")[0],
        },
        n_claims=len(stage.gold),
        n_found=n_found,
        n_articles=len(stage.articles),
        rows=rows,
        losses=stage.losses(predicted),
        warnings=tuple(warnings),
        notes=(*judged[0].evidence_notes, *_benchmark_notes(chain)),
        by_text=stage.by_text(matched, *next(iter(predicted.items()))) if len(stage.verdicts) > 2 else None,
        normalized=normalized,
    )


def _benchmark_notes(chain: Chain) -> list[str]:
    """What users of a benchmark have to know of it, such as that its passages are easier to find than those of the
    web."""
    names = [name for name in as_list(chain.dataset) if name in benchmark_names()]
    return [f"{name}: {' '.join(note.split())}" for name in names if (note := load_benchmark(name).note)]


class _Stages:
    """The stored predictions of a chain's stages, row by row."""

    def __init__(
        self, chain: Chain, detection: Result | None, judged: Sequence[Result], root: str | Path | None
    ) -> None:
        self.intervals: Intervals = chain.intervals
        found, *_ = tables = [read_predictions(result) for result in judged]
        # Where claims are given, the judge reads the articles of its own claims, and nothing is detected in them.
        detected = read_predictions(detection) if detection else found
        fold_of = dict(zip(detected["claim_id"], detected["fold"], strict=True))
        has_gold = np.array([label is not None for label in found["gold"]], dtype=bool)
        in_both = np.array([claim_id in fold_of for claim_id in found["claim_id"]], dtype=bool)
        rows = np.flatnonzero(has_gold & in_both)
        if not len(rows):
            raise HarnessError("chain: no claim with a gold verdict is among the claims that the detector is tested on")
        for claim_id, fold in zip(found["claim_id"][rows], found["fold"][rows], strict=True):
            if fold_of[claim_id] != fold:
                raise HarnessError(
                    f"chain: claim '{claim_id}' is in {fold_of[claim_id]} of the detector, in {fold} of the judge, so "
                    "that one of them was trained on its article; use protocol: grouped_folds"
                )
        labels = [name.removeprefix("score:") for name in found if name.startswith("score:")]
        codes = {label: code for code, label in enumerate(labels)}
        self.gold = Gold(tuple(labels), np.array([codes[label] for label in found["gold"][rows]], dtype=np.int64))
        self.verdicts = [_codes(table, found["claim_id"][rows], codes) for table in tables]
        self.labels = [
            {name: codes.get(label, -1) for name, label in zip(table["claim_id"], table["predicted"], strict=True)}
            for table in tables
        ]
        self.label_of = self.labels[0]
        self.claim_ids, article_ids = found["claim_id"][rows], found["article_id"][rows]
        self.articles: dict[str, _ReadArticle] = {}
        for claim_id, article_id, label in zip(
            detected["claim_id"], detected["article_id"], detected["predicted"], strict=True
        ):
            article = self.articles.setdefault(article_id, _ReadArticle([], []))
            if detection and label == "yes":
                article.detected.append(claim_id)
        for row, article_id in enumerate(article_ids):
            self.articles[article_id].gold.append(row)
        self.article_of_row: Codes = codes_of(article_ids)
        self.spans = _spans(chain, root) if detection else {}
        self.metric = build_metric("macro_f1", {}, "verdict")

    def code_of(self, claim_id: str) -> int:
        """Index of the verdict on a claim; -1 without one."""
        return self.label_of.get(claim_id, -1)

    def match(self) -> list[str | None]:
        """The detected claim that each gold claim matches; None for one that is not found."""
        matched: list[str | None] = [None] * len(self.gold)
        for article in self.articles.values():
            gold = [self.spans[self.claim_ids[row]] for row in article.gold]
            for row, column in match_spans(gold, [self.spans[name] for name in article.detected]).items():
                matched[article.gold[row]] = article.detected[column]
        return matched

    @property
    def groups(self) -> ResamplingGroups:
        """Articles as resampling units."""
        return ResamplingGroups(self.article_of_row, self.article_of_row)

    def value(self, codes: Codes) -> Value:
        """Macro F1 of verdicts with its interval over articles."""
        return measure(self.metric, self.gold, [Run(None, codes)], self.groups, self.intervals)

    def by_text(self, matched: Sequence[str | None], start: str, whole: Codes) -> ByText:
        """The chain that looks for passages by the text of claims, against the one with statements."""
        codes = [-1 if name is None else self.labels[2].get(name, -1) for name in matched]
        without: Codes = np.array(codes, dtype=np.int64)
        value = self.value(without)
        try:
            after, before = (
                resample(self.metric, self.gold, [Run(None, one)], self.groups, self.intervals)
                for one in (whole, without)
            )
        except Undefined:
            return ByText(start, value, Estimate(None))
        gain = after.value - before.value
        try:
            draws, left_out = after.resampled - before.resampled, after.jackknifed - before.jackknifed
            interval, _ = paired_interval(gain, draws, left_out, is_stratified=False)
        except Undefined:
            return ByText(start, value, Estimate(gain))
        return ByText(start, value, Estimate(gain, interval.low, interval.high))

    def losses(self, predicted: Mapping[str, Codes]) -> dict[str, Estimate]:
        """What each stage loses, paired over articles."""
        try:
            resampled = {
                name: resample(self.metric, self.gold, [Run(None, codes)], self.groups, self.intervals)
                for name, codes in predicted.items()
            }
        except Undefined:
            return {}
        losses = {}
        first = next(iter(predicted))
        for stage, later, earlier in (
            *([("detection", FROM_CLAIMS, WHOLE)] if first == WHOLE else []),
            ("retrieval", FROM_EVIDENCE, FROM_CLAIMS),
            ("judging", None, FROM_EVIDENCE),
            ("together", None, first),
        ):
            before, after = resampled[earlier], resampled.get(later or "")
            # Without an error, macro F1 is 1 in every resample.
            value = (1.0 if after is None else after.value) - before.value
            draws = (1.0 if after is None else after.resampled) - before.resampled
            left_out = (1.0 if after is None else after.jackknifed) - before.jackknifed
            try:
                interval, _ = paired_interval(value, draws, left_out, is_stratified=False)
            except Undefined:
                losses[stage] = Estimate(value)
            else:
                losses[stage] = Estimate(value, interval.low, interval.high)
        return losses

    def beyond_gold(self, matched: Sequence[str | None]) -> BeyondGold:
        """The detected claims that match no gold claim, with intervals over all articles that were read."""
        names = {name for name in matched if name is not None}
        detected: Floats = np.array([len(article.detected) for article in self.articles.values()], dtype=np.float64)
        hits: Floats = np.array(
            [sum(name in names for name in article.detected) for article in self.articles.values()], dtype=np.float64
        )
        beyond = detected - hits
        n_articles = np.ones(len(detected))
        return BeyondGold(int(beyond.sum()), self._ratio(beyond, n_articles, np.inf), self._ratio(hits, detected, 1.0))

    def _ratio(self, numerator: Floats, denominator: Floats, highest: float) -> Estimate:
        """The ratio of two sums over articles, with its interval."""
        if not denominator.sum():
            return Estimate(None)
        value = float(numerator.sum() / denominator.sum())
        weights = jackknife_weights(len(numerator), self.intervals.random_seed).astype(np.float64)
        sums = weights @ denominator
        if not sums.all():
            return Estimate(value)
        bounds = (0.0, highest) if np.isfinite(highest) else (-np.inf, np.inf)
        try:
            interval = jackknife_t(value, (weights @ numerator) / sums, bounds)
        except Undefined:
            return Estimate(value)
        return Estimate(value, max(interval.low, 0.0), interval.high)


def _codes(table: Columns, claim_ids: Column, codes: Mapping[str, int]) -> Codes:
    """Index of the verdict that a result gives each claim; -1 without one; shape (n_claims,)."""
    predicted = dict(zip(table["claim_id"], table["predicted"], strict=True))
    return np.array([codes.get(str(predicted.get(claim_id)), -1) for claim_id in claim_ids], dtype=np.int64)


def _spans(chain: Chain, root: str | Path | None) -> dict[str, Span]:
    """The characters of each claim by its id in the table of the chain's datasets."""
    joined = load_joined((chain.dataset,) if isinstance(chain.dataset, str) else chain.dataset, root)
    return {
        prefix + claim.claim_id: Span(claim.start, claim.end)
        for dataset, prefix in zip(joined.datasets, prefixes_of(joined), strict=True)
        for claim in dataset.current
    }
