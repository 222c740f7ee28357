"""A language model in an experiment: forecast, named hosts, honest counts, resumed, replayed, within the caps."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from batch_server import serving_batches
from model_server import completion, gives, says

from harness import build_report, plan, run
from harness.data.load import open_dataset
from harness.errors import HarnessError

CONFIG = """\
name: asked
task: checkability
dataset: {dataset}
split: {{protocol: grouped_folds, k: 4, by: article}}
classifiers:
  - {{name: language_model, label: model, endpoint: "{url}", model: tiny, retries: 0{more}}}
metrics: [f1, average_precision, brier, coverage]
random_seeds: [1]
intervals: {{resamples: 100}}
"""


@pytest.fixture
def write(small, model_server, tmp_path):
    """Writes a config with further settings of the model."""

    def written(more: str = "", url: str = model_server.url) -> Path:
        path = tmp_path / "asked.yaml"
        path.write_text(CONFIG.format(dataset=small, url=url, more=f", {more}" if more else ""), encoding="utf-8")
        return path

    return written


def test_a_run_asks_the_schemes_question_about_every_claim(write, model_server, small, tmp_path):
    outcome = run(write("n_examples: 2"), out=tmp_path / "runs")
    result = outcome.results[0]
    assert set(model_server.claims()) == set(open_dataset(small).table().text)
    assert "could public evidence settle this?" in model_server.asked[-1]["messages"][0]["content"]
    assert (result.n, result.unanswered) == (48, {})
    assert result.values["f1"].value == 1  # the facts of this dataset have digits, as the server's yes has
    assert result.cost.calls == 4 * 13  # a fold has 14 claims, two of which are "Well."
    assert result.cost.tokens > 52 * 100
    assert result.provenance.classifier.settings["guide"]["answers"][1]["label"] == "yes"
    assert set(result.provenance.chosen.values()) == {"token probabilities, json_schema, 2 examples"}


def test_a_models_name_is_no_path(write, model_server, tmp_path):
    (tmp_path / "tiny").mkdir()
    run(write(), out=tmp_path / "runs", limit=1)
    assert model_server.asked[-1]["model"] == "tiny"


@pytest.mark.parametrize("more", ["", "n_examples: 2, calibration: platt", "n_examples: {grid: [0, 2]}"])
def test_a_system_that_asks_a_service_is_not_kept_as_a_file_and_asks_nothing_for_it(
    write, model_server, tmp_path, more
):
    config, halves = write(more), ["split.k=2"]
    run(config, overrides=halves, out=tmp_path / "runs")
    asked = len(model_server.asked)
    outcome = run(config, overrides=halves, out=tmp_path / "runs", save_models=True)
    assert [model.folder for model in outcome.models] == [None]
    assert outcome.models[0].reason == "the model runs at an endpoint; keep the config and the cassette instead"
    assert len(model_server.asked) == asked


def test_examples_never_come_from_the_test_articles(write, model_server, small, tmp_path):
    run(write("n_examples: 6"), out=tmp_path / "runs")
    article_of = dict(zip(open_dataset(small).table().text, open_dataset(small).table().article_id, strict=True))
    for body in model_server.asked[1:]:
        *shown, asked = (json.loads(m["content"]) for m in body["messages"][1:] if m["role"] == "user")
        if asked["claim"] != "Well.":  # stands in every article
            shown_articles = {article_of[each["claim"]] for each in shown if each["claim"] != "Well."}
            assert shown_articles
            assert article_of[asked["claim"]] not in shown_articles


def silent_about(**places):
    """A model that says something else when it is asked who would not love a place."""

    def answer(handler, body):
        claim = json.loads(body["messages"][-1]["content"])["claim"]
        place = claim.removeprefix("Who would not love ").rstrip("?")
        (gives(places[place]) if place in places else says())(handler, body)

    return answer


def test_unanswered_claims_are_counted_by_reason(write, model_server, tmp_path):
    model_server.answer = silent_about(Oslo=completion(None, refusal="No."), Lima=completion("Hm."))
    result = run(write(), out=tmp_path / "runs").results[0]
    assert result.unanswered == {"refused": 1, "unparsable": 1}
    assert result.excluded["without an answer"] == 2
    assert "2 of 56 claims have no answer (1 refused, 1 unparsable); they count as wrong and rank last" in (
        result.warnings
    )
    predicted = pq.read_table(Path(result.path) / "predictions.parquet")["predicted"].to_pylist()
    assert predicted.count(None) == 2
    assert result.values["coverage"].value < 1


def test_batches_give_the_result_of_single_calls(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "batched"))
    with serving_batches() as server:
        config = write("batch: true, backoff_s: 0.01, scoring: token_probabilities", url=server.url)
        planned = plan(config, out=tmp_path, limit=3)
        n_in_batches = planned.forecast.in_batches
        assert f"would send up to {n_in_batches + 1} calls ({n_in_batches} of them in batches) to 127." in str(planned)
        with pytest.raises(HarnessError, match=r"needs the network \(127.0.0.1\), which --offline refuses"):
            run(config, out=tmp_path / "offline", offline=True)
        assert server.calls == []
        batched = run(config, out=tmp_path / "batched", limit=3).results[0]
        asked = len(server.asked)
        assert len(server.batches) == 4  # one for each fold
        assert sum(map(len, server.rows.values())) == n_in_batches
        single = run(write("scoring: token_probabilities", url=server.url), out=tmp_path / "single", limit=3).results[0]
    assert len(server.asked) == asked == 1  # the trial: every other reply came in a batch
    assert batched.values == single.values
    assert (batched.cost.calls, batched.cost.tokens) == (single.cost.calls, single.cost.tokens)


def test_a_dry_run_counts_calls_and_tokens_and_asks_nobody(write, model_server, harness, tmp_path):
    config = write("samples: 3")
    done = harness("run", config, "--dry-run", HARNESS_CACHE=str(tmp_path / "cache"))
    first, second = done.stdout.splitlines()
    assert first == "asked: 4 units, 0 finished, in runs/asked"
    calls = 1 + 49 * 3  # a trial; 49 claims whose texts differ, each asked three times ("Well." stands in 8 articles)
    pattern = (
        rf"would send up to {calls} calls to 127\.0\.0\.1, with at most about [\d,]+ tokens; cached replies are reused"
    )
    assert re.match(pattern, second)
    assert model_server.asked == []
    planned = plan(config, out=tmp_path / "runs")
    run(config, out=tmp_path / "runs")
    assert len(model_server.asked) == 1 + 49 <= planned.forecast.calls == calls
    assert plan(config, out=tmp_path / "runs").forecast.calls == 0


def test_offline_refuses(write, model_server, harness, tmp_path):
    refused = harness("run", write(), "--offline", HARNESS_CACHE=str(tmp_path / "cache"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "needs the network (127.0.0.1), which --offline refuses" in refused.stderr
    assert model_server.asked == []


def test_hosts_are_named_first_and_a_cap_ends_the_run(write, model_server, harness, tmp_path):
    capped = harness("run", write("max_calls: 3"), HARNESS_CACHE=str(tmp_path / "cache"))
    assert capped.returncode == 2
    said = capped.stderr.splitlines()
    assert said[0] == "contacting 127.0.0.1"
    assert re.search(r"the max_calls limit \(3\) is reached; .* 2 of 13 replies arrived and are saved", said[-1])
    assert "Traceback" not in capped.stderr
    assert len(model_server.asked) == 3


PRICED = "samples: 1, thought_tokens: 0, price: {input: 2, cached_input: 0.5, output: 8}"


def counted(handler, body):
    """An answer with cached tokens and thoughts."""
    details = {"prompt_tokens_details": {"cached_tokens": 100}, "completion_tokens_details": {"reasoning_tokens": 20}}
    usage = {"prompt_tokens": 400, "completion_tokens": 30, "total_tokens": 430} | details
    handler.give(completion(json.dumps({"label": "yes"}), usage=usage))


def test_a_run_stops_at_its_cap_in_dollars_and_a_higher_one_goes_on(write, model_server, tmp_path):
    model_server.answer = counted
    planned = plan(write(PRICED), out=tmp_path / "runs")
    assert re.search(r"tokens, which cost at most about \$0\.\d+ by the config; cached", str(planned))
    config = write(f"{PRICED}, max_cost: 0.03")
    (warning,) = plan(config, out=tmp_path / "runs").forecast.warnings
    at_most = re.search(r"max_cost \(\$0\.0300\) is below the estimate: .* up to about (\$0\.\d+), ", warning).group(1)
    assert f"raise max_cost to {at_most}, or choose fewer claims" in warning
    for _ in range(2):  # a run that goes on pays from the same budget
        with pytest.raises(HarnessError, match=r"the max_cost limit \(\$0\.0300\) would be exceeded: .*; raise"):
            run(config, out=tmp_path / "runs")
        sent = len(model_server.asked)
        assert sent * 0.00089 <= 0.03
    assert len(list((tmp_path / "runs" / "asked" / "units").glob("*.parquet"))) >= 1
    assert "besides the $0.0" in str(plan(config, out=tmp_path / "runs"))
    assert not plan(write(f"{PRICED}, max_cost: 5"), out=tmp_path / "runs").forecast.warnings
    outcome = run(write(f"{PRICED}, max_cost: 5"), out=tmp_path / "runs")
    assert len(model_server.asked) == 1 + 49 <= planned.forecast.calls
    cost = outcome.results[0].cost
    assert (cost.calls, cost.cached_tokens, cost.reasoning_tokens) == (52, 52 * 100, 52 * 20)
    assert cost.dollars == pytest.approx(52 * 0.00089)
    assert planned.forecast.dollars >= 50 * 0.00089
    assert cost.prices == "the config"
    line = "model: 52 calls with 22,360 tokens (5,200 cached, 1,040 of thoughts) cost $0.0463 by the config"
    assert line in str(outcome).splitlines()
    report = build_report([outcome.folder], tmp_path / "report.html").path.read_text(encoding="utf-8")
    assert "of them cached" in report
    assert "$0.0463" in report


def test_a_cap_in_dollars_without_a_price_is_a_fault_of_the_config(write, model_server, harness, tmp_path):
    refused = harness("run", write("max_cost: 1"), HARNESS_CACHE=str(tmp_path / "cache"))
    assert refused.returncode == 2
    assert "asked.yaml:6" in refused.stderr
    assert "max_cost: the price of tiny at 127.0.0.1 is not known" in refused.stderr
    assert "set price: {input: 0.15, cached_input: 0.075, output: 0.6}, in dollars per million tokens" in refused.stderr
    assert model_server.asked == []


def test_an_interrupted_run_goes_on_and_asks_nothing_twice(write, model_server, tmp_path):
    config = write("concurrency: 1")
    model_server.script = [says()] * 30 + [gives("down", 503)]
    with pytest.raises(HarnessError, match="status 503"):
        run(config, out=tmp_path / "runs")
    assert len(list((tmp_path / "runs" / "asked" / "units").glob("*.parquet"))) >= 1
    outcome = run(config, out=tmp_path / "runs")
    assert outcome.fitted < 4
    assert len(model_server.asked) == 1 + 49 + 1  # and the one that failed


def test_a_cassette_in_the_result_scores_again_with_nobody_there(write, model_server, tmp_path):
    recorded = run(write("cassette: kept.jsonl, record: true"), out=tmp_path / "runs").results[0]
    attached = Path(recorded.path) / "cassette.jsonl"
    assert attached.read_bytes() == (tmp_path / "kept.jsonl").read_bytes()
    asked = len(model_server.asked)
    config = write(f"cassette: {attached}")
    assert plan(config, out=tmp_path / "again").forecast.calls == 0
    other = plan(write(f"cassette: {attached}, n_examples: 6"), out=tmp_path / "again")
    assert str(other).endswith("up to 52 replies are missing from the cassette")  # the trial call is the same
    config = write(f"cassette: {attached}")
    replayed = run(config, out=tmp_path / "again", offline=True).results[0]
    assert len(model_server.asked) == asked
    assert {name: value.value for name, value in replayed.values.items()} == {
        name: value.value for name, value in recorded.values.items()
    }


@pytest.mark.parametrize(
    "more", ["threshold: {aim: f1}, n_examples: 2", "calibration: isotonic", "n_examples: {grid: [0, 2]}"]
)
def test_tuned_calibrated_and_cut_by_a_threshold(write, model_server, tmp_path, more):
    config, halves = write(f"samples: 1, {more}"), ["split.k=2"]
    planned = plan(config, overrides=halves, out=tmp_path / "runs")
    assert planned.hosts == ("127.0.0.1",)
    model_server.answer = silent_about(Oslo=completion(None, refusal="No."))
    result = run(config, overrides=halves, out=tmp_path / "runs").results[0]
    assert result.unanswered == {"refused": 1}
    assert len(model_server.asked) <= planned.forecast.calls
    predicted = pq.read_table(Path(result.path) / "predictions.parquet")["predicted"].to_pylist()
    assert predicted.count(None) == 1


def test_a_fault_in_the_settings_has_its_line(write):
    with pytest.raises(HarnessError) as raised:
        run(write("temprature: 1"))
    assert "asked.yaml:6: classifiers[0].temprature: no field is called 'temprature'. Did you mean 'temperature'?" in (
        str(raised.value)
    )
