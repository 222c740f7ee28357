"""The stage `normalize` of a chain: writes a file of statements, and says what it did and how near they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.jsonl import to_json_lines
from harness.data.labels.tasks import find_task
from harness.display import displayed
from harness.errors import HarnessError
from harness.files import make_folder, write_text
from harness.metrics.official.chrf import chrf
from harness.metrics.official.statements import statement_scores
from harness.runner.chain.config import Chain
from harness.runner.splitting.joined_datasets import JoinedDatasets, joined_gold, load_joined, schemes_of
from harness.runner.verification.gold_evidence import prefixes_of
from harness.statements.statements import ClaimInContext, Normalizer, Statement, reasons_of, write_statements
from harness.text_tables import count_of

NOT_JUDGED = "no gold verdict"
"""Reason of claims that no verdict is measured on, so that nothing is asked about them."""
SHOWN = 3
"""Number of statements with invented numbers or names that are shown."""
MAX_SHOWN = 200
"""Number of characters of such a statement that are shown."""


@displayed
@dataclass(frozen=True)
class Normalized:
    """What the stage `normalize` wrote."""

    system: str
    """Name of the system."""
    n_claims: int
    """Number of claims that it was asked about: those with a gold verdict."""
    n_reworded: int
    """Number of claims whose statement differs from their text."""
    kept_text: Mapping[str, int]
    """Number of claims whose text is used, because what was written cannot be, by reason."""
    invented: tuple[Statement, ...]
    """Statements with numbers or names that neither the claim nor its article has; none is used."""
    n_references: int
    """Number of claims for which the dataset has a statement."""
    scores: Mapping[str, float]
    """METEOR and chrF of the statements against those of the dataset; empty without any."""
    text_scores: Mapping[str, float]
    """The same of the texts of the claims."""
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The part `normalize` of the document of a chain."""
        return {
            "system": self.system,
            "n": self.n_claims,
            "reworded": self.n_reworded,
            "kept_text": dict(self.kept_text),
            "invented": [statement.model_dump(mode="json", exclude_none=True) for statement in self.invented],
            "n_references": self.n_references,
            "scores": dict(self.scores),
            "text_scores": dict(self.text_scores),
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """What a reader of the table has to know."""
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.kept_text.items())
        text = f"; the text is used where what was written cannot be: {reasons}" if reasons else ""
        lines = [f"{self.system} reworded {self.n_reworded:,} of {count_of(self.n_claims, 'claim')}{text}"]
        lines += [
            f"not in claim or article ({', '.join(one.invented)}): {_on_one_line(one.written or '')}"
            for one in self.invented[:SHOWN]
        ]
        if self.scores:
            lines.append(
                f"against {count_of(self.n_references, 'statement')} of the dataset: {_listed(self.scores)}; the texts "
                f"of the claims: {_listed(self.text_scores)}"
            )
        return lines + list(self.notes)


def _on_one_line(text: str) -> str:
    """The beginning of what a model wrote, which must not send control sequences to a terminal."""
    line = "".join(character if character.isprintable() else "\ufffd" for character in " ".join(text.split()))
    return line if len(line) <= MAX_SHOWN else line[:MAX_SHOWN] + "..."


def _listed(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in scores.items())


def statements_file(folder: Path) -> Path:
    """The file of statements in the run folder of a chain."""
    return folder / "normalize" / "statements.jsonl"


def claims_to_normalize(chain: Chain, root: str | Path | None) -> tuple[JoinedDatasets, list[ClaimInContext]]:
    """Returns the datasets of a chain, and their claims with a gold verdict.

    Raises: HarnessError: the data are missing or invalid, or have no such scheme or gold rule.
    """
    joined = load_joined((chain.dataset,) if isinstance(chain.dataset, str) else chain.dataset, root)
    task = find_task("verdict")
    gold = joined_gold(joined, task, schemes_of(joined, task, chain.judge.scheme), chain.judge.gold)
    judged = set(joined.claims.claim_id[gold.rows_with_gold])
    return joined, [claim for claim in _in_context(joined) if claim.claim_id in judged]


def _in_context(joined: JoinedDatasets) -> list[ClaimInContext]:
    claims = []
    for dataset, prefix in zip(joined.datasets, prefixes_of(joined), strict=True):
        articles = {article.article_id: article for article in dataset.articles}
        for claim in dataset.current:
            article = articles[claim.article_id]
            claims.append(
                ClaimInContext(
                    prefix + claim.claim_id,
                    claim.text or "",
                    claim.start,
                    article.text or "",
                    title=article.title,
                    speaker=claim.speaker,
                    published=claim.date or article.published,
                    language=article.language or dataset.info.language,
                )
            )
    return claims


def normalize_stage(
    chain: Chain,
    normalizer: Normalizer,
    folder: Path,
    root: str | Path | None,
    *,
    offline: bool = False,
    announce: Callable[[tuple[str, ...]], None] = lambda _: None,
) -> Normalized:
    """Writes the statement of each claim of a chain into its run folder.

    Args:
        chain: the chain.
        normalizer: what writes statements.
        folder: run folder of the chain.
        root: folder of fetched benchmarks.
        offline: refuse what needs the network.
        announce: called with the hosts that are contacted.
    Raises: HarnessError: the data are missing or invalid, the system fails, or it needs the network.
    """
    normalizer.check()
    hosts = normalizer.hosts()
    if hosts and offline:
        raise HarnessError(
            f"needs the network ({', '.join(hosts)}), which --offline refuses; replay a cassette instead"
        )
    joined, claims = claims_to_normalize(chain, root)
    if hosts and normalizer.planned_requests(claims):
        announce(hosts)
    written = write_statements(normalizer, claims)
    known = {statement.claim_id for statement in written}
    others = [
        Statement(claim_id=claim_id, statement=str(text), reason=NOT_JUDGED)
        for claim_id, text in zip(joined.claims.claim_id, joined.claims.text, strict=True)
        if claim_id not in known
    ]
    path = statements_file(folder)
    make_folder(path.parent)
    write_text(path, "".join(to_json_lines([*written, *others])))
    entry = chain.normalize
    return _summary(str(entry["name"] if isinstance(entry, dict) else entry), joined, claims, written)


def _summary(
    system: str, joined: JoinedDatasets, claims: Sequence[ClaimInContext], written: Sequence[Statement]
) -> Normalized:
    references = dict(zip(joined.claims.claim_id, joined.claims.statement, strict=True))
    compared = [
        (claim.text, statement.statement, str(references[claim.claim_id]))
        for claim, statement in zip(claims, written, strict=True)
        if references[claim.claim_id]
    ]
    scores, text_scores, notes = dict[str, float](), dict[str, float](), list[str]()
    if compared:
        texts, statements, wanted = (list(column) for column in zip(*compared, strict=True))
        scores, note = _scores(statements, wanted)
        text_scores, _ = _scores(texts, wanted)
        notes.append(note)
    return Normalized(
        system=system,
        n_claims=len(claims),
        n_reworded=sum(one.statement != claim.text for claim, one in zip(claims, written, strict=True)),
        kept_text=reasons_of(written),
        invented=tuple(statement for statement in written if statement.invented),
        n_references=len(compared),
        scores=scores,
        text_scores=text_scores,
        notes=tuple(notes),
    )


def _scores(statements: Sequence[str], references: Sequence[str]) -> tuple[dict[str, float], str]:
    """METEOR and chrF of statements, and what a reader has to know; chrF alone where METEOR cannot be computed."""
    from harness.metrics.official.meteor import shared_meteor

    try:
        meteor = shared_meteor()
    except HarnessError as error:
        values = [chrf(*pair) for pair in zip(statements, references, strict=True)]
        return {"chrf": sum(values) / len(values)}, f"without METEOR: {error}"
    return statement_scores(statements, references, meteor), meteor.note
