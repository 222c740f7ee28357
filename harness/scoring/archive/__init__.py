"""Scores archives of any size, in parts that are finished once and for all."""
