"""Formats of claim-detection benchmarks, one publisher's format per file."""
