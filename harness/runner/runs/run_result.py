"""The results of a run, and the plan of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from harness.data.benchmarks.benchmark import Published
from harness.display import Rows, displayed
from harness.endpoints.trusted_hosts import KeyUse
from harness.errors import HarnessError
from harness.runner.chain.losses import ChainLosses
from harness.runner.chain.table import chain_html, chain_table
from harness.runner.external_calls import Forecast
from harness.runner.models.save_models import SavedModel
from harness.runner.official.leaderboards import references
from harness.runner.result_files import Result, Table
from harness.runner.runs.wide_table import WideTable
from harness.runner.units.estimate import PlannedUnit, UnitEstimate, plan_document
from harness.runner.units.failures import FailedSystem
from harness.runner.units.shards import ShardProgress
from harness.runner.verification.reads_evidence import EvidenceGain
from harness.runner.watching.profile import Profile

if TYPE_CHECKING:
    import pandas as pd


@displayed
@dataclass(frozen=True)
class RunResult:
    """The results of a run."""

    experiment: str
    folder: Path
    results: Rows[Result]
    """One result per system that could be fitted, in the order of the config."""
    fitted: int
    """Number of units fitted; the others were reused."""
    damaged: int = 0
    """Number of units that were fitted again because their file was damaged."""
    published: tuple[Published, ...] = ()
    """Published leaderboards of the same benchmark and split."""
    models: tuple[SavedModel, ...] = ()
    """Saved model of each system, or the reason why there is none, if `save_models` was set."""
    evidence_gains: tuple[EvidenceGain, ...] = ()
    """What each system of a verdict experiment gains over the best that sees the claim alone."""
    failed: Rows[FailedSystem] = field(default_factory=Rows)
    """Systems that could not be fitted, in the order of the config."""
    chain: ChainLosses | None = None
    """What each stage of a chain loses; its `results` are those of the detector and of the judge."""
    shard: ShardProgress | None = None
    """What is fitted and what is left, for a run of one shard, which has no results; else None."""
    profile: Profile | None = None
    """Where the time went, by stage and system, if `profile` was set; of several experiments, each has its own."""
    experiments: tuple[RunResult, ...] = ()
    """Those of each experiment of a config with several, whose `results` are all of theirs; else empty."""
    failed_experiments: Mapping[str, str] = field(default_factory=dict)
    """Why an experiment of a config with several has no results, by its name."""
    wide: WideTable | None = None
    """Systems by datasets, for a config with several experiments; else None."""

    def __len__(self) -> int:
        return len(self.results)

    def __fspath__(self) -> str:
        return str(self.folder)

    def to_pandas(self, table: Table = "values") -> pd.DataFrame:
        """The values or the predictions of all systems as a data frame; see `Result.to_pandas`."""
        import pandas as pd

        if self.shard is not None:
            raise HarnessError(f"no results: {self.shard}")
        return pd.concat([result.to_pandas(table) for result in self.results], ignore_index=True)

    def document(self) -> dict[str, Any]:
        """The document that `harness run --json` prints."""
        if self.chain is not None:
            return self.chain.document()
        if self.experiments:
            return {
                "experiment": self.experiment,
                "experiments": [each.document() for each in self.experiments],
                **({"failed": dict(self.failed_experiments)} if self.failed_experiments else {}),
                **({"table": self.wide.document()} if self.wide is not None else {}),
            }
        document: dict[str, Any] = {
            "experiment": self.experiment,
            "results": [result.summary() for result in self.results],
        }
        if self.shard is not None:
            document["shard"] = {**self.shard._asdict(), "fitted": self.fitted}
        if self.profile is not None:
            document["profile"] = self.profile.document()
        if self.failed:
            document["failed"] = [failure._asdict() for failure in self.failed]
        if self.evidence_gains:
            document["evidence_gains"] = [gain.document() for gain in self.evidence_gains]
        if self.published:
            document["published"] = [
                {
                    "metric": board.metric,
                    "source": f"{board.source} (over {board.n})",
                    "systems": [entry._asdict() for entry in references(board, self.results)],
                }
                for board in self.published
            ]
        if self.models:
            document["models"] = [
                {"system": model.system, "path": str(model.folder) if model.folder else None, "reason": model.reason}
                for model in self.models
            ]
        return document

    def __str__(self) -> str:
        from harness.runner.tables import results_table

        if self.chain is not None:
            return chain_table(self.chain)
        if self.wide is not None:
            return str(self.wide)
        if self.experiments:
            return "\n".join(map(str, self.experiments))
        if self.shard is not None:
            reasons = (f"{failure.system} failed: {failure.reason}" for failure in self.failed)
            return "\n".join([f"{self.experiment}: {self.shard}", *reasons])
        return results_table(self.results, self.published, self.failed, self.evidence_gains)

    def _repr_html_(self) -> str:
        from harness.runner.tables import results_html

        if self.chain is not None:
            return chain_html(self.chain)
        if self.wide is not None:
            return self.wide._repr_html_()
        if self.shard is not None:
            return f"<pre>{escape(str(self))}</pre>"
        return results_html(self.results, self.published, self.failed, self.evidence_gains)


@displayed
class RunPlan(NamedTuple):
    """The work that a run would do."""

    experiment: str
    folder: Path
    units: int
    finished: int
    hosts: tuple[str, ...] = ()
    """Hosts that the pending units may contact."""
    forecast: Forecast = Forecast(0, 0)
    """Calls that the pending units would make."""
    keys: tuple[KeyUse, ...] = ()
    """Keys that the config names, with the hosts that they would go to."""
    unit_list: Rows[PlannedUnit] = Rows()
    """Each unit, with whether it is finished and how long it takes."""
    estimate: UnitEstimate = UnitEstimate(None, None, 0)
    """What the pending units would take, by the costs of earlier fits."""
    experiments: tuple[RunPlan, ...] = ()
    """Those of each experiment of a config with several; else empty."""
    config: str = ""
    """The whole config as YAML, if the file extends another; else empty."""

    def document(self) -> dict[str, Any]:
        """The document that `harness run --dry-run --json` prints."""
        return {
            "experiment": self.experiment,
            "folder": str(self.folder),
            "units": self.units,
            "finished": self.finished,
            **({"config": yaml.safe_load(self.config)} if self.config else {}),
            **({"experiments": [each.document() for each in self.experiments]} if self.experiments else {}),
            "hosts": list(self.hosts),
            "keys": [use._asdict() for use in self.keys],
            **plan_document(self.unit_list, self.estimate, self.forecast),
        }

    def __str__(self) -> str:
        summary = f"{self.experiment}: {self.units} units, {self.finished} finished, in {self.folder}"
        parts = [f"  {each.experiment}: {each.units} units, {each.finished} finished" for each in self.experiments]
        summary = "\n".join([*([self.config] if self.config else []), summary, *parts])
        calls, tokens = self.forecast.calls, self.forecast.tokens
        if not self.hosts:
            return f"{summary}\nup to {calls:,} replies are missing from the cassette" if calls else summary
        batches = f" ({self.forecast.in_batches:,} of them in batches)" if self.forecast.in_batches else ""
        hosts = ", ".join(self.hosts)
        cost = f"would send up to {calls:,} calls{batches} to {hosts}, with at most about {tokens:,} tokens"
        cost += self.forecast.money()
        keys = "".join(f"\nwould send the key in {use.variable} to {use.host}" for use in self.keys)
        warnings = "".join(f"\nwarning: {warning}" for warning in self.forecast.warnings)
        return f"{summary}\n{cost}; cached replies are reused{keys}{warnings}"
