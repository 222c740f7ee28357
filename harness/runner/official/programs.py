"""Official programs that score verdicts and retrieval in files of their own form, such as AVeriTeC and FEVEROUS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from harness.data.archives import InputFile
from harness.data.exchange.trec import read_qrels, read_run
from harness.data.formats.detection import checkthat_discourse_tsv
from harness.data.formats.normalization import checkthat_statements_csv
from harness.data.formats.normalization.checkthat_statements_csv import POST, PostStatement
from harness.data.formats.verification import (
    averitec_strings,
    checkthat_sources_tsv,
    feverous_jsonl,
    quantemp_files,
)
from harness.data.formats.verification.averitec_strings import AveritecItem
from harness.data.formats.verification.feverous_jsonl import FeverousFile
from harness.data.formats.verification.quantemp_files import JudgedClaim
from harness.errors import Fault, FaultsError, Undefined
from harness.metrics.official.averitec import LABELS, MAX_STRINGS, averitec
from harness.metrics.official.checkthat_discourse import checkthat_discourse
from harness.metrics.official.feverous import feverous
from harness.metrics.official.labels import OfficialScores
from harness.metrics.official.quantemp import quantemp
from harness.metrics.official.statements import statement_scores
from harness.metrics.official.trec import trec
from harness.text_tables import count_of


class ProgramResult(NamedTuple):
    """What a program gives for a gold and a prediction file."""

    values: OfficialScores
    notes: tuple[str, ...] = ()
    """Counts and remarks that a reader of the values needs."""
    extra: Mapping[str, Any] = MappingProxyType({})
    """Further parts of the JSON document, by key."""


class Names(NamedTuple):
    """The files that are scored, for messages."""

    gold: str
    """Name of the gold file."""
    predictions: Path


class OfficialProgram(NamedTuple):
    """A program with its own files."""

    read_predictions: Callable[[InputFile], Any]
    score: Callable[[Any, Any, Names], ProgramResult]
    """Function of gold, predictions and the names of the files."""
    read_gold: Callable[[InputFile], Any] | None = None
    """None if the prediction file holds the gold; both are then the content of that file."""


def _feverous(file: FeverousFile, *_: object) -> ProgramResult:
    right = [claim._replace(predicted_label=claim.label) for claim in file.claims]
    extra = {"with_gold_verdict": _defined(feverous(right))}
    if file.first is None:
        return ProgramResult(feverous(file.claims), (), extra)
    honest = _defined(feverous([file.first, *file.claims]))
    note = (
        "the first line is a claim, not a header; the official program leaves it out, and so do these values; with it: "
        + _listed(honest)
    )
    return ProgramResult(feverous(file.claims), (note,), extra | {"with_first_line": honest})


def _defined(values: OfficialScores) -> dict[str, float | None]:
    return {key: None if isinstance(value, Undefined) else float(value) for key, value in values.items()}


def _listed(values: Mapping[str, float | None]) -> str:
    return ", ".join(f"{key} {value:.4f}" for key, value in values.items() if value is not None)


def _quantemp(gold: Sequence[JudgedClaim], predicted: Sequence[JudgedClaim], names: Names) -> ProgramResult:
    labels_of = dict[str, set[str]]()
    for claim in gold:
        labels_of.setdefault(claim.key, set()).add(claim.label)
    contradictory = {key for key, labels in labels_of.items() if len(labels) > 1}
    gold_of = {claim.key: claim for claim in gold if claim.key not in contradictory}
    verdicts, faults = dict[str, str](), list[Fault]()
    for claim in predicted:
        if verdicts.setdefault(claim.key, claim.label) != claim.label:
            message = "occurs twice, with two verdicts; keep one row"
            faults.append(Fault(str(names.predictions), claim.line, "claim", message, "contradiction"))
    joined = [key for key in verdicts if key in gold_of]
    if not joined and not faults:
        message = f"no claim is in {names.gold}; is the file for another split?"
        faults.append(Fault(str(names.predictions), None, "claim", message, "unknown-id"))
    if faults:
        raise FaultsError(faults)

    def scored(keys: Sequence[str]) -> dict[str, float]:
        return quantemp([gold_of[key].label for key in keys], [verdicts[key] for key in keys])

    counts = {
        "scored": len(joined),
        "missing": len(gold_of) - len(joined),
        "repeated": len(predicted) - len(verdicts),
        "unknown": len(verdicts.keys() - labels_of.keys()),
        "with_two_gold_labels": len(contradictory),
    }
    shown = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    by_position = _by_position(gold, predicted)
    notes = [f"joined by claim: {shown}", *([by_position] if isinstance(by_position, str) else [])]
    categories = list(dict.fromkeys(gold_of[key].category for key in joined))
    by_category = {name: scored([key for key in joined if gold_of[key].category == name]) for name in categories}
    official = by_position if isinstance(by_position, dict) else None
    if official is not None:
        notes.append(f"the official program pairs rows by position, which is wrong for this file: {_listed(official)}")
    extra = {"claims": counts, "by_category": by_category, "official_by_position": official}
    return ProgramResult(scored(joined), tuple(notes), extra)


def _by_position(gold: Sequence[JudgedClaim], predicted: Sequence[JudgedClaim]) -> dict[str, float] | str | None:
    """What the official program gives, which pairs row i with row i; None if that is the same, a text if it stops."""
    keys = {claim.key for claim in gold}
    rows = [claim for claim in predicted if claim.key in keys]
    if [claim.key for claim in rows] == [claim.key for claim in gold]:
        return None
    if len(rows) > len(gold):
        return "the official program stops at repeated rows, so there is no number of its own"
    return quantemp([claim.label for claim in gold[: len(rows)]], [claim.label for claim in rows])


def _checkthat_4a(
    gold: Mapping[str, tuple[bool, ...]], predicted: Mapping[str, tuple[bool, ...]], names: Names
) -> ProgramResult:
    _refuse_unknown(gold, predicted, names, "tweet", "index")
    axes = checkthat_discourse_tsv.AXES
    values = checkthat_discourse([gold[index] for index in predicted], [*predicted.values()], axes)
    none = (False,) * len(axes)
    everything = checkthat_discourse([*gold.values()], [predicted.get(index, none) for index in gold], axes)
    n_missing = len(gold) - len(predicted)
    note = (
        f"over the {count_of(len(predicted), 'tweet')} of the predictions; {names.gold} has {n_missing:,} more, and "
        f"without any label for these macro F1 is {everything['macro_f1']:.4f}"
    )
    return ProgramResult(values, (note,) if n_missing else (), {"all_tweets": everything})


def _refuse_unknown(gold: Mapping[str, Any], predicted: Mapping[str, Any], names: Names, item: str, field: str) -> None:
    unknown = [name for name in predicted if name not in gold]
    if unknown:
        message = f"{count_of(len(unknown), item)} not in {names.gold} ('{unknown[0]}')"
        raise FaultsError.single(names.predictions, message, field=field, code="unknown-id")


def _checkthat_4b(gold: Mapping[str, str], rankings: Mapping[str, list[str]], names: Names) -> ProgramResult:
    _refuse_unknown(gold, rankings, names, "post", "post_id")
    values = {}
    for k in (1, 5, 10):
        reciprocals = [
            1 / (papers.index(gold[post]) + 1) if gold[post] in papers[:k] else 0.0 for post, papers in rankings.items()
        ]
        values[f"mrr@{k}"] = sum(reciprocals) / len(reciprocals)
    n_missing = len(gold) - len(rankings)
    everything = {key: value * len(rankings) / len(gold) for key, value in values.items()}
    note = (
        f"over the {count_of(len(rankings), 'post')} of the predictions; {names.gold} has {n_missing:,} more, and with "
        f"these as misses MRR@5 is {everything['mrr@5']:.4f}"
    )
    return ProgramResult(values, (note,) if n_missing else (), {"all_queries": everything})


def _trec(
    qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Mapping[str, float]], names: Names
) -> ProgramResult:
    n_answered = sum(query in run for query in qrels)
    if not n_answered:
        example = f"for example '{next(iter(run))}', where it has '{next(iter(qrels))}'"
        raise FaultsError.single(names.predictions, f"no query is in {names.gold} ({example})", code="unknown-id")
    values, everything = trec(qrels, run)
    note = (
        f"means over {n_answered:,} queries in both files, as trec_eval takes them; without an answer in the run, and "
        f"0 in all_queries: {len(qrels) - n_answered:,}; in the run and not judged: {len(run.keys() - qrels.keys()):,}"
    )
    return ProgramResult(values, (note,), {"all_queries": everything})


def _averitec(gold: Sequence[AveritecItem], predicted: Sequence[AveritecItem], names: Names) -> ProgramResult:
    from harness.metrics.official.meteor import Meteor

    if len(gold) != len(predicted):
        message = (
            f"has {count_of(len(predicted), 'claim')}, and {names.gold} has {len(gold):,}; pairs go by "
            "position, so give every claim of the gold file once, in its order"
        )
        raise FaultsError.single(names.predictions, message)
    meteor = Meteor()
    values = averitec(gold, predicted, meteor)
    n_cut = sum(len(item.evidence) > MAX_STRINGS for item in predicted)
    n_empty = sum(not item.evidence for item in predicted)
    strange = Counter(item.label for item in predicted if item.label not in LABELS)
    notes = (
        meteor.note,
        f"more than {MAX_STRINGS} strings of evidence, which are cut: {count_of(n_cut, 'claim')}; no evidence: "
        f"{n_empty:,}; a label outside the four: {strange.total():,}"
        + "".join(f" ('{label}')" for label in [*strange][:1]),
        "type@t values are mean evidence scores above t, although the official program prints them as veracity scores",
    )
    return ProgramResult(values, notes, {"nltk": meteor.nltk_version, "wordnet": meteor.has_wordnet})


def _checkthat_2(gold: Sequence[PostStatement], predicted: Sequence[PostStatement], names: Names) -> ProgramResult:
    from harness.metrics.official.meteor import shared_meteor

    if len(gold) != len(predicted):
        message = (
            f"has {count_of(len(predicted), 'row')}, and {names.gold} has {len(gold):,}; pairs go by position, so give "
            "the normalized claim of every post once, in the order of the gold file"
        )
        raise FaultsError.single(names.predictions, message)
    moved = [p for g, p in zip(gold, predicted, strict=True) if None not in (g.post, p.post) and g.post != p.post]
    if moved:
        more = f" (and {len(moved) - 1:,} more)" if len(moved) > 1 else ""
        message = f"is not the post of that row of {names.gold}{more}; pairs go by position, so keep its order"
        raise FaultsError.single(names.predictions, message, line=moved[0].line, field=POST, code="other-order")
    meteor = shared_meteor()
    values = statement_scores([row.statement for row in predicted], [row.statement for row in gold], meteor)
    n_empty = sum(not row.statement for row in predicted)
    notes = (
        f"{meteor.note}; the leaderboard takes the mean METEOR over posts and names no version of nltk",
        f"empty, which count as 0: {count_of(n_empty, 'normalized claim')}; chrf: 100 times as much in sacrebleu",
    )
    return ProgramResult(values, notes, {"nltk": meteor.nltk_version, "wordnet": meteor.has_wordnet, "empty": n_empty})


PROGRAMS: dict[str, OfficialProgram] = {
    "averitec": OfficialProgram(averitec_strings.read_predictions, _averitec, averitec_strings.read_gold),
    "feverous": OfficialProgram(feverous_jsonl.read_submission, _feverous),
    "quantemp": OfficialProgram(quantemp_files.read_predictions, _quantemp, quantemp_files.read_gold),
    "checkthat-2025-task2": OfficialProgram(
        checkthat_statements_csv.read_predictions, _checkthat_2, checkthat_statements_csv.read_gold
    ),
    "checkthat-2025-task4a": OfficialProgram(
        checkthat_discourse_tsv.read_predictions, _checkthat_4a, checkthat_discourse_tsv.read_gold
    ),
    "checkthat-2025-task4b": OfficialProgram(
        checkthat_sources_tsv.read_predictions, _checkthat_4b, checkthat_sources_tsv.read_gold
    ),
    "trec": OfficialProgram(read_run, _trec, read_qrels),
}
"""Program by the name that `harness evaluate` takes."""
