"""Publishers' file formats: one file per format, with its readers of articles, gold labels and submissions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.registry import LazyTable

if TYPE_CHECKING:
    from harness.data.corpora.passages import Passage
    from harness.data.formats.source import SourceArticle, SourceFile
    from harness.data.formats.submissions import Submission

FormatReader = Callable[["SourceFile"], "list[SourceArticle]"]
CorpusReader = Callable[["SourceFile"], "list[Passage]"]

READERS: LazyTable[FormatReader] = LazyTable(
    "format",
    {
        "averitec_json": "harness.data.formats.verification.averitec_json:read_articles",
        "checkthat_debates": "harness.data.formats.detection.checkthat_debates:read_articles",
        "checkthat_discourse_tsv": "harness.data.formats.detection.checkthat_discourse_tsv:read_articles",
        "checkthat_sources_tsv": "harness.data.formats.verification.checkthat_sources_tsv:read_articles",
        "checkthat_statements_csv": "harness.data.formats.normalization.checkthat_statements_csv:read_articles",
        "checkthat_verdicts": "harness.data.formats.verification.checkthat_verdicts:read_articles",
        "claim_evidence_table": "harness.data.formats.verification.claim_evidence_table:read_articles",
        "claimbuster_csv": "harness.data.formats.detection.claimbuster_csv:read_articles",
        "claimrank_tsv": "harness.data.formats.detection.claimrank_tsv:read_articles",
        "climate_fever_jsonl": "harness.data.formats.verification.climate_fever_jsonl:read_articles",
        "covidfact_jsonl": "harness.data.formats.verification.covidfact_jsonl:read_articles",
        "fever_jsonl": "harness.data.formats.verification.fever_jsonl:read_articles",
        "feverous_jsonl": "harness.data.formats.verification.feverous_jsonl:read_articles",
        "fm2_jsonl": "harness.data.formats.verification.fm2_jsonl:read_articles",
        "hover_json": "harness.data.formats.verification.hover_json:read_articles",
        "labeled_json": "harness.data.formats.detection.labeled_json:read_articles",
        "labeled_table": "harness.data.formats.detection.labeled_table:read_articles",
        "newsclaims_json": "harness.data.formats.detection.newsclaims_json:read_articles",
        "policlaim_xlsx": "harness.data.formats.detection.policlaim_xlsx:read_articles",
        "quantemp_files": "harness.data.formats.verification.quantemp_files:read_articles",
        "scifact_jsonl": "harness.data.formats.verification.scifact_jsonl:read_articles",
    },
)
"""Reader of a publisher's file, by format name; the module is imported on first use."""

CORPORA: LazyTable[CorpusReader] = LazyTable(
    "format", {"scifact_jsonl": "harness.data.formats.verification.scifact_corpus:read_passages"}
)
"""Reader of the corpus file that belongs to a publisher's claims, by format name."""

SUBMISSIONS: LazyTable[Submission] = LazyTable(
    "submission format",
    {
        "debate_scores": "harness.data.formats.detection.checkthat_debates:SUBMISSION",
        "tweet_scores": "harness.data.formats.submissions:SCORES",
        "claim_verdicts": "harness.data.formats.verification.checkthat_verdicts:SUBMISSION",
        "labels": "harness.data.formats.submissions:LABELS",
        "sentence_labels": "harness.data.formats.detection.policlaim_xlsx:SUBMISSION",
        "fever": "harness.data.formats.verification.fever_jsonl:SUBMISSION",
        "scifact": "harness.data.formats.verification.scifact_jsonl:SUBMISSION",
    },
)
"""Readers of gold and submission files for official scoring, by submission format."""
