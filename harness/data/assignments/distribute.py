"""Distributes claims over annotators: as many to each as to any other, and always in the same way."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from harness.data.assignments.assignment_files import Assignment
from harness.records import Claim

MIN_REPEATED = 4
"""Number of claims from which at least one is repeated."""


def random_key(seed: int, name: str) -> bytes:
    """Returns what sorts names in random order: a hash, so that names that are added later move no other."""
    return hashlib.blake2b(f"{seed}\n{name}".encode(), digest_size=8).digest()


class Distribution:
    """Who labels which claims; begins with what is assigned already, which stays.

    Args:
        assigned: claims of each annotator that are assigned already, those of other annotators too.
        annotators: annotators who get claims.
        overlap: number of annotators of each claim; at most the number of annotators.
        seed: seed of the choice between annotators with equally many claims.
    """

    def __init__(
        self, assigned: Mapping[str, Iterable[str]], annotators: Sequence[str], overlap: int, seed: int
    ) -> None:
        self._annotators = annotators
        self._overlap = overlap
        self._seed = seed
        self._of_claim: dict[str, set[str]] = defaultdict(set)
        for annotator, claim_ids in assigned.items():
            for claim_id in claim_ids:
                self._of_claim[claim_id].add(annotator)
        self._load = Counter(name for names in self._of_claim.values() for name in names)
        self._pairs = Counter(pair for names in self._of_claim.values() for pair in combinations(sorted(names), 2))

    def assign(self, groups: Sequence[Sequence[Claim]]) -> dict[str, list[str]]:
        """Gives every claim that has too few annotators the missing ones.

        Args:
            groups: claims in the order in which they are asked about; those of a group go to the same annotators.
        Returns: the new claims of each annotator, in that order.
        """
        chosen: dict[str, set[str]] = defaultdict(set)
        # The largest group first, so that what comes last evens out what each annotator has.
        for group in sorted(groups, key=lambda claims: -len(claims)):
            earlier = Counter(name for claim in group for name in self._of_claim.get(claim.claim_id, ()))
            for claim in group:
                chosen[claim.claim_id] = self._choose(claim.claim_id, group[0].claim_id, earlier)
        return {
            name: [claim.claim_id for group in groups for claim in group if name in chosen[claim.claim_id]]
            for name in self._annotators
        }

    def _choose(self, claim_id: str, group_id: str, in_group: Counter[str]) -> set[str]:
        """Chooses the missing annotators of a claim: those of its group first, then those with the fewest claims."""
        names = self._of_claim[claim_id]
        new: set[str] = set()
        while len(names) < self._overlap:
            preference = {
                name: (-in_group[name], self._load[name], sum(self._pairs[_pair(name, other)] for other in names))
                for name in self._annotators
                if name not in names
            }
            best = min(preference.values())
            equals = [name for name, value in preference.items() if value == best]
            name = min(equals, key=lambda name: random_key(self._seed, f"{name}\n{group_id}"))
            self._pairs.update(_pair(name, other) for other in names)
            self._load[name] += 1
            in_group[name] += 1
            names.add(name)
            new.add(name)
        return new


def _pair(name: str, other: str) -> tuple[str, str]:
    return (name, other) if name < other else (other, name)


def with_repeats(claim_ids: Sequence[str], share: float, seed: int, annotator: str) -> list[Assignment]:
    """Returns the assignments of claims in their order, with a share of them again, at least half of them later.

    Args:
        claim_ids: claims in the order in which they are asked about.
        share: share of the claims that are repeated, up to a half.
        seed: seed of which ones are.
        annotator: name of the annotator; each has other repeats.
    """
    lines = [Assignment(claim_id=claim_id) for claim_id in claim_ids]
    half = len(lines) // 2
    n = min(half, max(round(share * len(lines)), int(share > 0 and len(lines) >= MIN_REPEATED)))
    # One of each n-th part of the first half, asked again at the end of each n-th part of the second half.
    for part in reversed(range(n)):
        candidates = claim_ids[part * half // n : (part + 1) * half // n]
        claim_id = min(candidates, key=lambda claim_id: random_key(seed, f"{annotator}\n{claim_id}"))
        index = half + (part + 1) * (len(claim_ids) - half) // n
        lines.insert(index, Assignment(claim_id=claim_id, role="repeat"))
    return lines
