"""Evaluation harness for claim checkability, check-worthiness and verification.

The names in `__all__` are the public interface; each command of the command line calls one of these functions:

    command                           function
    harness run                       run
    harness run --dry-run             plan
    harness compare                   compare_results
    harness compare --fail-if         check_gate
    harness compare (several)         compare_several
    harness diff                      diff
    harness suspects                  suspects
    harness power                     power
    harness curve                     curve
    harness next                      next_articles
    harness report                    build_report
    harness score                     score
    harness score -o FOLDER           score_archive
    harness verify                    verify
    harness verify -o FOLDER          verify_articles
    harness probe                     probe
    harness evaluate                  evaluate
    harness evaluate --check          check_submission
    harness evaluate --judge          judge_evidence
    harness evaluate --judge --dry-run  plan_judging
    harness ingest                    ingest
    harness ingest --as-corpus        ingest_corpus
    harness add                       add_claims
    harness assign                    assign
    harness assign --status           assignments
    harness assign --drop             unassign
    harness label                     label
    harness adjudicate                adjudicate
    harness label --web               serve_labeling
    harness adjudicate --web          serve_labeling
    harness disputes                  disputes
    harness disputes --flagged        flags
    harness withdraw                  withdraw
    harness split                     freeze_split
    harness agreement                 agreement
    harness gold                      gold
    harness audit                     audit_targets
    harness check                     check
    harness check --fix               repair
    harness fetch                     fetch
    harness export                    export
    harness export --to submission    write_submission
    harness index                     write_index
    harness search                    open_index
    harness new                       new
    harness guideline                 guideline
    harness list                      list_components
    harness schema                    schema
    harness cache                     caches
    harness cache --prune             prune_caches

Without a command: `open_dataset` (a dataset), `open_claims` (a Parquet file of claims), `open_corpus` (passages),
`load_experiment` (a config and
its systems built), `Experiment` (a config in Python), `load_model` (a saved model), `Result` (the result of a system),
and the errors `HarnessError` and `FaultsError`.
"""

from __future__ import annotations

from harness.user_code import process as process  # it notes the time

TYPE_CHECKING = False  # `typing` takes a while to import, before a program can answer Ctrl-C
if TYPE_CHECKING:
    from typing import Any

    __version__: str

    from harness.annotate.assign import assign as assign
    from harness.annotate.assign import assignments as assignments
    from harness.annotate.assign import unassign as unassign
    from harness.annotate.guideline import guideline as guideline
    from harness.annotate.label import adjudicate as adjudicate
    from harness.annotate.label import label as label
    from harness.annotate.web.serve import serve_labeling as serve_labeling
    from harness.classifiers.storage.caches import caches as caches
    from harness.classifiers.storage.caches import prune_caches as prune_caches
    from harness.compare.compare import compare_results as compare_results
    from harness.compare.dataset_diff import diff as diff
    from harness.compare.gate import check_gate as check_gate
    from harness.compare.more_labels.articles_needed import power as power
    from harness.compare.more_labels.learning_curve import curve as curve
    from harness.compare.more_labels.suspects import suspects as suspects
    from harness.compare.several import compare_several as compare_several
    from harness.data.add_claims import add_claims as add_claims
    from harness.data.benchmarks.fetch import fetch as fetch
    from harness.data.corpora.ingest_corpus import ingest_corpus as ingest_corpus
    from harness.data.corpora.passages import open_corpus as open_corpus
    from harness.data.exchange.export import export as export
    from harness.data.exchange.frames import open_claims as open_claims
    from harness.data.ingest import ingest as ingest
    from harness.data.labels.agreement import agreement as agreement
    from harness.data.labels.disputes import disputes as disputes
    from harness.data.labels.flags import flags as flags
    from harness.data.labels.gold_of import gold as gold
    from harness.data.labels.withdraw import withdraw as withdraw
    from harness.data.load import open_dataset as open_dataset
    from harness.data.repair import repair as repair
    from harness.errors import FaultsError as FaultsError
    from harness.errors import HarnessError as HarnessError
    from harness.report.build import build_report as build_report
    from harness.retrieval.stored import open_index as open_index
    from harness.retrieval.stored import write_index as write_index
    from harness.runner.audit import audit_targets as audit_targets
    from harness.runner.check import check as check
    from harness.runner.config import Experiment as Experiment
    from harness.runner.configs.new_folder import new as new
    from harness.runner.configs.schema import schema as schema
    from harness.runner.judging.judge_evidence import judge_evidence as judge_evidence
    from harness.runner.judging.judge_evidence import plan_judging as plan_judging
    from harness.runner.listing import list_components as list_components
    from harness.runner.load_config import load_experiment as load_experiment
    from harness.runner.models.saved_model import load_model as load_model
    from harness.runner.official.evaluate import check_submission as check_submission
    from harness.runner.official.evaluate import evaluate as evaluate
    from harness.runner.official.write_submission import write_submission as write_submission
    from harness.runner.result_files import Result as Result
    from harness.runner.run import plan as plan
    from harness.runner.run import run as run
    from harness.runner.splitting.freeze import freeze_split as freeze_split
    from harness.scoring.archive.score_archive import score_archive as score_archive
    from harness.scoring.next_articles import next_articles as next_articles
    from harness.scoring.probes.probe import probe as probe
    from harness.scoring.score import score as score
    from harness.scoring.verify import verify as verify
    from harness.scoring.verify_articles import verify_articles as verify_articles

_MODULES = {
    "add_claims": "harness.data.add_claims",
    "adjudicate": "harness.annotate.label",
    "agreement": "harness.data.labels.agreement",
    "assign": "harness.annotate.assign",
    "assignments": "harness.annotate.assign",
    "unassign": "harness.annotate.assign",
    "audit_targets": "harness.runner.audit",
    "build_report": "harness.report.build",
    "caches": "harness.classifiers.storage.caches",
    "check": "harness.runner.check",
    "check_submission": "harness.runner.official.evaluate",
    "compare_results": "harness.compare.compare",
    "compare_several": "harness.compare.several",
    "curve": "harness.compare.more_labels.learning_curve",
    "diff": "harness.compare.dataset_diff",
    "disputes": "harness.data.labels.disputes",
    "evaluate": "harness.runner.official.evaluate",
    "Experiment": "harness.runner.config",
    "export": "harness.data.exchange.export",
    "FaultsError": "harness.errors",
    "fetch": "harness.data.benchmarks.fetch",
    "flags": "harness.data.labels.flags",
    "freeze_split": "harness.runner.splitting.freeze",
    "gold": "harness.data.labels.gold_of",
    "guideline": "harness.annotate.guideline",
    "HarnessError": "harness.errors",
    "ingest": "harness.data.ingest",
    "ingest_corpus": "harness.data.corpora.ingest_corpus",
    "judge_evidence": "harness.runner.judging.judge_evidence",
    "check_gate": "harness.compare.gate",
    "label": "harness.annotate.label",
    "list_components": "harness.runner.listing",
    "load_experiment": "harness.runner.load_config",
    "prune_caches": "harness.classifiers.storage.caches",
    "open_corpus": "harness.data.corpora.passages",
    "open_index": "harness.retrieval.stored",
    "write_index": "harness.retrieval.stored",
    "load_model": "harness.runner.models.saved_model",
    "new": "harness.runner.configs.new_folder",
    "next_articles": "harness.scoring.next_articles",
    "open_claims": "harness.data.exchange.frames",
    "open_dataset": "harness.data.load",
    "plan": "harness.runner.run",
    "plan_judging": "harness.runner.judging.judge_evidence",
    "power": "harness.compare.more_labels.articles_needed",
    "probe": "harness.scoring.probes.probe",
    "repair": "harness.data.repair",
    "Result": "harness.runner.result_files",
    "run": "harness.runner.run",
    "suspects": "harness.compare.more_labels.suspects",
    "withdraw": "harness.data.labels.withdraw",
    "write_submission": "harness.runner.official.write_submission",
    "serve_labeling": "harness.annotate.web.serve",
    "schema": "harness.runner.configs.schema",
    "score": "harness.scoring.score",
    "score_archive": "harness.scoring.archive.score_archive",
    "verify": "harness.scoring.verify",
    "verify_articles": "harness.scoring.verify_articles",
}

__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    """Imports a public name on first use, so that `import harness` and `harness --help` stay fast."""
    from importlib import import_module  # takes a while, before a program can answer Ctrl-C

    if name == "__version__":
        return import_module("importlib.metadata").version("claim-harness")
    if name not in _MODULES:
        raise AttributeError(f"module 'harness' has no attribute '{name}'")
    from harness.memory import importing

    with importing():
        return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*_MODULES, "__version__"])
