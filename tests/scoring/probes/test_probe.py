"""`harness probe`: a model and a dataset give a table of shifts; what does not fit is refused."""

from __future__ import annotations

import json
from importlib import import_module

import pytest
from click.testing import CliRunner

import harness
from harness.cli.verify import probe as command
from harness.data.sentences.claims_of import make_claim
from harness.errors import FaultsError, HarnessError, UnknownName
from harness.files import json_line
from harness.records import Article
from harness.scoring.probes.edits import EDITS

module = import_module("harness.scoring.probes.probe")


def rows_of(result, stage=0):
    return {row.edit: row for row in result.stages[stage].rows}


@pytest.fixture
def opened(monkeypatch):
    """Lets `probe` open made-up models."""

    def use(detector=None, judge=None):
        monkeypatch.setattr(module, "_open", lambda _: module._Probed("mine", detector, judge))

    return use


def oracle(text, passages):
    """A judge that refutes what has a 'not' or another number than its passages, and knows nothing without any."""
    if not passages:
        return (0.1, 0.8, 0.1)
    return (0.8, 0.1, 0.1) if "not " in text else (0.1, 0.1, 0.8)


JUDGE = {
    "labels": ("refuted", "not enough evidence", "supported"),
    "positive": None,
    "task": "verdict",
    "evidence": "gold (oracle)",
}


def test_a_saved_judge_is_probed_on_the_claims_that_it_was_not_trained_on(judges, tmp_path):
    out = tmp_path / "edited.jsonl"
    result = harness.probe(judges["evidence_rules"], out=out)
    (stage,) = result.stages
    assert (stage.stage, stage.task, stage.n_claims, stage.in_training) == ("judge", "verdict", 20, False)
    assert stage.held_out == "held out: the 20 test claims of the split that the model was measured on"
    assert list(rows_of(result)) == list(EDITS)
    assert rows_of(result)["evidence-shuffled"].n == 0
    assert rows_of(result)["evidence-shuffled"].shift.value is None
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == sum(row.n for row in stage.rows)
    assert all(line["before"] != line["after"] for line in lines if not line["edit"].startswith("evidence"))
    again = harness.probe(judges["evidence_rules"])
    assert again.document() | {"out": str(out)} == result.document()


def test_the_command_prints_the_table_and_the_faults_of_the_seed_article(judges, tmp_path):
    out = tmp_path / "page.html"
    run = CliRunner().invoke(command, ["rules", "-o", str(out)])
    assert run.exit_code == 0, run.output
    assert "negation" in run.output
    assert "held out: the system was not trained" in run.output
    assert "it picks the wrong sentence for a check" in run.output or "it does not pick" in run.output
    assert out.read_text(encoding="utf-8").count("<svg") > 5
    as_json = CliRunner().invoke(command, [str(judges["majority"]), "--only", "unit", "--json"])
    document = json.loads(as_json.stdout)
    (stage,) = document["stages"]
    assert [row["edit"] for row in stage["edits"]] == ["unit"]
    assert [fault["caught"] in (True, False) for fault in document["planted_errors"]["faults"]] == [True, True, False]


def test_a_chain_has_a_table_of_its_detector_and_one_of_its_judge(opened, made_up):
    detector = made_up(lambda text, _: (0.2, 0.8) if "will" not in text else (0.7, 0.3))
    opened(detector, made_up(oracle, **JUDGE))
    result = harness.probe("mine")
    detect, judge = rows_of(result, 0), rows_of(result, 1)
    assert "evidence-removed" not in detect
    assert detect["tense"].shift.value == pytest.approx(-0.5)
    assert (detect["tense"].flipped.value, detect["tense"].as_expected.value) == (1, 1)
    assert (detect["typo"].shift.value, detect["typo"].as_expected.value) == (0, 1)
    assert detect["typo"].flipped.low == 0 < detect["typo"].flipped.high
    assert judge["evidence-removed"].shift.low < 0
    assert 0 < judge["negation"].as_expected.value < 1  # right on supported claims, wrong on refuted ones
    assert judge["number"].as_expected.value == 0
    assert all(row.edit == "negation" or row.flipped.value == 0 for row in judge.values() if "evid" not in row.edit)


def test_a_fault_is_caught_if_only_the_wrong_sentence_is_picked_and_refuted(opened, made_up):
    def judge(text, _):
        return (0.9, 0.0, 0.1) if "1,000 miles" in text or "deputies in Russia" in text else (0.1, 0.0, 0.9)

    opened(None, made_up(judge, **JUDGE))
    miles, officials, spelling = harness.probe("mine", only=["typo"]).planted.faults
    assert (miles.caught, officials.caught, spelling.caught) == (True, False, None)
    assert miles.why == "the wrong sentence is refuted, the right one not"
    assert officials.why == "the wrong sentence is judged: supported"
    assert spelling.why.endswith("both are judged alike, and rightly: supported")
    opened(made_up(lambda *_: (0.9, 0.1)), made_up(judge, **JUDGE))
    assert harness.probe("mine", only=["typo"]).planted.faults[0].why == "the detector does not pick the wrong sentence"


def test_a_judge_of_found_passages_is_said_to_be_shown_gold_evidence(opened, made_up):
    opened(None, made_up(oracle, **JUDGE | {"evidence": "bm25@5"}))
    (warning,) = harness.probe("mine", only=["typo"]).warnings
    assert warning == "made-up: fitted to the passages of bm25@5, and shown gold evidence here"


def test_a_detector_is_probed_on_claims_with_the_positive_label_if_the_dataset_has_any(opened, made_up):
    opened(made_up(lambda *_: (0.2, 0.8), task="checkability"))
    stage = harness.probe("mine", "public-matters", only=["unit"], gold="single:author-pass-1").stages[0]
    assert stage.claims_are == "claims with gold 'yes'"
    assert harness.probe("mine", only=["unit"]).stages[0].claims_are == (
        "all claims, since planted-errors has no gold for checkability"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ["negatoin"]}, "Did you mean 'negation'"),
        ({"only": ["evidence-removed"]}, "reads no evidence, so that these edits cannot be made: evidence-removed"),
        ({"out": "x.txt"}, "-o x.txt: no suffix is called '.txt'"),
        ({"dataset": "no-such-dataset"}, "no-such-dataset"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(HarnessError, match=message):
        harness.probe("rules", **options)


@pytest.mark.parametrize("key", ["languages", "made_for"])
def test_a_model_of_another_language_is_refused(opened, made_up, key):
    opened(made_up(lambda *_: (0.2, 0.8), **{key: ("tr", "de-AT")}))
    with pytest.raises(FaultsError, match="'tr, de-AT', and the edits are rules of English; probe an English model"):
        harness.probe("mine")


def dataset_at(folder, language, *texts):
    folder.mkdir()
    info = {"format": 2, "name": "mine", "version": "1", "title": "Mine", "license": "own"}
    (folder / "dataset.yaml").write_text(
        json.dumps(info | {"language": language, "schemes": ["verdict"]}), encoding="utf-8"
    )
    articles = [Article(article_id=f"a{number}", text=text) for number, text in enumerate(texts)]
    claims = [make_claim(article, 0, len(article.text)) for article in articles]
    for name, records in (("articles", articles), ("claims", claims)):
        lines = [json_line(record.model_dump(exclude_none=True)) for record in records]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


def test_a_dataset_in_another_language_or_without_gold_evidence_is_refused(opened, made_up, tmp_path):
    opened(None, made_up(oracle, **JUDGE))
    with pytest.raises(FaultsError, match="has no gold evidence"):
        harness.probe("mine", dataset_at(tmp_path / "en", "en", "The pier is long."))
    with pytest.raises(FaultsError, match=r"is in another language \(tr\)"):
        harness.probe("rules", dataset_at(tmp_path / "tr", "tr", "Liman derin."))
    with pytest.raises(FaultsError, match="has no claims"):
        harness.probe("rules", dataset_at(tmp_path / "empty", "en"))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownName):
        harness.probe("rulse")
