"""Tables that tests of `harness add` bring."""

from __future__ import annotations

from pathlib import Path

from harness.data.dataset import Dataset
from harness.data.labels.gold import active_annotations

NEWS = """\
sentence,is_claim,doc
The harbor lent 400 boats in May.,1,north
Good evening.,0,north
Good evening.,0,north
Rents rose by 3 percent.,1,south
"Well, hello.",0,south
"""
COLUMNS = {"text": "sentence", "label": "is_claim", "article_id": "doc"}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def labels_of(dataset: Dataset, annotator: str = "me") -> dict[str, str]:
    """Label by claim id, of the annotations that count."""
    return {a.claim_id: a.label for a in active_annotations(dataset.annotations) if a.annotator == annotator}
