"""A submission that is made from a result: what the official program gives for it is what the result says."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import evaluate, fetch, run, write_submission
from harness.errors import HarnessError

DEBATES = """\
name: debates
task: check_worthiness
dataset: checkthat-2019-task1
split: {protocol: official, train: [train], test: [test]}
classifiers: [length]
metrics: [checkthat_average_precision, checkthat_reciprocal_rank, {name: checkthat_precision_at, k: 10}]
random_seeds: SEEDS
intervals: {resamples: 100}
"""
TABLES = """\
name: tables
task: TASK
dataset: DATASET
split: {protocol: official, train: [TRAIN], test: [TEST]}
classifiers: [CLASSIFIER]
metrics: [accuracy, macro_f1]
intervals: {resamples: 100}
"""


def results_of(config: str, folder: Path, root: Path, **options) -> list[tuple[Path, dict]]:
    path = folder / "config.yaml"
    path.write_text(config, encoding="utf-8")
    results = run(str(path), root=root, out=folder / "runs", **options).results
    return [(Path(result.path), {name: value.value for name, value in result.values.items()}) for result in results]


def result_of(config: str, folder: Path, root: Path, **options) -> tuple[Path, dict]:
    (result,) = results_of(config, folder, root, **options)
    return result


@pytest.fixture(scope="module")
def debates(fetched, tmp_path_factory) -> tuple[Path, dict]:
    return result_of(DEBATES.replace("SEEDS", "[13]"), tmp_path_factory.mktemp("debates"), fetched)


@pytest.fixture(scope="module")
def of_two_seeds(fetched, tmp_path_factory) -> tuple[Path, Path]:
    """Results of a system that uses the random seed, and of one that ignores it."""
    config = DEBATES.replace("[length]", "[prior_random, length]").replace("SEEDS", "[1, 2]")
    (random, _), (length, _) = results_of(config, tmp_path_factory.mktemp("seeds"), fetched)
    return random, length


def test_the_official_map_of_a_submission_is_that_of_its_result(debates, fetched, benchmarks, tmp_path):
    result, values = debates
    written = write_submission(result, tmp_path, fetched)
    gold = sorted((benchmarks / "clef2019" / "data" / "test_annotated").glob("*.tsv"))
    assert sorted(path.name for path in written) == [path.name for path in gold]
    found = evaluate("checkthat-2019-task1", gold, written).mean
    assert found["average_precision"] == values["checkthat_average_precision"]
    assert found["reciprocal_rank"] == values["checkthat_reciprocal_rank"]
    assert found["precision_at_10"] == values["checkthat_precision_at_10"]


TABLE_CASES = [
    (
        "checkthat-2024-task1",
        ("check_worthiness", "nl-train", "nl-dev-test", "length"),
        "clef2024_task1/CT24_checkworthy_dutch/CT24_checkworthy_dutch_dev-test.tsv",
        b"id\tclass_label\trun_id\n1256120472875524096\tYes\tlength\n",
    ),
    (
        "checkthat-2022-task1a",
        ("check_worthiness", "ar-dev", "ar-dev-test", "length"),
        "clef2022_task1/CT22_arabic_1A_checkworthy.zip!CT22_arabic_1A_checkworthy_dev_test.tsv",
        b"COVID-19\t",
    ),
]


@pytest.mark.parametrize(("name", "settings", "gold", "begins"), TABLE_CASES, ids=lambda case: str(case)[:24])
def test_labels_come_back_as_the_publisher_writes_them(bring, benchmarks, tmp_path, name, settings, gold, begins):
    root, config = bring(name), TABLES.replace("DATASET", name)
    for key, value in zip(("TASK", "TRAIN", "TEST", "CLASSIFIER"), settings, strict=True):
        config = config.replace(key, value)
    result, values = result_of(config, tmp_path, root)
    (written,) = write_submission(result, tmp_path / "out", root)
    assert written.name == f"{name}-{settings[2]}.tsv"
    assert written.read_bytes().startswith(begins)
    found = evaluate(name, [f"{benchmarks}/{gold}"], [written]).mean
    if "2022" in name:  # 8 of the Arabic ids stand twice, and count once; some are damaged (1.29317E+18)
        assert found["accuracy"] == pytest.approx(values["accuracy"], abs=0.02)
    else:
        assert found["accuracy"] == values["accuracy"]


def test_several_random_seeds_need_a_choice(of_two_seeds, fetched, tmp_path):
    result, _ = of_two_seeds
    with pytest.raises(HarnessError, match=r"has several random seeds \(1, 2\); choose one with --random-seed"):
        write_submission(result, tmp_path / "out", fetched)
    with pytest.raises(HarnessError, match="has no random seed 3; its random seeds: 1, 2"):
        write_submission(result, tmp_path / "out", fetched, random_seed=3)
    assert len(write_submission(result, tmp_path / "out", fetched, random_seed=2)) == 7


def test_a_result_that_lacks_claims_makes_no_submission(fetched, tmp_path):
    result, _ = result_of(DEBATES.replace("SEEDS", "[13]"), tmp_path, fetched, limit=300)
    with pytest.raises(
        HarnessError, match=r"no predictions for some claims: .*\.tsv .*on whole files, without --limit"
    ):
        write_submission(result, tmp_path / "out", fetched)
    assert not (tmp_path / "out").exists()


def test_what_makes_no_submission_is_said(harness, debates, fetched, small, config, tmp_path):
    done = harness("export", debates[0], "--to", "submission", "-o", tmp_path / "out", "--data-root", fetched)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 7
    done = harness("export", tmp_path, "--to", "submission", "-o", tmp_path / "out")
    assert done.returncode == 2
    assert "holds no finished result" in done.stderr
    other, *_ = run(str(config), out=tmp_path / "runs", only=("majority",)).results
    with pytest.raises(HarnessError, match="dataset 'small' has no official scorer; datasets with one: checkthat-2018"):
        write_submission(other.path, tmp_path / "out")


SPEECHES = """\
name: speeches
task: claim_detection
dataset: policlaim
split: {protocol: leave_one_out, by: article}
classifiers: [length]
metrics: [accuracy]
intervals: {resamples: 100}
"""


def test_the_sentences_of_a_spreadsheet_of_several_speeches_are_numbered_in_its_order(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book, gold = openpyxl.Workbook(), tmp_path / "publisher" / "policlaim_gpt_with_human_eval_merged.xlsx"
    book.active.append(["SPEECH", "SENTENCES", "golden"])
    for n in range(6):
        book.active.append(["CA2022" if n < 4 else "AK2022", f"Sentence {n} has {'many ' * n}words.", n % 2])
    book.active.append(["AK2022", None, 0])
    gold.parent.mkdir()
    book.save(gold)
    fetch("policlaim", gold.parent, tmp_path / "root")
    config = tmp_path / "speeches.yaml"
    config.write_text(SPEECHES, encoding="utf-8")
    (result,) = run(str(config), root=tmp_path / "root", out=tmp_path / "runs").results
    assert (result.n, result.n_articles) == (6, 2)
    (warning,) = [text for text in result.warnings if "publisher" in text]
    assert "part 'test' of policlaim has 7 rows in the publisher's files and 6 claims here" in warning
    (written,) = write_submission(result.path, tmp_path / "out", tmp_path / "root")
    assert written.name == "policlaim_gpt_with_human_eval_merged.tsv"
    assert [line.split("\t")[0] for line in written.read_text().splitlines()] == ["id", *"123456"]
    assert evaluate("policlaim", [gold], [written]).mean["accuracy"] == result.values["accuracy"].value


def test_a_system_that_ignores_the_seed_answers_for_each(of_two_seeds, fetched, tmp_path):
    _, result = of_two_seeds
    files = [
        [path.read_bytes() for path in write_submission(result, tmp_path / f"out-{seed}", fetched, random_seed=seed)]
        for seed in (None, 1, 2)
    ]
    assert len(files[0]) == 7
    assert files[0] == files[1] == files[2]
    with pytest.raises(HarnessError, match="has no random seed 3"):
        write_submission(result, tmp_path / "out", fetched, random_seed=3)
