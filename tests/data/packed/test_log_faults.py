"""Faults of a log that show when its lines are seen together."""

from __future__ import annotations

from array import array
from pathlib import Path

from harness.data.packed.log_faults import supersede_faults
from harness.data.packed.reading import PackedFile
from harness.data.packed.records import Packer
from harness.records import Annotation


def log_of(*ids: tuple[str, str, str | None]) -> PackedFile[Annotation]:
    """A log of annotations: id, claim and what it supersedes."""
    packer = Packer(Annotation)
    fields = {"scheme": "s", "axis": "a", "label": "yes", "annotator": "me", "guideline": "1"}
    packer.add([Annotation(annotation_id=i, claim_id=claim, supersedes=earlier, **fields) for i, claim, earlier in ids])
    return PackedFile(Path("me.jsonl"), packer.packed(), array("I", range(1, len(ids) + 1)), [], [])


def test_an_annotation_that_supersedes_none_is_no_fault_after_an_empty_id():
    log = log_of(("", "c1", None), ("x", "c2", None), ("y", "c1", ""))
    assert list(supersede_faults(log)) == []
    (fault,) = supersede_faults(log_of(("x", "c1", None), ("y", "c2", "x")))
    assert (fault.line, fault.code) == (2, "other-question")
