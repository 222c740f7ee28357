"""What `harness add` and `harness ingest` hold of each claim in memory, and the lines that they write of it."""

from __future__ import annotations

import json
import tracemalloc

import pytest

import harness.data.add_claims
import harness.data.ingest
from harness import FaultsError, add_claims, ingest
from harness.files import write_files

ROWS = [
    {"article_id": "b", "text": "Rents rose.", "label": "no", "note": "of May", "confidence": "80%"},
    {"article_id": "a", "text": "The harbor lent 400 boats.", "label": "yes", "speaker": "Ada", "statement": "S."},
    {"article_id": "b", "text": "Rents rose.", "label": "yes", "at": "2024-05-01"},
    {"article_id": "b", "text": "Good evening.", "label": "no"},
    {"text": "Ünï 😀.", "label": "no", "topic": "greetings"},
]
CLAIMS = """\
{"claim_id": "claim-1ef9ede672-05fd9e4c14", "article_id": "claim-1ef9ede672", "start": 0, "end": 6, "text": "Ünï 😀.", \
"topic": "greetings"}
{"claim_id": "b-f679ddfcd2", "article_id": "b", "start": 0, "end": 11, "text": "Rents rose."}
{"claim_id": "b-69b23613c1", "article_id": "b", "start": 12, "end": 23, "text": "Rents rose."}
{"claim_id": "b-a93f13456d", "article_id": "b", "start": 24, "end": 37, "text": "Good evening."}
{"claim_id": "a-2e24e7c48a", "article_id": "a", "start": 0, "end": 26, "text": "The harbor lent 400 boats.", \
"speaker": "Ada", "statement": "S."}
"""
LABELS = """\
{"annotation_id": "4f10b4aae09fa148", "claim_id": "b-f679ddfcd2", "scheme": "mine", "axis": "label", "label": "no", \
"annotator": "me", "role": "label", "guideline": "0.1", "at": "2026-05-10", "confidence": 0.8, "note": "of May"}
{"annotation_id": "30996f451051d899", "claim_id": "a-2e24e7c48a", "scheme": "mine", "axis": "label", "label": "yes", \
"annotator": "me", "role": "label", "guideline": "0.1", "at": "2026-05-10"}
{"annotation_id": "fcdeada80fe88b23", "claim_id": "b-69b23613c1", "scheme": "mine", "axis": "label", "label": "yes", \
"annotator": "me", "role": "label", "guideline": "0.1", "at": "2024-05-01"}
{"annotation_id": "ffcb22ded476eea7", "claim_id": "b-a93f13456d", "scheme": "mine", "axis": "label", "label": "no", \
"annotator": "me", "role": "label", "guideline": "0.1", "at": "2026-05-10"}
{"annotation_id": "af2a7a260e43da59", "claim_id": "claim-1ef9ede672-05fd9e4c14", "scheme": "mine", "axis": "label", \
"label": "no", "annotator": "me", "role": "label", "guideline": "0.1", "at": "2026-05-10"}
"""
"""What every version has written: the ids of claims and labels depend on these bytes."""


@pytest.fixture
def held(monkeypatch):
    """Returns the largest number of bytes that Python objects take while a call writes its files."""
    peaks = []

    def write(files):
        tracemalloc.reset_peak()
        write_files(files)
        peaks.append(tracemalloc.get_traced_memory()[1])

    def measure(work):
        tracemalloc.start()
        try:
            work()
        finally:
            tracemalloc.stop()
        return peaks.pop()

    for module in (harness.data.add_claims, harness.data.ingest):
        monkeypatch.setattr(module, "write_files", write)
    return measure


def test_the_bytes_on_disk_stay_what_they_were(tmp_path):
    add_claims(tmp_path / "set", ROWS, "me", new_scheme="mine", positive="yes", at="2026-05-10")
    assert (tmp_path / "set" / "claims.jsonl").read_text(encoding="utf-8") == CLAIMS
    assert (tmp_path / "set" / "annotations" / "me.jsonl").read_text(encoding="utf-8") == LABELS


def test_a_killed_call_is_finished_by_the_next_one_and_other_files_are_not_touched(tmp_path):
    folder = tmp_path / "set"
    add_claims(folder, ROWS, "me", new_scheme="mine", positive="yes", at="2026-05-10")
    (folder / "dataset.yaml").unlink()  # it is written last
    add_claims(folder, ROWS, "me", new_scheme="mine", positive="yes", at="2026-05-11")
    assert (folder / "claims.jsonl").read_text(encoding="utf-8") == CLAIMS
    (folder / "dataset.yaml").unlink()
    (folder / "claims.jsonl").write_text(CLAIMS + "{}\n", encoding="utf-8")
    with pytest.raises(FaultsError, match=r"no dataset\.yaml"):
        add_claims(folder, ROWS, "me", new_scheme="mine", positive="yes")
    assert (folder / "claims.jsonl").read_text(encoding="utf-8") == CLAIMS + "{}\n"


def test_a_row_takes_little_memory(tmp_path, held):
    def add(n_rows):
        text = "The harbor of place number {} lent its boats in May, and rents rose by 3 percent."
        rows = [
            {"article_id": f"a{n // 20}", "text": text.format(n), "label": "yes" if n % 3 else "no"}
            for n in range(n_rows)
        ]
        path = tmp_path / f"rows{n_rows}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        del rows
        return held(lambda: add_claims(tmp_path / f"set{n_rows}", path, "me"))

    add(10)  # imports, and what is made once
    assert (add(700) - add(100)) / 600 < 900  # 5,000 bytes, if rows were mappings and claims records


def test_a_sentence_takes_little_memory(tmp_path, held):
    def add(n_articles):
        path = tmp_path / f"articles{n_articles}.jsonl"
        text = " ".join(f"The harbor lent {number} boats in May." for number in range(20))
        rows = (
            {"article_id": f"a{n}", "text": f"In {n}, rents rose. {text}", "language": "en"} for n in range(n_articles)
        )
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return held(lambda: ingest(path, tmp_path / f"set{n_articles}"))

    add(1)  # imports, and what is made once
    assert (add(55) - add(5)) / (50 * 21) < 500  # 2,200 bytes, if claims were records
