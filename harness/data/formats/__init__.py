"""Publishers' file formats: one file per format, with its readers of articles, gold labels and submissions."""

from __future__ import annotations

from collections.abc import Callable

from harness.data.corpora.passages import Passage
from harness.data.formats import submissions
from harness.data.formats.detection import (
    checkthat_debates,
    checkthat_discourse_tsv,
    claimbuster_csv,
    claimrank_tsv,
    labeled_json,
    labeled_table,
    newsclaims_json,
    policlaim_xlsx,
)
from harness.data.formats.normalization import checkthat_statements_csv
from harness.data.formats.source import SourceArticle, SourceFile
from harness.data.formats.submissions import Submission
from harness.data.formats.verification import (
    averitec_json,
    checkthat_sources_tsv,
    checkthat_verdicts,
    claim_evidence_table,
    climate_fever_jsonl,
    covidfact_jsonl,
    fever_jsonl,
    feverous_jsonl,
    fm2_jsonl,
    hover_json,
    quantemp_files,
    scifact_corpus,
    scifact_jsonl,
)

FormatReader = Callable[[SourceFile], list[SourceArticle]]
CorpusReader = Callable[[SourceFile], list[Passage]]

READERS: dict[str, FormatReader] = {
    "averitec_json": averitec_json.read_articles,
    "checkthat_debates": checkthat_debates.read_articles,
    "checkthat_discourse_tsv": checkthat_discourse_tsv.read_articles,
    "checkthat_sources_tsv": checkthat_sources_tsv.read_articles,
    "checkthat_statements_csv": checkthat_statements_csv.read_articles,
    "checkthat_verdicts": checkthat_verdicts.read_articles,
    "claim_evidence_table": claim_evidence_table.read_articles,
    "claimbuster_csv": claimbuster_csv.read_articles,
    "claimrank_tsv": claimrank_tsv.read_articles,
    "climate_fever_jsonl": climate_fever_jsonl.read_articles,
    "covidfact_jsonl": covidfact_jsonl.read_articles,
    "fever_jsonl": fever_jsonl.read_articles,
    "feverous_jsonl": feverous_jsonl.read_articles,
    "fm2_jsonl": fm2_jsonl.read_articles,
    "hover_json": hover_json.read_articles,
    "labeled_json": labeled_json.read_articles,
    "labeled_table": labeled_table.read_articles,
    "newsclaims_json": newsclaims_json.read_articles,
    "policlaim_xlsx": policlaim_xlsx.read_articles,
    "quantemp_files": quantemp_files.read_articles,
    "scifact_jsonl": scifact_jsonl.read_articles,
}
"""Reader of a publisher's file, by format name."""

CORPORA: dict[str, CorpusReader] = {"scifact_jsonl": scifact_corpus.read_passages}
"""Reader of the corpus file that belongs to a publisher's claims, by format name."""

SUBMISSIONS: dict[str, Submission] = {
    "debate_scores": Submission(checkthat_debates.read_gold, checkthat_debates.read_scores, "line number"),
    "tweet_scores": Submission(submissions.read_table_gold, submissions.read_scores, "id"),
    "claim_verdicts": Submission(checkthat_verdicts.read_gold, checkthat_verdicts.read_labels, "claim number"),
    "labels": Submission(submissions.read_table_gold, submissions.read_labels, "id"),
    "sentence_labels": Submission(policlaim_xlsx.read_gold, submissions.read_labels, "sentence number"),
    "fever": Submission(fever_jsonl.read_gold, fever_jsonl.read_predictions, "id", by_position=True),
    "scifact": Submission(scifact_jsonl.read_gold, scifact_jsonl.read_predictions, "id"),
}
"""Readers of gold and submission files for official scoring, by submission format."""
