"""Official programs that score verdicts and retrieval in files of their own form, such as AVeriTeC and FEVEROUS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.exchange.trec import read_qrels, read_run
from harness.data.formats.source import FileFaults
from harness.data.formats.verification.submitted_verdicts import json_lines, json_list, ranked_ids, table_rows
from harness.errors import FaultsError, Undefined
from harness.metrics.official import averitec as averitec_program
from harness.metrics.official import quantemp as quantemp_program
from harness.metrics.official.feverous import FeverousClaim, feverous, piece_of
from harness.metrics.official.labels import OfficialScores
from harness.metrics.official.trec import trec
from harness.records import preview
from harness.runner.official.averitec_files import read_averitec


class ProgramResult(NamedTuple):
    """What a program gives for a gold and a prediction file."""

    values: OfficialScores
    notes: tuple[str, ...] = ()
    """Counts and remarks that a reader of the values needs."""
    extra: Mapping[str, Any] = {}
    """Further parts of the JSON document, by key."""


def _feverous(_: Path | None, path: Path) -> ProgramResult:
    faults, claims, header = FileFaults(path), list[FeverousClaim](), False
    for position, (line, row) in enumerate(json_lines(path)):
        if position == 0:
            header = not row.get("id") and not row.get("label")  # the program skips the first line, header or not
            first = row
            continue
        try:
            claims.append(_feverous_claim(row))
        except (KeyError, TypeError, AttributeError):
            expected = (
                "label, evidence ([{content: [PIECE, ...]}]), predicted_label and predicted_evidence ([PIECE, ...])"
            )
            faults.add(line, None, f"expected {expected}, got {preview(row)}")
    faults.raise_if_any(empty=not claims, expected="a header line and JSON objects with gold and prediction")
    values = feverous(claims)
    if header:
        return ProgramResult(values)
    honest = {key: _number(value) for key, value in feverous([_feverous_claim(first), *claims]).items()}
    note = (
        "the first line is a claim, not a header: the official program leaves it out, and so do these values; with it: "
        + ", ".join(f"{key} {value:.4f}" for key, value in honest.items() if value is not None)
    )
    return ProgramResult(values, (note,), {"with_first_line": honest})


def _feverous_claim(row: Mapping[str, Any]) -> FeverousClaim:
    groups = tuple(tuple(piece_of(str(piece)) for piece in group["content"]) for group in row["evidence"])
    predicted = tuple(piece_of(_piece_name(piece)) for piece in row["predicted_evidence"])
    return FeverousClaim(row["label"].strip(), groups, row["predicted_label"].strip(), predicted)


def _piece_name(piece: Any) -> str:
    return "_".join(map(str, piece)) if isinstance(piece, list) else str(piece)


def _number(value: float | Undefined) -> float | None:
    return None if isinstance(value, Undefined) else float(value)


def _quantemp(gold_path: Path | None, path: Path) -> ProgramResult:
    assert gold_path is not None  # noqa: S101 - `evaluate_program` checks it
    labels, faults = quantemp_program.LABELS, FileFaults(gold_path)
    gold = dict[str, str]()
    for number, row in enumerate(json_list(gold_path), start=1):
        if row.get("label") not in labels:
            faults.add(
                None, f"row {number}", f"expected a label of {', '.join(labels)}, got {preview(row.get('label'))}"
            )
        gold[_claim_key(str(row.get("claim")))] = str(row.get("label"))
    faults.raise_if_any(empty=not gold, expected="claims with labels")
    rows, faults = table_rows(path, ("claim", "verdict"), ","), FileFaults(path)
    verdicts, repeated, unknown = dict[str, str](), 0, 0
    for line, row in rows:
        claim, verdict = _claim_key(row["claim"]), row["verdict"].strip()
        if verdict not in labels:
            faults.add(line, "verdict", f"expected one of {', '.join(labels)}, got {preview(verdict)}")
        elif claim not in gold:
            unknown += 1
        elif claim in verdicts:
            repeated += 1
            if verdicts[claim] != verdict:
                faults.add(line, "claim", "occurs twice, with two verdicts; keep one row", "contradiction")
        else:
            verdicts[claim] = verdict
    faults.raise_if_any(empty=not verdicts, expected="rows whose claims occur in the gold file")
    values = quantemp_program.quantemp([gold[claim] for claim in verdicts], [*verdicts.values()])
    missing = len(gold) - len(verdicts)
    notes = [f"joined by claim: {len(verdicts)} claims; {missing} missing, {repeated} repeated, {unknown} unknown"]
    kept = [_claim_key(row["claim"]) for _, row in rows if _claim_key(row["claim"]) in gold]
    by_position = None
    if len(kept) > len(gold):
        notes.append("the official program stops at repeated rows, so there is no number of its own")
    elif kept != [*gold][: len(kept)]:
        predicted = [row["verdict"].strip() for _, row in rows if _claim_key(row["claim"]) in gold]
        by_position = quantemp_program.quantemp([*gold.values()][: len(kept)], predicted)
        shown = ", ".join(f"{key} {value:.4f}" for key, value in by_position.items())
        notes.append(f"the official program pairs rows by position, which is wrong for this file: {shown}")
    counts = {"missing": missing, "repeated": repeated, "unknown": unknown}
    return ProgramResult(values, tuple(notes), {"claims": counts, "official_by_position": by_position})


def _claim_key(claim: str) -> str:
    return claim.strip().lower()


def _checkthat_4b(gold_path: Path | None, path: Path) -> ProgramResult:
    assert gold_path is not None  # noqa: S101 - `evaluate_program` checks it
    gold = {
        row["post_id"].strip(): row["cord_uid"].strip()
        for _, row in table_rows(gold_path, ("post_id", "cord_uid"), "\t")
    }
    faults, rankings = FileFaults(path), dict[str, list[str]]()
    for line, row in table_rows(path, ("post_id", "preds"), "\t"):
        post, documents = row["post_id"].strip(), ranked_ids(row["preds"])
        if documents is None:
            faults.add(line, "preds", f"expected a list of ids such as ['a', 'b'], got {preview(row['preds'])}")
        elif post not in gold:
            faults.add(line, "post_id", f"'{post}' is not in {gold_path.name}", "unknown-id")
        elif post in rankings:
            faults.add(line, "post_id", f"'{post}' occurs twice; give each post once", "duplicate-id")
        else:
            rankings[post] = documents
    faults.raise_if_any(empty=not rankings, expected="rows with post_id and preds")
    values = {}
    for k in (1, 5, 10):
        ranks = [_rank(gold[post], documents[:k]) for post, documents in rankings.items()]
        values[f"mrr@{k}"] = sum(1 / rank if rank else 0.0 for rank in ranks) / len(ranks)
    missing = len(gold) - len(rankings)
    if not missing:
        return ProgramResult(values)
    everything = {key: value * len(rankings) / len(gold) for key, value in values.items()}
    note = (
        f"over the {len(rankings):,} posts of the predictions; {missing:,} posts of the gold file are missing, and "
        f"with these as misses MRR@5 is {everything['mrr@5']:.4f}"
    )
    return ProgramResult(values, (note,), {"all_queries": everything})


def _rank(document: str, documents: list[str]) -> int:
    return documents.index(document) + 1 if document in documents else 0


def _trec(gold_path: Path | None, path: Path) -> ProgramResult:
    assert gold_path is not None  # noqa: S101 - `evaluate_program` checks it
    qrels, run = read_qrels(gold_path), read_run(path)
    answered = sum(query in run for query in qrels)
    if not answered:
        message = (
            f"no query is in {gold_path.name} (for example '{next(iter(run))}', where it has '{next(iter(qrels))}')"
        )
        raise FaultsError.single(path, message, code="unknown-id")
    values, everything = trec(qrels, run)
    note = (
        f"means over the {answered:,} queries in both files, as trec_eval takes them; {len(qrels) - answered:,} "
        f"queries of {gold_path.name} have no answer (0 in all_queries), {len(run.keys() - qrels.keys()):,} queries of "
        " the run are not judged"
    )
    return ProgramResult(values, (note,), {"all_queries": everything})


def _averitec(gold_path: Path | None, path: Path) -> ProgramResult:
    from harness.metrics.official.meteor import Meteor

    assert gold_path is not None  # noqa: S101 - `evaluate_program` checks it
    gold, predicted = read_averitec(gold_path, with_types=True), read_averitec(path)
    if len(gold) != len(predicted):
        message = (
            f"has {len(predicted):,} claims, and {gold_path.name} has {len(gold):,}; they are paired by position, so "
            "give every claim of the gold file once, in its order"
        )
        raise FaultsError.single(path, message)
    meteor = Meteor()
    values = averitec_program.averitec(gold, predicted, meteor)
    cut = sum(len(item.evidence) > averitec_program.MAX_STRINGS for item in predicted)
    empty = sum(not item.evidence for item in predicted)
    strange = sum(item.label not in averitec_program.LABELS for item in predicted)
    wordnet = (
        "with WordNet" if meteor.has_wordnet else "WITHOUT WordNet, so that no synonym matches: scores are too low"
    )
    notes = (
        f"METEOR with the tokens of nltk 3.7 (installed: {meteor.nltk_version}), {wordnet}",
        f"{cut} claims have more than 10 strings of evidence, which are cut; {empty} have none; {strange} have a label "
        "outside the four",
        "type@t values are mean evidence scores above t, although the official program prints them as veracity scores",
    )
    return ProgramResult(values, notes, {"nltk": meteor.nltk_version, "wordnet": meteor.has_wordnet})


Program = Callable[[Path | None, Path], ProgramResult]
PROGRAMS: dict[str, Program] = {
    "averitec": _averitec,
    "feverous": _feverous,
    "quantemp": _quantemp,
    "checkthat-2025-task4b": _checkthat_4b,
    "trec": _trec,
}
"""Program by the name that `harness evaluate` takes."""
WITHOUT_GOLD = ("feverous",)
"""Programs whose prediction file holds the gold."""
