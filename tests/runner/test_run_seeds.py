"""Several random seeds: each one's value and their spread, and one fit of what ignores them."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean, stdev

import pytest
import yaml

from harness import HarnessError, open_dataset, plan, run

CONFIG = {
    "name": "seeds",
    "task": "checkability",
    "split": {"protocol": "grouped_folds", "k": 2, "by": "article"},
    "classifiers": ["length", "prior_random"],
    "metrics": ["f1", "average_precision"],
    "random_seeds": [3, 4, 5],
    "intervals": {"resamples": 100},
}


@pytest.fixture
def config(small, tmp_path):
    def write(**changes) -> Path:
        path = tmp_path / "seeds.yaml"
        path.write_text(yaml.safe_dump({**CONFIG, "dataset": str(small), **changes}))
        return path

    return write


def document_of(result) -> dict:
    return json.loads((Path(result.path) / "result.json").read_text())


def test_a_result_holds_each_seed_and_what_ignores_them_one_fit(config, tmp_path):
    outcome = run(config(), out=tmp_path / "runs")
    assert outcome.fitted == 2 * (1 + 3)
    length, random = map(document_of, outcome.results)
    assert (length["random_seeds"], random["random_seeds"]) == ([], [3, 4, 5])
    assert sorted(length["provenance"]["units"].values()) == ["fold-0", "fold-1"]
    assert "fold-0, seed 3" in random["provenance"]["units"].values()
    for value in length["values"].values():
        assert (value["standard_deviation"], value["seed_values"]) == (None, [])
    for name, value in random["values"].items():
        alone = [run(config(random_seeds=[seed]), out=tmp_path / "a").results[1].values[name] for seed in (3, 4, 5)]
        numbers = [each.value for each in alone]
        assert [each["value"] for each in value["seed_values"]] == numbers
        assert [each["random_seed"] for each in value["seed_values"]] == [3, 4, 5]
        assert (value["value"], value["standard_deviation"]) == pytest.approx((mean(numbers), stdev(numbers)))
        assert stdev(numbers) > 0


def test_a_system_that_ignores_the_seed_has_the_same_numbers_whatever_the_seeds(config, tmp_path):
    runs = [run(config(random_seeds=seeds), out=tmp_path / "runs") for seeds in ([3], [4], [3, 4, 5])]
    values = [outcome.results[0].values for outcome in runs]
    assert values[0] == values[1] == values[2]
    assert [outcome.fitted for outcome in runs] == [4, 2, 2]  # the fits of `length` serve all three


def test_the_table_says_what_stands_after_the_sign(config, tmp_path):
    outcome = run(config(), out=tmp_path / "runs")
    value = outcome.results[1].values["f1"]
    spread = f"{value.standard_deviation:.3f}".removeprefix("0")
    text = str(outcome)
    (row,) = [line for line in text.splitlines() if line.startswith("prior_random") and "±" in line]
    assert f"{value.value:.3f}".removeprefix("0") + f" ± {spread} [" in row
    assert not any("±" in line for line in text.splitlines() if line.startswith("length"))
    assert "\nmean ± standard deviation over 3 random seeds (3, 4, 5); intervals" in text
    assert "\nfitted once, as the random seed changes nothing: length\n" in text + "\n"
    by_seed = [line.split()[1] for line in text.splitlines() if line.startswith("prior_random") and "±" not in line]
    assert by_seed == ["3", "4", "5"]
    assert "<caption>By random seed</caption>" in outcome._repr_html_()


def test_frames_have_a_row_for_each_seed(config, tmp_path):
    outcome = run(config(), out=tmp_path / "runs")
    seeds = outcome.to_pandas("seeds")
    assert list(seeds.columns) == ["system", "metric", "random_seed", "value", "reason"]
    assert set(seeds["system"]) == {"prior_random"}
    assert seeds.groupby("metric")["random_seed"].apply(list).tolist() == [[3, 4, 5]] * 2
    values = outcome.to_pandas().set_index(["system", "metric"])
    assert "seed_values" not in values
    deviation = seeds[seeds["metric"] == "f1"]["value"].std(ddof=1)
    assert values.loc[("prior_random", "f1"), "standard_deviation"] == pytest.approx(deviation)
    assert len(outcome.results[0].to_pandas("seeds")) == 0


def test_one_seed_says_nothing_of_seeds(config, tmp_path):
    outcome = run(config(random_seeds=[3]), out=tmp_path / "runs")
    assert "random seed" not in str(outcome)
    assert "±" not in str(outcome)


def test_folds_that_the_seed_draws_make_a_system_random(config, tmp_path):
    tuned = {"name": "length", "label": "tuned", "cap": {"grid": [5, 9]}}
    limited = {"name": "length", "label": "limited", "threshold": {"aim": "f1"}}
    assert plan(config(classifiers=[tuned, limited]), out=tmp_path / "runs").units == 2 * (3 + 3)


def test_what_is_calibrated_on_a_dev_part_needs_no_folds(config, small, tmp_path, monkeypatch):
    claims = open_dataset(small).claims
    articles = sorted({claim.article_id for claim in claims})
    parts = {name: ("train", "dev", "test")[number % 3] for number, name in enumerate(articles)}
    lines = [json.dumps({"claim_id": claim.claim_id, "part": parts[claim.article_id]}) for claim in claims]
    (tmp_path / "parts.jsonl").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    split = {"file": "parts.jsonl", "train": ["train"], "dev": ["dev"], "test": ["test"]}
    calibrated = [{"name": name, "calibration": "platt"} for name in ("length", "prior_random")]
    outcome = run(config(split=split, classifiers=calibrated), out=tmp_path / "runs")
    assert outcome.fitted == 1 + 3
    assert [len(result.random_seeds) for result in outcome.results] == [0, 3]
    assert next(iter(outcome.results[0].provenance.chosen.values())).endswith("on the dev part")


def test_a_seed_that_is_listed_twice_is_refused(config):
    with pytest.raises(HarnessError, match=r"random_seeds: expected each seed once, got 3, 5 several times"):
        plan(config(random_seeds=[3, 4, 3, 5, 5]))
