"""Reads, checks and writes datasets of articles, claims and labels."""
