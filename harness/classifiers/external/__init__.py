"""Predictions made by other programs, read from files."""
