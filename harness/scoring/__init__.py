"""Scoring of new articles and claims: `harness score`."""
