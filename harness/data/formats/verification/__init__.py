"""Formats of claim-verification benchmarks (claims, evidence, verdicts), one publisher's format per file."""
