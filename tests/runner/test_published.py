"""Published results stand under a part and a metric that exist, with a source."""

from __future__ import annotations

import pytest

from harness.data.benchmark import benchmark_names, load_benchmark
from harness.metrics import METRICS
from harness.runner.published import published_of

WITH = [name for name in benchmark_names() if load_benchmark(name).published]


@pytest.mark.parametrize("name", WITH)
def test_published_results_can_stand_beside_ours(name):
    benchmark = load_benchmark(name)
    published = benchmark.published
    assert published.part in benchmark.parts
    low, high = METRICS.get(published.metric).model_construct().bounds
    assert all(low <= system.value <= high for system in published.systems)
    assert published.source
    config = {"dataset": name, "split": {"protocol": "official", "test": [published.part]}}
    assert published_of(config, [published.metric]) is published
    assert published_of(config, ["brier"]) is None
    assert published_of(config | {"split": {"protocol": "grouped_folds"}}, [published.metric]) is None


def test_the_benchmarks_that_have_some():
    assert {"checkthat-2019-task1", "checkthat-2020-task5", "checkthat-2024-task1", "policlaim"} <= set(WITH)
