"""SciFact: claim, and per cited abstract its rationales with a label; an empty object is "not enough info".

The publisher's data writes REFUTE, its scorer CONTRADICT. The abstracts are in another file, so a passage is named by
its abstract and sentence numbers. A submission has per claim and abstract one label and a list of sentence numbers.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeGuard

from harness.data.formats.json_rows import JsonRow, json_rows, text_of
from harness.data.formats.source import FileFaults, SourceArticle, SourceClaim, SourceEvidence, SourceFile, SourceLabel
from harness.data.formats.submissions import SubmissionEntry
from harness.records import preview

CODES = {"SUPPORT": "SUPPORT", "REFUTE": "CONTRADICT", "CONTRADICT": "CONTRADICT"}
STANCES = {"SUPPORT": "supports", "CONTRADICT": "refutes"}
NOTHING = "NOT_ENOUGH_INFO"


def read_articles(file: SourceFile) -> list[SourceArticle]:
    """The claims of one file; a test file has no evidence, and no labels.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, articles = FileFaults(file.path), list[SourceArticle]()
    for number, row in enumerate(json_rows(file, faults), start=1):
        text = text_of(row, "claim", faults)
        found = _rationales(row, faults)
        if text is None or found is None:
            continue
        codes = {code for _, code, _ in found}
        if len(codes) > 1:
            faults.add(row.line, "evidence", "both supports and refutes; SciFact's claims have one verdict")
            continue
        labels: tuple[SourceLabel, ...] = ()
        if "evidence" in row.fields:
            labels = (SourceLabel(next(iter(codes), NOTHING)),)
        evidence = tuple(
            SourceEvidence(
                f"Abstract {document}, sentences {', '.join(map(str, sentences))}",
                group,
                f"{document}:{','.join(map(str, sentences))}",
                source="S2ORC abstract",
                stance=STANCES[code],
            )
            for group, (document, code, sentences) in enumerate(found)
        )
        claim = SourceClaim(text, labels, evidence=evidence)
        articles.append(SourceArticle(str(row.fields.get("id", number)), None, [claim], alone=True))
    faults.raise_if_any(empty=not articles, expected="JSON objects with a claim and its evidence")
    return articles


def _are_numbers(sentences: Any) -> TypeGuard[list[int]]:
    return isinstance(sentences, list) and all(type(number) is int for number in sentences)


def _rationales(row: JsonRow, faults: FileFaults) -> list[tuple[str, str, list[Any]]] | None:
    """Abstract, code and sentences of each rationale; None, and a fault, where they are something else."""
    evidence = row.fields.get("evidence", {})
    found = []
    if not isinstance(evidence, dict):
        faults.add(row.line, "evidence", "expected an object of abstracts")
        return None
    for document, rationales in evidence.items():
        for rationale in rationales if isinstance(rationales, list) else [None]:
            fields = rationale if isinstance(rationale, dict) else {}
            code, sentences = CODES.get(str(fields.get("label"))), fields.get("sentences")
            if code is None or not _are_numbers(sentences):
                wanted = "expected rationales with sentences and a label of SUPPORT, REFUTE, CONTRADICT"
                faults.add(row.line, "evidence", f"{wanted}, got {preview(fields.get('label'))}")
                return None
            found.append((document, code, sentences))
    return found


class GoldAbstract(NamedTuple):
    """What an abstract says of a claim, and the rationales each of which shows it."""

    label: str
    rationales: tuple[frozenset[int], ...]


class Abstract(NamedTuple):
    """A predicted label of an abstract, and its sentences, the best first."""

    label: str
    sentences: tuple[int, ...]


WRITTEN = {
    **dict.fromkeys(("SUPPORT", "SUPPORTS"), "SUPPORT"),
    **dict.fromkeys(("CONTRADICT", "CONTRADICTS", "REFUTE", "REFUTES"), "CONTRADICT"),
    **dict.fromkeys((NOTHING, "NEI"), NOTHING),
}


def read_gold(file: SourceFile) -> list[SubmissionEntry]:
    """Claim id to its abstracts, by their ids; none where nothing settles the claim.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, found = FileFaults(file.path), list[SubmissionEntry]()
    for row in json_rows(file, faults):
        rationales = _rationales(row, faults)
        if "evidence" not in row.fields:
            faults.add(row.line, "evidence", "is missing; a gold file is expected")
        elif rationales is not None:
            abstracts = dict[str, GoldAbstract]()
            for document, code, sentences in rationales:
                earlier = abstracts[document].rationales if document in abstracts else ()
                abstracts[document] = GoldAbstract(code, (*earlier, frozenset(sentences)))
            found.append(SubmissionEntry(row.line, str(row.fields.get("id")), abstracts))
    faults.raise_if_any(empty=not found, expected="JSON objects with an id and evidence")
    return found


def read_predictions(file: SourceFile) -> list[SubmissionEntry]:
    """Claim id to predicted abstracts, by their ids.

    Raises: FaultsError: every fault of the file, with its line.
    """
    faults, found = FileFaults(file.path), list[SubmissionEntry]()
    for row in json_rows(file, faults):
        evidence = row.fields.get("evidence")
        if row.fields.get("id") is None:
            faults.add(row.line, "id", "is missing")
        elif not isinstance(evidence, dict):
            faults.add(row.line, "evidence", f"expected an object of abstracts, got {preview(evidence)}")
        else:
            abstracts = {document: _abstract(row, given, faults) for document, given in evidence.items()}
            found.append(SubmissionEntry(row.line, str(row.fields["id"]), abstracts))
    faults.raise_if_any(empty=not found, expected="JSON objects with an id and evidence")
    return found


def _abstract(row: JsonRow, given: Any, faults: FileFaults) -> Abstract | None:
    fields = given if isinstance(given, dict) else {}
    code, sentences = WRITTEN.get(str(fields.get("label"))), fields.get("sentences")
    if code is None:
        faults.add(row.line, "label", f"expected one of {', '.join(WRITTEN)}, got {preview(fields.get('label'))}")
    elif not _are_numbers(sentences):
        faults.add(row.line, "sentences", f"expected a list of sentence numbers, got {preview(sentences)}")
    else:
        return Abstract(code, tuple(sentences))
    return None
