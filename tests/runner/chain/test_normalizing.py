"""The stage `normalize` of a chain: what is written and used, what it gains, and what it is compared with."""

from __future__ import annotations

import json
import shutil

import pytest
from sklearn.metrics import f1_score

import harness
from harness.errors import HarnessError
from harness.folders import shipped
from harness.metrics.official.chrf import chrf
from harness.runner.chain.config import read_chain
from harness.runner.chain.normalizing import Normalized, normalize_stage
from harness.runner.chain.saved_chain import save_chain
from harness.statements.statements import Statement

CHAIN = {
    "name": "mine",
    "task": "chain",
    "split": {"protocol": "grouped_folds", "k": 2, "by": "article"},
    "detect": {"gold": "single:author-pass-1", "classifier": "length"},
    "retrieve": {"retriever": "bm25", "k": 2},
    "judge": {"scheme": "verdict", "gold": "single:author-pass-1", "classifier": "evidence_rules"},
    "intervals": {"resamples": 100},
}
REFERENCE = "A reference."
N_ARTICLES = 8


def rewrites(handler, body):
    """Rewords claims of an odd length, invents a year for every fifth, and answers nothing for every seventh."""
    claim = json.loads(body["messages"][-1]["content"])["claim"]
    statement = {"statement": claim.rstrip(".") + ", says the article." if len(claim) % 2 else claim}
    statement = {"statement": f"In 2611, {claim}"} if len(claim) % 5 == 0 else statement
    content = "" if len(claim) % 7 == 0 else json.dumps(statement)
    handler.give({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Some of the shipped articles, with a reference statement for every claim."""
    folder = tmp_path_factory.mktemp("data") / "public-matters"
    shutil.copytree(shipped("data") / "public-matters", folder)
    articles = [article["article_id"] for article in rows(folder / "articles.jsonl")][:N_ARTICLES]
    known = {row["claim_id"] for row in rows(folder / "claims.jsonl") if row["article_id"] in articles}
    keep(folder / "articles.jsonl", lambda row: row["article_id"] in articles)
    for path in [folder / "evidence.jsonl", *folder.glob("annotations/*.jsonl"), *folder.glob("splits/*.jsonl")]:
        keep(path, lambda row: row["claim_id"] in known)
    keep(folder / "claims.jsonl", lambda row: row["claim_id"] in known, statement=REFERENCE)
    return str(folder)


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def keep(path, is_kept, **changes):
    lines = [json.dumps(row | changes) + "\n" for row in rows(path) if is_kept(row)]
    path.write_text("".join(lines), encoding="utf-8")


def test_statements_are_used_guarded_and_measured(dataset, model_server, tmp_path):
    model_server.answer = rewrites
    model = {"name": "language_model", "endpoint": model_server.url, "model": "m"}
    config = CHAIN | {"dataset": dataset, "normalize": model}
    plan = harness.plan(config, out=tmp_path)
    assert (plan.hosts, model_server.asked) == (("127.0.0.1",), [])
    outcome = harness.run(config, out=tmp_path)
    document = outcome.document()
    lines = (tmp_path / "mine" / "normalize" / "statements.jsonl").read_text(encoding="utf-8").splitlines()
    written = [row for row in map(json.loads, lines) if row.get("reason") != "no gold verdict"]
    n = document["normalize"]["n"]
    assert len(written) == plan.forecast.calls == len(model_server.asked) == n > 0
    invented = [row for row in written if row["invented"]]
    assert invented
    assert all("2611" in row["invented"] and "2611" not in row["statement"] for row in invented)
    kept = document["normalize"]["kept_text"]
    assert kept["invented"] == len(invented)
    assert kept["unparsable"] == sum(row.get("reason") == "unparsable" for row in written) > 0
    assert document["normalize"]["reworded"] == sum("says the article" in row["statement"] for row in written) > 0
    assert document["normalize"]["n_references"] == n
    mean = sum(chrf(row["statement"], REFERENCE) for row in written) / n
    assert document["normalize"]["scores"]["chrf"] == pytest.approx(mean)

    detection, _, _, by_text = (result.to_pandas("predictions").set_index("claim_id") for result in outcome.results)
    detected = detection["predicted"].eq("yes").reindex(by_text.index)
    gold, whole = by_text["gold"], by_text["predicted"].where(detected, "not found")
    without = f1_score(gold, whole, average="macro", labels=sorted(set(gold)), zero_division=0)
    assert document["by_text"]["S0"]["value"] == pytest.approx(without)
    gain = document["by_text"]["statements_gain"]
    assert gain["value"] == pytest.approx(document["rows"]["S0"]["value"] - without)
    assert gain["low"] <= gain["value"] <= gain["high"]
    assert [result.evidence for result in outcome.results[1:]] == ["bm25@2,query=statement", "gold (oracle)", "bm25@2"]
    text = str(outcome)
    assert "normalize: language_model" in text
    assert "gained by statements" in text
    assert f"{len(invented)} invented" in text
    assert f"not in claim or article (2611): {invented[0]['written']}" in text
    assert harness.plan(config, out=tmp_path).forecast.calls == 0


def test_the_identity_changes_nothing_and_its_chain_can_be_saved(dataset, tmp_path):
    config = CHAIN | {"dataset": dataset, "normalize": "identity"}
    outcome = harness.run(config, out=tmp_path, save_models=True)
    document = outcome.document()
    assert (document["normalize"]["reworded"], document["normalize"]["kept_text"]) == (0, {})
    assert document["by_text"]["statements_gain"]["value"] == 0
    card = json.loads((tmp_path / "mine" / "model" / "chain-model.json").read_text(encoding="utf-8"))
    assert card["retrieve"]["query"] == "text"
    card["retrieve"]["query"] = "statement"  # as that of a chain that looks for the statements of its dataset
    (tmp_path / "mine" / "model" / "chain-model.json").write_text(json.dumps(card), encoding="utf-8")
    article = tmp_path / "article.txt"
    article.write_text("The bridge is 31 meters long. It cost 9 million.", encoding="utf-8")
    warnings = harness.verify(article, tmp_path / "mine", dataset).warnings
    assert any("sentences of an article have none of: their text is looked for" in warning for warning in warnings)


def test_a_chain_with_a_model_at_an_endpoint_is_not_saved(dataset, tmp_path):
    model = {"name": "language_model", "endpoint": "http://model.invalid/v1", "model": "m"}
    loaded = read_chain(CHAIN | {"dataset": dataset, "normalize": model})
    saved = save_chain(tmp_path / "model", loaded.chain, {}, {})
    assert saved.folder is None
    assert "the model runs at an endpoint" in saved.reason
    with pytest.raises(HarnessError, match=r"needs the network \(model\.invalid\), which --offline refuses"):
        normalize_stage(loaded.chain, loaded.normalizer, tmp_path, None, offline=True)


def test_what_a_model_invented_is_shown_without_control_sequences():
    written = f"\x1b[31m9{'x' * 300}"
    long = Statement(claim_id="a", statement="It fell.", reason="invented", written=written, invented=("9",))
    normalized = Normalized("language_model", 1, 0, {"invented": 1}, (long,), 0, {}, {})
    assert normalized.lines()[1].startswith("not in claim or article (9): \ufffd[31m9xxx")
    assert len(normalized.lines()[1]) < 250
