"""Where each benchmark's files are among the public benchmark files."""

from __future__ import annotations

FOLDERS = {
    "checkthat-2018-task1": "clef2018",
    "checkthat-2018-task2": "clef2018",
    "checkthat-2019-task1": "clef2019",
    "checkthat-2020-task1": "clef2020_task1",
    "checkthat-2020-task5": "clef2020_task5",
    "checkthat-2021-task1a": "clef2021_task1",
    "checkthat-2022-task1a": "clef2022_task1",
    "checkthat-2022-task1b": "clef2022_task1",
    "checkthat-2024-task1": "clef2024_task1",
    "checkthat-2025-subjectivity": "clef2025_subjectivity",
    "checkthat-2025-task4a": "checkthat2025_task4",
    "checkthat-2025-task4b": "checkthat2025_task4",
    "claimbuster-ncs": "claimbuster",
    "claimbuster-two-class": "claimbuster_two_class",
    "climate-fever-pairs": "climate_fever",
    "covid-fact": "covidfact",
    "covid-fact-rte": "covidfact",
}
"""Benchmark to its publisher's folder, where that has not the benchmark's own name."""
NOT_HERE = ("checkthat-2025-task2", "checkthat-2025-task3", "feverous", "hover", "quantemp")
"""Benchmarks that are not among the public benchmark files."""
