"""Checks of verdicts and their evidence."""
