"""A choice among retrievers, which an experiment makes by its training claims."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from harness.data.corpora import Corpus
from harness.errors import HarnessError
from harness.records import Entries
from harness.retrieval.base import Index, Retriever
from harness.retrieval.build import retriever_of_entry

BEST_OF = "best_of"


class BestOf(Retriever):
    """Of several retrievers the one with the highest recall on the training claims of each fold; for task `evidence`.

    No retriever is the best everywhere: fusion wins on some corpora and loses to one of its parts on others. Values of
    a choice by the test claims would be too high.
    """

    retrievers: Annotated[Entries, Field(min_length=2)]
    """Names of the retrievers, or mappings with a name and settings; of equal ones the first is chosen."""
    k: int = Field(default=10, ge=1)
    """Number of first passages whose recall decides."""

    @field_validator("retrievers")
    @classmethod
    def _can_be_built(cls, entries: tuple[str | dict[str, Any], ...]) -> tuple[str | dict[str, Any], ...]:
        for entry in entries:
            try:
                built = retriever_of_entry(entry)
            except HarnessError as error:
                raise ValueError(str(error)) from None
            if isinstance(built, BestOf):
                raise ValueError(f"'{BEST_OF}' cannot choose among choices; name all retrievers in one list")
        return entries

    def index(self, corpus: Corpus) -> Index:
        """Raises a HarnessError: there are no training claims to choose by."""
        raise HarnessError(
            f"retriever '{BEST_OF}' chooses by training claims, in an experiment of the task 'evidence'; run one "
            f"there, then name here the retriever that it chose for {corpus.path.name}"
        )
