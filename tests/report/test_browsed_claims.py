"""Which claims the error browser of a report shows."""

from __future__ import annotations

import base64
import gzip
import json

import numpy as np
import pytest

from harness import HarnessError, build_report
from harness.report import browsed_claims as module
from harness.report.browsed_claims import browsed_claims, by_disagreement
from harness.report.report_data import load_report_data


@pytest.fixture(scope="module")
def report_data(hostile_run):
    return load_report_data([hostile_run], None, None, "holm")


def decoded(browsed):
    return json.loads(gzip.decompress(base64.b64decode(browsed.encoded)))


def wrong_counts(document):
    gold = np.array(document["claims"]["gold"])
    predicted = np.array([system["predicted"] for system in document["systems"]])
    return np.count_nonzero((predicted != gold) & (gold >= 0), axis=0), np.ptp(predicted, axis=0)


def test_few_claims_are_all_shown(report_data):
    browsed = browsed_claims(report_data)
    assert browsed.shown == len(report_data.claim_ids)
    assert decoded(browsed)["claims"]["id"] == report_data.claim_ids.tolist()


def test_the_first_claims_by_disagreement_keep_their_order_texts_and_answers(report_data):
    whole = decoded(browsed_claims(report_data))
    n_wrong, differ = wrong_counts(whole)
    some = decoded(browsed_claims(report_data, 10))
    chosen = np.isin(whole["claims"]["id"], some["claims"]["id"])
    assert some["claims"]["id"] == np.array(whole["claims"]["id"])[chosen].tolist()
    assert differ[chosen].min() >= differ[~chosen].max()
    of_kind = differ == differ[chosen].min()
    assert n_wrong[chosen & of_kind].min() >= n_wrong[~chosen & of_kind].max()
    for document, rows in ((whole, np.flatnonzero(chosen)), (some, range(10))):
        document["shown"] = [
            [document["texts"][document["claims"][name][row]] for name in ("text", "previous", "next")]
            + [system["score"][row] if system["score"] else None for system in document["systems"]]
            for row in rows
        ]
    assert some["shown"] == whole["shown"]
    assert len(by_disagreement(report_data)) == len(report_data.claim_ids)


def test_a_large_page_shows_as_many_claims_as_fit(report_data, monkeypatch):
    largest = len(browsed_claims(report_data, 24).encoded)
    monkeypatch.setattr(module, "ALL_CLAIMS", 20)
    monkeypatch.setattr(module, "MAX_BYTES", largest)
    browsed = browsed_claims(report_data)
    assert len(browsed.encoded) <= largest
    assert 12 <= browsed.shown < len(report_data.claim_ids)


def test_the_page_and_the_summary_say_what_is_left_out(hostile_run, tmp_path):
    report = build_report([hostile_run], tmp_path / "some.html", most_claims=5)
    assert (report.browsed, report.claims) == (5, 64)
    assert "the error browser shows the 5 claims on which systems disagree or err most" in str(report)
    assert "5 of 64 scored claims: those on which systems disagree or err most" in report.path.read_text("utf-8")
    with pytest.raises(HarnessError, match="most_claims: expected at least 1, got 0"):
        build_report([hostile_run], tmp_path / "none.html", most_claims=0)
