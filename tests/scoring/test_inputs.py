"""How articles to score are read: their language, and what gives no claim."""

from __future__ import annotations

import pytest

from harness import FaultsError
from harness.scoring.inputs import ScoringInput

GERMAN = (
    "Der Stadtrat teilte am Montag mit, dass die Brücke wegen Bauarbeiten gesperrt ist und erst im Frühjahr wieder "
    "geöffnet wird. Die Kosten liegen höher als geplant.\n"
)


def read(path, **options):
    source = ScoringInput(language="en", **options)
    (batch,) = source.batches([path])
    return source, batch


def test_the_language_of_an_article_is_detected_and_said(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(f"Brücke gesperrt\n\nVon Käthe Übel\n\n09:15 {GERMAN}", encoding="utf-8")
    source, batch = read(path)
    assert list(source.languages) == ["de"]
    assert source.all_notes() == ["language 'de' detected in 1 article without a declared language (a)"]
    assert source.dropped == {"byline": 1, "time": 1}
    assert [claim.text for claim in batch.documents[0].claims][:2] == ["Brücke gesperrt", GERMAN.partition(" Die K")[0]]


def test_rows_of_standard_input_are_refused_and_not_read_as_an_article():
    with pytest.raises(FaultsError, match="--claims: standard input is read as an article; save the table to a file"):
        next(ScoringInput(as_claims=True).batches(["-"]))


def test_a_language_that_the_user_names_is_not_looked_for(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(GERMAN, encoding="utf-8")
    source, _ = read(path, detects=False)
    assert list(source.languages) == ["en"]
    assert source.all_notes() == []
