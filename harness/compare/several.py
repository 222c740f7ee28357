"""Systems by datasets, from the run folders of a config with several experiments: what `harness compare` shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.compare.latex import escape_latex
from harness.compare.selection import select_results
from harness.compare.tables import markdown_table, markdown_text
from harness.errors import FaultsError
from harness.runner.runs.experiment_list import read_experiment_list
from harness.runner.runs.wide_table import PartResults, WideTable, wide_table
from harness.runner.storage.current import failures_in


def is_of_several(path: str | Path) -> bool:
    """Whether a folder holds the run folders of a config with several experiments.

    Raises: FaultsError: its list of experiments is damaged.
    """
    return read_experiment_list(Path(path)) is not None


def results_of_several(folder: str | Path, *, all_results: bool = False) -> tuple[str, list[PartResults]]:
    """The name of a config with several experiments, and the results of each.

    Args:
        folder: the folder of the run folders.
        all_results: take every result of a run folder, not only the current one of each system.
    Raises: FaultsError: the folder has no list of experiments, or a result is damaged.
    """
    listed = read_experiment_list(Path(folder))
    if listed is None:
        message = "has no list of experiments; pass the folder of a config with several, such as runs/NAME"
        raise FaultsError.single(folder, message, code="no-result")
    parts = []
    for experiment in listed.experiments:
        run_folder = Path(folder) / experiment.name
        has_results = (run_folder / "results").is_dir()
        candidates = select_results([run_folder], all_results=all_results).candidates if has_results else ()
        results = [candidate.result for candidate in candidates]
        dataset = results[0].dataset if results else experiment.dataset
        failed = failures_in(run_folder)
        reason = experiment.reason or "not run"
        parts.append(PartResults(experiment.name, experiment.task, dataset, results, failed, reason))
    return listed.name, parts


def compare_several(folder: str | Path, metric: str | None = None) -> WideTable:
    """Systems by datasets, with the mean rank of each system and the critical difference.

    Args:
        folder: the folder of the run folders of a config with several experiments, such as `runs/NAME`.
        metric: metric of the values; default: the first of each experiment.
    Raises: HarnessError: no such folder, a damaged result, or an unknown metric.
    """
    name, parts = results_of_several(folder)
    return wide_table(name, parts, metric)


def _markdown(table: WideTable) -> str:
    return "\n\n".join([markdown_table(table.rows()), "\n".join(f"- {markdown_text(note)}" for note in table.notes)])


def _latex(table: WideTable) -> str:
    rows = [[escape_latex(text) for text in row] for row in table.rows()]
    lines = ["\\begin{table}", "\\centering", f"\\caption{{{escape_latex(table.title())}}}"]
    lines += [
        f"\\begin{{tabular}}{{l{'r' * (len(rows[0]) - 1)}}}",
        "\\toprule",
        f"{' & '.join(rows[0])} \\\\",
        "\\midrule",
    ]
    lines += [f"{' & '.join(row)} \\\\" for row in rows[1:]]
    lines += ["\\bottomrule", "\\end{tabular}", "", *(f"{escape_latex(note)}.\\\\" for note in table.notes)]
    return "\n".join([*lines, "\\end{table}"])


WIDE_FORMATS: Mapping[str, Callable[[WideTable], str]] = {
    "table": str,
    "markdown": _markdown,
    "latex": _latex,
    "csv": WideTable.csv,
    "html": WideTable._repr_html_,
}
"""Output formats of `harness compare` for several experiments."""
