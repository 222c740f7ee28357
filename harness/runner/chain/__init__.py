"""Chains of stages: from an article to verdicts, and what each stage loses."""
