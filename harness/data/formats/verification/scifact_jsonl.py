"""SciFact: a claim, and for each cited abstract its rationales with a label; an empty object is "not enough info".

The publisher's data says REFUTE, its scorer CONTRADICT. The abstracts are in another file; without it, a passage is
identified by its abstract and sentence numbers. A submission has one label and a list of sentence numbers per claim and
abstract.

Where whole abstracts are the passages, a claim also has the abstracts that it cites and that settle nothing, as neutral
evidence: otherwise a claim without evidence would be one of "not enough info".
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeGuard

from harness.data.formats.json_rows import JsonRow, json_rows, required_text
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceEvidence, SourceFile, SourceLabel
from harness.data.formats.submissions import Submission, SubmissionEntry
from harness.data.formats.verification.scifact_corpus import are_abstracts, document_id
from harness.records import NEUTRAL, preview

EVIDENCE_CODES = {"SUPPORT": "SUPPORT", "REFUTE": "CONTRADICT", "CONTRADICT": "CONTRADICT"}
STANCES = {"SUPPORT": "supports", "CONTRADICT": "refutes"}
NOT_ENOUGH_INFO = "NOT_ENOUGH_INFO"


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """Returns the claims of one file; a test file has neither evidence nor labels.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = required_text(row, "claim", faults)
        rationales = _rationales(row, faults)
        if text is None or rationales is None:
            continue
        codes = {rationale.code for rationale in rationales}
        if len(codes) > 1:
            message = "both supports and refutes the claim; a claim of SciFact has one verdict"
            faults.add(row.line, "evidence", message)
            continue
        labels: tuple[SourceLabel, ...] = ()
        if "evidence" in row.fields:
            labels = (SourceLabel(next(iter(codes), NOT_ENOUGH_INFO)),)
        evidence = _evidence(row, rationales, file, faults)
        claim = SourceClaim(text, labels, topic=_topic(row, file), evidence=evidence)
        articles.append(SourceArticle(str(row.fields.get("id", number)), None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="JSON objects with a claim and its evidence")
    return articles


def _evidence(
    row: JsonRow, rationales: list[_Rationale], file: SourceFile, faults: FileFaults
) -> tuple[SourceEvidence, ...]:
    """Returns the passages of a claim: those of a rationale are one group; adds a fault for each that is missing."""
    if file.passages is None:
        return tuple(
            SourceEvidence(
                f"Abstract {rationale.abstract_id}, sentences {', '.join(map(str, rationale.sentences))}",
                group,
                f"{rationale.abstract_id}:{','.join(map(str, rationale.sentences))}",
                source=f"abstract {rationale.abstract_id}",
                stance=STANCES[rationale.code],
            )
            for group, rationale in enumerate(rationales)
        )
    if are_abstracts(file):
        cited = _whole_abstracts(row, rationales)
    else:
        cited = [
            _Citation(group, f"{rationale.abstract_id}:{number}", STANCES[rationale.code])
            for group, rationale in enumerate(rationales)
            for number in rationale.sentences
        ]
    missing = [citation.passage_id for citation in cited if citation.passage_id not in file.passages]
    if missing:
        message = f"cites '{missing[0]}', which the corpus lacks or has without text; get the corpus of these claims"
        faults.add(row.line, "evidence", message, "unknown-id")
        return ()
    return tuple(
        SourceEvidence(
            file.passages[name].text, group, name, source=file.passages[name].title, stance=stance, sentences=sentences
        )
        for group, name, stance, sentences in cited
    )


class _Citation(NamedTuple):
    """A passage of the corpus as evidence for a claim."""

    group: int
    passage_id: str
    stance: str
    sentences: str | None = None


def _whole_abstracts(row: JsonRow, rationales: list[_Rationale]) -> list[_Citation]:
    """The abstracts of a claim, each once, with the sentences of all its rationales; then those that settle nothing."""
    stances, sentences = dict[str, str](), dict[str, set[int]]()
    for abstract_id, code, numbers in rationales:
        stances[abstract_id] = STANCES[code]
        sentences.setdefault(abstract_id, set()).update(numbers)
    if "evidence" in row.fields:
        stances |= {name: NEUTRAL for name in _cited(row) if name not in stances}
    return [
        _Citation(group, name, stance, ",".join(map(str, sorted(sentences.get(name, ())))) or None)
        for group, (name, stance) in enumerate(stances.items())
    ]


def _cited(row: JsonRow) -> list[str]:
    """The ids of the documents that a claim cites."""
    cited: Any = row.fields.get("cited_doc_ids")
    names = map(document_id, cited if isinstance(cited, list) else ())
    return [name for name in names if name is not None]


def _topic(row: JsonRow, file: SourceFile) -> str | None:
    """The article that the cited documents are extracts of, where documents are numbered in blocks per article."""
    block = file.options.get("documents_per_article")
    numbers = [int(name) for name in _cited(row) if re.fullmatch(r"[0-9]{1,12}", name)]
    return f"article {numbers[0] // block}" if block and numbers else None


class _Rationale(NamedTuple):
    """Sentences of one abstract that support or refute a claim."""

    abstract_id: str
    code: str
    sentences: list[int]


def _are_sentence_numbers(sentences: Any) -> TypeGuard[list[int]]:
    # Not isinstance: a bool is an int too.
    return isinstance(sentences, list) and all(type(number) is int for number in sentences)


def _rationales(row: JsonRow, faults: FileFaults) -> list[_Rationale] | None:
    """Returns the rationales of a claim; None after adding a fault."""
    evidence = row.fields.get("evidence", {})
    if not isinstance(evidence, dict):
        faults.add(row.line, "evidence", "expected a JSON object of abstracts")
        return None
    rationales = []
    for abstract_id, entries in evidence.items():
        # A value that is not a list is read as one invalid rationale, so that it gets the same message.
        for rationale in entries if isinstance(entries, list) else [None]:
            fields = rationale if isinstance(rationale, dict) else {}
            code, sentences = EVIDENCE_CODES.get(str(fields.get("label"))), fields.get("sentences")
            if code is None or not _are_sentence_numbers(sentences):
                expected = "expected rationales with sentences and a label of SUPPORT, REFUTE, CONTRADICT"
                faults.add(row.line, "evidence", f"{expected}, got {preview(fields.get('label'))}")
                return None
            rationales.append(_Rationale(abstract_id, code, sentences))
    return rationales


class GoldAbstract(NamedTuple):
    """The gold label of an abstract for a claim, and its rationales; each rationale is sufficient evidence."""

    label: str
    rationales: tuple[frozenset[int], ...]


class Abstract(NamedTuple):
    """The predicted label of an abstract for a claim, and the predicted sentences, the best first."""

    label: str
    sentences: tuple[int, ...]


LABEL_SPELLINGS = {
    **dict.fromkeys(("SUPPORT", "SUPPORTS"), "SUPPORT"),
    **dict.fromkeys(("CONTRADICT", "CONTRADICTS", "REFUTE", "REFUTES"), "CONTRADICT"),
    **dict.fromkeys((NOT_ENOUGH_INFO, "NEI"), NOT_ENOUGH_INFO),
}
"""Code of a label by the spellings that a submission may use."""


def read_gold(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the gold abstracts of each claim id; a claim without enough information has none.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, entries = FileFaults(file.path), list[SubmissionEntry]()
    for row in json_rows(file, faults):
        rationales = _rationales(row, faults)
        if "evidence" not in row.fields:
            faults.add(row.line, "evidence", "is missing; expected a gold file")
        elif rationales is not None:
            abstracts = dict[str, GoldAbstract]()
            for abstract_id, code, sentences in rationales:
                earlier = abstracts.get(abstract_id, GoldAbstract(code, ()))
                if earlier.label != code:
                    message = f"abstract {abstract_id} is {earlier.label} and {code}; expected one label per abstract"
                    faults.add(row.line, "evidence", message, "contradiction")
                abstracts[abstract_id] = GoldAbstract(code, (*earlier.rationales, frozenset(sentences)))
            entries.append(SubmissionEntry(row.line, str(row.fields.get("id")), abstracts))
    faults.raise_if_any(empty=not entries, expected="JSON objects with an id and evidence")
    return entries


def read_predictions(file: SourceFile) -> list[SubmissionEntry]:
    """Returns the predicted abstracts of each claim id; one without `sentences` has none.

    Raises: FaultsError: the file is invalid; lists every fault with its line.
    """
    faults, entries = FileFaults(file.path), list[SubmissionEntry]()
    for row in json_rows(file, faults):
        evidence = row.fields.get("evidence")
        if row.fields.get("id") is None:
            faults.add(row.line, "id", "is missing")
        elif not isinstance(evidence, dict):
            faults.add(row.line, "evidence", f"expected a JSON object of abstracts, got {preview(evidence)}")
        else:
            abstracts = {name: _predicted_abstract(row, value, faults) for name, value in evidence.items()}
            entries.append(SubmissionEntry(row.line, str(row.fields["id"]), abstracts))
    faults.raise_if_any(empty=not entries, expected="JSON objects with an id and evidence")
    return entries


def _predicted_abstract(row: JsonRow, value: Any, faults: FileFaults) -> Abstract | None:
    fields = value if isinstance(value, dict) else {}
    code, sentences = LABEL_SPELLINGS.get(str(fields.get("label"))), fields.get("sentences")
    if code is None:
        expected = f"expected one of {', '.join(LABEL_SPELLINGS)}"
        faults.add(row.line, "label", f"{expected}, got {preview(fields.get('label'))}")
    elif "sentences" in fields and not _are_sentence_numbers(sentences):
        faults.add(row.line, "sentences", f"expected a list of sentence numbers, got {preview(sentences)}")
    else:
        return Abstract(code, tuple(sentences or ()))
    return None


SUBMISSION = Submission(read_gold, read_predictions, "id")
