"""How far people agree on the verdicts of an experiment, as a ceiling for systems."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from harness.arrays import Codes
from harness.data.claims import Gold
from harness.data.labels.gold import active_annotations
from harness.data.labels.tasks import Task, answers_of, mapping_of
from harness.metrics.base import ResamplingGroups, Run
from harness.runner.splitting.joined_datasets import JoinedDatasets
from harness.runner.verification.gold_evidence import prefixes_of
from harness.schemes import Scheme
from harness.text_tables import count_of, format_number


def agreement_notes(joined: JoinedDatasets, task: Task, schemes: Sequence[Scheme], rows: Codes) -> tuple[str, ...]:
    """The macro F1 of one annotator against another on the claims of an experiment, a line for each dataset.

    Of several annotators, the two with the most claims in common are compared. A dataset with one annotator has none.

    Args:
        joined: the datasets.
        task: task of the experiment.
        schemes: label scheme of each dataset.
        rows: claims that are scored.
    """
    answers, scored, notes = answers_of(task, schemes), set(joined.claims.claim_id[rows]), list[str]()
    for dataset, scheme, code_of, prefix in zip(
        joined.datasets, schemes, answers.codes, prefixes_of(joined), strict=True
    ):
        axis = mapping_of(task, scheme).axis
        labels = dict[str, dict[str, int]]()
        for one in active_annotations(dataset.annotations):
            is_label = (one.scheme, one.axis, one.role) == (scheme.name, axis, "label")
            if is_label and one.label in code_of and prefix + one.claim_id in scored:
                labels.setdefault(one.annotator, {})[one.claim_id] = code_of[one.label]
        pairs = [(len(labels[a].keys() & labels[b].keys()), a, b) for a, b in combinations(sorted(labels), 2)]
        n_common, first, second = max(pairs, key=lambda pair: pair[0], default=(0, "", ""))
        if n_common:
            common = sorted(labels[first].keys() & labels[second].keys())
            value = _macro_f1(answers.labels, *([labels[name][claim] for claim in common] for name in (first, second)))
            of = f"{count_of(n_common, 'claim')} of {dataset.info.name}"
            notes.append(f"people: {second} reaches a macro F1 of {format_number(value)} against {first} on {of}")
    return tuple(notes)


def _macro_f1(labels: tuple[str, ...], gold: Sequence[int], predicted: Sequence[int]) -> float:
    from harness.metrics.labels import MacroF1

    rows = np.arange(len(gold))
    run = Run(None, np.array(predicted, dtype=np.int64))
    ones = np.ones((1, len(rows)), dtype=np.int64)
    return float(
        MacroF1().values(Gold(labels, np.array(gold, dtype=np.int64)), run, ResamplingGroups(rows, rows), ones)[0]
    )
