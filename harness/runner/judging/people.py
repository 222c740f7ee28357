"""How far people agree with a judge: a sheet of its decisions to label, and the agreement afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.arrays import Codes
from harness.data.claims import codes_of
from harness.data.dataset import Dataset, dataset_file_contents, started_info
from harness.data.labels.agreement_measures import Ratings
from harness.data.labels.agreement_values import AgreementValue, measure
from harness.data.labels.gold import active_annotations
from harness.data.load import open_folder
from harness.errors import FaultsError, HarnessError
from harness.files import json_document, read_text, sha256, write_files
from harness.records import Article, Claim, make_claim_id
from harness.runner.judging.prompt import Comparison
from harness.runner.judging.replies import Judgment

SCHEME = "supported-fact"
LABELS = ("supported", "not supported")
SCHEME_FILE = """\
name: supported-fact
title: Whether evidence supports a fact
question: Does the evidence support the fact?
labels:
  - {name: supported, definition: The evidence states the fact or it follows from it.}
  - {name: not supported, definition: The evidence does not state the fact and it does not follow from it.}
guideline: |
  Judge by the evidence above the fact alone, and not by what you know otherwise. The claim only says what it is about.
"""
DECISIONS = "judge.json"
"""File of the sheet that has the decisions of the judge, which no tool for labeling shows."""
SEED = 13


class PeopleAgreement(NamedTuple):
    """How far people agree with a judge."""

    n: int
    """Number of decisions that people labeled."""
    annotators: tuple[str, ...]
    kappa: AgreementValue
    """Cohen's kappa between the judge and the majority of people."""
    share: AgreementValue
    """Share of decisions on which they agree."""

    def document(self) -> dict[str, Any]:
        """The agreement as plain data."""
        values = {"kappa": self.kappa, "share": self.share}
        return {"n": self.n, "annotators": list(self.annotators)} | {
            name: value.model_dump(mode="json") for name, value in values.items()
        }


class _Drawn(NamedTuple):
    item: str
    """The comparison."""
    fact: str
    text: str
    supported: bool


def write_sheet(
    folder: Path,
    identity: Mapping[str, str],
    comparisons: Sequence[Comparison],
    judgments: Sequence[Judgment],
    n_decisions: int,
) -> int:
    """Writes a dataset folder with decisions of a judge to label; the decisions themselves are not shown.

    Args:
        folder: folder to write; it must be new or empty.
        identity: the judge.
        comparisons, judgments: what it compared, and its decisions.
        n_decisions: most decisions to draw, at random.
    Returns: number of decisions in the sheet.
    Raises: HarnessError: the folder is not empty, or there is no decision.
    """
    if folder.exists() and any(folder.iterdir()):
        raise HarnessError(f"{folder}: is not empty; name a new folder for the sheet")
    decisions = [
        _Drawn(f"{index:05d}", decision.fact, _shown(comparison.claim, texts, decision.fact), decision.supported)
        for index, (comparison, judgment) in enumerate(zip(comparisons, judgments, strict=True))
        # A fact of one side is judged by the texts of the other.
        for side, texts in ((judgment.reference, comparison.found), (judgment.found, comparison.reference))
        for decision in side
    ]
    if not decisions:
        raise HarnessError("--sample: the judge has made no decision to label")
    order = np.random.default_rng(SEED).permutation(len(decisions))[:n_decisions]
    drawn = [decisions[row] for row in order]
    articles = tuple(
        Article(article_id=f"decision-{place:03d}", title="Does the evidence support the fact?", text=one.text)
        for place, one in enumerate(drawn, start=1)
    )
    claims = []
    for article, one in zip(articles, drawn, strict=True):
        start, end = len(one.text) - len(one.fact), len(one.text)
        name = make_claim_id(article.article_id, start, end, sha256(one.fact.encode()))
        claims.append(Claim(claim_id=name, article_id=article.article_id, start=start, end=end, text=one.fact))
    sheet = Dataset(folder, started_info(folder.name, "en", (SCHEME,)), articles, tuple(claims))
    hidden = {
        "judge": dict(identity),
        "decisions": {
            claim.claim_id: {"label": LABELS[0 if one.supported else 1], "item": one.item}
            for claim, one in zip(claims, drawn, strict=True)
        },
    }
    files = dataset_file_contents(sheet)
    files[folder / "schemes" / f"{SCHEME}.yaml"] = SCHEME_FILE.encode()
    files[folder / DECISIONS] = json_document(hidden).encode()
    write_files(files)
    return len(drawn)


def _shown(claim: str, texts: Sequence[str], fact: str) -> str:
    evidence = "\n\n".join(f"{number}. {' '.join(text.split())}" for number, text in enumerate(texts, start=1))
    return f"Claim: {claim}\n\nEvidence:\n\n{evidence}\n\nFact:\n\n{fact}"


def agreement_with_people(folder: Path, identity: Mapping[str, str]) -> PeopleAgreement:
    """The agreement of a judge with the people who labeled a sheet of its decisions.

    Raises: HarnessError: the folder is no such sheet, or one of another judge or prompt.
    """
    hidden = _read_decisions(folder / DECISIONS)
    other = {key: hidden["judge"].get(key) for key in ("model", "prompt") if hidden["judge"].get(key) != identity[key]}
    if other:
        shown = ", ".join(f"{key} {value}, not {identity[key]}" for key, value in other.items())
        raise HarnessError(
            f"--people {folder}: has decisions of another judge ({shown}); write a new sheet with --sample"
        )
    dataset, decisions = open_folder(folder), hidden["decisions"]
    votes, annotators = dict[str, Counter[str]](), set[str]()
    for one in active_annotations(dataset.annotations):
        if one.scheme == SCHEME and one.claim_id in decisions:
            votes.setdefault(one.claim_id, Counter())[one.label] += 1
            annotators.add(one.annotator)
    people = {name: LABELS.index(label) for name, count in votes.items() if (label := _majority(count)) is not None}
    judged = [LABELS.index(decisions[name]["label"]) for name in people]
    codes = np.array([judged, list(people.values())], dtype=np.int16).T.reshape(-1, 2)
    units: Codes = codes_of(np.array([decisions[name]["item"] for name in people], dtype=object))
    ratings = Ratings(LABELS, ("judge", "people"), codes, units, "item", "decision")
    values = [measure(name, ratings) for name in ("cohen_kappa", "raw_agreement")]
    return PeopleAgreement(len(people), tuple(sorted(annotators)), *values)


def _majority(count: Counter[str]) -> str | None:
    """The label that most people gave; None in a tie."""
    (label, most), *others = count.most_common()
    return label if label in LABELS and not (others and others[0][1] == most) else None


def _read_decisions(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(read_text(path))
        if document["judge"].keys() >= {"model", "prompt"} and isinstance(document["decisions"], dict):
            return dict(document)
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    raise FaultsError.single(path, "is no file of a judge's decisions; write the sheet again with --sample")
