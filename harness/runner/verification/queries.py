"""What a retriever looks for with each claim: its text, or its statement, of the dataset or of a file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from harness.errors import Fault, FaultsError
from harness.files import read_text
from harness.records import preview
from harness.runner.splitting.joined_datasets import JoinedDatasets
from harness.runner.verification.evidence_source import FoundEvidence
from harness.text_tables import count_of


def queries_of(joined: JoinedDatasets, source: FoundEvidence) -> tuple[list[str], list[str]]:
    """Returns the query of each claim of the datasets, and warnings.

    A claim without a statement is looked for by its text, and counted.

    Raises: FaultsError: the file of statements is missing or invalid; lists every fault with its line.
    """
    texts = [str(text) for text in joined.claims.text]
    if source.query == "text":
        return texts, []
    of_claim = dict(zip(joined.claims.claim_id, joined.claims.statement, strict=True))
    if source.statements is not None:
        of_claim = dict(read_statements(Path(source.statements)))
    statements = [of_claim.get(claim_id) for claim_id in joined.claims.claim_id]
    n_missing = sum(statement is None for statement in statements)
    warnings = []
    if n_missing:
        warnings.append(
            f"{n_missing:,} of {count_of(len(texts), 'claim')} without a statement, which are looked for by their text"
        )
    return [statement or text for statement, text in zip(statements, texts, strict=True)], warnings


def read_statements(path: Path) -> dict[str, str]:
    """Returns the statement of each claim of a JSONL file with `claim_id` and `statement`; other fields are passed over.

    Raises: FaultsError: the file is missing or invalid; lists every fault with its line.
    """
    statements, faults, seen = dict[str, str](), list[Fault](), Counter[str]()
    for line, text in enumerate(read_text(path).splitlines(), start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
            claim_id, statement = row["claim_id"], row["statement"]
        except (ValueError, RecursionError, LookupError, TypeError):
            message = f'expected {{"claim_id": "...", "statement": "..."}}, got {preview(text)}'
            faults.append(Fault(str(path), line, None, message))
            continue
        if not isinstance(claim_id, str) or not isinstance(statement, str) or not statement.strip():
            faults.append(Fault(str(path), line, "statement", f"expected a text, got {preview(statement)}"))
            continue
        seen[claim_id] += 1
        if seen[claim_id] == 2:
            message = f"'{claim_id}' occurs twice; give each claim one statement"
            faults.append(Fault(str(path), line, "claim_id", message, "duplicate-id"))
        statements[claim_id] = statement
    if faults:
        raise FaultsError(faults)
    return statements
