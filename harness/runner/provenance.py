"""What makes the numbers and the model of a system: its config, data, versions, commit and machine."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from functools import cache
from typing import Any

from harness.data.labels.tasks import find_task, mapping_of
from harness.runner.config import Loaded, System
from harness.runner.plan import Material, alone, package_versions


def made_by(loaded: Loaded, material: Material, system: System) -> dict[str, Any]:
    """What makes the numbers and the model of a system."""
    task = find_task(loaded.experiment.task)
    return {
        "config": loaded.experiment.document(),
        "classifier": {"name": system.name, "settings": system.classifier.model_dump(mode="json")},
        "dataset": alone(
            [
                {"name": dataset.info.name, "version": dataset.info.version, "fingerprint": dataset.fingerprint}
                for dataset in material.pool.datasets
            ]
        ),
        "scheme": alone(
            [
                {
                    "name": scheme.name,
                    "version": scheme.version,
                    "mapping": mapping_of(task, scheme).model_dump(mode="json", exclude_none=True),
                }
                for scheme in material.schemes
            ]
        ),
        "headings": {name: metric.title() for name, metric in loaded.metrics.items()},
        "versions": package_versions(system.classifier),
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
        "made_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


@cache
def git_commit() -> str | None:
    """The commit of the working folder, with `+` where it has changes; None outside a repository."""
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True)
        status = ["git", "--no-optional-locks", "status", "--porcelain", "-uno"]  # a kill would leave the index locked
        changed = subprocess.run(status, capture_output=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.stdout.strip() + ("+" if changed.stdout else "")
