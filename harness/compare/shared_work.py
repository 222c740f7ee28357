"""What the comparisons of one table have in common, computed once for all pairs and all metrics."""

from __future__ import annotations

from harness.compare.exchanges import Exchanges
from harness.compare.paired_tests import mcnemar
from harness.compare.results import ResultEntry, ResultTable


class SharedWork:
    """Computes the random exchanges and McNemar's tests of a table on first use, and then gives them again."""

    def __init__(self, table: ResultTable) -> None:
        self._table = table
        self._exchanges: Exchanges | None = None
        self._mcnemar: dict[frozenset[str], float] = {}

    def exchanges(self, draws: int) -> Exchanges:
        """The random exchanges of a number of draws; only the last number asked for stays in memory."""
        if self._exchanges is None or self._exchanges.draws != draws:
            table = self._table
            seed = table.intervals.random_seed
            self._exchanges = Exchanges(table.gold, table.groups, seed=seed, draws=draws)
        return self._exchanges

    def mcnemar_p(self, a: ResultEntry, b: ResultEntry) -> float:
        """The p-value of McNemar's test, which depends on labels only and is the same in every metric."""
        pair = frozenset((a.name, b.name))
        if pair not in self._mcnemar:
            self._mcnemar[pair] = mcnemar(self._table.gold, a.runs[0], b.runs[0])
        return self._mcnemar[pair]
