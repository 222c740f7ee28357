"""What a retriever looks for with each claim: its text, or its statement, of the dataset or of a file."""

from __future__ import annotations

from pathlib import Path

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
        from harness.statements.statements import read_statements

        of_claim = dict(read_statements(Path(source.statements)))
    statements = [of_claim.get(claim_id) for claim_id in joined.claims.claim_id]
    n_missing = sum(statement is None for statement in statements)
    warnings = []
    if n_missing:
        warnings.append(
            f"{n_missing:,} of {count_of(len(texts), 'claim')} without a statement, which are looked for by their text"
        )
    return [statement or text for statement, text in zip(statements, texts, strict=True)], warnings
